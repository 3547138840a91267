// Structure operations: what each does, what it refuses, what it leaves behind.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StructureStep } from '../../src/contract/structure/step.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import {
  applyPlan,
  callJson,
  codeOfCall,
  doSteps,
  move,
  openStructureGate,
  planSteps,
  readHashes,
  rollBack,
  treeProblems,
} from '../support/structure.js';

let db: TestDatabase;
let documents = 0;

beforeAll(async () => {
  db = await createTestDatabase();
  await openStructureGate(db.pool);
});

afterAll(() => db.drop());

/** A document with pieces 1, 2, 3; 2 has x and y below it. Returns the prefix of all addresses. */
async function makeDocument(): Promise<string> {
  documents += 1;
  const prefix = `S${documents}-`;
  const units = [
    { canonical_address: `${prefix}D`, body: 'the document' },
    ...['1', '2', '3'].map((code) => ({
      canonical_address: `${prefix}${code}`,
      parent_address: `${prefix}D`,
      body: `piece ${code} é😀`,
      section_code: code,
    })),
    ...['x', 'y'].map((name) => ({ canonical_address: `${prefix}${name}`, parent_address: `${prefix}2`, body: name })),
  ];
  await db.pool.query('select from fn_iu_create_many($1, $2)', [JSON.stringify(units), 'tester']);
  return prefix;
}

const idOf = async (address: string): Promise<string> =>
  (await db.pool.query('select id from information_unit where canonical_address = $1', [address])).rows[0]?.id;
const bodyOf = async (address: string) =>
  (
    await db.pool.query(
      'select v.body from information_unit u join unit_version v on v.id = u.version_anchor_ref where u.canonical_address = $1',
      [address],
    )
  ).rows[0]?.body;
const subtreeOf = async (address: string) =>
  (await db.pool.query('select canonical_address from fn_iu_tree_subtree($1)', [await idOf(address)])).rows.map(
    (row) => row.canonical_address,
  );
const lineageOf = async (address: string) =>
  (
    await db.pool.query(
      `select direction || ' ' || relation_type || ' ' || related_address as line from v_iu_lineage
        where canonical_address = $1 and relation_status = 'active' order by relation_id, 1`,
      [address],
    )
  ).rows.map((row) => row.line);
async function link(address: string, kind = 'table', name = 'dot_config'): Promise<string> {
  const { rows } = await db.pool.query(
    `insert into iu_sql_link (unit_id, link_role, object_kind, object_name, function_identity, trigger_name, collection_name, row_pk, idempotency_key)
     values ($1, 'governs', $2::text, $3::text, case when $2 = 'function' then $3 end, case when $2 = 'trigger' then 'trg_iu_config_log' end,
             case when $2 = 'directus_collection' then $3 end, case when $2 = 'row' then '{"key": "iu_core.autocut_enabled"}'::jsonb end,
             gen_random_uuid()::text) returning id`,
    [await idOf(address), kind, name],
  );
  return rows[0].id;
}

describe('a structure plan', () => {
  it('changes nothing, tells the impact and shows the tree before and after', async () => {
    const p = await makeDocument();
    const before = await readHashes(db.pool, p);
    const plan = await planSteps(db.pool, [move(`${p}2`, `${p}1`)]);
    expect(plan).toMatchObject({ status: 'planned', replayed: false, step_count: 1 });
    expect(plan.impact).toMatchObject({ units: 1, units_born: 0, tree_rows: 3, sql_links: 0, events: 1, reviews: [] });
    const shown = plan.preview as {
      before: { document: string; lines: { address: string }[] }[];
      after: { document: string; lines: { address: string }[] }[];
    };
    expect(shown.before.map((tree) => tree.document)).toEqual([`${p}D`]);
    expect(shown.before[0]?.lines.map((line) => line.address)).toEqual(
      ['D', '1', '2', 'x', 'y', '3'].map((n) => p + n),
    );
    expect(shown.after[0]?.lines).toMatchObject([
      {},
      { depth: 1 },
      { depth: 2 },
      { depth: 3 },
      { depth: 3 },
      { depth: 1 },
    ]);
    expect(await readHashes(db.pool, p)).toEqual(before);
  });

  it('is one plan for the same request, in whatever order its units stand and by whatever name', async () => {
    const p = await makeDocument();
    const merge = (units: string[]): StructureStep => ({
      operation_type: 'merge_small_pieces',
      units,
      piece: { canonical_address: `${p}m` },
      dependants: 'move',
    });
    const first = await planSteps(db.pool, [merge([`${p}1`, `${p}2`])]);
    const second = await planSteps(db.pool, [merge([await idOf(`${p}2`), `${p}1`])]);
    expect(second).toMatchObject({ operation_id: first.operation_id, replayed: true });
    const again = await planSteps(db.pool, [merge([`${p}1`, `${p}2`])], 'another');
    expect(again.operation_id).not.toBe(first.operation_id);
  });

  it('needs no gate; applying needs gate and approval, and twice is once', async () => {
    const p = await makeDocument();
    const { operation_id } = await planSteps(db.pool, [move(`${p}3`, `${p}1`)]);
    expect(await codeOfCall(callJson(db.pool, `fn_iu_structure_op_apply($1, 'me', ' ')`, [operation_id]))).toBe(
      'IU616',
    );
    await db.pool.query(`select fn_iu_gate_set('iu_core.structure_ops_enabled', false, 'test')`);
    expect(await codeOfCall(applyPlan(db.pool, operation_id))).toBe('IU615');
    await openStructureGate(db.pool);
    expect(await applyPlan(db.pool, operation_id)).toMatchObject({ status: 'enacted', replayed: false });
    expect(await applyPlan(db.pool, operation_id)).toMatchObject({ status: 'enacted', replayed: true });
    const { rows } = await db.pool.query(`select 1 from event_outbox where safe_payload ->> 'operation_id' = $1`, [
      operation_id,
    ]);
    expect(rows).toHaveLength(1);
  });

  it('with a key or a position that nothing reads is refused, also from SQL', async () => {
    const p = await makeDocument();
    for (const wish of [{ position: 'end' }, { aftr: `${p}2` }]) {
      const step = { ...move(`${p}x`, `${p}D`), ...wish } as unknown as StructureStep;
      expect(await codeOfCall(planSteps(db.pool, [step]))).toBe('IU603');
    }
    expect(
      await codeOfCall(planSteps(db.pool, [{ ...move(`${p}x`, `${p}D`), position: 'first' } as StructureStep])),
    ).toBe('ok');
  });

  it('is stale when its unit has changed since', async () => {
    const p = await makeDocument();
    const { operation_id } = await planSteps(db.pool, [move(`${p}3`, `${p}1`)]);
    await doSteps(db.pool, [move(`${p}3`, `${p}2`)]);
    expect(await codeOfCall(applyPlan(db.pool, operation_id))).toBe('IU607');
    const split = await planSteps(db.pool, [{ operation_type: 'deprecate_piece', unit: `${p}1` }]);
    await db.pool.query(`select fn_iu_revise($1, 'new text', 'me')`, [`${p}1`]);
    expect(await codeOfCall(applyPlan(db.pool, split.operation_id))).toBe('IU607');
  });
});

describe('a structure operation', () => {
  it('splits a text by bytes so that the pieces joined are the original, and refuses a cut inside a character', async () => {
    const p = await makeDocument();
    const whole = await bodyOf(`${p}1`);
    const split = (offsets: number[]): StructureStep => ({
      operation_type: 'split_large_piece',
      unit: `${p}1`,
      offsets,
      pieces: [`${p}1a`, `${p}1b`, `${p}1c`].map((address) => ({ canonical_address: address })),
    });
    expect(await codeOfCall(planSteps(db.pool, [split([3, 9])]))).toBe('IU608');
    const id = await doSteps(db.pool, [split([3, 10])]);
    const texts = await Promise.all(['1a', '1b', '1c'].map((name) => bodyOf(p + name)));
    expect(texts.join('')).toBe(whole);
    expect(await subtreeOf(`${p}D`)).toEqual(['D', '1', '1a', '1b', '1c', '2', 'x', 'y', '3'].map((name) => p + name));
    expect(await lineageOf(`${p}1b`)).toEqual([`earlier split_from ${p}1`]);
    expect(await callJson(db.pool, 'fn_iu_structure_op_verify($1)', [id])).toMatchObject({
      ok: true,
      text_ok: true,
      event_ok: true,
    });
  });

  it('asks what becomes of living pieces and of SQL links, and does what it is told', async () => {
    const p = await makeDocument();
    const deprecate = (more: object = {}): StructureStep => ({
      operation_type: 'deprecate_piece',
      unit: `${p}2`,
      ...more,
    });
    expect(await codeOfCall(planSteps(db.pool, [deprecate()]))).toBe('IU604');
    expect(await codeOfCall(planSteps(db.pool, [deprecate({ dependants: 'move' })]))).toBe('IU603');
    const linkId = await link(`${p}2`);
    expect(await codeOfCall(planSteps(db.pool, [deprecate({ dependants: 'lift' })]))).toBe('IU611');
    const reviewed = await planSteps(db.pool, [deprecate({ dependants: 'lift', link_policy: 'manual_review' })]);
    expect(reviewed.impact).toMatchObject({ reviews: [{ what: 'sql_link', link_id: linkId }] });
    const before = await readHashes(db.pool, p);
    const replace = (link_policy: 'copy' | 'move'): StructureStep => ({
      operation_type: 'replace_piece',
      unit: `${p}2`,
      piece: { canonical_address: `${p}2n`, body: 'new' },
      link_policy,
    });
    for (const policy of ['copy', 'move'] as const) {
      const id = await doSteps(db.pool, [replace(policy)]);
      const states = async () =>
        (
          await db.pool.query(
            `select u.canonical_address || ' ' || k.lifecycle_status as line from iu_sql_link k join information_unit u on u.id = k.unit_id
              where starts_with(u.canonical_address, $1) and u.deleted_at is null order by 1`,
            [p],
          )
        ).rows.map((row) => row.line);
      expect(await states()).toEqual([`${p}2 ${policy === 'copy' ? 'draft' : 'retired'}`, `${p}2n draft`]);
      expect(await lineageOf(`${p}2`)).toEqual([`later supersedes ${p}2n`, `later replaced_by ${p}2n`].slice(0, 2));
      await rollBack(db.pool, id);
      expect(await states()).toEqual([`${p}2 draft`]);
      expect(await readHashes(db.pool, p)).toEqual(before);
    }
  });

  it('merges in the order of the tree and asks about kinds that differ', async () => {
    const p = await makeDocument();
    const merge = (conflict_policy?: 'prefer_target' | 'manual_review'): StructureStep => ({
      operation_type: 'merge_small_pieces',
      units: [`${p}3`, `${p}1`],
      piece: { canonical_address: `${p}13` },
      separator: '|',
      ...(conflict_policy === undefined ? {} : { conflict_policy }),
    });
    await db.pool.query(`select fn_iu_create_many($1, 'me')`, [
      JSON.stringify([{ canonical_address: `${p}t`, parent_address: `${p}D`, body: 't', unit_kind: 'table' }]),
    ]);
    const mixed: StructureStep = {
      operation_type: 'merge_small_pieces',
      units: [`${p}3`, `${p}t`],
      piece: { canonical_address: `${p}3t` },
    };
    expect(await codeOfCall(planSteps(db.pool, [mixed]))).toBe('IU612');
    const reviewed = await planSteps(db.pool, [{ ...mixed, conflict_policy: 'manual_review' }]);
    expect(reviewed.impact).toMatchObject({ reviews: [{ what: 'merge_conflict' }] });
    await doSteps(db.pool, [merge()]);
    expect(await bodyOf(`${p}13`)).toBe('piece 1 é😀|piece 3 é😀');
    expect(await lineageOf(`${p}13`)).toEqual([`earlier merged_from ${p}1`, `earlier merged_from ${p}3`]);
  });

  it('of several steps is done wholly or not at all, with one event a step and one a rolled back step', async () => {
    const p = await makeDocument();
    const steps: StructureStep[] = [
      { operation_type: 'add_new_piece', parent: `${p}D`, piece: { canonical_address: `${p}4`, body: 'four' } },
      move(`${p}3`, `${p}4`),
      { operation_type: 'renumber_piece', unit: `${p}3`, section_code: '4.1' },
    ];
    expect(await codeOfCall(planSteps(db.pool, [...steps, move(`${p}4`, `${p}3`)]))).toBe('IU602');
    expect(await idOf(`${p}4`)).toBeUndefined();
    const id = await doSteps(db.pool, steps);
    const types = async () =>
      (
        await db.pool.query(
          `select event_type from event_outbox where safe_payload ->> 'operation_id' = $1 order by seq`,
          [id],
        )
      ).rows.map((row) => row.event_type);
    expect(await types()).toEqual(['structure_child_added', 'structure_op_applied', 'structure_piece_renumbered']);
    await rollBack(db.pool, id);
    expect((await types()).slice(3)).toEqual(Array(3).fill('structure_op_rolled_back'));
    expect(await callJson(db.pool, 'fn_iu_structure_op_verify($1)', [id])).toMatchObject({
      ok: true,
      status: 'rolled_back',
    });
    expect(await planSteps(db.pool, steps)).toMatchObject({ status: 'rolled_back', replayed: true });
    await doSteps(db.pool, steps, 'once more');
    expect(await treeProblems(db.pool)).toEqual([]);
  });

  it('cannot be rolled back while a later operation or change stands on the same units, and says which', async () => {
    const p = await makeDocument();
    const first = await doSteps(db.pool, [move(`${p}3`, `${p}1`)]);
    const second = await doSteps(db.pool, [{ operation_type: 'deprecate_piece', unit: `${p}3` }]);
    await expect(rollBack(db.pool, first)).rejects.toMatchObject({
      code: 'IU619',
      message: expect.stringContaining(`operation ${second} (deprecate_piece) touched ${p}3`),
    });
    await rollBack(db.pool, second);
    await rollBack(db.pool, first);
    const added = await doSteps(db.pool, [
      { operation_type: 'add_new_piece', parent: `${p}D`, piece: { canonical_address: `${p}5`, body: 'five' } },
    ]);
    await db.pool.query(`select fn_iu_create($1, 'below', 'me', $2)`, [`${p}5/1`, `${p}5`]);
    await expect(rollBack(db.pool, added)).rejects.toMatchObject({
      code: 'IU619',
      message: expect.stringContaining(`${p}5/1`),
    });
  });

  it('does not fail while recording is switched off: the event is counted as suppressed', async () => {
    const p = await makeDocument();
    await db.pool.query(`update dot_config set value = 'false' where key = 'iu_core.emission_enabled'`);
    const { operation_id } = await planSteps(db.pool, [move(`${p}3`, `${p}1`)]);
    expect(await applyPlan(db.pool, operation_id)).toMatchObject({ status: 'enacted', event_emitted: false });
    await db.pool.query(`update dot_config set value = 'true' where key = 'iu_core.emission_enabled'`);
    const { rows } = await db.pool.query(
      `select l.suppressed_events, (select count(*) from iu_suppressed_event s where s.canonical_address = $2) as counted
         from v_iu_structure_operation_log l where l.operation_id = $1`,
      [operation_id, `${p}3`],
    );
    expect(rows[0]).toEqual({ suppressed_events: '1', counted: '1' });
  });

  it('keeps its books: no row of an operation is deleted or rewritten', async () => {
    for (const table of ['iu_structure_operation', 'iu_structure_change', 'iu_structure_event', 'iu_relation']) {
      expect(await codeOfCall(db.pool.query(`delete from ${table}`))).toBe('IU310');
    }
  });
});

describe('the past of a tree', () => {
  it('tells what stood where at a moment, at a version, and under which number', async () => {
    const p = await makeDocument();
    const now = async () => (await db.pool.query('select clock_timestamp() as now')).rows[0].now;
    const start = await now();
    await doSteps(db.pool, [
      { operation_type: 'renumber_piece', unit: `${p}2`, section_code: '7' },
      { operation_type: 'renumber_piece', unit: `${p}3`, section_code: '2' },
      move(`${p}x`, `${p}1`),
    ]);
    const at = async (address: string, moment: string) =>
      (await db.pool.query('select canonical_address from fn_iu_unit_at($1, $2)', [address, moment])).rows.map(
        (row) => row.canonical_address,
      );
    const end = await now();
    expect(await at(`${p}D/2`, start)).toEqual([`${p}2`]);
    expect(await at(`${p}D/2`, end)).toEqual([`${p}3`]);
    expect(await at(`${p}D/7`, end)).toEqual([`${p}2`]);
    expect(await at(`${p}D/7`, start)).toEqual([]);
    const tree = async (moment: string) =>
      (
        await db.pool.query('select canonical_address from fn_iu_tree_at($1, $2)', [await idOf(`${p}D`), moment])
      ).rows.map((row) => row.canonical_address.slice(p.length));
    expect(await tree(start)).toEqual(['D', '1', '2', 'x', 'y', '3']);
    expect(await tree(end)).toEqual(['D', '1', 'x', '2', 'y', '3']);
    const version = await db.pool.query('select canonical_address from fn_iu_tree_at_version($1, 1)', [
      await idOf(`${p}3`),
    ]);
    expect(version.rows[0]).toEqual({ canonical_address: `${p}D` });
    const above = await db.pool.query('select canonical_address from fn_iu_tree_ancestors($1)', [await idOf(`${p}x`)]);
    expect(above.rows.map((row) => row.canonical_address)).toEqual([`${p}D`, `${p}1`]);
    const beside = await db.pool.query('select canonical_address from fn_iu_tree_siblings($1)', [await idOf(`${p}1`)]);
    expect(beside.rows.map((row) => row.canonical_address)).toEqual([`${p}1`, `${p}2`, `${p}3`]);
  });
});

describe('an SQL link', () => {
  it('is validated against the live catalog, and drift is seen until it is accepted', async () => {
    const p = await makeDocument();
    const validate = (id: string, accept = false) =>
      callJson<{ status: string }>(db.pool, 'fn_iu_sql_link_validate($1, $2)', [id, accept]);
    await db.pool.query('create table linked (id integer primary key, name text)');
    await db.pool.query('create view linked_view as select id from linked');
    const names: Record<string, string> = {
      table: 'linked',
      view: 'linked_view',
      function: 'fn_iu_core_routes_enabled()',
      trigger: 'dot_config',
      row: 'dot_config',
      directus_collection: 'linked',
    };
    for (const [kind, name] of Object.entries(names)) {
      const id = await link(`${p}1`, kind, name);
      expect({ kind, ...(await validate(id)) }).toMatchObject({ kind, status: 'unfingerprinted' });
      expect(await validate(id, true)).toMatchObject({ status: 'valid' });
    }
    const table = await link(`${p}2`, 'table', 'linked');
    await validate(table, true);
    await db.pool.query('alter table linked add column more text');
    expect(await validate(table)).toMatchObject({ status: 'drifted', object_exists: true });
    await db.pool.query('drop table linked cascade');
    expect(await validate(table)).toMatchObject({ status: 'missing', object_exists: false });
    const { rows } = await db.pool.query('select object_exists from v_iu_sql_link_resolved where link_id = $1', [
      table,
    ]);
    expect(rows).toEqual([{ object_exists: false }]);
    expect(await codeOfCall(validate('00000000-0000-0000-0000-000000000000'))).toBe('IU621');
  });
});

describe('the reads of a tree', () => {
  const names = async (sql: string, values: unknown[]) =>
    (await db.pool.query(sql, values)).rows.map((row) => row.canonical_address);

  it('give ancestors, siblings and a unit by its address, also for documents of a collection', async () => {
    const p = await makeDocument();
    expect(await names('select canonical_address from fn_iu_tree_ancestors($1)', [await idOf(`${p}x`)])).toEqual([
      `${p}D`,
      `${p}2`,
    ]);
    const siblings = 'select canonical_address from fn_iu_tree_siblings($1)';
    expect(await names(siblings, [await idOf(`${p}2`)])).toEqual([`${p}1`, `${p}2`, `${p}3`]);
    expect(await names(siblings, [await idOf(`${p}D`)])).toEqual([`${p}D`]);
    await doSteps(db.pool, [
      ...[`${p}C`, `${p}E`].map(
        (address): StructureStep => ({
          operation_type: 'add_new_piece',
          piece: {
            canonical_address: address,
            body: address,
            unit_kind: address === `${p}C` ? 'collection' : 'document',
          },
        }),
      ),
      move(`${p}E`, `${p}C`),
      move(`${p}D`, `${p}C`),
    ]);
    expect(await names(siblings, [await idOf(`${p}D`)])).toEqual([`${p}E`, `${p}D`]);
    const { rows } = await db.pool.query(
      'select path_addresses, number_path, collection_id from v_iu_tree where canonical_address = $1',
      [`${p}x`],
    );
    expect(rows).toEqual([
      { path_addresses: [`${p}D`, `${p}2`, `${p}x`], number_path: `${p}D/2`, collection_id: await idOf(`${p}C`) },
    ]);
  });

  it('name a unit whose birth was undone as it was named then', async () => {
    const p = await makeDocument();
    const step: StructureStep = {
      operation_type: 'add_new_piece',
      parent: `${p}D`,
      piece: { canonical_address: `${p}4`, body: 'four' },
    };
    const id = await doSteps(db.pool, [step]);
    const at = (await db.pool.query('select clock_timestamp() as now')).rows[0].now;
    await rollBack(db.pool, id);
    const then = 'select canonical_address from fn_iu_tree_at($1, $2)';
    expect(await names(then, [await idOf(`${p}D`), at])).toContain(`${p}4`);
    expect(await names('select canonical_address from fn_iu_unit_at($1, $2)', [`${p}D`, at])).toEqual([`${p}D`]);
  });
});

describe('a soft delete', () => {
  it('takes a draft out of its tree and leaves row, versions and address; what was in force or has units below it stays', async () => {
    const p = await makeDocument();
    const remove = (name: string, reason = 'a mistake') =>
      callJson<{ status: string }>(db.pool, 'fn_iu_soft_delete($1, $2, $3)', [p + name, 'ann', reason]);
    expect(await codeOfCall(remove('2'))).toBe('IU208');
    expect(await codeOfCall(remove('3', ' '))).toBe('IU216');
    expect(await codeOfCall(remove('none'))).toBe('IU205');
    await db.pool.query(`select fn_iu_enact($1, 'ann', 'R-1')`, [`${p}1`]);
    expect(await codeOfCall(remove('1'))).toBe('IU622');
    const moved = await doSteps(db.pool, [move(`${p}3`, `${p}1`)]);
    expect(await remove('3')).toMatchObject({ status: 'deleted' });
    expect(await remove('3')).toMatchObject({ status: 'unchanged' });
    expect(await subtreeOf(`${p}D`)).toEqual(['D', '1', '2', 'x', 'y'].map((name) => p + name));
    const { rows } = await db.pool.query(
      `select u.deleted_at is not null as deleted, (select count(*)::int from unit_version v where v.unit_id = u.id) as versions,
              (select count(*)::int from event_outbox e where e.event_type = 'unit_deleted' and e.event_subject_ref = u.id::text) as events,
              (select l.actor || ' ' || l.reason from iu_lifecycle_log l where l.unit_id = u.id order by l.log_id desc limit 1) as log
         from information_unit u where u.canonical_address = $1`,
      [`${p}3`],
    );
    expect(rows).toEqual([{ deleted: true, versions: 1, events: 1, log: 'ann deleted: a mistake' }]);
    await expect(rollBack(db.pool, moved)).rejects.toMatchObject({
      code: 'IU619',
      message: expect.stringContaining('it was deleted'),
    });
    expect(await codeOfCall(db.pool.query(`select fn_iu_create($1, 'again', 'me', $2)`, [`${p}3`, `${p}D`]))).toBe(
      'IU203',
    );
    expect(await treeProblems(db.pool)).toEqual([]);
  });
});

describe('a broken tree', () => {
  it('is refused by the operation that touches it, found by the proof, and told by verify', async () => {
    const p = await makeDocument();
    const done = await doSteps(db.pool, [{ operation_type: 'renumber_piece', unit: `${p}2`, section_code: '9' }]);
    const { operation_id } = await planSteps(db.pool, [move(`${p}2`, `${p}1`)]);
    const setPath = (path: string[], name: string) =>
      db.pool.query(
        `update iu_tree_path set path_ids = array(select u.id from unnest($1::text[]) with ordinality a (address, place)
           join information_unit u on u.canonical_address = a.address order by a.place), depth = cardinality($1::text[]) - 1
          where unit_id = (select id from information_unit where canonical_address = $2)`,
        [path.map((one) => p + one), p + name],
      );
    // left behind: x stands below 2 and its row says below the document
    await setPath(['D', 'x'], 'x');
    await expect(applyPlan(db.pool, operation_id)).rejects.toMatchObject({ code: 'IU613' });
    expect(await codeOfCall(planSteps(db.pool, [move(`${p}3`, `${p}1`)]))).toBe('IU613');
    expect(await callJson(db.pool, 'fn_iu_tree_verify($1)', [await idOf(`${p}D`)])).toMatchObject({ ok: false });
    expect(await treeProblems(db.pool)).toHaveLength(1);
    expect(await callJson(db.pool, 'fn_iu_structure_op_verify($1)', [done])).toMatchObject({
      ok: false,
      tree_path_ok: false,
      event_ok: true,
    });
    await setPath(['D', '2', 'x'], 'x');
    expect(await applyPlan(db.pool, operation_id)).toMatchObject({ status: 'enacted' });
    expect(await treeProblems(db.pool)).toEqual([]);
  });
});

describe('SQL links of pieces that are split, merged or deprecated', () => {
  it('are copied to each piece, moved to the merged one, or left for review; and come back', async () => {
    const p = await makeDocument();
    await link(`${p}1`);
    const states = async () =>
      (
        await db.pool.query(
          `select u.canonical_address || ' ' || k.lifecycle_status as line from iu_sql_link k join information_unit u on u.id = k.unit_id
            where starts_with(u.canonical_address, $1) and u.deleted_at is null order by 1`,
          [p],
        )
      ).rows.map((row) => row.line.slice(p.length));
    const split = (link_policy?: 'copy' | 'move'): StructureStep => ({
      operation_type: 'split_large_piece',
      unit: `${p}1`,
      offsets: [3],
      pieces: [{ canonical_address: `${p}1a` }, { canonical_address: `${p}1b` }],
      ...(link_policy === undefined ? {} : { link_policy }),
    });
    expect(await codeOfCall(planSteps(db.pool, [split()]))).toBe('IU611');
    const copied = await doSteps(db.pool, [split('copy')]);
    expect(await states()).toEqual(['1 draft', '1a draft', '1b draft']);
    const merged = await doSteps(db.pool, [
      {
        operation_type: 'merge_small_pieces',
        units: [`${p}1a`, `${p}1b`],
        piece: { canonical_address: `${p}1c` },
        link_policy: 'move',
      },
    ]);
    expect(await states()).toEqual(['1 draft', '1a retired', '1b retired', '1c draft', '1c draft']);
    const reviewed = await doSteps(db.pool, [
      { operation_type: 'deprecate_piece', unit: `${p}1c`, link_policy: 'manual_review' },
    ]);
    const log = 'select reviews from v_iu_structure_operation_log where operation_id = $1';
    expect((await db.pool.query(log, [reviewed])).rows).toEqual([{ reviews: '2' }]);
    for (const id of [reviewed, merged, copied]) await rollBack(db.pool, id);
    expect(await states()).toEqual(['1 draft']);
  });
});
