import { splitCloudEvent } from '../contract/delivery/cloud-event.js';
import {
  defaultToleranceSeconds,
  ed25519VerifyingKey,
  hmacKey,
  type SignatureKey,
  signatureMatches,
} from '../contract/delivery/signature.js';
import { IuError } from '../contract/errors/index.js';
import { ReceivedEvent } from './webhook-event.js';

/** Headers as node:http has them, as fetch has them, or as pairs of names and values. */
export type WebhookHeaders =
  | Readonly<Record<string, string | readonly string[] | undefined>>
  | Iterable<readonly [string, string]>;

export interface VerifyOptions {
  /** How far `webhook-timestamp` may be from this machine's clock, both ways; 300 by default. */
  readonly toleranceSeconds?: number;
  /** Seconds of the Unix epoch, for tests; the clock by default. */
  readonly nowSeconds?: number;
}

/**
 * Checks that a request comes from a sender that holds one of the secrets, is fresh and is unchanged, and gives its event.
 *
 * `rawBody` is the body as it came from the network, before anything parsed it. `secrets` are one or more `whsec_` secrets or `whpk_`
 * public keys: give old and new while one replaces the other. One that is undefined or empty is left out, so that the variable of the
 * old secret need not be set; when none is left nothing is verified (IU464). What was verified can still come twice: see `dedupeById`.
 *
 * Throws IuError: IU460 headers missing, IU461 timestamp too far away, IU462 no signature matches, IU463 the signed body is no event
 * of IU Core, IU464 a secret is unusable. `httpStatus` of the error is what to answer.
 */
export function verifyWebhook(
  headers: WebhookHeaders,
  rawBody: Uint8Array | string,
  secrets: string | readonly (string | undefined)[],
  options: VerifyOptions = {},
): ReceivedEvent {
  const keys = verifyingKeys(typeof secrets === 'string' ? [secrets] : secrets);
  const header = headerReader(headers);
  const id = header('webhook-id');
  const timestamp = header('webhook-timestamp');
  const signature = header('webhook-signature');
  if (id === undefined || timestamp === undefined || signature === undefined) throw new IuError('IU460');
  const timestampSeconds = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : Number.NaN;
  const nowSeconds = options.nowSeconds ?? Math.floor(Date.now() / 1000);
  const distance = Math.abs(nowSeconds - timestampSeconds);
  if (!(distance <= (options.toleranceSeconds ?? defaultToleranceSeconds))) throw new IuError('IU461');
  const body = typeof rawBody === 'string' ? Buffer.from(rawBody, 'utf8') : rawBody;
  if (!signatureMatches(signature, keys, id, timestampSeconds, body)) throw new IuError('IU462');
  return eventOf(body, id, header('iu-attempt'));
}

/** Keys are made once a secret: a receiver verifies with the same ones all day. */
const knownKeys = new Map<string, SignatureKey>();
const mostKnownKeys = 64;

function verifyingKeys(given: readonly (string | undefined)[]): readonly SignatureKey[] {
  const secrets = given.filter((secret): secret is string => secret !== undefined && secret !== '');
  if (secrets.length === 0) throw new IuError('IU464', { message: 'no secret was given' });
  return secrets.map((secret) => {
    const known = knownKeys.get(secret);
    if (known !== undefined) return known;
    const key = newKey(secret);
    if (knownKeys.size >= mostKnownKeys) knownKeys.clear();
    knownKeys.set(secret, key);
    return key;
  });
}

function newKey(secret: string): SignatureKey {
  try {
    return secret.startsWith('whpk_') ? ed25519VerifyingKey(secret) : hmacKey(secret);
  } catch {
    throw new IuError('IU464');
  }
}

/** The value of a header, whatever case its name has; undefined when it is missing, empty or there twice. */
function headerReader(headers: WebhookHeaders): (name: string) => string | undefined {
  const isPairs = Symbol.iterator in headers;
  const found = new Map<string, string | undefined>();
  const pairs = isPairs ? (headers as Iterable<readonly [string, string]>) : Object.entries(headers);
  for (const [name, value] of pairs) {
    const text = typeof value === 'string' ? value : value?.length === 1 ? value[0] : undefined;
    const key = name.toLowerCase();
    found.set(key, found.has(key) || text === '' ? undefined : text);
  }
  return (name) => found.get(name);
}

function eventOf(body: Uint8Array, id: string, attempt: string | undefined): ReceivedEvent {
  let text: string;
  try {
    // Without this, bytes that are no UTF-8 would be replaced and the payload be another than the one that was signed.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw new IuError('IU463');
  }
  const parts = splitCloudEvent(text);
  const event = parts && ReceivedEvent.from(parts.attributes, parts.payloadText, attempt);
  // The header names the delivery for who reads no bodies; a body about another delivery was not written by our sender.
  if (event === undefined || event.deliveryId !== id) throw new IuError('IU463');
  return event;
}
