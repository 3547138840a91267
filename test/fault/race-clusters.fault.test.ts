import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { type EmbeddedServer, startEmbedded } from '../../src/install/embedded/index.js';
import { migrateUp } from '../../src/install/migrate/index.js';
import { runPrecheck } from '../../src/install/precheck/index.js';
import { createPool } from '../../src/store/database.js';
import { connectClient } from '../../src/store/session.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { addRoute, certificate, domain, drain, emit, expectWhole, pass, prepareRace, worker } from '../support/race.js';
import { makeServerFolder } from '../support/server-folder.js';

const { major, schema } = inject('iuCluster');
const tools = `/usr/lib/postgresql/${major}/bin`;
const run = promisify(execFile);

let folder: string;
let server: EmbeddedServer | undefined;
beforeEach(async () => {
  folder = await makeServerFolder();
  await chmod(folder, 0o777);
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function startOther(): Promise<EmbeddedServer> {
  server = await startEmbedded({ dataFolder: join(folder, 'other'), major, durable: false });
  return server;
}

/** Decided, undecided, in the middle of a window, and one transaction still open: what a copy may find. */
async function prepareSource(): Promise<{ db: TestDatabase; open: pg.Client }> {
  const db = await createTestDatabase();
  await prepareRace(db.pool);
  await addRoute(db.pool, 'race.all');
  for (let at = 0; at < 20; at += 1) await emit(db.pool, `decided ${at}`);
  await drain(db.pool);
  const open = await db.connect();
  await open.query('begin');
  await emit(open, 'open at the copy');
  for (let at = 0; at < 20; at += 1) await emit(db.pool, `waiting ${at}`);
  expect(await pass(db.pool, 8)).toMatchObject({ seen: 8, window_complete: false });
  return { db, open };
}

/** All rows of the source, triggers asleep, and the places of its sequences, into another cluster that was installed for them. */
async function copyRows(db: TestDatabase, other: EmbeddedServer): Promise<void> {
  const client = await connectClient({ url: other.url, schema });
  try {
    await migrateUp(client, { schema });
    const { rows: tables } = await db.pool.query(
      `select c.relname as name, string_agg(quote_ident(a.attname), ', ' order by a.attnum) as columns
         from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
          and not a.attisdropped and a.attgenerated = ''
        where n.nspname = $1 and c.relkind = 'r' and c.relname not like '%migration%' group by 1 order by 1`,
      [schema],
    );
    await client.query('set session_replication_role = replica');
    for (const { name } of tables) await client.query(`alter table ${name} disable trigger all`);
    for (const { name } of tables) await client.query(`delete from ${name}`);
    for (const { name, columns } of tables) {
      const path = join(folder, `${name}.txt`);
      await db.pool.query(`copy ${name} (${columns}) to '${path}'`);
      await client.query(`copy ${name} (${columns}) from '${path}'`);
    }
    const { rows: triggers } = await db.pool.query(
      `select c.relname as table, t.tgname as name, case t.tgenabled when 'A' then 'always ' else '' end as how
         from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = $1 and not t.tgisinternal and t.tgenabled <> 'D'`,
      [schema],
    );
    for (const { name } of tables) await client.query(`alter table ${name} enable trigger all`);
    for (const one of triggers) await client.query(`alter table ${one.table} enable ${one.how}trigger ${one.name}`);
    const { rows: sequences } = await db.pool.query(
      'select sequencename as name, last_value::text as at from pg_sequences where schemaname = $1 and last_value is not null',
      [schema],
    );
    for (const { name, at } of sequences) await client.query('select setval($1::regclass, $2::bigint)', [name, at]);
  } finally {
    await client.end();
  }
}

/** What has to hold in any copy: refused until somebody rebases, then whole, with nothing double and the chain going on. */
async function expectRebased(copy: pg.Pool): Promise<void> {
  expect(await pass(copy)).toMatchObject({ status: 'cluster_changed' });
  expect((await copy.query('select count(*)::integer as n from iu_route_attempt')).rows[0].n).toBe(28);
  const health = (await copy.query('select fn_iu_route_worker_health($1)::text as h', [worker])).rows[0].h;
  expect(health).toContain('cluster_changed');
  await emit(copy, 'written in the copy before the rebase');
  const rebased = (await copy.query(`select fn_iu_route_worker_rebase($1, 'restored') as r`, [worker])).rows[0].r;
  expect(JSON.parse(typeof rebased === 'string' ? rebased : JSON.stringify(rebased))).toMatchObject({
    seen: 13,
    attempts_written: 13,
  });
  for (let at = 0; at < 5; at += 1) await emit(copy, `after ${at}`);
  expect(await drain(copy, 2)).toBe(5);
  await expectWhole(copy, 46);
  expect(await certificate(copy)).toMatchObject({ lost: 0 });
}

describe('another cluster', () => {
  test('a copy of all rows by COPY refuses to pass until it is rebased, then has lost and doubled nothing', async () => {
    const { db, open } = await prepareSource();
    const other = await startOther();
    await copyRows(db, other);
    const copy = createPool({ url: other.url, schema, maxConnections: 4 });
    try {
      await expectRebased(copy);
    } finally {
      await copy.end();
      await open.query('rollback');
      await db.drop();
    }
  });

  test('an event that is written in a copy of lower transaction ids before the rebase is decided by it', async () => {
    const db = await createTestDatabase();
    const other = await startOther();
    await prepareRace(db.pool);
    await emit(db.pool, 'before the registration');
    // More transactions than a new cluster has behind it, as any cluster has that was in use.
    await db.pool.query(
      'do $$ begin for n in 1..20000 loop perform pg_current_xact_id(); commit; end loop; end $$ language plpgsql',
    );
    await db.pool.query("select fn_iu_event_type_add('late', 'changed')");
    await db.pool.query("select fn_iu_route_worker_register('late_worker', 'late', 'now')");
    await copyRows(db, other);
    const copy = createPool({ url: other.url, schema, maxConnections: 4 });
    try {
      const { rows: ids } = await copy.query(
        `select pg_current_xact_id() < pg_snapshot_xmin(base_snapshot) as lower from iu_route_worker_cursor where worker_name = 'late_worker'`,
      );
      expect(ids, 'the copy has fewer transactions behind it').toEqual([{ lower: true }]);
      await copy.query("select fn_iu_emit('late', 'changed', 'thing', 'written in the copy')");
      const rebase = `select fn_iu_route_worker_rebase('late_worker', 'restored')::text as r`;
      expect(JSON.parse((await copy.query(rebase)).rows[0].r)).toMatchObject({ seen: 1, attempts_written: 1 });
      expect(await drain(copy, 10, 'late_worker')).toBe(0);
    } finally {
      await copy.end();
      await db.drop();
    }
  });

  test.skipIf(!existsSync(join(tools, 'pg_dump')))(
    'a restore by pg_dump and pg_restore of the same major refuses to pass until it is rebased, then is whole',
    async () => {
      const { db, open } = await prepareSource();
      const other = await startOther();
      const file = join(folder, 'dump');
      await run(join(tools, 'pg_dump'), ['--format=custom', `--file=${file}`, `--dbname=${db.url}`]);
      const prepare = await connectClient({ url: other.url, schema });
      // Roles are the cluster's, not the database's: the installer makes them, and its tables make room for the dump's.
      await migrateUp(prepare, { schema });
      await prepare.query(`drop schema ${schema} cascade; create schema ${schema}`);
      await prepare.end();
      await run(join(tools, 'pg_restore'), [
        '--exit-on-error',
        '--clean',
        '--if-exists',
        `--dbname=${other.url}`,
        file,
      ]);
      const copy = createPool({ url: other.url, schema, maxConnections: 4 });
      try {
        await expectRebased(copy);
      } finally {
        await copy.end();
        await open.query('rollback');
        await db.drop();
      }
    },
  );

  test('a standby refuses a pass and a precheck with a reason that says so, and decides what is left after its promotion', async () => {
    const dataFolder = join(folder, 'other');
    const first = await startOther();
    const client = await connectClient({ url: first.url, schema });
    await migrateUp(client, { schema });
    await prepareRace(client);
    await emit(client, 'before the standby');
    const directory = String((await client.query(`select current_setting('data_directory') as path`)).rows[0].path);
    await client.end();
    await first.stop();
    server = undefined;
    await writeFile(join(directory, 'standby.signal'), '');

    const port = new URL(first.url).port;
    const { bin, account } = await serverProgram(directory);
    // Not less than the primary had, or recovery stops.
    const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_prepared_transactions=10'];
    const flags = settings.flatMap((setting) => ['-c', setting]);
    const standby = execFile(bin, ['-D', directory, '-p', port, ...flags], { ...account, cwd: '/' });
    const ended = new Promise((resolve) => standby.once('exit', resolve));
    try {
      const pool = createPool({ url: first.url, schema, maxConnections: 2 });
      await expect
        .poll(
          async () =>
            pool.query('select pg_is_in_recovery() as r').then(
              (found) => found.rows[0].r,
              () => undefined,
            ),
          { timeout: 20_000 },
        )
        .toBe(true);
      await expect(pass(pool)).rejects.toMatchObject({ code: 'IU302' });
      const database = { pool, url: first.url, schema, serverVersionNumber: major * 10_000, close: async () => {} };
      const folders = { backupFolder: folder, evidenceFolder: folder };
      const { gates } = await runPrecheck({ database, expected: {}, ...folders, only: ['drift'] });
      expect(gates).toMatchObject([
        { number: 4, passed: false, evidence: expect.stringContaining('standby'), action: 'connect to the primary' },
      ]);
      await pool.query('select pg_promote(true, 30)');
      expect(await drain(pool), 'the promoted one goes on: same identity').toBe(1);
      await emit(pool, 'after the promotion');
      expect(await drain(pool)).toBe(1);
      const { rows } = await pool.query('select count(*)::integer as n from event_outbox where event_domain = $1', [
        domain,
      ]);
      expect(rows[0].n).toBe(2);
      await expectWhole(pool, 2);
      await pool.end();
    } finally {
      standby.kill('SIGINT');
      await ended;
      await rm(dataFolder, { recursive: true, force: true });
    }
  });
});

/** The program that ran on this data folder, and whose it is: as in the embedded server, never root. */
async function serverProgram(directory: string): Promise<{ bin: string; account: { uid?: number; gid?: number } }> {
  const { stat, readFile } = await import('node:fs/promises');
  const owner = await stat(directory);
  const options = await readFile(join(directory, 'postmaster.opts'), 'utf8');
  const bin = options.split(' ')[0] ?? '';
  return { bin, account: process.getuid?.() === 0 ? { uid: owner.uid, gid: owner.gid } : {} };
}
