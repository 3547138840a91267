import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { makeBackup, restoreBackup } from '../../src/install/backup.js';
import { judgeBackup } from '../../src/install/backup-record.js';
import { withScratchDatabase } from '../../src/store/backup.js';
import { readPlaceFacts } from '../../src/store/precheck.js';
import { runIu } from '../support/cli.js';
import { createEmptyDatabase, createTestDatabase, type TestDatabase } from '../support/database.js';
import { addRoute } from '../support/race.js';
import { waitFor } from '../support/wait.js';

const { major } = inject('iuCluster');
const tools = `/usr/lib/postgresql/${major}/bin`;
const hasTools = existsSync(join(tools, 'pg_dump'));

let db: TestDatabase;
let folder: string;

beforeEach(async () => {
  db = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'iu-core-backup-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
  await db.drop();
});

const backup = (url: string, ...words: string[]) =>
  runIu(['backup', '--out', join(folder, 'out'), '--database-url', url, '--schema', db.schema, ...words]);
const evidence = async () => (await db.pool.query('select kind, passed, detail from iu_evidence')).rows;

describe('iu backup', () => {
  it.skipIf(!hasTools)('writes a backup for its owner only, reads it back, and records it as evidence', async () => {
    await addRoute(db.pool, 'crm');
    const run = await backup(db.url, '--json');
    expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 0, stderr: '' });
    const result = JSON.parse(run.stdout);
    const content = await readFile(result.file);
    expect(result).toMatchObject({ bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') });
    expect((await stat(result.file)).mode & 0o777).toBe(0o600);
    const { stdout } = await promisify(execFile)(join(tools, 'pg_restore'), ['--list', result.file]);
    expect(stdout.split('\n').filter((line) => /^\d+;/.test(line))).toHaveLength(result.tocEntries);
    const [row] = await evidence();
    expect(row).toMatchObject({ kind: 'backup', passed: true });
    expect(JSON.parse(row.detail)).toMatchObject({ sha256: result.sha256, toc_entries: result.tocEntries });
    expect(row.detail).not.toContain(folder);
    const readiness = await db.pool.query("select fn_iu_route_readiness('crm')::text as r");
    const item = JSON.parse(readiness.rows[0].r).items.find((one: { item: string }) => one.item === 'backup');
    expect(item).toMatchObject({ passed: true });
  });

  it.skipIf(!hasTools)(
    'restores the backup into a scratch database on request, and a damaged file is no backup any more',
    async () => {
      await db.pool.query("select fn_iu_emit('iu', 'version_applied', 'information_unit', null)");
      const run = await backup(db.url, '--json', '--test-restore');
      expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 0, stderr: '' });
      const { testRestore, file } = JSON.parse(run.stdout);
      expect(testRestore).toMatchObject({ rows: '1', tables: expect.any(Number) });
      expect((await db.pool.query("select from pg_database where datname like 'iu_restore%'")).rowCount).toBe(0);
      const place = await readPlaceFacts(db.pool, db.schema);
      const subject = { database: db.name, systemIdentifier: place.system_identifier, databaseOid: place.database_oid };
      const limits = { now: new Date(), mostAgeSeconds: 600 };
      expect(await judgeBackup(join(folder, 'out'), subject, limits)).toMatchObject({ passed: true });
      await writeFile(file, 'x', { flag: 'a' });
      expect(await judgeBackup(join(folder, 'out'), subject, limits)).toMatchObject({ passed: false });
      // another database of the same cluster does not count it
      expect(await judgeBackup(join(folder, 'out'), { ...subject, databaseOid: '1' }, limits)).toMatchObject({
        passed: false,
      });
    },
  );

  it('holds no connection while it restores, which a server or firewall would end, and drops the scratch database all the same', async () => {
    const sessions = "select count(*)::int as n from pg_stat_activity where application_name = 'iu-core test restore'";
    const scratch = `iu_restore_${db.name}`;
    const there = async () => (await db.pool.query('select from pg_database where datname = $1', [scratch])).rowCount;
    const work = async () => {
      await waitFor(async () => (await db.pool.query(sessions)).rows[0].n === 0);
      expect(await there()).toBe(1);
      throw new Error('the restore failed');
    };
    await expect(withScratchDatabase(db.url, scratch, work)).rejects.toThrow('the restore failed');
    expect(await there()).toBe(0);
  });

  it.skipIf(!hasTools)('is in the encoding of the database, whatever that sets for its clients', async () => {
    await db.pool.query(`alter database ${db.name} set client_encoding = 'LATIN1'`);
    await db.pool.query("select fn_iu_emit('iu', 'version_applied', 'information_unit', null, $1)", [
      JSON.stringify({ path: 'a \u2192 b' }),
    ]);
    const run = await backup(db.url, '--json', '--test-restore');
    expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(JSON.parse(run.stdout).testRestore).toMatchObject({ rows: '1' });
  });

  it.skipIf(!hasTools)(
    'backs up a database in which nothing is yet, as a step on the way to an installation',
    async () => {
      const empty = await createEmptyDatabase();
      const run = await backup(empty.url, '--json', '--schema', 'public', '--test-restore');
      expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 0, stderr: '' });
      expect(JSON.parse(run.stdout)).toMatchObject({ tocEntries: 0 });
      const words = [
        'precheck',
        '--all',
        '--json',
        '--backups',
        join(folder, 'out'),
        '--evidence',
        join(folder, 'evidence'),
      ];
      const asked = JSON.parse((await runIu(words, { url: empty.url, schema: 'public' })).stdout);
      expect(asked.gates[2]).toMatchObject({ passed: true, evidence: expect.stringContaining('0 entries') });
      await empty.drop();
    },
  );

  it.skipIf(!hasTools)('leaves nothing behind when pg_dump fails, and says why without the password', async () => {
    const url = await db.loginUrl('iu_operator');
    const run = await backup(url);
    expect(run).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('IU441') });
    expect(run.stderr).toContain('permission denied');
    expect(run.stderr).not.toContain(new URL(url).password);
    expect(await readdir(join(folder, 'out'))).toEqual([]);
    expect(await evidence()).toEqual([]);
  });

  it('logs the tools in as our own connections do: password and TLS from PG* variables, no secret on a command line', async () => {
    // instead of the tools, scripts that write down what they were given
    for (const name of ['pg_dump', 'pg_restore']) {
      const script = `#!/bin/sh
if [ "$1" = --version ]; then echo "${name} (PostgreSQL) ${major}.0"; exit 0; fi
if [ "${name}" = pg_restore ] && [ "$1" = --list ]; then echo "1; 0 0 TABLE DATA iu event_outbox x"; exit 0; fi
{ echo "$@"; env; } > ${join(folder, name)}.seen
if [ "${name}" = pg_dump ]; then touch "$4"; fi
`;
      await writeFile(join(folder, name), script);
      await chmod(join(folder, name), 0o755);
    }
    const wishes = {
      serverVersionNumber: major * 10_000,
      folder: join(folder, 'out'),
      now: new Date(),
      toolFolder: folder,
    };
    const environment = {
      ...{ PATH: process.env.PATH, HOME: folder, PGPASSFILE: '/etc/iu-core/pgpass', PGSSLMODE: 'verify-full' },
      ...{ PGSSLROOTCERT: '/etc/ca.pem', PGHOSTADDR: '192.0.2.1', PGPASSWORD: 'of the environment', OTHER: 'secret' },
    };
    const seenBy = (name: string) => readFile(join(folder, `${name}.seen`), 'utf8');
    await makeBackup({ ...wishes, url: 'postgres://u@h/app', environment });
    const bare = await seenBy('pg_dump');
    for (const name of ['PGPASSFILE', 'PGSSLMODE', 'PGSSLROOTCERT', 'PGPASSWORD'] as const)
      expect(bare).toContain(`${name}=${environment[name]}\n`);
    expect(bare).not.toMatch(/PGHOSTADDR|OTHER/);
    const url =
      'postgres://u:first%20one@h/app?password=p%2Bw&options=-c%20jit%3Doff&sslpassword=s3cret&sslmode=require';
    const made = await makeBackup({ ...wishes, url, environment, now: new Date(0) });
    await restoreBackup(made.file, url, { ...wishes, url, environment });
    for (const seen of [await seenBy('pg_dump'), await seenBy('pg_restore')]) {
      expect(seen.split('\n')[0]).toContain('postgres://u@h/app?options=-c%20jit%3Doff&sslmode=require');
      expect(seen).toContain('PGPASSWORD=p+w\n');
      expect(seen).not.toMatch(/s3cret|first/);
    }
  });

  it('names what is missing: no tools, or those of another major version', async () => {
    const none = await backup(db.url, '--tools', folder);
    expect(none).toMatchObject({ exitCode: 69, stderr: expect.stringContaining('IU440') });
    expect(none.stderr).toContain(`pg_dump and pg_restore of PostgreSQL ${major} are not installed here`);
    for (const name of ['pg_dump', 'pg_restore']) {
      await writeFile(join(folder, name), '#!/bin/sh\necho "$(basename "$0") (PostgreSQL) 9.6.24"\n');
      await chmod(join(folder, name), 0o755);
    }
    const other = await backup(db.url, '--tools', folder);
    expect(other).toMatchObject({ exitCode: 69, stderr: expect.stringContaining(`found: 9 in ${folder}`) });
    expect(await evidence()).toEqual([]);
  });
});
