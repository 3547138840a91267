// The way back of a structure operation when the place that a unit left is no longer there, and what a proof says of an orphan.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StructureStep } from '../../src/contract/structure/step.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { callJson, doSteps, openStructureGate, rollBack, treeProblems } from '../support/structure.js';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
  await openStructureGate(db.pool);
});

afterAll(() => db.drop());

const create = (address: string, parent: string | null = null, kind: string | null = null) =>
  db.pool.query('select fn_iu_create($1, $1, $2, $3, $4)', [address, 'tester', parent, kind]);
const move = (unit: string, parent: string | null): StructureStep => ({
  operation_type: 'reparent_piece',
  unit,
  parent,
});
const pathOf = async (address: string) =>
  (await db.pool.query('select path_addresses from v_iu_tree where canonical_address = $1', [address])).rows[0]
    ?.path_addresses;

describe('a rollback into a former place', () => {
  /** Below a document: `left`, which the unit `moved` has left for `right`. Returns the number of the move. */
  async function moved(prefix: string): Promise<string> {
    await create(prefix);
    for (const name of ['left', 'right']) await create(`${prefix}/${name}`, prefix);
    await create(`${prefix}/moved`, `${prefix}/left`);
    return doSteps(db.pool, [move(`${prefix}/moved`, `${prefix}/right`)]);
  }

  it.each([
    ['was deleted', `select fn_iu_soft_delete($1, 'me', 'a mistake')`],
    ['is deprecated', `select fn_iu_deprecate($1, 'me', 'gone')`],
  ])('is refused by name when that unit %s meanwhile', async (state, statement) => {
    const prefix = state.replaceAll(' ', '-');
    const operation = await moved(prefix);
    await db.pool.query(statement, [`${prefix}/left`]);
    await expect(rollBack(db.pool, operation)).rejects.toMatchObject({
      code: 'IU619',
      message: expect.stringContaining(`${prefix}/moved stood in ${prefix}/left, which ${state}`),
    });
    expect(await pathOf(`${prefix}/moved`)).toEqual([prefix, `${prefix}/right`, `${prefix}/moved`]);
    expect(await callJson(db.pool, 'fn_iu_structure_op_verify($1)', [operation])).toMatchObject({
      later_change: expect.stringContaining(state),
    });
  });

  it('is refused when its collection is one no more, and goes on when that is undone', async () => {
    for (const name of ['c1', 'c2']) await create(name, null, 'collection');
    for (const name of ['other', 'inside']) await create(name);
    await doSteps(db.pool, [move('inside', 'c1')]);
    const operation = await doSteps(db.pool, [move('inside', 'c2')]);
    const later = await doSteps(db.pool, [move('c1', 'other')]);
    await expect(rollBack(db.pool, operation)).rejects.toMatchObject({
      code: 'IU619',
      message: expect.stringContaining('is no collection any more'),
    });
    await rollBack(db.pool, later);
    await rollBack(db.pool, operation);
    expect(await treeProblems(db.pool)).toEqual([]);
  });
});

describe('the proof of a tree', () => {
  it('sees a living unit whose parent has no place any more', async () => {
    await create('orphaned');
    await create('orphaned/parent', 'orphaned');
    await create('orphaned/parent/child', 'orphaned/parent');
    const client = await db.connect();
    try {
      await client.query('begin');
      await client.query(`set local app.canonical_writer = 'fn_iu_structure_op'`);
      await client.query(`update information_unit set deleted_at = now() where canonical_address = 'orphaned/parent'`);
      await client.query(`delete from iu_tree_path where unit_id = fn_iu_unit_ref('orphaned/parent/child')`);
      await client.query(
        `delete from iu_tree_path where unit_id = (select id from information_unit where canonical_address = 'orphaned/parent')`,
      );
      // a row that makes the child look like a document, which is what a move below a unit without a row wrote
      await client.query(
        `insert into iu_tree_path (unit_id, root_unit_id, path_ids, depth) select id, id, array[id], 0 from information_unit
          where canonical_address = 'orphaned/parent/child'`,
      );
      expect(await treeProblems(client)).toEqual([expect.stringContaining('orphaned/parent/child')]);
    } finally {
      await client.query('rollback');
    }
  });
});
