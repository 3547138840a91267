// What others did to the units of a structure operation between its plan, its application and its way back.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StructureStep } from '../../src/contract/structure/step.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import {
  applyPlan,
  doSteps,
  move,
  openStructureGate,
  planSteps,
  readHashes,
  readTree,
  rollBack,
  treeProblems,
} from '../support/structure.js';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
  await openStructureGate(db.pool);
});

afterAll(() => db.drop());

const create = (address: string, parent: string | null = null, kind: string | null = null) =>
  db.pool.query('select fn_iu_create($1, $1, $2, $3, $4)', [address, 'tester', parent, kind]);

describe('a plan', () => {
  it('is stale when a unit that it would end along with another has left meanwhile', async () => {
    for (const [address, parent] of [
      ['stale', null],
      ['stale/a', 'stale'],
      ['stale/a/b', 'stale/a'],
    ] as const) {
      await create(address, parent);
    }
    const end: StructureStep = { operation_type: 'deprecate_piece', unit: 'stale/a', dependants: 'deprecate' };
    const { operation_id: id, impact } = await planSteps(db.pool, [end]);
    expect(impact).toMatchObject({ units: 2 });
    await doSteps(db.pool, [move('stale/a/b', 'stale')]);
    await expect(applyPlan(db.pool, id)).rejects.toMatchObject({
      code: 'IU607',
      message: expect.stringContaining('stale/a/b has changed'),
    });
    expect(await treeProblems(db.pool)).toEqual([]);
  });
});

describe('the end of a collection', () => {
  it('is refused while a living document stands in it, also along with its pieces', async () => {
    await create('shelf', null, 'collection');
    await create('book');
    await doSteps(db.pool, [move('book', 'shelf')]);
    for (const withChildren of [false, true]) {
      await expect(
        db.pool.query(`select fn_iu_deprecate('shelf', 'me', 'gone', $1)`, [withChildren]),
      ).rejects.toMatchObject({
        code: 'IU208',
        message: expect.stringContaining('such as book'),
      });
    }
    await db.pool.query(`select fn_iu_deprecate('book', 'me', 'gone')`);
    await db.pool.query(`select fn_iu_deprecate('shelf', 'me', 'gone')`);
  });
});

describe('a rollback', () => {
  const add = (parent: string, name: string, derived_from?: string): StructureStep => ({
    operation_type: 'add_new_piece',
    parent,
    position: 'first',
    piece: { canonical_address: name, body: 'text' },
    ...(derived_from === undefined ? {} : { derived_from }),
  });

  it('is refused by name when the former place stands below the unit meanwhile', async () => {
    for (const [address, parent] of [
      ['round', null],
      ['round/a', 'round'],
      ['round/a/x', 'round/a'],
      ['round/p', 'round'],
      ['round/p/u', 'round/p'],
      ['round/p/u/v', 'round/p/u'],
    ] as const) {
      await create(address, parent);
    }
    const operation = await doSteps(db.pool, [move('round/p/u', 'round')]);
    await doSteps(db.pool, [move('round/p', 'round/p/u/v')]);
    await expect(rollBack(db.pool, operation)).rejects.toMatchObject({
      code: 'IU619',
      message: expect.stringContaining('round/p/u cannot stand below itself or below its own piece round/p'),
    });
  });

  it('minds the place that a unit had before the operation, not those that it passed', async () => {
    for (const [address, parent] of [
      ['pass', null],
      ['pass/from', 'pass'],
      ['pass/via', 'pass'],
      ['pass/gone', 'pass'],
      ['pass/to', 'pass'],
      ['pass/from/u', 'pass/from'],
    ] as const) {
      await create(address, parent);
    }
    const ways = ['pass/via', 'pass/gone', 'pass/to'].map((parent) => move('pass/from/u', parent));
    const [before] = await readHashes(db.pool, 'pass');
    const operation = await doSteps(db.pool, ways);
    const taken = await doSteps(db.pool, [add('pass/via', 'pass/via/n')]);
    await db.pool.query(`select fn_iu_deprecate('pass/gone', 'me', 'gone')`);
    await rollBack(db.pool, operation);
    expect((await readTree(db.pool, 'pass')).units.get('pass/from/u')?.container).toBe('pass/from');
    await rollBack(db.pool, taken);
    expect(await treeProblems(db.pool)).toEqual([]);
    expect(before).toBeDefined();
  });

  it('is refused by name when a document stands at the place that a piece had in the collection', async () => {
    await create('mixed', null, 'collection');
    for (const [address, parent] of [
      ['mixed/note', 'mixed'],
      ['mixed-book', null],
      ['mixed-other', null],
    ] as const) {
      await create(address, parent);
    }
    const operation = await doSteps(db.pool, [move('mixed/note', 'mixed-other')]);
    const later = await doSteps(db.pool, [move('mixed-book', 'mixed')]);
    await expect(rollBack(db.pool, operation)).rejects.toMatchObject({
      code: 'IU610',
      message: expect.stringContaining('the place of mixed/note is taken by mixed-book'),
    });
    await rollBack(db.pool, later);
    await rollBack(db.pool, operation);
  });

  it('brings back a collection that the operation emptied and made a piece', async () => {
    await create('emptied', null, 'collection');
    for (const name of ['emptied-book', 'emptied-law']) await create(name);
    await doSteps(db.pool, [move('emptied-book', 'emptied')]);
    const before = await readHashes(db.pool, 'emptied');
    const operation = await doSteps(db.pool, [move('emptied-book', null), move('emptied', 'emptied-law')]);
    await rollBack(db.pool, operation);
    expect(await readHashes(db.pool, 'emptied')).toEqual(before);
  });

  it('is refused by name when a text was derived from what the operation made', async () => {
    await create('origin');
    const operation = await doSteps(db.pool, [add('origin', 'origin/a')]);
    await create('origin-2');
    const later = await doSteps(db.pool, [add('origin-2', 'origin-2/b', 'origin/a')]);
    await expect(rollBack(db.pool, operation)).rejects.toMatchObject({
      code: 'IU619',
      message: expect.stringContaining('origin-2/b was derived from origin/a'),
    });
    await rollBack(db.pool, later);
    await rollBack(db.pool, operation);
  });

  it('is refused by name when the link that it would move back was retired meanwhile', async () => {
    await create('linked');
    await create('linked/a', 'linked');
    await db.pool.query(
      `insert into iu_sql_link (unit_id, link_role, object_kind, object_name, idempotency_key)
       values (fn_iu_unit_ref('linked/a'), 'about', 'table', 'dot_config', 'between')`,
    );
    const operation = await doSteps(db.pool, [
      {
        operation_type: 'replace_piece',
        unit: 'linked/a',
        piece: { canonical_address: 'linked/b', body: 'new' },
        link_policy: 'move',
      },
    ]);
    await db.pool.query(
      `select fn_iu_sql_link_retire(id, 'me', 'no longer about it') from iu_sql_link where unit_id = fn_iu_unit_ref('linked/b')`,
    );
    await expect(rollBack(db.pool, operation)).rejects.toMatchObject({
      code: 'IU619',
      message: expect.stringContaining('the SQL link of linked/b'),
    });
  });
});
