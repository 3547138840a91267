// Links as an application and a person make, look at and end them.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as structure from '../../src/structure/index.js';
import { runIu } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { openSessions } from '../support/sessions.js';
import { callJson, codeOfCall } from '../support/structure.js';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
  for (const name of ['law', 'other', 'ended'])
    await db.pool.query(`select fn_iu_create($1, 'text', 'tester')`, [name]);
  await db.pool.query(`select fn_iu_deprecate('ended', 'tester', 'gone')`);
  await db.pool.query('create table orders (id bigint primary key, amount integer); grant select on orders to public');
});

afterAll(() => db.drop());

const actor = 'ann';
const orders: structure.NewLink = { unit: 'law', role: 'governs', kind: 'table', name: 'orders' };

describe('an application', () => {
  it('makes the same link once while it lives, also when two do it at the same time', async () => {
    const emitter = await db.as('iu_emitter');
    const made = await structure.addLink(emitter, orders, { actor });
    expect(made).toMatchObject({ status: 'created', objectExists: true });
    expect(await structure.addLink(emitter, orders, { actor })).toEqual({ ...made, status: 'known' });
    for (const other of [{ role: 'describes' }, { unit: 'other' }, { direction: 'inbound' }] as const) {
      expect(await structure.addLink(emitter, { ...orders, ...other }, { actor })).toMatchObject({ status: 'created' });
    }
    const { first, second } = await openSessions(db, 'first', 'second');
    const call = `select fn_iu_sql_link_add('{"unit":"law","link_role":"about","object_kind":"table","object_name":"orders"}', 'ann') ->> 'status' as status`;
    await first.run('begin');
    expect(await first.value(call)).toBe('created');
    const adding = second.start(call);
    await adding.blocked();
    await first.run('commit');
    expect(await adding.done).toEqual([{ status: 'known' }]);
  });

  it('links every kind of object, with keys of any size, and reads them back', async () => {
    const kinds: [Partial<structure.NewLink> & { kind: structure.SqlObjectKind }, boolean][] = [
      [{ kind: 'schema', schema: db.schema }, true],
      [{ kind: 'view', name: 'v_iu_tree' }, true],
      [{ kind: 'function', function: 'fn_iu_core_routes_enabled()' }, true],
      [{ kind: 'trigger', name: 'dot_config', trigger: 'trg_iu_config_log' }, true],
      [{ kind: 'column', name: 'orders', column: 'amount' }, true],
      [{ kind: 'column', name: 'orders', column: 'gone' }, false],
      [{ kind: 'row', name: 'orders', rowPk: { id: '9007199254740993' } }, true],
      [{ kind: 'directus_collection', collection: 'orders' }, true],
    ];
    for (const [given, exists] of kinds) {
      const answer = await structure.addLink(db.pool, { unit: 'other', role: 'about', ...given }, { actor });
      expect({ given, exists: answer.objectExists }).toEqual({ given, exists });
    }
    const reader = await db.as('iu_reader');
    const { items } = await structure.listLinks(reader, { unit: 'other' });
    expect(items.map((row) => row.objectKind).sort()).toEqual(
      ['column', 'column', 'directus_collection', 'function', 'row', 'schema', 'table', 'trigger', 'view'].sort(),
    );
    expect((await structure.listLinks(reader, { exists: false })).items).toMatchObject([{ columnName: 'gone' }]);
    expect((await structure.listLinks(reader, { kind: 'row' })).items).toMatchObject([
      { rowPk: '{"id": "9007199254740993"}', createdBy: 'ann', canonicalAddress: 'other' },
    ]);
    const first = await structure.listLinks(reader, { unit: 'other', limit: 4 });
    const rest = await structure.listLinks(reader, { unit: 'other', after: first.next ?? '' });
    expect([...first.items, ...rest.items]).toEqual(items);
  });

  it('validates a link and ends it, and may make it again afterwards', async () => {
    const operator = await db.as('iu_operator');
    const { linkId } = await structure.addLink(operator, { ...orders, role: 'limits' }, { actor });
    expect(await structure.validateLink(operator, linkId)).toMatchObject({ status: 'unfingerprinted' });
    expect(await structure.validateLink(operator, linkId, { accept: true })).toMatchObject({ status: 'valid' });
    const reason = 'no longer';
    expect(await structure.retireLink(operator, linkId, { actor, reason })).toMatchObject({ status: 'retired' });
    expect(await structure.retireLink(operator, linkId, { actor, reason })).toMatchObject({ status: 'unchanged' });
    const again = await structure.addLink(operator, { ...orders, role: 'limits' }, { actor });
    expect(again.status).toBe('created');
    expect(again.linkId).not.toBe(linkId);
  });

  it('is refused with a code that says what is wrong', async () => {
    const add = (link: Partial<structure.NewLink>) =>
      codeOfCall(structure.addLink(db.pool, { ...orders, ...link }, { actor }));
    expect(await add({ unit: 'nowhere' })).toBe('IU601');
    expect(await add({ unit: 'ended' })).toBe('IU206');
    expect(await add({ kind: 'row' })).toBe('IU624');
    expect(await add({ role: 'Not A Role' })).toBe('IU624');
    expect(await add({ kind: 'elephant' as never })).toBe('IU624');
    expect(await add({ status: 'retired' as never })).toBe('IU624');
    expect(await codeOfCall(structure.addLink(db.pool, orders, { actor: ' ' }))).toBe('IU216');
    const sql = (link: string) => codeOfCall(callJson(db.pool, `fn_iu_sql_link_add($1, 'ann')`, [link]));
    expect(await sql('{"unit":"law","link_role":"about","object_kind":"table","objectname":"orders"}')).toBe('IU624');
    expect(await sql('[]')).toBe('IU624');
    expect(await codeOfCall(structure.validateLink(db.pool, '00000000-0000-0000-0000-000000000000'))).toBe('IU621');
    expect(await codeOfCall(structure.addLink(await db.as('iu_reader'), orders, { actor }))).toBe('42501');
  });
});

describe('iu link', () => {
  it('adds, lists, validates and retires a link', async () => {
    const iu = (...words: string[]) => runIu(['link', ...words, '--database-url', db.url, '--schema', db.schema]);
    const json = async (...words: string[]) => {
      const { stdout, stderr } = await iu(...words, '--json');
      expect(stderr).toBe('');
      return JSON.parse(stdout);
    };
    await db.pool.query('insert into orders values (9007199254740993, 1)');
    const row = ['--kind', 'row', '--name', 'orders', '--row-pk', '{"id": 9007199254740993}'];
    const added = await json('add', 'law', '--role', 'decides', ...row, '--actor', 'ann');
    expect(added).toMatchObject({ status: 'created', objectExists: true });
    const id: string = added.linkId;
    expect((await iu('list', '--unit', 'law', '--kind', 'row')).stdout).toMatch(
      /law +decides +row +\S+\.orders \{"id": 9007199254740993\} +yes +draft +ann/,
    );
    const listed = await iu('list', '--unit', 'law', '--kind', 'row', '--json');
    expect(listed.stdout).toContain('"rowPk":{"id": 9007199254740993}');
    expect(await json('validate', id, '--accept')).toMatchObject({ status: 'valid' });
    await db.pool.query('update orders set amount = 2');
    const drifted = await iu('validate', id);
    expect(drifted).toMatchObject({ exitCode: 2, stdout: expect.stringMatching(/status +drifted\n/) });
    await db.pool.query('delete from orders');
    expect((await iu('validate', id)).stdout).toMatch(/status +missing\n/);
    expect(await json('retire', id, '--actor', 'ann', '--reason', 'gone')).toMatchObject({ status: 'retired' });
    expect((await iu('list', '--status', 'retired', '--kind', 'row')).stdout).toContain(id);
    expect((await iu('list', '--unit', 'law', '--missing')).stdout).toBe('No link matches.\n');
    expect((await iu('validate', 'no-uuid')).exitCode).toBe(64);
  });

  it('validates every living link of a document, lists those that drifted, and accepts them together', async () => {
    const iu = (...words: string[]) =>
      runIu(['link', 'validate', ...words, '--database-url', db.url, '--schema', db.schema]);
    await db.pool.query(`select fn_iu_create(a, 'text', 'tester', p)
      from (values ('code', null), ('code/1', 'code'), ('code/2', 'code'), ('beside', null)) as u (a, p)`);
    await db.pool.query(
      'create table steady (id bigint); create table shaky (id bigint); create table doomed (id bigint)',
    );
    const links: Record<string, string> = {};
    for (const [unit, name] of [
      ['code/1', 'steady'],
      ['code/1', 'shaky'],
      ['code/2', 'doomed'],
      ['beside', 'shaky'],
    ] as const) {
      const { linkId } = await structure.addLink(db.pool, { unit, role: 'about', kind: 'table', name }, { actor });
      links[`${unit} ${name}`] = linkId;
    }
    const { linkId: retired } = await structure.addLink(db.pool, { ...orders, unit: 'code/1' }, { actor });
    await structure.retireLink(db.pool, retired, { actor, reason: 'gone' });
    expect((await iu('--document', 'code', '--accept')).exitCode).toBe(0);
    await iu('--unit', 'beside', '--accept');
    await db.pool.query('alter table shaky add extra text; drop table doomed');
    const all = await iu('--document', 'code/2');
    expect(all.exitCode).toBe(2);
    for (const [name, found] of [
      ['steady', 'valid'],
      ['shaky', 'drifted'],
      ['doomed', 'missing'],
    ])
      expect(all.stdout).toMatch(new RegExp(`${name} +${found}\n`));
    expect(all.stdout).not.toContain('beside');
    const drifted = (await structure.validateLinks(db.pool, { status: 'drifted' })).items.map((row) => row.linkId);
    expect(drifted.sort()).toEqual([links['code/1 shaky'], links['beside shaky']].sort());
    const pages = [];
    for (let after: string | null | undefined; after !== null; ) {
      const page = await structure.validateLinks(db.pool, {
        document: 'code',
        limit: 1,
        ...(after === undefined ? {} : { after }),
      });
      pages.push(...page.items.map((row) => row.linkId));
      after = page.next;
    }
    expect(pages).toHaveLength(3);
    expect((await iu('--document', 'code', '--status', 'drifted', '--accept')).stdout).toMatch(/shaky +valid\n/);
    expect(await iu('--document', 'code', '--status', 'drifted')).toMatchObject({
      exitCode: 0,
      stdout: 'No link matches.\n',
    });
    for (const words of [['--accept'], [links['code/1 shaky'] ?? '', '--unit', 'code/1']])
      expect((await iu(...words)).stderr).toContain('IU030');
    expect((await iu('--unit', 'nowhere')).stderr).toContain('IU601');
  });
});
