import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Admin, Consumer } from '@platformatic/kafka';
import { freePorts } from './free-port.js';
import { type ServerNode, type ServerProcess, startServerNode, startServerProcess } from './server-process.js';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.js';
import { waitFor } from './wait.js';

/** Where scripts/install-kafka.mjs puts the jars. */
const jars = fileURLToPath(new URL('../../.iu/kafka/4.3.1', import.meta.url));

/** False where there is no Java or scripts/install-kafka.mjs was not run: the suites that need a broker skip. */
export const isKafkaInstalled = existsSync(jars) && spawnSync('java', ['-version'], { stdio: 'ignore' }).status === 0;

/** Small and quick to start: these brokers live for seconds. */
const javaOptions = ['-Xms128m', '-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', `${jars}/*`];

/** One broker of a cluster. The target reaches it through a proxy, the tests themselves directly. */
export interface KafkaNode extends ServerNode {
  readonly nodeId: number;
  readonly proxy: TcpProxy;
}

export interface KafkaCluster {
  readonly nodes: readonly KafkaNode[];
  /** `host:port` of each proxy. */
  readonly brokers: readonly string[];
  readonly admin: Admin;
  createTopic(name: string, options?: TopicOptions): Promise<void>;
  configure(topic: string, key: string, value: string): Promise<void>;
  /** Reads a topic from its beginning, on and on. */
  read(topic: string): Promise<TopicReader>;
  stop(): Promise<void>;
}

export interface TopicOptions {
  readonly partitions?: number;
  readonly replicas?: number;
  readonly settings?: Readonly<Record<string, string>>;
  /** Brokers of each partition, the leader first; instead of partitions and replicas. */
  readonly assignments?: readonly (readonly number[])[];
}

export interface ReadRecord {
  readonly partition: number;
  readonly offset: bigint;
  readonly key: string;
  readonly value: string;
  readonly headers: ReadonlyMap<string, string>;
}

export interface TopicReader {
  readonly records: readonly ReadRecord[];
  /** Waits until everything that is in the topic now was read. */
  catchUp(): Promise<readonly ReadRecord[]>;
  close(): Promise<void>;
}

interface NodePorts {
  readonly client: number;
  readonly direct: number;
}

export interface KafkaOptions {
  readonly nodes?: number;
  /** Lines of the configuration of every broker. */
  readonly settings?: Readonly<Record<string, string>>;
  /** A user that exists from the start, for SCRAM-SHA-512. */
  readonly user?: { readonly name: string; readonly password: string };
}

/** Starts brokers in KRaft mode in a temporary folder; node 1 is also the controller, so it is not the one to kill for long. */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaCluster> {
  const count = options.nodes ?? 1;
  const folder = await mkdtemp(join(tmpdir(), 'iu-core-kafka-'));
  // Begins with a letter: the tool that formats the folder takes a leading '-' for an option.
  const idBytes = randomBytes(16);
  idBytes[0] = (idBytes[0] ?? 0) & 0x7f;
  const clusterId = idBytes.toString('base64url');
  const ports = await freePorts(count * 2 + 1);
  const controllerPort = ports.pop() as number;
  const nodes: KafkaNode[] = [];
  const started: ServerProcess[] = [];
  const direct: string[] = [];
  try {
    for (let nodeId = 1; nodeId <= count; nodeId += 1) {
      const [client, directPort] = [ports.pop() as number, ports.pop() as number];
      direct.push(`127.0.0.1:${directPort}`);
      const proxy = await startTcpProxy(client);
      const file = join(folder, `node${nodeId}.properties`);
      const text = nodeSettings(
        nodeId,
        { client, direct: directPort },
        controllerPort,
        proxy.port,
        folder,
        options.settings,
      );
      await writeFile(file, text);
      format(file, clusterId, options.user);
      nodes.push(makeNode(nodeId, file, folder, directPort, proxy, started));
    }
    const admin = new Admin({ clientId: 'test-admin', bootstrapBrokers: direct, retries: 3, metadataMaxAge: 0 });
    await waitForBrokers(admin, count);
    return makeCluster(nodes, admin, direct, async () => {
      await admin.close().catch(() => undefined);
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

function nodeSettings(
  nodeId: number,
  ports: NodePorts,
  controllerPort: number,
  proxyPort: number,
  folder: string,
  more: Readonly<Record<string, string>> = {},
): string {
  const isController = nodeId === 1;
  const settings: Record<string, string> = {
    'process.roles': isController ? 'broker,controller' : 'broker',
    'node.id': String(nodeId),
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: [
      `CLIENT://127.0.0.1:${ports.client}`,
      `DIRECT://127.0.0.1:${ports.direct}`,
      ...(isController ? [`CONTROLLER://127.0.0.1:${controllerPort}`] : []),
    ].join(','),
    'advertised.listeners': `CLIENT://127.0.0.1:${proxyPort},DIRECT://127.0.0.1:${ports.direct}`,
    'listener.security.protocol.map': 'CLIENT:PLAINTEXT,DIRECT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'DIRECT',
    'log.dirs': join(folder, `data${nodeId}`),
    'num.partitions': '3',
    'auto.create.topics.enable': 'false',
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '1',
    'group.initial.rebalance.delay.ms': '0',
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    ...more,
  };
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
}

function format(file: string, clusterId: string, user: KafkaOptions['user']): void {
  const scram = user === undefined ? [] : ['-S', `SCRAM-SHA-512=[name=${user.name},password=${user.password}]`];
  const result = spawnSync(
    'java',
    [...javaOptions, 'kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', file, ...scram],
    {
      encoding: 'utf8',
    },
  );
  if (result.status !== 0) throw new Error(`Kafka could not format its folder: ${result.stderr}`);
}

function makeNode(
  nodeId: number,
  file: string,
  folder: string,
  directPort: number,
  proxy: TcpProxy,
  started: ServerProcess[],
): KafkaNode {
  const start = () => {
    const server = startServerProcess('java', [...javaOptions, 'kafka.Kafka', file], join(folder, `node${nodeId}.log`));
    started.push(server);
    return server;
  };
  return { nodeId, proxy, ...startServerNode(start, () => waitForBroker(nodeId, directPort)) };
}

async function waitForBroker(nodeId: number, directPort: number): Promise<void> {
  const admin = new Admin({
    clientId: 'test-admin',
    bootstrapBrokers: [`127.0.0.1:${directPort}`],
    retries: false,
  });
  await waitFor(
    () =>
      admin.metadata({ topics: [], forceUpdate: true }).then(
        (found) => found.brokers.has(nodeId),
        () => false,
      ),
    {
      timeoutSeconds: 60,
      intervalMilliseconds: 200,
      what: `broker ${nodeId} after its restart`,
    },
  );
  await admin.close();
}

async function waitForBrokers(admin: Admin, count: number): Promise<void> {
  await waitFor(
    () =>
      admin.metadata({ topics: [], forceUpdate: true }).then(
        (found) => found.brokers.size === count,
        () => false,
      ),
    { timeoutSeconds: 90, intervalMilliseconds: 200, what: `${count} Kafka brokers` },
  );
}

function makeCluster(
  nodes: readonly KafkaNode[],
  admin: Admin,
  direct: readonly string[],
  stop: () => Promise<void>,
): KafkaCluster {
  const readers: TopicReader[] = [];
  return {
    nodes,
    admin,
    brokers: nodes.map(({ proxy }) => `127.0.0.1:${proxy.port}`),
    createTopic: async (name, options = {}) => {
      const { partitions = 1, replicas = 1, settings = {}, assignments } = options;
      const configs = Object.entries(settings).map(([key, value]) => ({ name: key, value }));
      await admin.createTopics({
        topics: [name],
        ...(assignments === undefined
          ? { partitions, replicas }
          : {
              partitions: -1,
              replicas: -1,
              assignments: assignments.map((brokers, partition) => ({ partition, brokers: [...brokers] })),
            }),
        configs,
      });
      // Metadata names a leader a moment before that broker knows.
      const timestamps = Array.from({ length: assignments?.length ?? partitions }, (_, partitionIndex) => ({
        partitionIndex,
        timestamp: -1n,
      }));
      await waitFor(
        () =>
          admin.listOffsets({ topics: [{ name, partitions: timestamps }] }).then(
            ([found]) => found?.partitions.length === timestamps.length,
            () => false,
          ),
        { timeoutSeconds: 30, what: `topic ${name}` },
      );
    },
    configure: async (topic, key, value) => {
      const configs = [{ name: key, value, configOperation: 0 as const }];
      await admin.incrementalAlterConfigs({ resources: [{ resourceType: 2, resourceName: topic, configs }] });
    },
    read: async (topic) => {
      const reader = await openReader(topic, direct, admin);
      readers.push(reader);
      return reader;
    },
    stop: async () => {
      await Promise.all(readers.map((reader) => reader.close()));
      await stop();
    },
  };
}

async function openReader(topic: string, direct: readonly string[], admin: Admin): Promise<TopicReader> {
  const consumer = new Consumer({
    clientId: 'test-reader',
    groupId: `test-${randomBytes(6).toString('hex')}`,
    bootstrapBrokers: [...direct],
    minBytes: 1,
    maxWaitTime: 100,
    autocommit: false,
  });
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest' });
  const records: ReadRecord[] = [];
  stream.on('error', () => undefined);
  stream.on('data', (record) => {
    const headers = new Map([...record.headers].map(([name, value]) => [name.toString(), value.toString()]));
    const { partition, offset, key, value } = record;
    records.push({ partition, offset, key: key?.toString() ?? '', value: value?.toString() ?? '', headers });
  });
  let isClosed = false;
  return {
    records,
    catchUp: async () => {
      const partitions =
        (await admin.metadata({ topics: [topic], forceUpdate: true })).topics.get(topic)?.partitionsCount ?? 0;
      const [ends] = await admin.listOffsets({
        topics: [
          {
            name: topic,
            partitions: Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp: -1n })),
          },
        ],
      });
      const wanted = (ends?.partitions ?? []).reduce((sum, { offset }) => sum + Number(offset), 0);
      await waitFor(() => records.length >= wanted, { timeoutSeconds: 30, what: `${wanted} records of ${topic}` });
      return [...records];
    },
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      await stream.close().catch(() => undefined);
      await new Promise<void>((resolve) => {
        consumer.close(true, () => resolve());
      });
    },
  };
}
