import { isIP } from 'node:net';
import type { Producer } from '@platformatic/kafka';
import { IuError } from '../../contract/errors/index.js';
import type { BrokerServer } from '../broker/settings.js';

/** How brokers are reached, with secrets already read. */
export interface KafkaConnection {
  readonly clientId: string;
  readonly brokers: readonly BrokerServer[];
  readonly sasl?: { readonly mechanism: SaslMechanism; readonly username: string; readonly password: string };
  readonly tls?: { readonly ca?: string; readonly cert?: string; readonly key?: string };
}

export type SaslMechanism = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';

/** A record as the producer takes it. */
export interface KafkaRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: Buffer;
  readonly value: Buffer;
  readonly headers: Map<Buffer, Buffer>;
}

export type KafkaProducer = Producer<Buffer, Buffer, Buffer, Buffer>;

type KafkaLibrary = typeof import('@platformatic/kafka');

/** How long a broker waits for its replicas before it answers with a timeout of its own. */
const replicationTimeoutMilliseconds = 5_000;

/** Loaded at the first kafka route: a process without one does not need the library. Throws IU470 where it is not installed. */
export async function loadKafkaLibrary(
  load: () => Promise<KafkaLibrary> = () => import('@platformatic/kafka'),
): Promise<KafkaLibrary> {
  try {
    return await load();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new IuError('IU470', {
      message: 'A kafka route needs the package @platformatic/kafka, which is not installed.',
    });
  }
}

/** Options of every client: nothing is retried inside, so that each try is seen, and metadata is asked for only when we say so. */
export function clientOptions(connection: KafkaConnection) {
  const { sasl, tls } = connection;
  return {
    clientId: connection.clientId,
    bootstrapBrokers: [...connection.brokers],
    connectTimeout: 5_000,
    // Our own deadlines end what hangs; after a timeout of its own the client cannot read the connection any more.
    requestTimeout: 600_000,
    timeout: replicationTimeoutMilliseconds,
    retries: false,
    metadataMaxAge: Number.MAX_SAFE_INTEGER,
    autocreateTopics: false,
    ...(sasl === undefined ? {} : { sasl: { ...sasl } }),
    ...(tls === undefined
      ? {}
      : { tls: { ...tls, minVersion: 'TLSv1.2' as const }, tlsServerName: areAllNames(connection.brokers) }),
  };
}

/** An idempotent producer with acks=all. Connects at its first request. */
export function openProducer(library: KafkaLibrary, connection: KafkaConnection): KafkaProducer {
  return new library.Producer<Buffer, Buffer, Buffer, Buffer>({
    ...clientOptions(connection),
    idempotent: true,
    repeatOnStaleMetadata: false,
  });
}

/** The client's own close waits until everything is flushed, to a broker that hangs for ever. */
export function breakConnections(client: Pick<KafkaProducer, 'connections'>): void {
  for (const [, connection] of [...client.connections]) connection.socket?.destroy();
}

/** Ends a producer at once, whatever is on its way. Never throws. */
export async function discardProducer(producer: KafkaProducer): Promise<void> {
  breakConnections(producer);
  await new Promise<void>((resolve) => {
    producer.close(true, () => resolve());
  });
}

/** The client sends a server name (SNI) to all brokers or to none, and an address may not be one. */
function areAllNames(brokers: readonly BrokerServer[]): boolean {
  return brokers.every(({ host }) => isIP(host) === 0);
}
