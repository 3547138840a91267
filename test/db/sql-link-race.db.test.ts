// An SQL link that is made at the very moment its unit ends: one of the two waits for the other and sees it.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { StructureStep } from '../../src/contract/structure/step.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { openSessions, type Session } from '../support/sessions.js';
import { codeOfCall, doSteps, openStructureGate, planSteps, treeProblems } from '../support/structure.js';

let db: TestDatabase;
let linker: Session;
let editor: Session;
let count = 0;
/** Address of a document of its own a test; `piece` stands below it, `below` below that. */
let document = '';
let piece = '';
let below = '';

beforeAll(async () => {
  db = await createTestDatabase();
  await openStructureGate(db.pool);
  // as an application inserts, with the rights of its role only
  const application = await db.as('iu_emitter');
  ({ linker } = await openSessions({ pool: db.pool, connect: async () => application }, 'linker'));
  ({ editor } = await openSessions(db, 'editor'));
});

beforeEach(async () => {
  count += 1;
  [document, piece, below] = [`doc-${count}`, `doc-${count}/a`, `doc-${count}/a/b`];
  for (const [address, parent] of [
    [document, null],
    [piece, document],
    [below, piece],
  ]) {
    await db.pool.query(`select fn_iu_create($1, 'text', 'tester', $2)`, [address, parent]);
  }
});

afterEach(async () => {
  for (const session of [linker, editor]) await session.run('rollback');
});

afterAll(() => db.drop());

const insert = `insert into iu_sql_link (unit_id, link_role, object_kind, object_name, idempotency_key, lifecycle_status)
  select fn_iu_unit_ref($1), 'about', 'table', 'dot_config', gen_random_uuid()::text, $2`;
const apply = `select fn_iu_structure_op_apply($1, 'editor', 'A-1')`;

async function planned(step: StructureStep): Promise<string> {
  return (await planSteps(db.pool, [step])).operation_id;
}

/** Everything that ends a unit, each with the unit on which the link is made. */
const ends: [string, () => Promise<[string, string[], string]>][] = [
  ['deprecate_piece', async () => [apply, [await planned({ operation_type: 'deprecate_piece', unit: below })], below]],
  [
    'deprecate_piece of a unit above it',
    async () => [
      apply,
      [await planned({ operation_type: 'deprecate_piece', unit: piece, dependants: 'deprecate' })],
      below,
    ],
  ],
  [
    'replace_piece',
    async () => [
      apply,
      [
        await planned({
          operation_type: 'replace_piece',
          unit: piece,
          piece: { canonical_address: `${piece}n`, body: 'new' },
        }),
      ],
      piece,
    ],
  ],
  ['fn_iu_deprecate', async () => [`select fn_iu_deprecate($1, 'editor', 'gone', true)`, [document], below]],
  ['fn_iu_soft_delete', async () => [`select fn_iu_soft_delete($1, 'editor', 'a mistake')`, [below], below]],
];

describe('an SQL link that is being made on a unit that is to end', () => {
  it.each(ends)('is waited for and seen by %s', async (_name, end) => {
    const [statement, values, unit] = await end();
    await linker.run('begin');
    await linker.run(insert, [unit, 'draft']);
    const ending = editor.start(statement, values);
    await ending.blocked();
    await linker.run('commit');
    expect(await ending.code).toBe('IU611');
    await db.pool.query(
      `select fn_iu_sql_link_retire(id, 'ann', 'in the way') from iu_sql_link where unit_id = fn_iu_unit_ref($1)`,
      [unit],
    );
    expect(await editor.start(statement, values).code).toBe('none');
  });

  it('is in nobody’s way when it was not made after all', async () => {
    await linker.run('begin');
    await linker.run(insert, [piece, 'draft']);
    const ending = editor.start(`select fn_iu_deprecate($1, 'editor', 'gone', true)`, [piece]);
    await ending.blocked();
    await linker.run('rollback');
    expect(await ending.code).toBe('none');
  });
});

describe('an SQL link on a unit that is just ending', () => {
  it.each(ends)('waits and is refused after %s', async (_name, end) => {
    const [statement, values, unit] = await end();
    // a deleted unit is no unit to look for
    const { rows } = await db.pool.query('select fn_iu_unit_ref($1) as id', [unit]);
    await editor.run('begin');
    await editor.run(statement, values);
    const linking = linker.start(insert.replace('fn_iu_unit_ref($1)', '$1::uuid'), [rows[0].id, 'draft']);
    await linking.blocked();
    await editor.run('commit');
    expect(await linking.code).toBe('IU206');
    const dead = db.pool.query(insert.replace('fn_iu_unit_ref($1)', '$1::uuid'), [rows[0].id, 'enacted']);
    expect(await codeOfCall(dead)).toBe('IU206');
    // what was ended before, somewhere else, may be written down
    const past = db.pool.query(insert.replace('fn_iu_unit_ref($1)', '$1::uuid'), [rows[0].id, 'retired']);
    expect(await codeOfCall(past)).toBe('ok');
  });

  it('is made when the end was taken back', async () => {
    await editor.run('begin');
    await editor.run(`select fn_iu_deprecate($1, 'editor', 'gone', true)`, [piece]);
    const linking = linker.start(insert, [piece, 'draft']);
    await linking.blocked();
    await editor.run('rollback');
    expect(await linking.code).toBe('none');
  });
});

describe('the rollback of an operation that made a unit', () => {
  it.each([
    ['a link', insert, (unit: string) => [unit, 'draft']],
    ['a version', `select fn_iu_revise($1, 'another text', 'ann')`, (unit: string) => [unit]],
    ['an enactment', `select fn_iu_enact($1, 'ann', 'R-1')`, (unit: string) => [unit]],
  ])('waits for %s that this unit is just given, and is refused by name', async (_name, statement, valuesOf) => {
    const made = `${document}/made`;
    const operation = await doSteps(db.pool, [
      { operation_type: 'add_new_piece', parent: document, piece: { canonical_address: made, body: 'text' } },
    ]);
    await linker.run('begin');
    await linker.run(statement, valuesOf(made));
    const undoing = editor.start(`select fn_iu_structure_op_rollback($1, 'editor', 'A-2')`, [operation]);
    await undoing.blocked();
    await linker.run('commit');
    expect(await undoing.code).toBe('IU619');
    expect(await treeProblems(db.pool)).toEqual([]);
  });
});
