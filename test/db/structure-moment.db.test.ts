// What one transaction did to units is dated as one, and what comes after something is dated after it.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StructureStep } from '../../src/contract/structure/step.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { openSessions, type Session } from '../support/sessions.js';
import { applyPlan, move, openStructureGate, planSteps, type Runs } from '../support/structure.js';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
  await openStructureGate(db.pool);
});

afterAll(() => db.drop());

const create = (by: Runs, address: string, parent: string | null = null, code: string | null = null) =>
  by.query('select fn_iu_create($1, $1, $2, $3, p_section_code => $4)', [address, 'tester', parent, code]);
const revise = (by: Runs, address: string, body: string) =>
  by.query('select fn_iu_revise($1, $2, $3)', [address, body, 'tester']);
const enact = (by: Runs, address: string) => by.query('select fn_iu_enact($1, $2, $3)', [address, 'tester', 'R']);
/** Plans and applies in the transaction of the session. */
async function apply(by: Runs, steps: readonly StructureStep[]): Promise<void> {
  await applyPlan(by, (await planSteps(by, steps)).operation_id);
}

/** The document when a version was written: each unit below which other, its number, status and versions. */
async function seen(unit: string, version: number): Promise<unknown[]> {
  const { rows } = await db.pool.query(
    `select canonical_address as unit, (select p.canonical_address from information_unit p where p.id = t.parent_id) as parent,
            section_code as number, lifecycle_status as status, version_seq as written, enacted_seq as in_force
       from fn_iu_tree_at_version(fn_iu_unit_ref($1), $2) t order by 1`,
    [unit, version],
  );
  return rows.map((row) => [row.unit, row.parent, row.number, row.status, row.written, row.in_force].join(' '));
}

/** Places of a unit whose validity begins before that of the one before ends, or ends before it begins. */
async function disorder(unit: string): Promise<unknown[]> {
  const { rows } = await db.pool.query(
    `select * from (
       select relation_id, valid_from, valid_to, lag(valid_to) over (order by relation_id) as before_to, lag(valid_from) over (order by relation_id) as before_from
         from iu_relation where to_unit_id = fn_iu_unit_ref($1) and relation_type = 'contains') r
      where valid_to < valid_from or valid_from < before_to or valid_from <= before_from`,
    [unit],
  );
  return rows;
}

async function inTransaction(session: Session, work: () => Promise<unknown>): Promise<void> {
  await session.run('begin');
  await work();
  await session.run('commit');
}

describe('what one transaction did', () => {
  it('is seen as one: births, places, numbers, texts and lifecycles, as a cut of a revision does them', async () => {
    for (const name of ['law', 'law/a', 'law/b']) await create(db.pool, name, name === 'law' ? null : 'law');
    await create(db.pool, 'law/1', 'law/a', '1');
    await create(db.pool, 'law/2', 'law/a', '2');
    for (const name of ['law/1', 'law/2']) await enact(db.pool, name);
    const { cut } = await openSessions(db, 'cut');
    await inTransaction(cut, async () => {
      await apply(cut.client, [
        move('law/1', 'law/b'),
        { operation_type: 'renumber_piece', unit: 'law/1', section_code: '9' },
        { operation_type: 'deprecate_piece', unit: 'law/2' },
      ]);
      await revise(cut.client, 'law/1', 'the new text');
      await create(cut.client, 'law/3', 'law/b', '3');
      await apply(cut.client, [{ operation_type: 'renumber_piece', unit: 'law/3', section_code: '4' }]);
      await enact(cut.client, 'law/1');
    });
    const before = ['law   draft 1 ', 'law/a law  draft 1 ', 'law/b law  draft 1 '];
    expect(await seen('law/2', 1)).toEqual([...before, 'law/1 law/a 1 draft 1 ', 'law/2 law/a 2 draft 1 '].sort());
    const after = ['law/1 law/b 9 enacted 2 2', 'law/2 law/a 2 deprecated 1 ', 'law/3 law/b 4 draft 1 '];
    expect(await seen('law/1', 2)).toEqual([...before, ...after].sort());
    expect(await seen('law/3', 1)).toEqual([...before, ...after].sort());
    const { rows } = await db.pool.query(
      `select count(distinct at)::int as moments from (
         select created_at as at from unit_version where unit_id = fn_iu_unit_ref('law/1') and version_seq = 2
         union all select enacted_at from unit_version where unit_id = fn_iu_unit_ref('law/1') and version_seq = 2
         union all select created_at from information_unit where canonical_address = 'law/3'
         union all select valid_from from iu_relation where operation_ref is not null
         union all select valid_to from iu_relation where valid_to is not null
         union all select recorded_at from iu_lifecycle_log where to_status = 'deprecated'
         union all select enacted_at from iu_structure_operation) a`,
    );
    expect(rows).toEqual([{ moments: 1 }]);
  });

  it('is seen as one of a document that it made', async () => {
    const { one } = await openSessions(db, 'one');
    await inTransaction(one, async () => {
      await create(one.client, 'made');
      await create(one.client, 'made/1', 'made', '1');
      await apply(one.client, [{ operation_type: 'renumber_piece', unit: 'made/1', section_code: '2' }]);
      await enact(one.client, 'made');
    });
    expect(await seen('made', 1)).toEqual(['made   enacted 1 1', 'made/1 made 2 draft 1 ']);
  });

  it('comes after what it waited for, though it began before', async () => {
    for (const name of ['race', 'race/p', 'race/q', 'race/x'])
      await create(db.pool, name, name === 'race' ? null : 'race');
    await create(db.pool, 'other');
    const { a, b } = await openSessions(db, 'a', 'b');
    await a.run('begin');
    await revise(a.client, 'other', 'the first write of a');
    await b.run('begin');
    await apply(b.client, [move('race/x', 'race/p')]);
    const waiting = a.start('select fn_iu_structure_op_plan($1, $2, $3)::text as plan', [
      JSON.stringify([move('race/x', 'race/q')]),
      'tester',
      'a race',
    ]);
    await waiting.blocked();
    await revise(b.client, 'race/x', 'of b');
    await enact(b.client, 'race/x');
    await b.run('commit');
    const plan = JSON.parse(String((await waiting.done)[0]?.plan));
    await applyPlan(a.client, plan.operation_id);
    await revise(a.client, 'race/x', 'of a');
    await enact(a.client, 'race/x');
    await a.run('commit');
    expect(await disorder('race/x')).toEqual([]);
    const rest = ['race   draft 1 ', 'race/p race  draft 1 ', 'race/q race  draft 1 '];
    expect(await seen('race/x', 2)).toEqual([...rest, 'race/x race/p  enacted 2 2']);
    expect(await seen('race/x', 3)).toEqual([...rest, 'race/x race/q  enacted 3 3']);
  });

  it('comes after a version that it waited for', async () => {
    await create(db.pool, 'text');
    await create(db.pool, 'other text');
    const { a, b } = await openSessions(db, 'a', 'b');
    await a.run('begin');
    await revise(a.client, 'other text', 'the first write of a');
    await inTransaction(b, async () => {
      await revise(b.client, 'text', 'of b');
      await enact(b.client, 'text');
    });
    await revise(a.client, 'text', 'of a');
    await enact(a.client, 'text');
    await a.run('commit');
    expect(await seen('text', 2)).toEqual(['text   enacted 2 2']);
    expect(await seen('text', 3)).toEqual(['text   enacted 3 3']);
  });

  it('is never dated by what a session wrote into the setting', async () => {
    const emitter = await db.as('iu_emitter');
    await emitter.query(`set iu_core.stamp = '1000000000000000'`);
    await emitter.query(`select fn_iu_create('dated', 'x', 'em')`);
    await emitter.query(`set iu_core.stamp = 'nonsense'`);
    await emitter.query(`select fn_iu_revise('dated', 'y', 'em')`);
    await emitter.query(`set iu_core.stamp = '9000000000000000'`);
    await emitter.query(`select fn_iu_revise('dated', 'z', 'em')`);
    const { rows } = await db.pool.query(
      `select count(*)::int as versions, bool_and(created_at between clock_timestamp() - interval '1 min' and clock_timestamp()) as now
         from unit_version where unit_id = fn_iu_unit_ref('dated')`,
    );
    expect(rows).toEqual([{ versions: 3, now: true }]);
  });
});
