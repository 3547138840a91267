import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { inject } from 'vitest';
import { createPool } from '../../src/store/database.js';
import { connectClient, quoteIdentifier } from '../../src/store/session.js';
import { withDatabase } from './cluster.js';
import { waitFor } from './wait.js';

/** A database of a test's own. */
export interface TestDatabase {
  readonly name: string;
  /** Address as superuser. */
  readonly url: string;
  /** Superuser connections with `search_path` set. */
  readonly pool: pg.Pool;
  readonly schema: string;
  /** Major version of the server. */
  readonly major: number;
  /** Logs in as a new login role that was granted these group roles; the client ends with `drop`. */
  as(...groupRoles: string[]): Promise<pg.Client>;
  /** Makes a new login role with these group roles and gives its address. */
  loginUrl(...groupRoles: string[]): Promise<string>;
  /** One more connection as superuser, for two- and three-session tests; ends with `drop`. */
  connect(): Promise<pg.Client>;
  /** Removes the database and its login roles; fails when the test left a connection open. */
  drop(): Promise<void>;
}

/** Clones the template: everything is deployed, nothing is enabled. */
export async function createTestDatabase(): Promise<TestDatabase> {
  const { templateName, templateFailure } = inject('iuCluster');
  if (templateFailure !== undefined) throw new Error(`The template database could not be deployed: ${templateFailure}`);
  return create(templateName);
}

/** A database with nothing in it, for tests of the installer. */
export function createEmptyDatabase(): Promise<TestDatabase> {
  return create('template0');
}

/** Address of the test server's maintenance database, for tests that make databases of their own. */
export function adminUrl(): string {
  return inject('iuCluster').adminUrl;
}

async function onServer<Result>(work: (admin: pg.Client) => Promise<Result>): Promise<Result> {
  const admin = await connectClient({ url: adminUrl(), purpose: 'test support' });
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}

async function create(template: string): Promise<TestDatabase> {
  const { schema, major } = inject('iuCluster');
  const suffix = randomBytes(5).toString('hex');
  const name = `iu_test_${suffix}`;
  await onServer((admin) => admin.query(`create database ${name} template ${quoteIdentifier(template)}`));
  const url = withDatabase(adminUrl(), name);
  const pool = createPool({ url, schema, purpose: 'test', maxConnections: 20 });
  // A clone is another database than its cursors know (P14). These tests are about a database that was installed here.
  if (template !== 'template0') {
    await pool.query(
      'update iu_route_worker_cursor set database_oid = (select oid from pg_database where datname = current_database())',
    );
  }
  const clients: pg.Client[] = [];
  const logins: string[] = [];
  const connect = async (address: string) => {
    const client = await connectClient({ url: address, schema, purpose: 'test' });
    clients.push(client);
    return client;
  };
  const loginUrl = async (...groupRoles: string[]) => {
    const login = `iu_login_${suffix}_${logins.length + 1}`;
    const password = randomBytes(12).toString('hex');
    await onServer(async (admin) => {
      await admin.query(`create role ${login} login password '${password}'`);
      for (const role of groupRoles) await admin.query(`grant ${quoteIdentifier(role)} to ${login}`);
    });
    logins.push(login);
    const address = new URL(url);
    address.username = login;
    address.password = password;
    return address.href;
  };
  const drop = async () => {
    for (const client of clients) await client.end().catch(() => {});
    const leaks = await closeAndFindLeaks(pool, name);
    await onServer(async (admin) => {
      await admin.query(`drop database ${name} with (force)`);
      for (const login of logins) await admin.query(`drop role ${login}`);
    });
    if (leaks.length > 0) throw new Error(`The test left connections open: ${leaks.join('; ')}`);
  };
  return {
    name,
    url,
    pool,
    schema,
    major,
    loginUrl,
    as: async (...groupRoles) => connect(await loginUrl(...groupRoles)),
    connect: () => connect(url),
    drop,
  };
}

/** A pool with a connection handed out would wait for it for ever, so that is looked at first. */
async function closeAndFindLeaks(pool: pg.Pool, database: string): Promise<string[]> {
  const notReleased = pool.totalCount - pool.idleCount;
  if (notReleased > 0) {
    void pool.end().catch(() => {});
    return [`${notReleased} of db.pool not released`];
  }
  if (!pool.ending) await pool.end();
  return onServer(async (admin) => {
    const open = async () =>
      (
        await admin.query<{ session: string }>(
          `select format('%s (pid %s, %s)', application_name, pid, state) as session from pg_stat_activity
           where datname = $1 and backend_type = 'client backend'`,
          [database],
        )
      ).rows.map((row) => row.session);
    // A backend outlives its connection by a moment.
    const closed = waitFor(async () => (await open()).length === 0, { timeoutSeconds: 3 });
    return closed.then(
      () => [],
      () => open(),
    );
  });
}
