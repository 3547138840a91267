// The way back of a structure operation when the place that a unit left is no longer there, what a proof says of an orphan, the events of both ways, and documents of collections.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StructureStep } from '../../src/contract/structure/step.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { openSessions } from '../support/sessions.js';
import {
  applyPlan,
  callJson,
  doSteps,
  move,
  openStructureGate,
  planSteps,
  readHashes,
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
      message: expect.stringContaining(`${prefix}/moved would stand in ${prefix}/left, which ${state}`),
    });
    expect(await pathOf(`${prefix}/moved`)).toEqual([prefix, `${prefix}/right`, `${prefix}/moved`]);
    expect(await callJson(db.pool, 'fn_iu_structure_op_verify($1)', [operation])).toMatchObject({
      later_change: expect.stringContaining(state),
    });
  });

  it('is refused by name when a piece would come to life below one that has died meanwhile', async () => {
    await create('life');
    await create('life/a', 'life');
    await create('life/a/b', 'life/a');
    const end = (unit: string) => doSteps(db.pool, [{ operation_type: 'deprecate_piece', unit }]);
    const operation = await end('life/a/b');
    const later = await end('life/a');
    await expect(rollBack(db.pool, operation)).rejects.toMatchObject({
      code: 'IU619',
      message: expect.stringContaining('life/a/b would stand in life/a, which is deprecated'),
    });
    await rollBack(db.pool, later);
    await rollBack(db.pool, operation);
  });

  it('goes on when the operation itself made the collection a piece after the document had left it', async () => {
    for (const name of ['rack-1', 'rack-2', 'rack-3']) await create(name, null, 'collection');
    await create('rack-3/book', 'rack-3');
    const before = await Promise.all(['rack-3/book', 'rack-1'].map(pathOf));
    const operation = await doSteps(db.pool, [
      move('rack-3/book', 'rack-1'),
      move('rack-3/book', 'rack-2'),
      move('rack-1', 'rack-3/book'),
    ]);
    const { hash, expected_hash } = await rollBack(db.pool, operation);
    expect(hash).toBe(expected_hash);
    expect(await Promise.all(['rack-3/book', 'rack-1'].map(pathOf))).toEqual(before);
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

  it('sees a place without its unit', async () => {
    await create('haunted');
    const client = await db.connect();
    const nobody = randomUUID();
    try {
      await client.query('begin');
      await client.query(
        `insert into iu_tree_path (unit_id, root_unit_id, path_ids, depth)
         select $1, id, array[id, $1], 1 from information_unit where canonical_address = 'haunted'`,
        [nobody],
      );
      expect(await treeProblems(client)).toEqual([expect.stringContaining('rows of iu_tree_path')]);
      const { rows } = await client.query(
        `select fn_iu_tree_verify(fn_iu_unit_ref('haunted')) -> 'problems' as problems`,
      );
      expect(rows[0].problems).toContain(nobody);
    } finally {
      await client.query('rollback');
    }
  });
});

describe('the events of an operation and of its rollback', () => {
  const eventsOf = async (operation: string) =>
    (
      await db.pool.query(
        `select event_subject_ref as subject, canonical_address as address, safe_payload ->> 'unit_count' as units,
                jsonb_array_length(safe_payload -> 'unit_ids') as named
           from event_outbox where safe_payload ->> 'operation_id' = $1 order by seq`,
        [operation],
      )
    ).rows;

  it.each<[string, (p: string) => StructureStep, string]>([
    [
      'split',
      (p) => ({
        operation_type: 'split_large_piece',
        unit: `${p}/a`,
        offsets: [1],
        pieces: [{ canonical_address: `${p}/a1` }, { canonical_address: `${p}/a2` }],
        dependants: 'move',
      }),
      '/a',
    ],
    ['end', (p) => ({ operation_type: 'deprecate_piece', unit: `${p}/a`, dependants: 'lift' }), '/a'],
    [
      'birth',
      (p) => ({ operation_type: 'add_new_piece', parent: p, piece: { canonical_address: `${p}/n`, body: 'new' } }),
      '/n',
    ],
  ])('of a %s are about the same unit, so that an ordered route keeps them in order', async (name, step, subject) => {
    const p = `subject-${name}`;
    await create(p);
    await create(`${p}/a`, p);
    await create(`${p}/a/below`, `${p}/a`);
    const operation = await doSteps(db.pool, [step(p)]);
    await rollBack(db.pool, operation);
    const [applied, undone] = await eventsOf(operation);
    expect(undone).toEqual(applied);
    expect(applied.address).toBe(p + subject);
  });

  it('count every unit and name at most 50, so that a step of any size has room in a payload', async () => {
    await create('many');
    await create('many/a', 'many');
    const units = Array.from({ length: 120 }, (_, index) => ({
      canonical_address: `many/a/${index}`,
      parent_address: 'many/a',
      body: 'text',
    }));
    await db.pool.query('select from fn_iu_create_many($1, $2)', [JSON.stringify(units), 'tester']);
    await db.pool.query(`insert into dot_config (key, value) values ('iu_core.max_payload_bytes', '4096')`);
    const operation = await doSteps(db.pool, [
      { operation_type: 'deprecate_piece', unit: 'many/a', dependants: 'deprecate' },
    ]);
    expect(await eventsOf(operation)).toMatchObject([{ units: '121', named: 50 }]);
  });
});

describe('a document of a collection', () => {
  const documentsIn = async (collection: string) =>
    (
      await db.pool.query(
        `select u.canonical_address as address from iu_collection_path c join information_unit u on u.id = c.document_id
          where c.collection_id = fn_iu_unit_ref($1) order by c.sibling_rank`,
        [collection],
      )
    ).rows.map((row) => row.address);

  it('has its successor in the collection, right after it; and a piece of a collection stays one when it is renumbered', async () => {
    await create('shelf', null, 'collection');
    for (const name of ['shelf-1', 'shelf-2']) await create(name);
    await create('shelf-note', 'shelf');
    await create('shelf-note-2', 'shelf');
    await doSteps(db.pool, [move('shelf-1', 'shelf'), move('shelf-2', 'shelf')]);
    const inShelf = () => documentsIn('shelf');
    const done = [
      await doSteps(db.pool, [
        { operation_type: 'replace_piece', unit: 'shelf-1', piece: { canonical_address: 'shelf-1b', body: 'new' } },
      ]),
    ];
    expect(await inShelf()).toEqual(['shelf-1', 'shelf-1b', 'shelf-2']);
    done.push(
      await doSteps(db.pool, [
        {
          operation_type: 'split_large_piece',
          unit: 'shelf-1b',
          offsets: [1],
          pieces: [{ canonical_address: 'shelf-1c' }, { canonical_address: 'shelf-1d' }],
        },
      ]),
    );
    expect(await inShelf()).toEqual(['shelf-1', 'shelf-1b', 'shelf-1c', 'shelf-1d', 'shelf-2']);
    done.push(
      await doSteps(db.pool, [
        { operation_type: 'renumber_piece', unit: 'shelf-note', section_code: '9', position: 'last' },
      ]),
    );
    expect(await pathOf('shelf-note')).toEqual(['shelf', 'shelf-note']);
    for (const operation of done.reverse()) await rollBack(db.pool, operation);
    expect(await inShelf()).toEqual(['shelf-1', 'shelf-2']);
    expect(await treeProblems(db.pool)).toEqual([]);
  });

  it('and a piece that is born in the collection have each a place of their own, and one can be born right after the other', async () => {
    await create('case', null, 'collection');
    await create('case-1');
    await create('case-2');
    await doSteps(db.pool, [move('case-1', 'case'), move('case-2', 'case')]);
    await create('case/last', 'case');
    const between = 'select fn_iu_create($1, $2, $3, $4, p_after_address => $5)';
    await db.pool.query(between, ['case/between', 'text', 'tester', 'case', 'case-1']);
    await db.pool.query(between, ['case/first', 'text', 'tester', 'case', '']);
    const { rows } = await db.pool.query(
      `select r.sibling_rank as rank, u.canonical_address as address from iu_relation r join information_unit u on u.id = r.to_unit_id
        where r.from_unit_id = fn_iu_unit_ref('case') and r.relation_type = 'contains' and r.relation_status = 'active' order by 1`,
    );
    expect(rows.map((row) => row.address)).toEqual(['case/first', 'case-1', 'case/between', 'case-2', 'case/last']);
    expect(new Set(rows.map((row) => row.rank)).size).toBe(5);
    const stranger = db.pool.query(between, ['case/x', 'text', 'tester', 'case', 'lift-1']);
    await expect(stranger).rejects.toMatchObject({ code: 'IU205' });
    expect(await treeProblems(db.pool)).toEqual([]);
  });

  it('that ends leaves the pieces lifted out of it in its place in the collection, in their order', async () => {
    await create('lift', null, 'collection');
    for (const name of ['lift-1', 'lift-2']) await create(name);
    for (const name of ['lift-1/a', 'lift-1/b']) await create(name, 'lift-1');
    await create('lift-1/a/x', 'lift-1/a');
    await doSteps(db.pool, [move('lift-1', 'lift'), move('lift-2', 'lift')]);
    const before = await readHashes(db.pool, 'lift');
    const operation = await doSteps(db.pool, [
      { operation_type: 'deprecate_piece', unit: 'lift-1', dependants: 'lift' },
    ]);
    expect(await documentsIn('lift')).toEqual(['lift-1', 'lift-1/a', 'lift-1/b', 'lift-2']);
    expect(await pathOf('lift-1/a/x')).toEqual(['lift-1/a', 'lift-1/a/x']);
    expect(await treeProblems(db.pool)).toEqual([]);
    await rollBack(db.pool, operation);
    expect(await documentsIn('lift')).toEqual(['lift-1', 'lift-2']);
    expect(await readHashes(db.pool, 'lift')).toEqual(before);
    // outside of a collection they are documents of their own
    await doSteps(db.pool, [
      move('lift-1', null),
      { operation_type: 'deprecate_piece', unit: 'lift-1', dependants: 'lift' },
    ]);
    expect(await documentsIn('lift')).toEqual(['lift-2']);
    expect(await pathOf('lift-1/b')).toEqual(['lift-1/b']);
  });

  it('that is lifted into a collection on the move waits for that move', async () => {
    for (const name of ['far', 'near', 'box']) await create(name, null, 'collection');
    await create('box-1');
    await create('box-1/a', 'box-1');
    await doSteps(db.pool, [move('near', 'far'), move('box', 'near'), move('box-1', 'box')]);
    const { operation_id: lift } = await planSteps(db.pool, [
      { operation_type: 'deprecate_piece', unit: 'box-1', dependants: 'lift' },
    ]);
    const { mover, lifter } = await openSessions(db, 'mover', 'lifter');
    const { operation_id: out } = await planSteps(db.pool, [move('near', null)]);
    await mover.run('begin');
    await applyPlan(mover.client, out);
    const lifting = lifter.start(`select fn_iu_structure_op_apply($1, 'editor', 'A-1')`, [lift]);
    await lifting.blocked();
    await mover.run('commit');
    expect(await lifting.code).toBe('none');
    expect(await documentsIn('box')).toEqual(['box-1', 'box-1/a']);
    expect(await treeProblems(db.pool)).toEqual([]);
  });
});
