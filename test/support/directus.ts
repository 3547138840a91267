import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from './wait.js';

/** What the REST API answered. */
export interface DirectusAnswer {
  readonly status: number;
  readonly text: string;
}

/** A Directus server of a test's own, in a database of its own. */
export interface DirectusServer {
  readonly url: string;
  /** Static token of the administrator; the first start of a database decides it. */
  readonly token: string;
  /** Calls the REST API as administrator, or with another token. */
  call(method: string, path: string, body?: unknown, token?: string): Promise<DirectusAnswer>;
  /** Calls the REST API as administrator and gives `data`; throws for anything but 2xx. */
  api<Data>(method: string, path: string, body?: unknown): Promise<Data>;
  /** What it wrote to its log, errors only. */
  log(): string;
  stop(): Promise<void>;
}

/** An operation of a flow, as the REST API takes it. */
export interface FlowOperation {
  readonly type: string;
  readonly options: Readonly<Record<string, unknown>>;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Version of the installation in `folder`. */
export function directusVersion(folder: string): string {
  return JSON.parse(readFileSync(join(folder, 'node_modules/directus/package.json'), 'utf8')).version;
}

/** Boots the installation in `folder` (scripts/test-directus.mjs) on an empty database, or again on one where `token` is known. */
export async function startDirectus(
  folder: string,
  databaseUrl: string,
  token: string = randomUUID(),
): Promise<DirectusServer> {
  const node = join(folder, 'node_modules/.bin/node');
  const cli = join(folder, 'node_modules/directus/cli.js');
  const workFolder = await mkdtemp(join(tmpdir(), 'iu-core-test-directus-'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = environmentOf(databaseUrl, port, token);
  const bootstrap = spawnSync(node, [cli, 'bootstrap'], { cwd: workFolder, env, encoding: 'utf8' });
  if (bootstrap.status !== 0) throw new Error(`directus bootstrap: ${bootstrap.stdout}${bootstrap.stderr}`);
  const child: ChildProcess = spawn(node, [cli, 'start'], {
    cwd: workFolder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  }
  await waitFor(
    () =>
      fetch(`${url}/server/ping`).then(
        (answer) => answer.ok,
        () => false,
      ),
    { timeoutSeconds: 120, intervalMilliseconds: 200, what: 'Directus to answer' },
  );
  const call = async (method: string, path: string, body?: unknown, as = token): Promise<DirectusAnswer> => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${as}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: answer.status, text: await answer.text() };
  };
  return {
    url,
    token,
    log: () => log,
    call,
    api: async <Data>(method: string, path: string, body?: unknown) => {
      const { status, text } = await call(method, path, body);
      if (status >= 300) throw new Error(`${method} ${path}: ${status} ${text}`);
      return (text === '' ? undefined : JSON.parse(text).data) as Data;
    },
    stop: async () => {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      await rm(workFolder, { recursive: true });
    },
  };
}

function environmentOf(databaseUrl: string, port: number, token: string): NodeJS.ProcessEnv {
  const database = new URL(databaseUrl);
  return {
    PATH: process.env.PATH,
    HOME: process.env.HOME,
    HOST: '127.0.0.1',
    PORT: String(port),
    PUBLIC_URL: `http://127.0.0.1:${port}`,
    DB_CLIENT: 'pg',
    DB_HOST: database.hostname,
    DB_PORT: database.port,
    DB_DATABASE: database.pathname.slice(1),
    DB_USER: decodeURIComponent(database.username),
    DB_PASSWORD: decodeURIComponent(database.password) || 'x',
    KEY: randomUUID(),
    SECRET: `${randomUUID()}${randomUUID()}`,
    ADMIN_EMAIL: 'admin@example.com',
    ADMIN_PASSWORD: randomUUID(),
    ADMIN_TOKEN: token,
    TELEMETRY: 'false',
    CACHE_ENABLED: 'false',
    RATE_LIMITER_ENABLED: 'false',
    // a busy machine is no reason to refuse what a test asks
    PRESSURE_LIMITER_ENABLED: 'false',
    WEBSOCKETS_ENABLED: 'false',
    // a flow may send a request to this machine
    IMPORT_IP_DENY_LIST: '',
    LOG_LEVEL: 'error',
  };
}

/**
 * Makes a flow with a webhook trigger and its operations one after the other; gives its id. Flow and operations are made one by one and
 * joined from the last to the first, because the API takes no nested ones.
 */
export async function createFlow(
  directus: DirectusServer,
  options: Readonly<Record<string, unknown>>,
  operations: readonly FlowOperation[],
): Promise<string> {
  const { id: flow } = await directus.api<{ id: string }>('POST', '/flows', {
    name: `test ${randomUUID()}`,
    status: 'active',
    trigger: 'webhook',
    accountability: 'all',
    options: { method: 'POST', async: false, return: '$last', ...options },
  });
  let next: string | undefined;
  for (const [index, operation] of [...operations.entries()].reverse()) {
    const { id } = await directus.api<{ id: string }>('POST', '/operations', {
      flow,
      name: `step ${index}`,
      key: `step_${index}`,
      position_x: 20 + 18 * index,
      position_y: 1,
      ...operation,
      ...(next === undefined ? {} : { resolve: next }),
    });
    next = id;
  }
  await directus.api('PATCH', `/flows/${flow}`, { operation: next });
  return flow;
}
