import type { KeyObject } from 'node:crypto';
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import { IuError } from '../errors/index.js';

/** Scheme of a signature: `hmac` is written `v1`, `ed25519` is written `v1a`. */
export type SignatureScheme = 'hmac' | 'ed25519';

/** A key as node:crypto holds it; made once, used for every request. */
export interface SignatureKey {
  readonly scheme: SignatureScheme;
  readonly key: KeyObject;
}

/** How far the timestamp of a request may be from the receiver's clock, both ways. */
export const defaultToleranceSeconds = 300;

/** DER of a PKCS #8 private and an SPKI public ed25519 key, up to the 32 bytes of the key itself. */
const ed25519PrivatePrefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const ed25519PublicPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/** The bytes after the prefix; undefined when it is another prefix or no base64. */
function bytesAfter(prefix: string, text: string): Buffer | undefined {
  const encoded = text.startsWith(prefix) ? text.slice(prefix.length) : '';
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/.test(encoded)) return undefined;
  return encoded === '' ? undefined : Buffer.from(encoded, 'base64');
}

/** A secret of 24 to 64 bytes, `whsec_` and base64. Throws IU453 without naming the value. */
export function hmacKey(secret: string): SignatureKey {
  const bytes = bytesAfter('whsec_', secret);
  if (bytes === undefined || bytes.length < 24 || bytes.length > 64) {
    throw new IuError('IU453', { message: 'a signing secret is not whsec_ and the base64 of 24 to 64 bytes' });
  }
  return { scheme: 'hmac', key: createSecretKey(bytes) };
}

/** A private key, `whsk_` and base64 of the 32-byte seed or of seed and public key. Throws IU453. */
export function ed25519SigningKey(secret: string): SignatureKey {
  const bytes = bytesAfter('whsk_', secret);
  if (bytes === undefined || (bytes.length !== 32 && bytes.length !== 64)) {
    throw new IuError('IU453', { message: 'a signing key is not whsk_ and the base64 of 32 or 64 bytes' });
  }
  const key = createPrivateKey({
    key: Buffer.concat([ed25519PrivatePrefix, bytes.subarray(0, 32)]),
    format: 'der',
    type: 'pkcs8',
  });
  return { scheme: 'ed25519', key };
}

/** A public key, `whpk_` and base64 of 32 bytes. Throws IU453. */
export function ed25519VerifyingKey(text: string): SignatureKey {
  const bytes = bytesAfter('whpk_', text);
  if (bytes?.length !== 32) {
    throw new IuError('IU453', { message: 'a public key is not whpk_ and the base64 of 32 bytes' });
  }
  const key = createPublicKey({ key: Buffer.concat([ed25519PublicPrefix, bytes]), format: 'der', type: 'spki' });
  return { scheme: 'ed25519', key };
}

/** The public key that belongs to a `whsk_` key, as its receivers need it. Throws IU453. */
export function publicKeyText(secret: string): string {
  const der = createPublicKey(ed25519SigningKey(secret).key).export({ format: 'der', type: 'spki' });
  return `whpk_${der.subarray(ed25519PublicPrefix.length).toString('base64')}`;
}

/**
 * Value of `webhook-signature`: one signature a key, separated by blanks, over `id.timestamp.body`. With two keys, old and new, a
 * receiver may change from one to the other at any moment.
 */
export function signatureHeader(
  keys: readonly SignatureKey[],
  id: string,
  timestampSeconds: number,
  body: Uint8Array,
): string {
  const head = `${id}.${timestampSeconds}.`;
  let header = '';
  for (const { scheme, key } of keys) {
    const signature =
      scheme === 'hmac'
        ? `v1,${createHmac('sha256', key).update(head).update(body).digest('base64')}`
        : `v1a,${sign(null, Buffer.concat([Buffer.from(head), body]), key).toString('base64')}`;
    header = header === '' ? signature : `${header} ${signature}`;
  }
  return header;
}

/** True when a signature of the header belongs to one of the keys. Compares in constant time. */
export function signatureMatches(
  header: string,
  keys: readonly SignatureKey[],
  id: string,
  timestampSeconds: number,
  body: Uint8Array,
): boolean {
  const head = `${id}.${timestampSeconds}.`;
  // More than a rotation ever needs; without a bound a hostile header of ed25519 signatures costs 0.1 ms each.
  const given = header.split(' ', 16).map((entry) => {
    const comma = entry.indexOf(',');
    return { version: entry.slice(0, comma), signature: Buffer.from(entry.slice(comma + 1), 'base64') };
  });
  let matches = false;
  for (const { scheme, key } of keys) {
    const version = scheme === 'hmac' ? 'v1' : 'v1a';
    const candidates = given.filter((entry) => entry.version === version);
    if (scheme === 'hmac') {
      const expected = createHmac('sha256', key).update(head).update(body).digest();
      for (const { signature } of candidates) {
        if (signature.length === expected.length && timingSafeEqual(signature, expected)) matches = true;
      }
    } else {
      const signed = Buffer.concat([Buffer.from(head), body]);
      for (const { signature } of candidates) if (verify(null, signed, key, signature)) matches = true;
    }
  }
  return matches;
}
