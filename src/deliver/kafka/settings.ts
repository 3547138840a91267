import { z } from 'zod';
import { IuError } from '../../contract/errors/index.js';
import {
  brokerConfigOf,
  parseServer,
  readSecrets,
  readTlsFiles,
  requireListed,
  secretReference,
  tlsSettings,
} from '../broker/settings.js';
import type { TargetRoute, TargetSurroundings } from '../target.js';
import type { KafkaConnection } from './client.js';

const kafkaPort = 9092;

/** `target_config` of a kafka route. */
const settings = z.strictObject({
  /** `host:port`, to begin with; the cluster names the rest. */
  brokers: z
    .array(z.string().refine((text) => parseServer(text, kafkaPort) !== undefined, 'write host:port'))
    .min(1)
    .max(20),
  sasl: z
    .strictObject({
      mechanism: z.enum(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512']),
      username: secretReference,
      password: secretReference,
    })
    .optional(),
  tls: tlsSettings.optional(),
});

/** Reads target_ref and target_config. Throws IU454, IU472, IU473, IU474 and what secrets and certificates throw. */
export async function readKafkaSettings(
  route: TargetRoute,
  surroundings: TargetSurroundings,
): Promise<{ readonly topic: string; readonly connection: KafkaConnection }> {
  const config = brokerConfigOf(settings, route);
  const topic = route.targetRef;
  if (!/^[A-Za-z0-9._-]{1,249}$/.test(topic) || topic === '.' || topic === '..') {
    throw new IuError('IU472', { message: `route ${route.routeCode}: target_ref is not the name of a topic.` });
  }
  const servers = config.brokers.flatMap((text) => parseServer(text, kafkaPort) ?? []);
  requireListed(servers, surroundings.allow);
  if (config.sasl?.mechanism === 'PLAIN' && config.tls === undefined) {
    throw new IuError('IU474', { message: 'sasl PLAIN sends the password readable: it needs tls.' });
  }
  const login = await readSecrets(
    { username: config.sasl?.username, password: config.sasl?.password },
    surroundings.environment,
  );
  const tls = await readTlsFiles(config.tls);
  const { username, password } = login;
  const sasl =
    config.sasl === undefined || username === undefined || password === undefined
      ? undefined
      : { mechanism: config.sasl.mechanism, username, password };
  return {
    topic,
    connection: {
      clientId: clientIdOf(surroundings.deployment),
      brokers: servers,
      ...(sasl && { sasl }),
      ...(tls && { tls }),
    },
  };
}

/** Name under which brokers log and meter the client. */
function clientIdOf(deployment: string): string {
  return `iu-core-${deployment}`.replace(/[^A-Za-z0-9._-]/g, '-');
}
