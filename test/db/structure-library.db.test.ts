// iu-core/structure with a pg client of the application's own: its parsers, its time zone, its transaction.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as structure from '../../src/structure/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { openStructureGate, readHashes } from '../support/structure.js';

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
});
