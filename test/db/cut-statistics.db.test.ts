// Statistics are older than the run that is under way: the planner takes its thousands of rows for one, and a join of two lists of them
// that it does by loops looks at all with all. Counted in rows, because a machine's seconds say nothing.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CutTarget } from '../../src/cut/pipeline.js';
import { rollBackCutRun } from '../../src/store/cut.js';
import { countByHand, findCutPiece, listCutPlan } from '../../src/store/cut-lists.js';
import { cutPeople, cutRevision, openCutGates } from '../support/cut-pipeline.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type RunPlan, rowsLookedAt, watchPlans } from '../support/plan-work.js';

const articles = 1000;

/** When `edited`, of every hundred articles one has another text, one is gone, one is new, one is two, and the parts stand the other way round. */
function lawText(edited: boolean): string {
  const parts: string[] = [];
  for (let part = 0; part < articles / 50; part += 1) {
    const lines = [`## Part ${part + 1}\n`];
    for (let at = part * 50 + 1; at <= (part + 1) * 50; at += 1) {
      const place = edited ? at % 100 : -1;
      if (place === 30) continue;
      const heading = `### Art. ${at}\n`;
      const first = `What article ${at} of this law says about its matter number ${at}${place === 10 ? ', as amended' : ''}.\n\n`;
      const second = `A second paragraph of it, which is about other things than the first, such as ${at * 7} and ${at * 13}.\n`;
      lines.push(heading, first, place === 70 ? `### Art. ${at}bis\n` : '', second);
      if (place === 50) lines.push(`### Art. ${at}a\nQuite other words, of ${at}, that nobody wrote before.\n`);
    }
    parts.push(lines.join(''));
  }
  return `# Law\n${(edited ? parts.reverse() : parts).join('')}`;
}

let db: TestDatabase;
let plans: readonly RunPlan[];

beforeAll(async () => {
  db = await createTestDatabase();
  await openCutGates(db);
  const people = await cutPeople(db);
  const target = (address: string): CutTarget => ({ address, title: 'Law', ownerRef: 'test', actor: 'ann' });
  const source = (text: string, revisionLabel: string) => ({
    bytes: Buffer.from(text),
    revisionLabel,
    mediaType: 'text/markdown',
  });
  for (const name of ['li/one', 'li/two']) await cutRevision(people, target(name), source(lawText(false), '1'));
  await db.pool.query('analyze');
  // only a superuser may ask for the plans; what runs is the same
  const editor = await db.connect();
  plans = await watchPlans(editor);
  const watched = { ...people, editor };
  const first = await cutRevision(watched, target('li/law'), source(lawText(false), '1'));
  const second = await cutRevision(watched, target('li/law'), source(lawText(true), '2'));
  expect(second.manifest).toMatchObject({ counts: { steps: { add: 10, deprecate: 10, move: 19, split: 10 } } });
  await listCutPlan(editor, second.run_id, { changes: true }, { limit: 20 });
  await countByHand(editor, second.run_id);
  await findCutPiece(editor, second.run_id, 500);
  for (const run of [second, first]) await rollBackCutRun(editor, run.run_id, 'R-1', 'test', 'ann');
}, 120_000);

afterAll(() => db.drop());

describe('a cut, a re-cut and their rollbacks', () => {
  it('look at as many rows as the document has, however old the statistics are', () => {
    const looks = new Map<string, number>();
    for (const { text, plan } of plans) looks.set(text, (looks.get(text) ?? 0) + rowsLookedAt(plan));
    expect(looks.size).toBeGreaterThan(100);
    // of 50 steps and 30 texts each looks at a few rows; what looks at all is done a few times
    const heavy = [...looks].filter(([, rows]) => rows > 200 * articles);
    expect(heavy.map(([text, rows]) => [rows, text.trim().slice(0, 200)])).toEqual([]);
  });

  it('find a unit by the index of addresses: text with the collation of a rank or of a name could not', () => {
    const byAddress = plans.filter(({ text }) =>
      /canonical_address = (p_canonical_address|i\.address|i\.parent)/.test(text),
    );
    expect(byAddress.length).toBeGreaterThan(50);
    expect(byAddress.filter(({ plan }) => rowsLookedAt(plan) > articles).map(({ text }) => text)).toEqual([]);
  });
});
