import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { IuError, verifyWebhook } from '../../src/client/index.js';
import { cloudEventBody } from '../../src/contract/delivery/cloud-event.js';
import {
  ed25519SigningKey,
  ed25519VerifyingKey,
  hmacKey,
  publicKeyText,
  signatureHeader,
  signatureMatches,
} from '../../src/contract/delivery/signature.js';
import { aDelivery, touchyPayloadText } from '../support/delivery.js';
import { newSecret } from '../support/webhook.js';

const route = { deployment: 'shop', routeCode: 'shop_hook' };
const nowSeconds = Math.floor(Date.now() / 1000);

function signed(secrets: readonly string[], body: string, id: string, timestampSeconds = nowSeconds) {
  const keys = secrets.map((secret) => (secret.startsWith('whsk_') ? ed25519SigningKey(secret) : hmacKey(secret)));
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestampSeconds),
    'webhook-signature': signatureHeader(keys, id, timestampSeconds, Buffer.from(body)),
  };
}

function codeOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof IuError ? error.code : String(error);
  }
}

describe('signature of a webhook', () => {
  it('is the one of the example of Standard Webhooks', () => {
    const key = hmacKey('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
    const body = Buffer.from('{"test": 2432232314}');
    expect(signatureHeader([key], 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, body)).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    );
  });

  it('with ed25519 uses the key pair of RFC 8032', () => {
    const seed = Buffer.from('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60', 'hex');
    const publicKey = Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex');
    const secret = `whsk_${seed.toString('base64')}`;
    expect(publicKeyText(secret)).toBe(`whpk_${publicKey.toString('base64')}`);
    expect(publicKeyText(`whsk_${Buffer.concat([seed, publicKey]).toString('base64')}`)).toBe(publicKeyText(secret));
    const header = signatureHeader([ed25519SigningKey(secret)], 'id', 1, Buffer.from('body'));
    expect(header).toMatch(/^v1a,[A-Za-z0-9+/]{86}==$/);
    const key = ed25519VerifyingKey(publicKeyText(secret));
    expect(signatureMatches(header, [key], 'id', 1, Buffer.from('body'))).toBe(true);
    expect(signatureMatches(header, [key], 'id', 1, Buffer.from('Body'))).toBe(false);
    expect(signatureMatches(header, [key], 'id', 2, Buffer.from('body'))).toBe(false);
  });

  it('is accepted by the reference library, in 1,000 random cases and with two keys while one replaces the other', () => {
    let rejected = 0;
    fc.assert(
      fc.property(
        fc.json(),
        fc.string({ unit: 'binary' }),
        fc.integer({ min: 24, max: 64 }),
        (payloadText, actorRef, size) => {
          const [old, current] = [newSecret(size), newSecret(size)];
          const delivery = aDelivery({ event: { payloadText, actorRef } });
          const body = cloudEventBody(delivery, route);
          const headers = signed([current, old], body, delivery.deliveryId);
          for (const secret of [old, current]) {
            try {
              new Webhook(secret).verify(body, headers, { jsonParse: false });
            } catch {
              rejected += 1;
            }
          }
        },
      ),
      { numRuns: 1_000 },
    );
    expect(rejected).toBe(0);
  });

  it('of the reference library is accepted by our receiver', () => {
    fc.assert(
      fc.property(fc.json(), fc.integer({ min: 24, max: 64 }), (payloadText, size) => {
        const secret = newSecret(size);
        const delivery = aDelivery({ event: { payloadText } });
        const body = cloudEventBody(delivery, route);
        const headers = {
          'webhook-id': delivery.deliveryId,
          'webhook-timestamp': String(nowSeconds),
          'webhook-signature': new Webhook(secret).sign(delivery.deliveryId, new Date(nowSeconds * 1000), body),
        };
        expect(verifyWebhook(headers, body, secret).payloadText).toBe(payloadText);
      }),
      { numRuns: 300 },
    );
  });

  it('takes secrets of 24 to 64 bytes in base64 and nothing else, and never repeats one', () => {
    for (const size of [24, 32, 64]) expect(hmacKey(newSecret(size)).scheme).toBe('hmac');
    const unpadded = `whsec_${randomBytes(32).toString('base64').replace('=', '')}`;
    expect(hmacKey(unpadded).scheme).toBe('hmac');
    const bad = [
      newSecret(23),
      newSecret(65),
      'whsec_',
      '',
      'secret',
      randomBytes(32).toString('base64'),
      `whsec_${randomBytes(32).toString('base64url')}-_`,
      `whsec_ ${randomBytes(32).toString('base64')}`,
      `whsk_${randomBytes(32).toString('base64')}`,
    ];
    for (const secret of bad) expect(codeOf(() => hmacKey(secret))).toBe('IU453');
    for (const secret of [...bad.slice(0, 8), `whsk_${randomBytes(31).toString('base64')}`]) {
      expect(codeOf(() => ed25519SigningKey(secret))).toBe('IU453');
    }
    expect(codeOf(() => ed25519VerifyingKey('whpk_AAAA'))).toBe('IU453');
    const canary = 'whsec_CANARYCANARY';
    expect(() => hmacKey(canary)).toThrow(expect.not.objectContaining({ message: expect.stringContaining('CANARY') }));
  });
});

describe('verifyWebhook', () => {
  const secret = newSecret();
  const delivery = aDelivery({ attemptNo: 4 });
  const body = cloudEventBody(delivery, route);
  const headers = () => signed([secret], body, delivery.deliveryId);

  it('gives the event with the exact payload, and the payload parsed when asked for', () => {
    const event = verifyWebhook({ ...headers(), 'iu-attempt': '4' }, Buffer.from(body), secret);
    expect(event).toMatchObject({
      deliveryId: delivery.deliveryId,
      eventId: delivery.event.id,
      source: '/iu-core/shop',
      type: 'orders.order_paid',
      subject: '4711',
      time: '2026-01-31T12:00:00.123456Z',
      sequence: '00009007199254740993',
      routeCode: 'shop_hook',
      isTest: false,
      attemptNo: 4,
    });
    expect(event.payloadText).toBe(touchyPayloadText);
    expect(event.payload).toMatchObject({ huge: Number.POSITIVE_INFINITY });
    expect(event.attributes.stream).toBe('update');
  });

  it('takes headers as node:http, fetch and pairs have them, in any case', () => {
    const plain = headers();
    const upper = Object.fromEntries(Object.entries(plain).map(([name, value]) => [name.toUpperCase(), value]));
    const lists = Object.fromEntries(Object.entries(plain).map(([name, value]) => [name, [value]]));
    for (const form of [plain, upper, lists, new Headers(plain), Object.entries(plain) as [string, string][]]) {
      expect(verifyWebhook(form, body, secret).eventId).toBe(delivery.event.id);
    }
  });

  it('refuses with IU460 when a header is missing, empty or there twice', () => {
    for (const name of ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const) {
      expect(codeOf(() => verifyWebhook({ ...headers(), [name]: undefined }, body, secret))).toBe('IU460');
      expect(codeOf(() => verifyWebhook({ ...headers(), [name]: '' }, body, secret))).toBe('IU460');
      const twice = [...Object.entries(headers()), [name, headers()[name]]] as [string, string][];
      expect(codeOf(() => verifyWebhook(twice, body, secret))).toBe('IU460');
    }
  });

  it('refuses with IU461 what is further than the tolerance from its clock, either way', () => {
    const at = (seconds: number) => signed([secret], body, delivery.deliveryId, nowSeconds + seconds);
    for (const seconds of [-300, 0, 300]) {
      expect(codeOf(() => verifyWebhook(at(seconds), body, secret, { nowSeconds }))).toBeUndefined();
    }
    for (const seconds of [-301, 301]) {
      expect(codeOf(() => verifyWebhook(at(seconds), body, secret, { nowSeconds }))).toBe('IU461');
    }
    expect(codeOf(() => verifyWebhook(at(-301), body, secret, { nowSeconds, toleranceSeconds: 400 }))).toBeUndefined();
    for (const odd of ['soon', '-1', '1e9', '0x10', `${nowSeconds}.5`, `${nowSeconds} `]) {
      expect(codeOf(() => verifyWebhook({ ...headers(), 'webhook-timestamp': odd }, body, secret))).toBe('IU461');
    }
  });

  it('refuses with IU462 a changed body, id, timestamp or signature, and another secret', () => {
    const other = { ...headers(), 'webhook-id': 'another:id' };
    const later = { ...headers(), 'webhook-timestamp': String(nowSeconds + 1) };
    expect(codeOf(() => verifyWebhook(headers(), `${body} `, secret))).toBe('IU462');
    expect(codeOf(() => verifyWebhook(headers(), JSON.stringify(JSON.parse(body)), secret))).toBe('IU462');
    expect(codeOf(() => verifyWebhook(other, body, secret))).toBe('IU462');
    expect(codeOf(() => verifyWebhook(later, body, secret))).toBe('IU462');
    expect(codeOf(() => verifyWebhook(headers(), body, newSecret()))).toBe('IU462');
    for (const signature of [
      'v1,',
      'v1',
      ',',
      'v2,AAAA',
      'v1a,AAAA',
      `v1 ${'x'.repeat(44)}`,
      'v1,AAAA '.repeat(100).trim(),
    ]) {
      expect(codeOf(() => verifyWebhook({ ...headers(), 'webhook-signature': signature }, body, secret))).toBe('IU462');
    }
  });

  it('never accepts a header that was changed at any one character', () => {
    const given = headers()['webhook-signature'];
    const [, signature = ''] = given.split(',');
    for (let at = 0; at < signature.length - 2; at += 1) {
      const changed = `v1,${signature.slice(0, at)}${signature[at] === 'A' ? 'B' : 'A'}${signature.slice(at + 1)}`;
      expect(codeOf(() => verifyWebhook({ ...headers(), 'webhook-signature': changed }, body, secret))).toBe('IU462');
    }
  });

  it('refuses with IU463 a signed body that is no event, or about another delivery than its header says', () => {
    const missing = body.replace('"routecode":"shop_hook",', '');
    for (const text of [
      '',
      '{}',
      'null',
      missing,
      body.replace('"1.0"', '"0.3"'),
      body.replace(/"deliveryid":"[^"]*"/, '"deliveryid":"x"'),
    ]) {
      expect(codeOf(() => verifyWebhook(signed([secret], text, delivery.deliveryId), text, secret))).toBe('IU463');
    }
    const notUtf8 = Buffer.concat([Buffer.from(body.slice(0, -2)), Buffer.from([0xff]), Buffer.from(body.slice(-2))]);
    const signature = signatureHeader([hmacKey(secret)], delivery.deliveryId, nowSeconds, notUtf8);
    expect(codeOf(() => verifyWebhook({ ...headers(), 'webhook-signature': signature }, notUtf8, secret))).toBe(
      'IU463',
    );
  });

  it('refuses with IU464 secrets that verify nothing', () => {
    for (const secrets of ['', 'secret', [], [undefined, ''], [secret, 'whsk_AAAA'], newSecret(16)]) {
      expect(codeOf(() => verifyWebhook(headers(), body, secrets))).toBe('IU464');
    }
  });

  it('leaves out the variable of a secret that is not set, and takes nothing for it', () => {
    for (const unset of [undefined, '']) {
      expect(verifyWebhook(headers(), body, [secret, unset]).eventId).toBe(delivery.event.id);
      expect(codeOf(() => verifyWebhook(headers(), body, [newSecret(32), unset]))).toBe('IU462');
    }
  });

  it('verifies ed25519 with the public key alone', () => {
    const privateKey = `whsk_${randomBytes(32).toString('base64')}`;
    const both = signed([privateKey, secret], body, delivery.deliveryId);
    expect(verifyWebhook(both, body, publicKeyText(privateKey)).eventId).toBe(delivery.event.id);
    expect(verifyWebhook(both, body, secret).eventId).toBe(delivery.event.id);
    expect(codeOf(() => verifyWebhook(both, body, publicKeyText(`whsk_${randomBytes(32).toString('base64')}`)))).toBe(
      'IU462',
    );
  });
});
