import type pg from 'pg';
import { afterEach, beforeEach } from 'vitest';
import { carryThrough } from '../../src/cut/carry-through.js';
import { advanceCut, type CutSource, type CutTarget, startCut } from '../../src/cut/pipeline.js';
import { approveCutRun, type CutRunAnswer, readCutBase, rollBackCutRun } from '../../src/store/cut.js';
import { createTestDatabase, type TestDatabase } from './database.js';

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

/** What the tests of a cut work with: the database of one test and its two people. */
export interface CutSetting {
  readonly db: TestDatabase;
  readonly people: CutPeople;
}

/** A database in which a document can be cut. */
export async function createCutSetting(): Promise<CutSetting> {
  const db = await createTestDatabase();
  await openCutGates(db);
  return { db, people: await cutPeople(db) };
}

/** The document of `useLaw`. */
export const law: CutTarget = { address: 'li/law', title: 'Law', ownerRef: 'test', actor: 'ann' };
/** It, and its next revision: one article changed, one gone, one new. */
export const small = '# Law\n## A\n### Art. 1\nx\n### Art. 2\ny\n## B\nz\n';
export const smaller = '# Law\n## A\n### Art. 1\nX\n### Art. 1a\nw\n## B\nz\n';

/** A revision in Markdown. */
export function markdown(text: string | Uint8Array, revisionLabel: string) {
  return { bytes: Buffer.from(text), revisionLabel, mediaType: 'text/markdown' };
}

/** Gives every test of a file a setting of its own, and returns what its people do with one law. */
export function useLaw(give: (setting: CutSetting) => void) {
  let db: TestDatabase;
  let people: CutPeople;
  beforeEach(async () => {
    const setting = await createCutSetting();
    ({ db, people } = setting);
    give(setting);
  });
  afterEach(() => db.drop());
  const start = (text: string, label: string) => startCut(people.editor, law, markdown(text, label));
  const advance = (run: CutRunAnswer, client: pg.ClientBase = people.editor) => advanceCut(client, run.run_id, 'ann');
  const approve = (run: CutRunAnswer, client: pg.Client = people.approver) =>
    approveCutRun(client, run.run_id, seen(run), 'second');
  return {
    /** Through both gates. */
    cut: (text: string, label: string) => cutRevision(people, law, markdown(text, label)),
    start,
    advance,
    approve,
    rollBack: (run: CutRunAnswer) => rollBackCutRun(people.editor, run.run_id, 'R-1', 'test', 'ann'),
    /** To gate 1, through it, and to gate 2. */
    toGate2: async (text: string, label: string): Promise<CutRunAnswer> => {
      const waiting = await advance(await start(text, label));
      await approve(waiting);
      return advance(waiting);
    },
    hashes: async () => {
      const { tree_hash, text_hash } = await readCutBase(people.editor, law.address);
      return { tree_hash, text_hash };
    },
  };
}

/** What an approver of a waiting run has looked at. */
export function seen(run: CutRunAnswer) {
  return { gate: run.waits_for?.slice(-1) ?? '', manifestDigest: run.manifest_digest, note: 'looked at' };
}
