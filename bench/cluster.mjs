// A server of the benchmark's own: embedded, durable (fsync and synchronous_commit on), the same settings for both sides.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbedded } from '../dist/install/embedded/index.js';
import { migrateUp } from '../dist/install/migrate/index.js';

/** Room for the working set, and no checkpoint in the middle of a round; nothing that costs durability. */
const settings = {
  shared_buffers: '512MB',
  max_wal_size: '8GB',
  checkpoint_timeout: '60min',
  wal_compression: 'off',
  autovacuum: 'off',
  max_connections: '100',
};

/** Starts the server, installs IU Core and gives a client and the way to stop. */
export async function startBenchCluster(say) {
  const folder = mkdtempSync(join(tmpdir(), 'iu-core-bench-'));
  chmodSync(folder, 0o711);
  say('starting PostgreSQL');
  const server = await startEmbedded({ dataFolder: folder, settings });
  const clients = [];
  const connect = async () => {
    const client = new pg.Client({ connectionString: server.url });
    // A connection that the server ends is seen by the next query; an unheard event would hide the real failure.
    client.on('error', () => {});
    await client.connect();
    clients.push(client);
    return client;
  };
  const client = await connect();
  await migrateUp(client, { schema: 'public' });
  await client.query('set search_path = public, pg_temp');
  for (const gate of ['routes_master_enabled', 'route_worker_enabled']) {
    await client.query('select fn_iu_gate_set($1, true, $2)', [gate, 'benchmark']);
  }
  const version = (await client.query('show server_version')).rows[0].server_version;
  return {
    client,
    connect,
    url: server.url,
    version,
    stop: async () => {
      for (const one of clients) await one.end().catch(() => {});
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
