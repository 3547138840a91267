import { z } from 'zod';
import type { DeliveryEvent } from '../../contract/delivery/delivery.js';
import { IuError } from '../../contract/errors/index.js';
import {
  type BrokerServer,
  brokerConfigOf,
  parseServer,
  readSecrets,
  readTlsFiles,
  requireListed,
  secretReference,
  type TlsFiles,
  tlsSettings,
} from '../broker/settings.js';
import type { TargetRoute, TargetSurroundings } from '../target.js';
import { subjectOf } from './subject.js';

const natsPort = 4222;

/** `target_config` of a nats route. */
const settings = z.strictObject({
  /** `host:port`. Only these are connected to; what a cluster says about further members is not followed. */
  servers: z
    .array(z.string().refine((text) => parseServer(text, natsPort) !== undefined, 'write host:port'))
    .min(1)
    .max(20),
  /** Name of the stream that has to take the message; another one, or none, refuses it. */
  stream: z.string().regex(/^[^\s.*>/\\]{1,255}$/, 'write the name of a stream'),
  user: secretReference.optional(),
  password: secretReference.optional(),
  token: secretReference.optional(),
  /** Content of a .creds file: JWT and seed. */
  creds: secretReference.optional(),
  /** Seed of an nkey. */
  nkey: secretReference.optional(),
  tls: tlsSettings.optional(),
});

/** How a client logs in. */
export type NatsLogin =
  | { readonly kind: 'none' }
  | { readonly kind: 'user'; readonly user: string; readonly password: string }
  | { readonly kind: 'token'; readonly token: string }
  | { readonly kind: 'creds'; readonly creds: string }
  | { readonly kind: 'nkey'; readonly seed: string };

/** A nats route with its secrets read. */
export interface NatsSettings {
  readonly servers: readonly BrokerServer[];
  readonly stream: string;
  readonly login: NatsLogin;
  readonly tls: TlsFiles | undefined;
  subjectOf(event: DeliveryEvent): string;
}

/** Reads target_ref and target_config. Throws IU454, IU471, IU473, IU474 and what secrets and certificates throw. */
export async function readNatsSettings(route: TargetRoute, surroundings: TargetSurroundings): Promise<NatsSettings> {
  const config = brokerConfigOf(settings, route);
  const servers = config.servers.flatMap((text) => parseServer(text, natsPort) ?? []);
  requireListed(servers, surroundings.allow);
  const { user, password, token, creds, nkey } = config;
  const given = await readSecrets({ user, password, token, creds, nkey }, surroundings.environment);
  return {
    servers,
    stream: config.stream,
    login: loginOf(given),
    tls: await readTlsFiles(config.tls),
    subjectOf: subjectOf(route.targetRef, route.routeCode),
  };
}

function loginOf(
  given: Readonly<Record<'user' | 'password' | 'token' | 'creds' | 'nkey', string | undefined>>,
): NatsLogin {
  const { user, password, token, creds, nkey } = given;
  if ((user === undefined) !== (password === undefined)) {
    throw new IuError('IU474', { message: 'user and password go together.' });
  }
  const logins: NatsLogin[] = [];
  if (user !== undefined && password !== undefined) logins.push({ kind: 'user', user, password });
  if (token !== undefined) logins.push({ kind: 'token', token });
  if (creds !== undefined) logins.push({ kind: 'creds', creds });
  if (nkey !== undefined) logins.push({ kind: 'nkey', seed: nkey });
  if (logins.length > 1) throw new IuError('IU474', { message: 'There is more than one way to log in.' });
  return logins[0] ?? { kind: 'none' };
}
