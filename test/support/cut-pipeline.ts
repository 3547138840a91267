import type pg from 'pg';
import { carryThrough } from '../../src/cut/carry-through.js';
import { type CutSource, type CutTarget, startCut } from '../../src/cut/pipeline.js';
import type { CutRunAnswer } from '../../src/store/cut.js';
import type { TestDatabase } from './database.js';

/** Opens what a cut needs: both gates, and no backup is asked for. */
export async function openCutGates(db: TestDatabase): Promise<void> {
  await db.pool.query(
    `select fn_iu_gate_set('iu_core.structure_ops_enabled', true, 'test'), fn_iu_gate_set('iu_core.autocut_enabled', true, 'test')`,
  );
  await db.pool.query(
    `insert into dot_config (key, value, reason) values ('iu_core.installation', 'demo', 'test') on conflict (key) do nothing`,
  );
}

/** The two people of a cut, each with a login of his own. */
export interface CutPeople {
  readonly editor: pg.Client;
  readonly approver: pg.Client;
}

export async function cutPeople(db: TestDatabase): Promise<CutPeople> {
  return { editor: await db.as('iu_operator', 'iu_emitter'), approver: await db.as('iu_approver') };
}

/** Cuts one revision through both gates; returns where the run ended. */
export async function cutRevision(people: CutPeople, target: CutTarget, source: CutSource): Promise<CutRunAnswer> {
  const { editor, approver } = people;
  const run = await startCut(editor, target, source);
  if (run.state === 'closeout_reported') return run;
  return carryThrough(
    editor,
    run,
    target.actor,
    { database: approver, actor: 'second', note: 'looked at' },
    { acceptBest: true },
  );
}
