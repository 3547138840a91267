import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { IuError } from '../../src/contract/errors/index.js';
import { startEmbedded } from '../../src/install/embedded/index.js';
import { createPool, type DatabaseSettings, openDatabase } from '../../src/store/database.js';
import { checkServerFacts, type DoorRules, type ServerFacts } from '../../src/store/door.js';
import { connectionErrorFrom, errorCode } from '../../src/store/failure.js';
import { connectClient, quoteIdentifier } from '../../src/store/session.js';
import { withRetry, withTransaction } from '../../src/store/transaction.js';
import { withDatabase } from '../support/cluster.js';
import { adminUrl, createEmptyDatabase, createTestDatabase, type TestDatabase } from '../support/database.js';
import { createLegacyDatabase } from '../support/legacy-database.js';
import { makeServerFolder } from '../support/server-folder.js';
import { waitFor } from '../support/wait.js';

async function refusal(settings: DatabaseSettings): Promise<IuError> {
  const outcome = await openDatabase(settings).then(
    (database) => database.close().then(() => undefined),
    (error: unknown) => error,
  );
  if (!(outcome instanceof IuError)) throw new Error(`Not refused with an IuError: ${String(outcome)}`);
  return outcome;
}

describe('the door to PostgreSQL', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createTestDatabase();
  });
  afterAll(() => db.drop());

  it('gives up a connection that goes silent after the login', async () => {
    const { hostname, port } = new URL(db.url);
    const silent = createServer((client) => {
      const server = connect(Number(port), hostname);
      let isReady = false;
      client.on('data', (part) => server.write(part));
      client.on('close', () => server.destroy());
      server.on('data', (part: Buffer) => {
        if (!isReady) client.write(part);
        isReady ||= part.includes('Z\0\0\0\u0005');
      });
      for (const socket of [client, server]) socket.on('error', () => client.destroy());
    });
    await new Promise<void>((listening) => silent.listen(0, '127.0.0.1', listening));
    const url = new URL(db.url);
    url.hostname = '127.0.0.1';
    url.port = String((silent.address() as AddressInfo).port);
    const settings = { url: url.href, schema: db.schema, connectTimeoutSeconds: 1 };
    expect((await refusal(settings)).code).toBe('IU001');
    await expect(connectClient(settings)).rejects.toThrow('Query read timeout');
    await new Promise((closed) => silent.close(closed));
  });

  it('opens an installed database and says version and schema', async () => {
    const database = await openDatabase({ url: db.url, schema: db.schema });
    expect(database.schema).toBe(db.schema);
    expect(Math.floor(database.serverVersionNumber / 10_000)).toBe(db.major);
    await database.close();
    await database.close();
  });

  it('settles search_path, time zone, application name and time limits before the first use of each connection', async () => {
    const database = await openDatabase({
      url: db.url,
      schema: db.schema,
      purpose: 'door test',
      statementTimeoutSeconds: 4.5,
      lockTimeoutSeconds: 1,
      idleInTransactionTimeoutSeconds: 10,
    });
    const read = async () =>
      (
        await database.pool.query(`select current_setting('search_path') as path, current_setting('timezone') as zone,
          current_setting('application_name') as name, current_setting('jit') as jit, current_setting('statement_timeout') as statement,
          current_setting('lock_timeout') as lock, current_setting('idle_in_transaction_session_timeout') as idle,
          pg_backend_pid() as pid, pg_sleep(0.05)::text`)
      ).rows[0];
    const rows = await Promise.all([read(), read(), read()]);
    expect(new Set(rows.map((row) => row.pid)).size).toBe(3);
    for (const row of rows) {
      expect(row).toMatchObject({
        path: `"${db.schema}", pg_temp`,
        zone: 'UTC',
        jit: 'off',
        name: 'iu-core door test',
        statement: '4500ms',
        lock: '1s',
        idle: '10s',
      });
    }
    await database.close();
  });

  it('does not take over what a database sets for its application: isolation, time limits, ways to write', async () => {
    const name = quoteIdentifier(db.name);
    const theirs = {
      statement_timeout: ['30s', '0'],
      default_transaction_isolation: ['serializable', 'read committed'],
      standard_conforming_strings: ['off', 'on'],
      quote_all_identifiers: ['on', 'off'],
      extra_float_digits: ['-5', '1'],
      array_nulls: ['off', 'on'],
      datestyle: ['German, DMY', 'ISO, YMD'],
    };
    for (const [setting, [value]] of Object.entries(theirs)) {
      await db.pool.query(`alter database ${name} set ${setting} = '${value}'`);
    }
    const pool = createPool({ url: db.url, schema: db.schema, maxConnections: 1 });
    for (const [setting, [, ours]] of Object.entries(theirs)) {
      expect((await pool.query('select current_setting($1) as value', [setting])).rows, setting).toEqual([
        { value: ours },
      ]);
    }
    await pool.end();
    const admin = await connectClient({ url: adminUrl() });
    for (const setting of Object.keys(theirs)) await admin.query(`alter database ${name} reset ${setting}`);
    await admin.end();
  });

  it('quotes a schema with hostile characters in its name', async () => {
    const pool = createPool({ url: db.url, schema: 'We "ird, pg_catalog\\', maxConnections: 1 });
    const { rows } = await pool.query(`select current_setting('search_path') as path`);
    expect(rows[0].path).toBe('"We ""ird, pg_catalog\\", pg_temp');
    await pool.end();
  });

  it('hands over int8, numeric, timestamps and json as the text of PostgreSQL', async () => {
    const { rows } = await db.pool.query(`select 9007199254740993::int8 as whole, 1e400::numeric as large,
      '2026-01-02 03:04:05.123456+00'::timestamptz as moment, '2026-01-02'::date as day, 7 as small, true as yes,
      '{"b": 1,  "a": 1e400}'::json as document, '{"b":1,"a":9007199254740993}'::jsonb as binary_document,
      array[9007199254740993, null]::int8[] as wholes, array['{"a": 1}']::jsonb[] as documents, array[0.10]::numeric[] as amounts`);
    expect(rows[0]).toEqual({
      whole: '9007199254740993',
      large: `1${'0'.repeat(400)}`,
      moment: '2026-01-02 03:04:05.123456+00',
      day: '2026-01-02',
      small: 7,
      yes: true,
      document: '{"b": 1,  "a": 1e400}',
      binary_document: '{"a": 9007199254740993, "b": 1}',
      wholes: ['9007199254740993', null],
      documents: ['{"a": 1}'],
      amounts: ['0.10'],
    });
  });

  it('refuses an address where no server listens, without the password in the message', async () => {
    const closed = await new Promise<number>((resolve) => {
      const server = createServer().listen(0, '127.0.0.1', () => {
        const address = server.address();
        server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
      });
    });
    const error = await refusal({ url: `postgres://somebody:topsecret@127.0.0.1:${closed}/iu` });
    expect(error.code).toBe('IU001');
    expect(error.message).toContain(`127.0.0.1:${closed}/iu`);
    expect(JSON.stringify([error, error.message, error.hint])).not.toContain('topsecret');
    expect(error.exitCode).toBe(69);
  });

  it('refuses a server that accepts the connection and never answers', async () => {
    const sockets: { destroy(): void }[] = [];
    const silent = createServer((socket) => sockets.push(socket));
    const port = await new Promise<number>((resolve) => {
      silent.listen(0, '127.0.0.1', () => {
        const address = silent.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    const error = await refusal({ url: `postgres://postgres@127.0.0.1:${port}/iu`, connectTimeoutSeconds: 0.3 });
    expect(error.code).toBe('IU001');
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => silent.close(resolve));
  });

  it('tells a wrong password and a missing database apart', async () => {
    const wrong = new URL(db.url);
    wrong.password = 'wrong';
    expect((await refusal({ url: wrong.href })).code).toBe('IU007');
    // Without one pg sends nothing and raises an error of its own, without a code.
    wrong.password = '';
    const none = await refusal({ url: wrong.href });
    expect(none).toMatchObject({ code: 'IU007', message: expect.stringContaining('and there is none') });
    expect(none.message).not.toContain('SASL');
    expect((await refusal({ url: withDatabase(db.url, 'no_such_database') })).code).toBe('IU008');
  });

  it('takes the password from the file of libpq, without a word of warning on stderr', async () => {
    const { hostname, port, username, password, href } = new URL(db.url);
    const folder = await mkdtemp(join(tmpdir(), 'iu-pgpass-'));
    const file = join(folder, 'pgpass');
    await writeFile(file, `${hostname}:${port}:*:${username}:${decodeURIComponent(password)}\n`, { mode: 0o600 });
    const warnings: string[] = [];
    const note = (warning: Error) => warnings.push(warning.message);
    process.on('warning', note);
    const before = process.env.PGPASSFILE;
    process.env.PGPASSFILE = file;
    try {
      const url = new URL(href);
      url.password = '';
      await (await openDatabase({ url: url.href, schema: db.schema })).close();
      await (await connectClient({ url: url.href, schema: db.schema })).end();
      await new Promise(setImmediate);
      expect(warnings).toEqual([]);
    } finally {
      process.off('warning', note);
      if (before === undefined) delete process.env.PGPASSFILE;
      else process.env.PGPASSFILE = before;
      await rm(folder, { recursive: true });
    }
  });

  it('leaves no connection to the timeout of the server when a login fails on this side', async () => {
    const target = new URL(db.url);
    const server = new URL(db.url);
    const open = new Set<Socket>();
    const proxy = createServer((client) => {
      open.add(client.on('close', () => open.delete(client)).on('error', () => {}));
      client.pipe(connect(Number(target.port), target.hostname).on('error', () => {})).pipe(client);
    }).listen(0, '127.0.0.1');
    await once(proxy, 'listening');
    server.port = String((proxy.address() as AddressInfo).port);
    server.hostname = '127.0.0.1';
    server.password = '';
    expect((await refusal({ url: server.href })).code).toBe('IU007');
    await waitFor(() => open.size === 0, { timeoutSeconds: 5, what: 'the connection is closed' });
    proxy.close();
  });

  it('tells a missing schema from one that has nothing installed', async () => {
    const empty = await createEmptyDatabase();
    expect((await refusal({ url: empty.url, schema: 'nowhere' })).code).toBe('IU005');
    expect((await refusal({ url: empty.url, schema: 'public' })).code).toBe('IU006');
    await (await openDatabase({ url: empty.url, schema: 'nowhere', expect: 'server' })).close();
    await empty.drop();
  });

  it('says what to do where the log is of somebody else, and where an installation was interrupted', async () => {
    const legacy = await createLegacyDatabase(10);
    const place = { url: legacy.url, schema: legacy.schema };
    expect(await refusal(place)).toMatchObject({ code: 'IU006', hint: expect.stringContaining('iu adopt plan') });
    await legacy.pool.query('create table iu_migration (change text)');
    expect(await refusal(place)).toMatchObject({ code: 'IU006', hint: expect.stringContaining('iu adopt apply') });
    await legacy.drop();
  });

  it('refuses a role that was granted nothing, and one with another role than the wanted', async () => {
    expect((await refusal({ url: await db.loginUrl(), schema: db.schema })).code).toBe('IU004');
    const reader = await db.loginUrl('iu_reader');
    const error = await refusal({ url: reader, schema: db.schema, anyRoleOf: ['iu_worker', 'iu_operator'] });
    expect(error.code).toBe('IU004');
    expect(error.message).toContain('iu_worker or iu_operator');
    await (await openDatabase({ url: reader, schema: db.schema })).close();
  });

  it('refuses a server whose transactions are read-only, unless reading is all that is wanted', async () => {
    await db.pool.query(`alter database ${db.name} set default_transaction_read_only = on`);
    expect(await refusal({ url: db.url, schema: db.schema })).toMatchObject({
      code: 'IU002',
      hint: expect.stringContaining('RESET default_transaction_read_only'),
    });
    await (await openDatabase({ url: db.url, schema: db.schema, readOnlyAllowed: true })).close();
    const admin = await connectClient({ url: adminUrl() });
    await admin.query(`alter database ${db.name} reset default_transaction_read_only`);
    await admin.end();
  });

  it('survives that the server ends an idle connection, and reports it by code', async () => {
    const lost: string[] = [];
    const pool = createPool({
      url: db.url,
      schema: db.schema,
      maxConnections: 1,
      onConnectionLost: (code) => lost.push(code),
    });
    const { rows } = await pool.query('select pg_backend_pid() as pid');
    await db.pool.query('select pg_terminate_backend($1)', [rows[0].pid]);
    await waitFor(() => lost.length > 0, { what: 'the pool noticed the lost connection' });
    expect(lost).toEqual(['IU001']);
    expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    await pool.end();
  });

  it('never shows row values of a server error in its own error', () => {
    const fromServer = Object.assign(new Error('permission denied for table t'), {
      code: '42501',
      detail: 'Failing row contains (topsecret).',
      where: 'topsecret',
    });
    const error = connectionErrorFrom(fromServer, db.url);
    expect(error?.code).toBe('IU004');
    expect(JSON.stringify([error, error?.message, error?.cause])).not.toContain('topsecret');
  });
});

describe('a standby', () => {
  it('is refused, unless reading is all that is wanted', async () => {
    const folder = await makeServerFolder();
    const options = { dataFolder: folder, major: inject('iuCluster').major, durable: false };
    try {
      await (await startEmbedded(options)).stop();
      await writeFile(join(folder, 'server/data/standby.signal'), '');
      const standby = await startEmbedded(options);
      try {
        const error = await refusal({ url: standby.url, expect: 'server' });
        expect(error.code).toBe('IU002');
        expect(error.message).toContain('standby');
        await (await openDatabase({ url: standby.url, expect: 'server', readOnlyAllowed: true })).close();
      } finally {
        await standby.stop();
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('the facts of a server', () => {
  const good: ServerFacts = {
    serverVersionNumber: 170_010,
    inRecovery: false,
    readOnly: false,
    roleName: 'app',
    isSuperuser: false,
    memberOf: ['iu_worker'],
    schemaExists: true,
    schemaUsable: true,
    installation: 'complete',
  };
  const rules: DoorRules = { schema: 'public', expect: 'installed', anyRoleOf: [], readOnlyAllowed: false };
  const codeOf = (facts: Partial<ServerFacts>, changed: Partial<DoorRules> = {}) => {
    try {
      checkServerFacts({ ...good, ...facts }, { ...rules, ...changed });
      return 'accepted';
    } catch (error) {
      return errorCode(error);
    }
  };

  it.each([
    ['PostgreSQL 14 is too old', { serverVersionNumber: 140_020 }, {}, 'IU003'],
    ['PostgreSQL 15 is accepted', { serverVersionNumber: 150_000 }, {}, 'accepted'],
    ['PostgreSQL 18 is accepted', { serverVersionNumber: 180_004 }, {}, 'accepted'],
    ['PostgreSQL 19 is too new', { serverVersionNumber: 190_000 }, {}, 'IU003'],
    ['a standby is refused', { inRecovery: true, readOnly: true }, {}, 'IU002'],
    [
      'a standby cannot say what only a primary knows',
      { inRecovery: true, readOnly: true },
      { readOnlyAllowed: 'primary' },
      'IU002',
    ],
    ['a read-only login of a primary can', { readOnly: true }, { readOnlyAllowed: 'primary' }, 'accepted'],
    ['a standby may be read', { inRecovery: true, readOnly: true }, { readOnlyAllowed: true }, 'accepted'],
    [
      'a version that is too old is named before anything else',
      { serverVersionNumber: 90_600, inRecovery: true },
      {},
      'IU003',
    ],
    ['a member without usage on the schema is refused', { schemaUsable: false }, {}, 'IU004'],
    ['a superuser needs no role', { isSuperuser: true, memberOf: [] }, {}, 'accepted'],
    [
      'an empty server is enough for an installer',
      { schemaExists: false, installation: 'none' },
      { expect: 'server' },
      'accepted',
    ],
  ] as const)('%s', (_name, facts, changed, expected) => {
    expect(codeOf(facts, changed)).toBe(expected);
  });
});

describe('a transaction of the store', () => {
  let db: TestDatabase;
  beforeAll(async () => {
    db = await createEmptyDatabase();
    await db.pool.query('create table note (id int primary key)');
  });
  afterAll(() => db.drop());

  it('commits at READ COMMITTED whatever the default of the database', async () => {
    const level = await withTransaction(db.pool, async (client) => {
      await client.query('insert into note values (1)');
      return (await client.query('show transaction_isolation')).rows[0].transaction_isolation;
    });
    expect(level).toBe('read committed');
    expect((await db.pool.query('select id from note')).rows).toEqual([{ id: 1 }]);
  });

  it('rolls back and passes on what was thrown', async () => {
    const work = withTransaction(db.pool, async (client) => {
      await client.query('insert into note values (2)');
      throw new Error('stop here');
    });
    await expect(work).rejects.toThrow('stop here');
    expect((await db.pool.query('select from note where id = 2')).rowCount).toBe(0);
  });

  it('throws away a connection that was lost inside it', async () => {
    const work = withTransaction(db.pool, async (client) => {
      const { rows } = await client.query('select pg_backend_pid() as pid');
      await db.pool.query('select pg_terminate_backend($1)', [rows[0].pid]);
      await client.query('select 1');
    });
    await expect(work).rejects.toThrow();
    expect((await db.pool.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
  });

  it('is tried again after a deadlock, and not after another error', async () => {
    let calls = 0;
    const failing = (code: string) => async () => {
      calls += 1;
      if (calls < 3) throw Object.assign(new Error('failed'), { code });
      return calls;
    };
    expect(await withRetry(failing('40P01'), { firstDelayMilliseconds: 1 })).toBe(3);
    calls = 0;
    await expect(withRetry(failing('23505'))).rejects.toThrow('failed');
    expect(calls).toBe(1);
  });
});

describe('a test database', () => {
  it('says which connection a test left open', async () => {
    const db = await createEmptyDatabase();
    const left = await connectClient({ url: db.url, purpose: 'forgotten' });
    await expect(db.drop()).rejects.toThrow('iu-core forgotten');
    await left.end().catch(() => {});
    const second = await createEmptyDatabase();
    await second.pool.connect();
    await expect(second.drop()).rejects.toThrow('1 of db.pool not released');
  });
});
