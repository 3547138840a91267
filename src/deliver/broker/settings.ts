import { open } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { isListedHost, parseDeliveryAllow, plainHost } from '../../contract/delivery/address-policy.js';
import { IuError } from '../../contract/errors/index.js';
import { isSecretReference, readSecret } from '../secrets.js';
import type { TargetRoute } from '../target.js';

/** Largest certificate file that is read, in bytes. */
const mostCertificateBytes = 1024 * 1024;

/** A secret, as `env:NAME` or `file:/PATH`. */
export const secretReference = z.string().refine(isSecretReference, 'write env:NAME or file:/ABSOLUTE/PATH');

const certificatePath = z.string().refine(isAbsolute, 'write an absolute path');

/** Keys of `tls`, the same for every broker; `{}` trusts what the machine trusts. Verification cannot be switched off. */
export const tlsSettings = z.strictObject({
  ca_file: certificatePath.optional(),
  cert_file: certificatePath.optional(),
  key_file: certificatePath.optional(),
});

/** Certificates as text in PEM form. */
export interface TlsFiles {
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** The target_config of a route by its schema. Throws IU454 naming the first key that is wrong, never its value. */
export function brokerConfigOf<Schema extends z.ZodType>(schema: Schema, route: TargetRoute): z.output<Schema> {
  const result = schema.safeParse(route.targetConfig);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const path = issue?.path.join('.') || 'target_config';
  const names =
    issue?.code === 'unrecognized_keys' ? `unknown key ${issue.keys.join(', ')}` : (issue?.message ?? 'invalid');
  throw new IuError('IU454', { message: `route ${route.routeCode}: ${path}: ${names}` });
}

/** Reads the files of `tls`. Throws IU458. */
export async function readTlsFiles(tls: z.output<typeof tlsSettings> | undefined): Promise<TlsFiles | undefined> {
  if (tls === undefined) return undefined;
  const [ca, cert, key] = await Promise.all([tls.ca_file, tls.cert_file, tls.key_file].map(readCertificateFile));
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
}

async function readCertificateFile(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const handle = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    throw new IuError('IU458', { message: `${path} cannot be opened (${error.code ?? 'error'})` });
  });
  try {
    const stat = await handle.stat();
    const text = stat.isFile() && stat.size <= mostCertificateBytes ? await handle.readFile('utf8') : '';
    if (!text.includes('-----BEGIN ')) throw new IuError('IU458', { message: `${path} holds nothing in PEM form` });
    return text;
  } finally {
    await handle.close();
  }
}

/** Values of the given references; undefined stays undefined. Throws as `readSecret`. */
export async function readSecrets<Name extends string>(
  references: Readonly<Record<Name, string | undefined>>,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Record<Name, string | undefined>> {
  const entries = Object.entries<string | undefined>(references).map(
    async ([name, reference]) =>
      [name, reference === undefined ? undefined : await readSecret(reference, environment)] as const,
  );
  return Object.fromEntries(await Promise.all(entries)) as Record<Name, string | undefined>;
}

/** A server as `host:port`. */
export interface BrokerServer {
  readonly host: string;
  readonly port: number;
}

/** Reads `host` or `host:port`, `[IPv6]:port`; undefined when it is neither. */
export function parseServer(text: string, defaultPort: number): BrokerServer | undefined {
  if (!/^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9_.-]+)(:\d{1,5})?$/.test(text)) return undefined;
  try {
    // 'ws' has no port of its own that URL would leave out, other than 80.
    const url = new URL(`ws://${text}`);
    const isHttp = /:0*80$/.test(text);
    return { host: plainHost(url.hostname), port: url.port === '' ? (isHttp ? 80 : defaultPort) : Number(url.port) };
  } catch {
    return undefined;
  }
}

/**
 * Judges servers of a broker: each has to be listed in IU_DELIVERY_ALLOW, wherever it is. Unlike a webhook, a broker is a part of the
 * installation, so an operator names it, and a route cannot lead a client of another protocol to a host of its choice.
 */
export function brokerRefusal(allow: readonly string[]): (server: BrokerServer) => string | undefined {
  const list = parseDeliveryAllow(allow);
  return ({ host, port }) =>
    isListedHost(host, port, list) ? undefined : `${host}:${port} is not listed in IU_DELIVERY_ALLOW.`;
}

/** Throws IU473 for the first server that is not listed. */
export function requireListed(servers: readonly BrokerServer[], allow: readonly string[]): void {
  const refusalOf = brokerRefusal(allow);
  for (const server of servers) {
    const refusal = refusalOf(server);
    if (refusal !== undefined) throw new IuError('IU473', { message: refusal });
  }
}
