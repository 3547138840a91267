// iu structure and iu unit tree|history|lineage|diff on a database.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lineChanges } from '../../src/structure/diff.js';
import { parseSteps } from '../../src/structure/operation.js';
import { runIu } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { openStructureGate } from '../support/structure.js';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
  const units = [
    { canonical_address: 'law', body: 'law' },
    { canonical_address: 'law/1', parent_address: 'law', body: 'one\ntwo\nthree', section_code: '1' },
    { canonical_address: 'law/2', parent_address: 'law', body: 'second', section_code: '2' },
  ];
  await db.pool.query('select from fn_iu_create_many($1, $2)', [JSON.stringify(units), 'tester']);
});

afterAll(() => db.drop());

const iu = (...words: string[]) => runIu([...words, '--database-url', db.url, '--schema', db.schema]);
async function json(...words: string[]) {
  const { stdout, stderr, exitCode } = await iu(...words, '--json');
  expect({ stderr, exitCode }).toEqual({ stderr: '', exitCode: 0 });
  return JSON.parse(stdout);
}

const replace = JSON.stringify({
  operation_type: 'replace_piece',
  unit: 'law/1',
  piece: { canonical_address: 'law/1n', body: 'new' },
});

describe('the commands about structure', () => {
  it('plan, apply, verify, list, show and roll back an operation', async () => {
    const planned = await json('structure', 'plan', replace, '--actor', 'ann', '--reason', 'reform');
    expect(planned).toMatchObject({ operationType: 'replace_piece', status: 'planned', impact: { unitsBorn: 1 } });
    const id: string = planned.operationId;
    const shown = await iu('structure', 'plan', replace, '--actor', 'ann', '--request', 'again');
    expect(shown.stdout).toMatch(
      /before:[\s\S]*law\/1 \(1\)\n[\s\S]*after:[\s\S]*law\/1 \(1\) superseded\n {4}law\/1n \(1\)\n/,
    );
    const closed = await iu('structure', 'apply', id, '--actor', 'ann', '--approval', 'R1');
    expect({ code: closed.exitCode, text: closed.stderr }).toMatchObject({
      code: 3,
      text: expect.stringContaining('IU615'),
    });
    await openStructureGate(db.pool);
    expect(await json('structure', 'apply', id, '--actor', 'ann', '--approval', 'R1')).toMatchObject({
      status: 'enacted',
      eventEmitted: true,
    });
    const known = await iu('structure', 'plan', replace, '--actor', 'ann');
    expect({ code: known.exitCode, text: known.stderr }).toMatchObject({
      code: 0,
      text: expect.stringMatching(/nothing was planned, these steps are operation \d+ already[\s\S]*--request TEXT/),
    });
    expect(await json('structure', 'verify', id)).toMatchObject({ ok: true, textOk: true });
    expect(await json('structure', 'verify')).toMatchObject({ ok: true, units: 4 });
    expect((await json('structure', 'list', '--status', 'enacted')).items).toMatchObject([{ operationId: id }]);
    expect(await json('structure', 'show', id)).toMatchObject({ approvalRef: 'R1', steps: [{ unit: 'law/1' }] });
    expect((await json('unit', 'lineage', 'law/1')).items).toMatchObject([
      { direction: 'later', relationType: 'supersedes', relatedAddress: 'law/1n' },
      { direction: 'later', relationType: 'replaced_by', relatedAddress: 'law/1n' },
    ]);
    expect((await iu('unit', 'tree', 'law')).stdout).toBe(
      'law draft\n  law/1 (1) superseded\n  law/1n (1) draft\n  law/2 (2) draft\n',
    );
    expect(await json('structure', 'rollback', id, '--actor', 'ann', '--approval', 'R2')).toMatchObject({
      status: 'rolled_back',
    });
    expect((await json('unit', 'tree', 'law')).items).toHaveLength(3);
    expect((await json('unit', 'history', 'law/1')).items.map((row: { what: string }) => row.what)).toEqual([
      'place',
      'version',
      'lifecycle',
      'lifecycle',
    ]);
    expect((await iu('structure', 'show', '999')).exitCode).toBe(1);
    const first = await json('unit', 'history', 'law/1', '--limit', '3');
    expect([first.items.length, first.next]).toEqual([3, '3']);
    const rest = await json('unit', 'history', 'law/1', '--after', first.next);
    expect([rest.items.map((row: { what: string }) => row.what), rest.next]).toEqual([['lifecycle'], null]);
    expect((await json('unit', 'history', 'law/1', '--what', 'version')).items).toHaveLength(1);
    expect((await json('unit', 'tree', 'law', '--limit', '1')).next).toBe('1');
    expect((await json('unit', 'lineage', 'law/1', '--retired', '--direction', 'later')).items).toMatchObject([
      { actorRef: 'ann', relationStatus: 'retired' },
      { relationStatus: 'retired' },
    ]);
    expect((await json('structure', 'list', '--type', 'merge_small_pieces')).items).toEqual([]);
  });

  it('tell what was at an address of numbers, and how two versions differ', async () => {
    const { rows } = await db.pool.query('select clock_timestamp()::text as now');
    const at = new Date(rows[0].now).toISOString();
    expect((await json('unit', 'history', 'law/2', '--at', at)).items).toMatchObject([{ canonicalAddress: 'law/2' }]);
    expect((await json('unit', 'tree', 'law', '--at', at)).items).toHaveLength(3);
    expect((await json('unit', 'history', 'law/2', '--at', at)).items).toMatchObject([
      { versionSeq: 1, enactedSeq: null },
    ]);
    await db.pool.query(`select fn_iu_enact('law/2', 'me', 'R3'), fn_iu_revise('law/2', 'a draft', 'me')`);
    // a Date has milliseconds only
    const soon = await db.pool.query(`select (clock_timestamp() + interval '1 ms')::text as now`);
    const later = new Date(soon.rows[0].now).toISOString();
    expect((await json('unit', 'history', 'law/2', '--at', later)).items).toMatchObject([
      { versionSeq: 2, enactedSeq: 1 },
    ]);
    expect((await iu('unit', 'tree', 'law', '--at', later)).stdout).toBe(
      'law draft\n  law/1 (1) draft\n  law/2 (2) enacted, version 1 in force, 2 written\n',
    );
    await db.pool.query(`select fn_iu_revise('law/1', E'one\\n2\\nthree\\nfour', 'me')`);
    expect((await iu('unit', 'diff', 'law/1')).stdout).toBe('version 1 -> 2\n- 2 two\n+ 2 2\n+ 4 four\n');
  });
});

describe('the commands about units', () => {
  it('say where a unit stands and how its document was, and leave deleted units out of their lists', async () => {
    const steps = JSON.stringify({
      operation_type: 'add_new_piece',
      parent: 'law/2',
      piece: { canonical_address: 'law/2/x', body: 'new' },
    });
    const { operationId } = await json('structure', 'plan', steps, '--actor', 'ann');
    await json('structure', 'apply', operationId, '--actor', 'ann', '--approval', 'R4');
    expect((await iu('unit', 'show', 'law/2/x')).stdout).toMatch(/above +law > law\/2\n/);
    expect(await json('unit', 'show', 'law/2')).toMatchObject({
      children: '1',
      ancestors: [{ canonicalAddress: 'law', depth: 0 }],
    });
    expect((await json('unit', 'list', '--under', 'law/2')).items).toHaveLength(1);
    await json('structure', 'rollback', operationId, '--actor', 'ann', '--approval', 'R5');
    expect(await json('unit', 'show', 'law/2')).toMatchObject({ children: '0' });
    expect((await json('unit', 'list', '--under', 'law/2')).items).toEqual([]);
    const [deleted] = (await json('unit', 'list', '--under', 'law/2', '--deleted')).items;
    expect(deleted.canonicalAddress).toContain('law/2/x~undone');
    expect((await iu('unit', 'show', deleted.id)).stdout).toMatch(/deleted +\d{4}-/);
    expect((await iu('unit', 'tree', 'law/1', '--of-version', '1')).stdout).toMatch(
      /^law draft\n {2}law\/1 \(1\) draft/,
    );
    expect((await iu('unit', 'tree', 'law', '--of-version', '1', '--at', '1d')).exitCode).toBe(64);
  });
});

describe('a collection', () => {
  it('shows its documents, and each document says where it stands', async () => {
    await db.pool.query(`select fn_iu_create('shelf', 'shelf', 'tester', null, 'collection')`);
    for (const name of ['book-1', 'book-2']) await db.pool.query(`select fn_iu_create($1, 'text', 'tester')`, [name]);
    const steps = ['book-1', 'book-2'].map((unit) => ({ operation_type: 'reparent_piece', unit, parent: 'shelf' }));
    const planned = await iu('structure', 'plan', JSON.stringify(steps), '--actor', 'ann');
    expect(planned.stdout).toMatch(
      /before:\n {2}book-1\n {2}book-2\n[\s\S]*after:\n {2}book-1, place 1 in shelf\n {2}book-2, place 2 in shelf\n/,
    );
    const { operationId } = await json('structure', 'plan', JSON.stringify(steps), '--actor', 'ann');
    await json('structure', 'apply', operationId, '--actor', 'ann', '--approval', 'R6');
    const { items } = await json('unit', 'list', '--under', 'shelf');
    expect(items.map((row: { canonicalAddress: string }) => row.canonicalAddress)).toEqual(['book-1', 'book-2']);
    expect(await json('unit', 'show', 'shelf')).toMatchObject({ children: '2', collectionAddress: null });
    expect((await iu('unit', 'show', 'book-2')).stdout).toMatch(/collection +shelf\n/);
  });
});

describe('the steps of an operation', () => {
  it('are read as one, as an array or wrapped, and refused with the place of the mistake', () => {
    const step = { operation_type: 'deprecate_piece', unit: 'a' };
    for (const form of [step, [step], { operations: [step] }]) expect(parseSteps(JSON.stringify(form))).toEqual([step]);
    for (const text of ['{', '[]', '{"operation_type":"nonsense"}', '{"operation_type":"deprecate_piece"}']) {
      expect(() => parseSteps(text)).toThrow(expect.objectContaining({ code: 'IU603' }));
    }
  });
});

describe('the difference of two texts', () => {
  it('names each line that only one of them has', () => {
    expect(lineChanges('a\nb\nc', 'a\nb\nc')).toEqual([]);
    expect(lineChanges('a\nb\nc\nd', 'a\nx\nc\ny\nd')).toEqual([
      { kind: 'removed', line: 2, text: 'b' },
      { kind: 'added', line: 2, text: 'x' },
      { kind: 'added', line: 4, text: 'y' },
    ]);
  });
});
