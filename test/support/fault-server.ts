import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { inject } from 'vitest';
import { type EmbeddedServer, startEmbedded } from '../../src/install/embedded/index.js';
import { isAlive } from '../../src/install/embedded/postmaster.js';
import { migrateUp } from '../../src/install/migrate/index.js';
import { createPool } from '../../src/store/database.js';
import { connectClient } from '../../src/store/session.js';
import { withDatabase } from './cluster.js';
import type { TestDatabase } from './database.js';
import { makeServerFolder } from './server-folder.js';
import { waitFor } from './wait.js';

/** A server of a test file's own, which it may crash. Committed is committed: only the fsync that a crash of the machine needs is off. */
export interface FaultServer {
  readonly embedded: EmbeddedServer;
  readonly folder: string;
  /** A database with everything deployed. */
  database(): Promise<TestDatabase>;
  /** Stops like a power cut (SIGQUIT: no checkpoint); it starts again by itself, on its port. Resolves when it answers. */
  crash(): Promise<void>;
  /** Resolves when it answers. */
  answers(): Promise<void>;
  /** Starts it where its keeper gave up, because it died again and again; resolves when it answers. */
  startAgain(): Promise<void>;
  stop(): Promise<void>;
}

const template = 'fault_template';

export interface FaultServerOptions {
  readonly settings?: Readonly<Record<string, string>>;
  /** Where the data lies; a new temporary folder when not said. */
  readonly folder?: string;
  /** While the server stands still, before the first database is made. */
  readonly prepareData?: (dataFolder: string) => Promise<void>;
}

export async function startFaultServer(options: FaultServerOptions = {}): Promise<FaultServer> {
  const { major, schema } = inject('iuCluster');
  const folder = options.folder ?? (await makeServerFolder());
  const start = () =>
    startEmbedded({
      dataFolder: join(folder, 'data'),
      major,
      durable: false,
      settings: { synchronous_commit: 'on', full_page_writes: 'on', shared_buffers: '32MB', ...options.settings },
    });
  let embedded = await start();
  if (options.prepareData !== undefined) {
    await embedded.stop();
    await options.prepareData(join(folder, 'data'));
    embedded = await start();
  }
  const handles = [embedded];
  const admin = await connectClient({ url: embedded.url, purpose: 'fault set-up' });
  await admin.query(`create database ${template} template template0`);
  const client = await connectClient({ url: withDatabase(embedded.url, template), purpose: 'fault template' });
  await migrateUp(client, { schema });
  await client.end();
  await admin.query(`alter database ${template} allow_connections false`);
  await admin.end();
  const answers = () => serverAnswers(embedded.url);
  return {
    embedded,
    folder,
    database: () => cloneOn(embedded.url, schema, major),
    answers,
    startAgain: async () => {
      const pid = handles.at(-1)?.serverPid ?? 0;
      if (!isAlive(pid)) handles.push(await start());
      await answers();
    },
    crash: async () => {
      const pid = handles.at(-1)?.serverPid ?? 0;
      process.kill(pid, 'SIGQUIT');
      await waitFor(() => !isAlive(pid), { timeoutSeconds: 60, what: 'the server is gone' });
      // Its keeper starts it again, but not more than a few times in a row: then this does, and otherwise it finds the one that runs.
      handles.push(await start());
      await answers();
    },
    stop: async () => {
      for (const handle of handles.reverse()) await handle.stop();
      if (options.folder === undefined) await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Until a server takes a connection and a question. */
export async function serverAnswers(url: string): Promise<void> {
  await waitFor(
    async () => {
      const client = await connectClient({ url, purpose: 'fault watch', connectTimeoutSeconds: 2 }).catch(
        () => undefined,
      );
      await client?.end().catch(() => {});
      return client !== undefined;
    },
    { timeoutSeconds: 60, what: 'the server answers', intervalMilliseconds: 50 },
  );
}

async function cloneOn(serverUrl: string, schema: string, major: number): Promise<TestDatabase> {
  const name = `fault_${randomBytes(5).toString('hex')}`;
  const onServer = async (sql: string) => {
    const admin = await connectClient({ url: serverUrl, purpose: 'fault set-up' });
    await admin.query(sql).finally(() => admin.end());
  };
  await onServer(`create database ${name} template ${template}`);
  const url = withDatabase(serverUrl, name);
  const db = databaseAt(url, name, schema, major);
  await db.pool.query(
    'update iu_route_worker_cursor set database_oid = (select oid from pg_database where datname = current_database())',
  );
  return {
    ...db,
    drop: async () => {
      await db.drop();
      await serverAnswers(serverUrl);
      await onServer(`drop database ${name} with (force)`);
    },
  };
}

/** A database that is there already, as tests use one. Dropping it only closes connections. */
export function databaseAt(url: string, name: string, schema: string, major: number): TestDatabase {
  const pool = createPool({ url, schema, purpose: 'fault test', maxConnections: 8 });
  const clients: pg.Client[] = [];
  const noLogins = () => Promise.reject(new Error('this server has no logins for tests'));
  return {
    name,
    url,
    pool,
    schema,
    major,
    as: noLogins,
    loginUrl: noLogins,
    connect: async () => {
      const client = await connectClient({ url, schema, purpose: 'fault test' });
      clients.push(client);
      return client;
    },
    drop: async () => {
      for (const client of clients) await client.end().catch(() => {});
      await pool.end();
    },
  };
}
