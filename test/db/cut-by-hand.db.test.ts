// What people did to a document beside its cuts, and people who cut it at the same time.
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { normalizer } from '../../src/contract/cut/normalize.js';
import { cutDocument, documentCutter } from '../../src/cut/cut-document.js';
import { planCut, startCut } from '../../src/cut/pipeline.js';
import { type CutStart, markCutRun, pinSource, startCutRun } from '../../src/store/cut.js';
import { countByHand, listCutPlan } from '../../src/store/cut-lists.js';
import { demoLogin } from '../../src/store/demo-live.js';
import { type CutPeople, cutRevision, law, markdown, useLaw } from '../support/cut-pipeline.js';
import type { TestDatabase } from '../support/database.js';
import { doSteps } from '../support/structure.js';

const texts = [
  'The state is free and its people own it, whole and for ever.',
  'The prince has rights that nobody takes from him without a law.',
  'Whoever lives here pays taxes to the municipality where he lives.',
  'Courts judge in public unless the law says otherwise.',
];
const lawOf = (articles: readonly string[]) =>
  `# Law\n\n${articles.map((text, index) => `## Art. ${index + 1}\n\n${text}\n\n`).join('')}`;

let db: TestDatabase;
let people: CutPeople;

const { cut, start, advance, approve } = useLaw((setting) => {
  ({ db, people } = setting);
});

/** The lines of a plan that meet what people did: what becomes of which unit, and what they did. */
async function byHand(runId: string): Promise<string[]> {
  const { items } = await listCutPlan(db.pool, runId, {}, { limit: 100 });
  const lines = items.filter(({ by_hand }) => by_hand !== null);
  expect(await countByHand(db.pool, runId)).toBe(lines.length);
  return lines.map(({ fate, unit, by_hand }) => `${fate} ${unit}: ${by_hand}`);
}

describe('a plan on a document that people changed', () => {
  it('says which of its lines undo what they did, and no other line does', async () => {
    await cut(lawOf(texts), '1');
    const revise = async (address: string, text: string) => {
      await db.pool.query("select fn_iu_revise($1, $2, 'carl')", [address, text]);
      await db.pool.query("select fn_iu_enact($1, 'carl', 'R-2')", [address]);
    };
    await revise('li/law/art-1', '## Art. 1\n\nThe state is free, and somebody wrote this by hand.\n\n');
    await doSteps(db.pool, [
      { operation_type: 'reparent_piece', unit: 'li/law/art-4', parent: 'li/law', position: 'first' },
    ]);
    await doSteps(db.pool, [
      {
        operation_type: 'add_new_piece',
        parent: 'li/law',
        position: 'last',
        piece: { canonical_address: 'li/law/note', title: 'Note', unit_kind: 'section', body: 'A note of the office.' },
      },
    ]);
    await db.pool.query("select fn_iu_enact('li/law/note', 'carl', 'R-2')");
    const changed = [...texts];
    changed[1] = 'The prince has rights that nobody takes from him without a law of the parliament.';
    const waiting = await advance(await start(lawOf(changed), '2'));
    const { rows } = await db.pool.query('select operation_id, applied_by from iu_structure_operation order by 1');
    const [moved, added] = rows.map((row) => `structure operation ${row.operation_id} by ${row.applied_by}`);
    expect((await byHand(waiting.run_id)).sort()).toEqual([
      'changed li/law/art-1: version 2 by carl',
      expect.stringMatching(new RegExp(`^deprecate li/law/note: ${added}, version 1 by `)),
      `move li/law/art-4: ${moved}`,
    ]);
    const ended = await cut(lawOf(changed), '2');
    expect(ended.state).toBe('closeout_reported');
    changed[0] = 'The state is free and its people own it, whole and for ever, it says now.';
    const next = await start(lawOf(changed), '3');
    expect(await byHand(next.run_id)).toEqual([]);
  });

  it('does not take the text that a rollback gave back for theirs', async () => {
    await cut(lawOf(texts), '1');
    const second = await cut(lawOf(['Another text of the first article.', ...texts.slice(1)]), '2');
    await people.editor.query("select fn_iu_cut_rollback($1, 'R-1', 'test', 'ann')", [second.run_id]);
    const again = await start(lawOf(['A third text of it.', ...texts.slice(1)]), '3');
    expect(await byHand(again.run_id)).toEqual([]);
  });
});

describe('two people who cut one revision at once', () => {
  it('record the same pieces and the same plan, and the second finds it done', async () => {
    const bytes = Buffer.from(lawOf(texts));
    const first = await start(lawOf(texts), '1');
    const { pieces } = cutDocument(bytes, { mediaType: 'text/markdown' });
    const other = await db.as('iu_operator');
    const before = (await db.pool.query('select count(*) from iu_cut_log')).rows;
    expect(await markCutRun(other, first.run_id, pieces, 'bob')).toMatchObject({ state: 'cutplan_ok' });
    expect(await planCut(other, first.run_id, 'bob')).toMatchObject({ replayed: true });
    expect((await db.pool.query('select count(*) from iu_cut_log')).rows).toEqual(before);
    const less = pieces.map((piece, index) => (index === 1 ? { ...piece, label: 'another' } : piece));
    for (const wrong of [less, pieces.slice(1)]) {
      await expect(markCutRun(other, first.run_id, wrong, 'bob')).rejects.toMatchObject({ code: 'IU730' });
    }
  });
});

describe('a document whose address lies below another document', () => {
  const inside = { ...law, address: 'li/law/one' };
  const text = '# Law\n## One\nx\n';
  const addressesOf = async (runId: string) =>
    (await db.pool.query('select address from iu_cut_plan_piece where run_id = $1 order by ordinal', [runId])).rows.map(
      (row) => row.address,
    );

  it('keeps it from when its cut began: what the other one holds under that name gets another address', async () => {
    await startCut(people.editor, inside, markdown('# One\n', '1'));
    const run = await start(text, '1');
    expect(await addressesOf(run.run_id)).toEqual(['li/law/title', 'li/law/one@2']);
  });

  it('may have been planned as a piece of the other one before: that is refused, and planned again it has another address', async () => {
    const waiting = await advance(await start(text, '1'));
    await cutRevision(people, inside, markdown('# One\n', '1'));
    await approve(waiting);
    await expect(advance(waiting)).rejects.toMatchObject({
      code: 'IU203',
      hint: expect.stringContaining(`iu cut plan ${waiting.run_id} --again`),
    });
    await planCut(people.editor, waiting.run_id, 'ann');
    expect(await addressesOf(waiting.run_id)).toEqual(['li/law/title', 'li/law/one@2']);
    expect(await cut(text, '1')).toMatchObject({ state: 'closeout_reported' });
  });
});

describe('two commands on the demo at once', () => {
  it('have one second login, and neither takes it from the other', async () => {
    const login = `iu_demo_${db.schema}`.toLowerCase();
    const urls = await Promise.all(
      [1, 2, 3, 4].map(() => demoLogin(db.pool, db.url, login, ['iu_approver', 'iu_reader'])),
    );
    for (const url of urls) {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      expect((await client.query('select session_user as login')).rows).toEqual([{ login }]);
      await client.end();
    }
    await db.pool.query(`drop role ${login}`);
  });
});

describe('a revision that was cut by an earlier cutter', () => {
  it('may be cut anew while it is the last one, and not when the document has gone on', async () => {
    await cut(lawOf(texts), '1');
    const begin = async (text: string, revisionLabel: string) => {
      const about = { mediaType: 'text/markdown', newlineStyle: 'lf', title: 'Law', sourceNote: null };
      const { pinId } = await pinSource(people.editor, Buffer.from(text), about);
      const earlier: CutStart = {
        ...{ pinId, documentAddress: law.address, documentTitle: 'Law', ownerRef: 'ann', revisionLabel, actor: 'ann' },
        ...{ cutter: { ...documentCutter, version: 'later' }, config: { normalizer, grammar: null } },
      };
      return startCutRun(people.editor, earlier);
    };
    const anew = await begin(lawOf(texts), '1');
    expect(anew).toMatchObject({ is_new: true });
    await people.editor.query("select fn_iu_cut_void($1, 'test', 'ann')", [anew.run_id]);
    await cut(lawOf(texts.slice(1)), '2');
    await expect(begin(lawOf(texts), '1')).rejects.toMatchObject({ code: 'IU703' });
    expect(await begin(lawOf(texts.slice(1)), '2')).toMatchObject({ is_new: true });
  });
});
