// iu-core/structure with a pg client of the application's own: its parsers, its time zone, its transaction.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StructureAnswer, StructureImpact, StructureVerdict } from '../../src/store/structure.js';
import * as structure from '../../src/structure/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { callJson, openStructureGate, readHashes } from '../support/structure.js';

let db: TestDatabase;
let application: pg.Client;
let reader: pg.Client;
const approval = { actor: 'ann', approvalRef: 'R-1' };

async function connectAs(role: string): Promise<pg.Client> {
  const client = new pg.Client({
    connectionString: await db.loginUrl(role),
    options: `-c search_path=${db.schema} -c timezone=Asia/Saigon`,
  });
  await client.connect();
  return client;
}

beforeAll(async () => {
  db = await createTestDatabase();
  await openStructureGate(db.pool);
  application = await connectAs('iu_operator');
  reader = await connectAs('iu_reader');
  const units = [
    { canonical_address: 'my_law', body: 'law' },
    ...['1', '2'].map((code) => ({
      canonical_address: `my_law/${code}`,
      parent_address: 'my_law',
      body: `line a\nline ${code}\n`,
      section_code: code,
    })),
  ];
  await db.pool.query('select from fn_iu_create_many($1, $2)', [JSON.stringify(units), 'tester']);
});

afterAll(async () => {
  await application.end();
  await reader.end();
  await db.drop();
});

const move: structure.StructureStep = { operation_type: 'reparent_piece', unit: 'my_law/2', parent: 'my_law/1' };

describe('an application that restructures a corpus', () => {
  it('plans, applies, verifies and rolls back, and reads in camelCase what became of it', async () => {
    const before = await readHashes(db.pool, 'my_law');
    const planned = await structure.plan(application, [move], { actor: 'ann', reason: 'a reform' });
    expect(planned).toMatchObject({ status: 'planned', replayed: false, impact: { treeRows: 1, unitsBorn: 0 } });
    expect(planned.preview?.after[0]).toMatchObject({ document: 'my_law', units: 3 });
    const applied = await structure.apply(application, planned.operationId, approval);
    expect(applied).toMatchObject({
      status: 'enacted',
      eventEmitted: true,
      events: [{ eventType: 'structure_op_applied' }],
    });
    expect(await structure.verify(reader, planned.operationId)).toMatchObject({
      ok: true,
      treePathOk: true,
      eventOk: true,
    });
    const { items: rows } = await structure.tree(reader, 'my_law');
    expect(rows.map((row) => [row.canonicalAddress, row.depth])).toEqual([
      ['my_law', 0],
      ['my_law/1', 1],
      ['my_law/2', 2],
    ]);
    const back = await structure.rollBack(application, planned.operationId, { ...approval, reason: 'wrong place' });
    expect(back).toMatchObject({ status: 'rolled_back', replayed: false });
    expect(await readHashes(db.pool, 'my_law')).toEqual(before);
    expect(await structure.list(reader, { status: 'rolled_back' })).toMatchObject({
      items: [{ operationId: planned.operationId, actorRef: 'ann', units: '1' }],
      next: null,
    });
    expect(await structure.proveTree(reader, 'my_law')).toMatchObject({ ok: true, units: 3 });
  });

  it('asks the past: versions, lineage, history, and what stood at an address', async () => {
    await db.pool.query(`select fn_iu_revise('my_law/1', E'line a\\nline new\\n', 'bob')`);
    expect((await structure.diff(reader, 'my_law/1')).changes).toEqual([
      { kind: 'removed', line: 2, text: 'line 1' },
      { kind: 'added', line: 2, text: 'line new' },
    ]);
    await expect(structure.diff(reader, 'my_law/1', { to: 9 })).rejects.toMatchObject({ code: 'IU033' });
    const step: structure.StructureStep = {
      operation_type: 'replace_piece',
      unit: 'my_law/1',
      piece: { canonical_address: 'my_law/1a', body: 'other' },
    };
    const planned = await structure.plan(application, [step], { actor: 'ann' });
    await application.query('begin');
    await structure.apply(application, planned.operationId, approval);
    await application.query('commit');
    expect(
      (await structure.lineage(reader, 'my_law/1a')).items.map((row) => `${row.direction} ${row.relationType}`),
    ).toEqual(['earlier supersedes', 'earlier replaced_by']);
    const { items: history } = await structure.history(reader, 'my_law/1');
    expect(history.map((row) => row.what)).toContain('lifecycle');
    // a moment in the application's own time zone
    expect(history[0]?.happenedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+07:00$/);
    const first = history[0]?.happenedAt ?? '';
    expect(await structure.unitAt(reader, 'my_law/1', first)).toMatchObject([
      { canonicalAddress: 'my_law/1', versionSeq: 1, lifecycleStatus: 'draft' },
    ]);
    expect((await structure.tree(reader, 'my_law', { at: first })).items.length).toBeGreaterThan(2);
  });

  it('is refused with the code of the database, and by the rights of its role', async () => {
    const cycle: structure.StructureStep = { operation_type: 'reparent_piece', unit: 'my_law', parent: 'my_law/2' };
    const refused = await structure.plan(application, [cycle], { actor: 'ann' }).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(structure.IuError);
    expect(refused).toMatchObject({ code: 'IU602' });
    await expect(structure.plan(reader, [move], { actor: 'eve' })).rejects.toMatchObject({ code: '42501' });
    expect(() => structure.parseSteps('{"operation_type":"none"}')).toThrow(structure.IuError);
  });

  it('is told what the types say, no more and no less', async () => {
    const impactKeys: Record<keyof StructureImpact, true> = {
      units: true,
      units_born: true,
      tree_rows: true,
      sql_links: true,
      relations: true,
      lineage: true,
      events: true,
      reviews: true,
      documents: true,
      before_hash: true,
      after_hash: true,
    };
    const answerKeys: Record<keyof StructureAnswer, true> = {
      operation_id: true,
      operation_type: true,
      status: true,
      idempotency_key: true,
      replayed: true,
      step_count: true,
      impact: true,
      preview: true,
      event_emitted: true,
      events: true,
      expected_hash: true,
      hash: true,
    };
    const verdictKeys: Record<keyof StructureVerdict, true> = {
      operation_id: true,
      status: true,
      ok: true,
      tree_path_ok: true,
      tree_acyclic: true,
      relation_ok: true,
      lifecycle_ok: true,
      link_ok: true,
      text_ok: true,
      event_ok: true,
      problems: true,
      later_change: true,
      documents: true,
    };
    const renumber: structure.StructureStep = {
      operation_type: 'renumber_piece',
      unit: 'my_law/2',
      section_code: '2a',
    };
    const planned = await callJson(db.pool, 'fn_iu_structure_op_plan($1, $2)', [JSON.stringify([renumber]), 'ann']);
    expect(Object.keys(planned.impact).sort()).toEqual(Object.keys(impactKeys).sort());
    const applied = await callJson(db.pool, 'fn_iu_structure_op_apply($1, $2, $3)', [planned.operation_id, 'ann', 'R']);
    const verdict = await callJson(db.pool, 'fn_iu_structure_op_verify($1)', [planned.operation_id]);
    expect(Object.keys(verdict).sort()).toEqual(Object.keys(verdictKeys).sort());
    const back = await callJson(db.pool, 'fn_iu_structure_op_rollback($1, $2, $3)', [planned.operation_id, 'ann', 'R']);
    const told = Object.keys({ ...planned, ...applied, ...back });
    expect(told.sort()).toEqual(Object.keys(answerKeys).sort());
  });

  it('reads where a unit stands, its text and its versions, now and as of a version', async () => {
    const units = [
      { canonical_address: 'code', body: 'code' },
      { canonical_address: 'code/a', parent_address: 'code', body: 'chapter' },
      { canonical_address: 'code/b', parent_address: 'code', body: 'chapter b' },
      { canonical_address: 'code/a/1', parent_address: 'code/a', body: 'old text' },
    ];
    await db.pool.query('select from fn_iu_create_many($1, $2)', [JSON.stringify(units), 'tester']);
    await db.pool.query(`select fn_iu_revise('code/a/1', 'new text', 'bob')`);
    const addresses = (rows: readonly { canonicalAddress: string }[]) => rows.map((row) => row.canonicalAddress);
    expect(addresses(await structure.ancestors(reader, 'code/a/1'))).toEqual(['code', 'code/a']);
    const first = await structure.siblings(reader, 'code/b', { limit: 1 });
    expect(first).toMatchObject({
      items: [{ canonicalAddress: 'code/a', siblingOrder: '1', isSelf: false }],
      next: '1',
    });
    expect((await structure.siblings(reader, 'code/b', { after: '1' })).items).toMatchObject([
      { canonicalAddress: 'code/b', isSelf: true },
    ]);
    const shown = await structure.unit(reader, 'code/a/1');
    expect(shown).toMatchObject({ lifecycleStatus: 'draft', versionSeq: 2, deletedAt: null, children: '0' });
    expect(addresses(shown.ancestors)).toEqual(['code', 'code/a']);
    expect(shown.versions.map((version) => version.versionSeq)).toEqual([1, 2]);
    expect(await structure.text(reader, 'code/a/1')).toBe('new text');
    expect(await structure.text(reader, 'code/a/1', { version: 1 })).toBe('old text');
    await expect(structure.text(reader, 'code/a/1', { version: 9 })).rejects.toMatchObject({ code: 'IU033' });
    await expect(structure.unit(reader, 'nowhere')).rejects.toMatchObject({ code: 'IU033' });
    // since then it moved: of its first version the whole document is as it was
    const away: structure.StructureStep = { operation_type: 'reparent_piece', unit: 'code/a/1', parent: 'code/b' };
    const before = shown.versions[1]?.createdAt ?? '';
    await structure.apply(
      application,
      (await structure.plan(application, [away], { actor: 'ann' })).operationId,
      approval,
    );
    expect(addresses((await structure.tree(reader, 'code/b')).items)).toEqual(['code/b', 'code/a/1']);
    expect((await structure.tree(reader, 'code/a/1', { ofVersion: 1 })).items).toMatchObject([
      { canonicalAddress: 'code', depth: 0 },
      { canonicalAddress: 'code/a', depth: 1 },
      { canonicalAddress: 'code/a/1', depth: 2, versionSeq: 1 },
      { canonicalAddress: 'code/b', depth: 1 },
    ]);
    // and of a piece what stood below it
    expect((await structure.tree(reader, 'code/a', { at: before })).items).toMatchObject([
      { canonicalAddress: 'code/a', depth: 0 },
      { canonicalAddress: 'code/a/1', depth: 1, versionSeq: 2 },
    ]);
  });
});
