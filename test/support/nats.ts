import { spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AckPolicy,
  type JetStreamManager,
  jetstreamManager,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { connect, type NatsConnection, type NodeConnectionOptions } from '@nats-io/transport-node';
import { freePorts } from './free-port.js';
import { type ServerNode, type ServerProcess, startServerNode, startServerProcess } from './server-process.js';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js';
import { waitFor } from './wait.js';

/** False where there is no nats-server: the suites that need one skip. */
export const isNatsInstalled = spawnSync('nats-server', ['--version'], { stdio: 'ignore' }).status === 0;

/** One server. The target reaches it through a proxy, the tests themselves directly. */
export interface NatsNode extends ServerNode {
  readonly name: string;
  readonly port: number;
  readonly proxy: TcpProxy;
}

export interface NatsCluster {
  readonly nodes: readonly NatsNode[];
  /** `host:port` of each proxy. */
  readonly servers: readonly string[];
  /** A connection that bypasses the proxies and reconnects. */
  readonly connection: NatsConnection;
  manager(): Promise<JetStreamManager>;
  createStream(name: string, config?: Partial<StreamConfig>): Promise<void>;
  /** Every message of a stream from the first, read by a consumer of its own. */
  readAll(stream: string): Promise<readonly StoredMessage[]>;
  /** How many messages a stream has. */
  count(stream: string): Promise<number>;
  /** Node that leads a stream. */
  leaderOf(stream: string): Promise<NatsNode>;
  stop(): Promise<void>;
}

export interface StoredMessage {
  readonly subject: string;
  readonly messageId: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

export interface NatsOptions {
  readonly nodes?: number;
  /** Lines of every configuration. */
  readonly settings?: readonly string[];
  /** How the tests themselves log in. */
  readonly login?: NodeConnectionOptions;
}

/** Starts servers with JetStream in a temporary folder; three form a cluster. */
export async function startNats(options: NatsOptions = {}): Promise<NatsCluster> {
  const count = options.nodes ?? 1;
  const login = options.login ?? {};
  const folder = await mkdtemp(join(tmpdir(), 'iu-core-nats-'));
  const ports = await freePorts(count * 2);
  const routes = ports.slice(count).map((port) => `nats://127.0.0.1:${port}`);
  const started: ServerProcess[] = [];
  const nodes: NatsNode[] = [];
  for (let at = 0; at < count; at += 1) {
    const port = ports[at] as number;
    const name = `n${at + 1}`;
    const file = join(folder, `${name}.conf`);
    const cluster = `cluster { name: test, listen: "127.0.0.1:${ports[count + at]}", routes: [${routes.join(', ')}] }`;
    const lines = [
      `server_name: ${name}`,
      `listen: "127.0.0.1:${port}"`,
      `jetstream { store_dir: "${join(folder, name)}" }`,
      'max_payload: 2097152',
      ...(count > 1 ? [cluster] : []),
      ...(options.settings ?? []),
    ];
    await writeFile(file, `${lines.join('\n')}\n`);
    nodes.push(makeNode(name, port, file, folder, await startTcpProxy(port), started, login));
  }
  try {
    await Promise.all(nodes.map(({ port }) => waitForServer(port, login)));
    const connection = await connect({
      servers: nodes.map(({ port }) => `127.0.0.1:${port}`),
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
      ignoreClusterUpdates: true,
      ...login,
    });
    return makeCluster(nodes, connection, async () => {
      await connection.close();
      await Promise.all(started.map((one) => one.kill()));
      await Promise.all(nodes.map(({ proxy }) => proxy.close()));
      await rm(folder, { recursive: true, force: true });
    });
  } catch (error) {
    await Promise.all(started.map((one) => one.kill()));
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}

function makeNode(
  name: string,
  port: number,
  file: string,
  folder: string,
  proxy: TcpProxy,
  started: ServerProcess[],
  login: NodeConnectionOptions,
): NatsNode {
  const start = () => {
    const server = startServerProcess('nats-server', ['-c', file], join(folder, `${name}.log`));
    started.push(server);
    return server;
  };
  return { name, port, proxy, ...startServerNode(start, () => waitForServer(port, login)) };
}

/** True once the server answers a connection and, in a cluster, has found a leader for JetStream. */
async function waitForServer(port: number, login: NodeConnectionOptions): Promise<void> {
  await waitFor(
    async () => {
      const options = { servers: `127.0.0.1:${port}`, reconnect: false, timeout: 1_000, ...login };
      const connection = await connect(options).catch(() => undefined);
      if (connection === undefined) return false;
      const isReady = await jetstreamManager(connection, { timeout: 1_000 }).then(
        () => true,
        () => false,
      );
      await connection.close();
      return isReady;
    },
    { timeoutSeconds: 30, intervalMilliseconds: 50, what: `nats-server on port ${port}` },
  );
}

function makeCluster(nodes: readonly NatsNode[], connection: NatsConnection, stop: () => Promise<void>): NatsCluster {
  const manager = () => jetstreamManager(connection, { checkAPI: false, timeout: 5_000 });
  return {
    nodes,
    servers: nodes.map(({ proxy }) => `127.0.0.1:${proxy.port}`),
    connection,
    manager,
    createStream: async (name, config = {}) => {
      const jetStream = await manager();
      await waitFor(
        () =>
          jetStream.streams.add({ name, subjects: [`${name}.>`], ...config }).then(
            () => true,
            () => false,
          ),
        { timeoutSeconds: 20, intervalMilliseconds: 100, what: `stream ${name}` },
      );
    },
    readAll: (stream) => readAll(manager, stream),
    count: async (stream) => (await settledInfo(manager, stream)).state.messages,
    leaderOf: async (stream) => {
      const leader = await waitFor(async () => (await (await manager()).streams.info(stream)).cluster?.leader, {
        what: `leader of ${stream}`,
      });
      const node = nodes.find(({ name }) => name === leader);
      if (node === undefined) throw new Error(`No node ${leader}`);
      return node;
    },
    stop,
  };
}

/** What the leader of a stream says once every replica has everything; asked again while a server restarts. */
async function settledInfo(manager: () => Promise<JetStreamManager>, stream: string): Promise<StreamInfo> {
  return waitFor(
    async () => {
      const info = await (await manager()).streams.info(stream).catch(() => undefined);
      const isBehind = info?.cluster?.replicas?.some(
        ({ offline, current, lag }) => offline === true || !current || (lag ?? 0) > 0,
      );
      return info !== undefined && info.cluster?.leader !== '' && isBehind !== true ? info : undefined;
    },
    { timeoutSeconds: 60, intervalMilliseconds: 50, what: `all replicas of ${stream}` },
  );
}

async function readAll(manager: () => Promise<JetStreamManager>, stream: string): Promise<readonly StoredMessage[]> {
  const { state } = await settledInfo(manager, stream);
  if (state.messages === 0) return [];
  const jetStream = await manager();
  const created = await jetStream.consumers.add(stream, { ack_policy: AckPolicy.None, mem_storage: true });
  const consumer = await jetStream.jetstream().consumers.get(stream, created.name);
  const found: StoredMessage[] = [];
  const messages = await consumer.consume({ max_messages: 500 });
  for await (const message of messages) {
    const headers = new Map<string, string>();
    for (const name of message.headers?.keys() ?? []) headers.set(name.toLowerCase(), message.headers?.get(name) ?? '');
    const messageId = message.headers?.get('Nats-Msg-Id') ?? '';
    found.push({ subject: message.subject, messageId, headers, body: message.string() });
    // By the count of the stream, not by what the consumer knows to be pending: its node may be behind.
    if (found.length === state.messages) break;
  }
  await messages.close();
  await jetStream.consumers.delete(stream, created.name);
  return found;
}
