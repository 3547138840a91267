import { execFileSync } from 'node:child_process';
import { appendFile, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { connectClient } from '../../src/store/session.js';
import { serverAnswers, startFaultServer } from './fault-server.js';
import { type HoldingProxy, startHoldingProxy } from './holding-proxy.js';
import { startServerProcess } from './server-process.js';
import { waitFor } from './wait.js';

/** A program `postgres` on a data folder, without anybody who starts it again. */
export interface PlainServer {
  readonly port: number;
  readonly folder: string;
  /** kill -9 of all its processes: what the loss of a machine looks like to others. */
  lose(): Promise<void>;
}

/** A primary and a standby that was copied from it, behind one address that an operator moves. */
export interface ReplicatedPair {
  readonly primary: PlainServer;
  readonly standby: PlainServer;
  /** In front of the primary, until `moveTo`. */
  readonly proxy: HoldingProxy;
  /** Address through the proxy, of a database of the pair. */
  url(database: string): string;
  /** Address of one server itself. */
  urlOf(server: PlainServer, database: string): string;
  startAgain(server: PlainServer): Promise<PlainServer>;
  stop(): Promise<void>;
}

export interface PairOptions {
  readonly isSynchronous: boolean;
  /** Prepares databases while there is only one server; gives nothing back. */
  prepare(server: Awaited<ReturnType<typeof startFaultServer>>): Promise<void>;
}

/** A base backup is a copy of the folder of a server that was stopped in an orderly way; no client tool is needed. */
export async function startReplicatedPair(options: PairOptions): Promise<ReplicatedPair> {
  const { rm } = await import('node:fs/promises');
  const first = await startFaultServer();
  await options.prepare(first);
  const address = new URL(first.embedded.url);
  const admin = await connectClient({ url: address.href, purpose: 'fault set-up' });
  const directory = String((await admin.query("select current_setting('data_directory') as path")).rows[0].path);
  await admin.end();
  const program = (await readFile(join(directory, 'postmaster.opts'), 'utf8')).split(' ')[0] ?? '';
  const owner = await stat(directory);
  const account = process.getuid?.() === 0 ? { uid: owner.uid, gid: owner.gid } : {};
  const port = Number(address.port);
  await first.embedded.stop();
  const copy = `${directory}-standby`;
  execFileSync('cp', ['-a', directory, copy]);
  await appendFile(
    join(directory, 'postgresql.auto.conf'),
    options.isSynchronous ? "synchronous_standby_names = '*'\n" : '',
  );
  await appendFile(
    join(copy, 'postgresql.auto.conf'),
    `primary_conninfo = 'host=127.0.0.1 port=${port} user=${address.username} password=${decodeURIComponent(address.password)} application_name=second'\n`,
  );
  await writeFile(join(copy, 'standby.signal'), '');

  const start = async (folder: string, at: number): Promise<PlainServer> => {
    const settings = {
      listen_addresses: '127.0.0.1',
      unix_socket_directories: '',
      fsync: 'off',
      shared_buffers: '32MB',
      max_prepared_transactions: '10',
      wal_receiver_status_interval: '1s',
      wal_retrieve_retry_interval: '200ms',
      timezone: 'UTC',
    };
    const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    await rm(join(folder, 'postmaster.pid'), { force: true });
    const server = startServerProcess(
      program,
      ['-D', folder, '-p', String(at), ...flags],
      join(folder, '..', 'server.log'),
      {
        ...account,
        cwd: '/',
        isGroup: true,
      },
    );
    return { port: at, folder, lose: server.kill };
  };
  const primary = await start(directory, port);
  const standby = await start(copy, port === 65_535 ? port - 1 : await nextFreePort());
  const running = new Set([primary, standby]);
  const proxy = await startHoldingProxy();
  proxy.forwardTo(port);
  const at = (where: number, database: string) => {
    const url = new URL(address.href);
    url.hostname = '127.0.0.1';
    url.port = String(where);
    url.pathname = `/${database}`;
    return url.href;
  };
  const pair: ReplicatedPair = {
    primary,
    standby,
    proxy,
    url: (database) => at(proxy.port, database),
    urlOf: (server, database) => at(server.port, database),
    startAgain: async (server) => {
      const again = await start(server.folder, server.port);
      running.add(again);
      await serverAnswers(at(again.port, 'postgres'));
      return again;
    },
    stop: async () => {
      await proxy.close();
      for (const server of running) await server.lose().catch(() => {});
      await rm(first.folder, { recursive: true, force: true });
      await rm(copy, { recursive: true, force: true });
    },
  };
  await serverAnswers(at(standby.port, 'postgres'));
  await waitForReplication(at(port, 'postgres'), options.isSynchronous ? 'sync' : 'async');
  return pair;
}

async function nextFreePort(): Promise<number> {
  const { freePort } = await import('../../src/install/embedded/server.js');
  return freePort(undefined);
}

/** Until the primary has a standby of this kind. */
export async function waitForReplication(url: string, state: 'sync' | 'async'): Promise<void> {
  await waitFor(
    async () => {
      const client = await connectClient({ url, purpose: 'fault watch' }).catch(() => undefined);
      if (client === undefined) return false;
      const { rows } = await client.query('select sync_state from pg_stat_replication').finally(() => client.end());
      return rows.some((row) => row.sync_state === state);
    },
    { timeoutSeconds: 60, what: `a standby is ${state}`, intervalMilliseconds: 100 },
  );
}
