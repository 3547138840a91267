import type pg from 'pg';
import { IuError } from '../contract/errors/index.js';
import { approveCutRun, type CutRunAnswer, decideCutPiece, readDoubts } from '../store/cut.js';
import type { Queryable } from '../store/listing.js';
import { advanceCut, planCut } from './pipeline.js';

/** The second person, and what is said in his name. */
export interface Approver {
  /** A connection of a login that may approve and did not start the run. */
  readonly database: Queryable;
  readonly actor: string;
  readonly note: string;
}

/** How to be the second person. */
export interface ApproverLogin {
  readonly url: string;
  readonly actor: string;
  readonly note: string;
}

export interface CarryOptions {
  /** Doubtful matches are decided for the best candidate, in the name of the actor; otherwise the run waits for a person. */
  readonly acceptBest?: boolean;
  readonly onState?: (run: CutRunAnswer) => void;
}

/**
 * Takes a run through to its report, from wherever it stands, with an approver at hand: what a demo and a test do, and a person who asked for
 * both gates at once. Returns where it ended, which is a state that waits for decisions when there are doubts and nobody accepts the best.
 */
export async function carryThrough(
  client: pg.ClientBase,
  run: CutRunAnswer,
  actor: string,
  approver: Approver,
  options: CarryOptions = {},
): Promise<CutRunAnswer> {
  let now = run;
  for (let gates = 0; ; ) {
    if (now.waits_for === 'cut' || now.waits_for === 'plan') now = await planCut(client, now.run_id, actor);
    now = await advanceCut(client, now.run_id, actor, options.onState);
    if (now.waits_for === 'decisions' && options.acceptBest === true) {
      await acceptBest(client, now.run_id, actor);
      now = await planCut(client, now.run_id, actor);
    } else if (now.waits_for === 'gate 1' || now.waits_for === 'gate 2') {
      if (++gates > 2)
        throw new IuError('IU731', { message: `The approval of cut run ${now.run_id} did not let it pass.` });
      const seen = { gate: now.waits_for.slice(-1), manifestDigest: now.manifest_digest, note: approver.note };
      await approveCutRun(approver.database, now.run_id, seen, approver.actor);
    } else return now;
  }
}

/** Decides every doubtful match for its best candidate that no other piece took before. */
async function acceptBest(client: pg.ClientBase, runId: string, actor: string): Promise<void> {
  const taken = new Set<string>();
  for (const doubt of await readDoubts(client, runId)) {
    const unitId = doubt.candidates.find((one) => !taken.has(one.unit_id))?.unit_id ?? null;
    if (unitId !== null) taken.add(unitId);
    await decideCutPiece(client, {
      runId,
      ordinal: doubt.ordinal,
      unitIds: unitId === null ? [] : [unitId],
      note: 'the best candidate was accepted',
      actor,
    });
  }
}
