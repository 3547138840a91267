import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type pg from 'pg';
import { type EmbeddedServer, embeddedMajor, startEmbedded } from '../../src/install/embedded/index.js';
import { migrateUp } from '../../src/install/migrate/index.js';
import { connectClient, quoteIdentifier } from '../../src/store/session.js';
import { makeServerFolder, removeServerLeftovers } from './server-folder.js';

/** What a test file is told about the server of the run. */
export interface ClusterFacts {
  /** Address of the maintenance database `postgres`, as superuser. */
  readonly adminUrl: string;
  /** Database with everything deployed, to clone from. */
  readonly templateName: string;
  readonly schema: string;
  readonly major: number;
  /** Why there is no template, when deploying failed; tests that need none run all the same. */
  readonly templateFailure: string | undefined;
}

declare module 'vitest' {
  interface ProvidedContext {
    iuCluster: ClusterFacts;
  }
}

export interface TestCluster {
  readonly facts: ClusterFacts;
  stop(): Promise<void>;
}

const installScript = fileURLToPath(new URL('../../scripts/install-postgres.mjs', import.meta.url));
const templateName = 'iu_test_template';

/** The same address with another database. */
export function withDatabase(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${encodeURIComponent(database)}`;
  return changed.href;
}

/**
 * Starts a server in a temporary folder and deploys the template.
 *
 * IU_TEST_POSTGRES chooses the major version, IU_TEST_SCHEMA the schema; IU_TEST_PARTITIONED=1 runs on a partitioned log. fsync is off: nothing here outlives the run.
 */
export async function startTestCluster(): Promise<TestCluster> {
  const major = Number(process.env.IU_TEST_POSTGRES || embeddedMajor);
  const schema = process.env.IU_TEST_SCHEMA || 'public';
  // Does nothing when they are there, as those of the default are after `npm ci`.
  if (major !== embeddedMajor) execFileSync(process.execPath, [installScript, String(major)], { stdio: 'inherit' });
  await removeServerLeftovers();
  const folder = await makeServerFolder();
  const server = await startEmbedded({
    dataFolder: folder,
    major,
    durable: false,
    settings: { max_connections: '200', max_prepared_transactions: '20', autovacuum_naptime: '10s' },
  }).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  const stop = async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const templateFailure = await makeTemplate(server, schema);
    const adminUrl = withDatabase(server.url, 'postgres');
    return { facts: { adminUrl, templateName, schema, major, templateFailure }, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function makeTemplate(server: EmbeddedServer, schema: string): Promise<string | undefined> {
  const admin = await connectClient({ url: server.url, purpose: 'test set-up' });
  try {
    await admin.query(`create database ${templateName} template template0`);
    const client = await connectClient({ url: withDatabase(server.url, templateName), purpose: 'test template' });
    let failure: string | undefined;
    try {
      await migrateUp(client, { schema });
      if (process.env.IU_TEST_PARTITIONED === '1') await partition(client, schema);
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
    } finally {
      await client.end();
    }
    // No connections: otherwise an autovacuum worker in it makes a clone fail.
    await admin.query(`alter database ${templateName} allow_connections false`);
    return failure;
  } finally {
    await admin.end();
  }
}

/** The log in partitions of 10,000, with room for what the largest test emits before a pass makes more. */
async function partition(client: pg.Client, schema: string): Promise<void> {
  await client.query(`set search_path = ${quoteIdentifier(schema)}, pg_temp`);
  await client.query(
    `insert into dot_config (key, value, reason) values ('iu_core.log_partition_events', '10000', 'test'), ('iu_core.log_partitions_ahead', '20', 'test')`,
  );
  for (let step = ''; step !== 'partitioned'; ) {
    step = (await client.query(`select fn_iu_log_partition_step('test') ->> 'step' as step`)).rows[0].step;
  }
  await client.query('select fn_iu_log_partition_tend()');
  await client.query('reset search_path');
}
