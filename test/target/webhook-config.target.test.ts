import { randomBytes } from 'node:crypto';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { verifyWebhook } from '../../src/client/index.js';
import { publicKeyText } from '../../src/contract/delivery/signature.js';
import { IuError } from '../../src/contract/errors/index.js';
import { checkSecrets, readSecret } from '../../src/deliver/secrets.js';
import { openWebhook } from '../../src/deliver/webhook/target.js';
import { aDelivery } from '../support/delivery.js';
import { chosenRuns } from '../support/seeded.js';
import { type Sink, startSink } from '../support/sink.js';
import { aRoute, newSecret, openTestWebhook, surroundings, testSecret } from '../support/webhook.js';

let folder: string;
let sink: Sink;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'iu-secrets-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  sink = await startSink();
});
afterEach(() => sink.close());

/** The error with which a configuration is refused; undefined when it is taken. */
async function refusalOf(
  config: Record<string, unknown>,
  environment: Record<string, string> = {},
): Promise<IuError | undefined> {
  try {
    const target = await openWebhook(
      aRoute({ targetRef: `${sink.origin}/hook`, targetConfig: config }),
      surroundings({ environment: { HOOK_SECRET: testSecret, ...environment } }),
    );
    await target.close();
    return undefined;
  } catch (error) {
    if (error instanceof IuError) return error;
    throw error;
  }
}
const secrets = 'env:HOOK_SECRET';

describe('configuration of a webhook', () => {
  it.each([
    ['an unknown key', { secrets, verify_tls: false }, 'IU454', 'verify_tls'],
    ['a key in another case', { secrets, Headers: {} }, 'IU454', 'Headers'],
    ['no secret', {}, 'IU454', 'secrets is missing'],
    ['an empty list', { secrets: [] }, 'IU454', 'secrets'],
    ['a secret although nothing is signed', { secrets, signing: 'none' }, 'IU454', 'none'],
    ['another scheme', { secrets, signing: 'md5' }, 'IU454', 'signing'],
    ['a deadline of nothing', { secrets, deadline_seconds: 0 }, 'IU454', 'deadline_seconds'],
    ['a deadline of 61 s', { secrets, deadline_seconds: 61 }, 'IU454', 'deadline_seconds'],
    ['a deadline that is text', { secrets, deadline_seconds: '15' }, 'IU454', 'deadline_seconds'],
    ['another method', { secrets, method: 'GET' }, 'IU454', 'method'],
    ['a variable that is not set', { secrets: 'env:NOT_SET' }, 'IU451', 'env:NOT_SET'],
    ['a file that is not there', { secrets: 'file:/nowhere/secret' }, 'IU452', 'file:/nowhere/secret'],
    ['a relative file', { secrets: 'file:secret' }, 'IU454', 'secrets'],
    ['a key that is unfit', { secrets: 'env:PLAIN' }, 'IU453', 'whsec_'],
    ['an hmac secret for ed25519', { secrets, signing: 'ed25519' }, 'IU453', 'whsk_'],
  ] as const)('with %s is refused', async (_what, config, code, said) => {
    const refusal = await refusalOf(config, { PLAIN: 'plain' });
    expect(refusal?.code).toBe(code);
    expect(refusal?.message).toContain(said);
  });

  it.each([
    ['one secret', { secrets }],
    ['two secrets', { secrets: [secrets, secrets] }],
    ['nothing signed, said so', { signing: 'none' }],
    [
      'everything',
      { secrets, signing: 'hmac', headers: { 'X-Shop': 'a' }, deadline_seconds: 60, max_connections: 4, method: 'PUT' },
    ],
  ])('with %s is taken', async (_what, config) => {
    expect(await refusalOf(config)).toBeUndefined();
  });

  it.each([
    'Host',
    'Content-Type',
    'content-length',
    'Content-Encoding',
    'webhook-id',
    'Webhook-Signature',
    'WEBHOOK-anything',
    'Connection',
    'Keep-Alive',
    'Transfer-Encoding',
    'TE',
    'Trailer',
    'Upgrade',
    'Expect',
    'Accept-Encoding',
    'Proxy-Authorization',
    'traceparent',
    'iu-test',
    'X-Forwarded-For',
    'Date',
    'User-Agent',
  ])('does not take the header %s, by value or by reference', async (name) => {
    for (const value of ['x', secrets]) {
      const refusal = await refusalOf({ secrets, headers: { [name]: value } });
      expect(refusal).toMatchObject({ code: 'IU454', message: expect.stringContaining(name) });
    }
  });

  it.each(['Authorization', 'Cookie', 'X-Api-Key', 'api-key', 'X-Auth-Token', 'x-secret', 'X-Signature'])(
    'takes the header %s by reference only, and a refusal does not repeat its value',
    async (name) => {
      const refusal = await refusalOf({ secrets, headers: { [name]: 'Bearer canary' } });
      expect(refusal?.code).toBe('IU454');
      expect(refusal?.message).not.toContain('canary');
      expect(
        await refusalOf({ secrets, headers: { [name]: 'env:TOKEN' } }, { TOKEN: 'Bearer canary' }),
      ).toBeUndefined();
    },
  );

  it('row 62: refuses every name and value of a header that could end it, and nothing else reaches the wire', async () => {
    const good = /^[\x21-\x7e](?:[\x20-\x7e]{0,4094}[\x21-\x7e])?$/;
    const injected = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('a\r\nx-evil: 1', 'a\nb', 'a\rb', 'a\u0000b', '\u000a', ' a', 'a ', 'ü', ''),
    );
    await fc.assert(
      fc.asyncProperty(injected, injected, async (name, value) => {
        const refusal = await refusalOf({ secrets, headers: { [`x-${name}`]: value } });
        const isGood = /^x-[A-Za-z0-9!#$%&'*+.^_`|~-]{0,98}$/.test(`x-${name}`) && good.test(value);
        if (!isGood) expect(refusal?.code).toBe('IU454');
        const byReference = await refusalOf({ secrets, headers: { 'x-shop': 'env:VALUE' } }, { VALUE: value });
        if (!good.test(value)) expect(['IU451', 'IU453']).toContain(byReference?.code);
      }),
      { numRuns: 1_000 * chosenRuns() },
    );
  }, 60_000);

  it('sends the headers of the route, values and references, beside its own', async () => {
    const target = await openTestWebhook(`${sink.origin}/hook`, {
      config: { headers: { 'X-Shop': 'north, 1', Authorization: 'env:TOKEN' }, method: 'PUT' },
      surroundings: { environment: { HOOK_SECRET: testSecret, TOKEN: 'Bearer abc' } },
    });
    expect(await target.send(aDelivery(), 2_000)).toMatchObject({ status: 'sent' });
    expect(sink.requests[0]?.headers).toMatchObject({ 'x-shop': 'north, 1', authorization: 'Bearer abc' });
    expect(sink.requests[0]?.method).toBe('PUT');
    await target.close();
  });

  it('signs with ed25519, which a receiver verifies with the public key', async () => {
    const privateKey = `whsk_${randomBytes(32).toString('base64')}`;
    const target = await openTestWebhook(`${sink.origin}/hook`, {
      config: { signing: 'ed25519', secrets: 'env:PRIVATE' },
      surroundings: { environment: { PRIVATE: privateKey } },
    });
    await target.send(aDelivery(), 2_000);
    const { headers = {}, body = Buffer.alloc(0) } = sink.requests[0] ?? {};
    expect(verifyWebhook(headers, body, publicKeyText(privateKey)).type).toBe('orders.order_paid');
    await target.close();
  });

  it('sends unsigned when that was said, and check says so', async () => {
    const target = await openWebhook(
      aRoute({ targetRef: `${sink.origin}/hook`, targetConfig: { signing: 'none' } }),
      surroundings(),
    );
    await target.send(aDelivery(), 2_000);
    expect(sink.requests[0]?.headers).not.toHaveProperty('webhook-signature');
    expect(sink.requests[0]?.headers).toHaveProperty('webhook-id');
    expect(await target.check()).toContainEqual(
      expect.objectContaining({ severity: 'warning', message: expect.stringContaining('signed') }),
    );
    await target.close();
  });
});

describe('secrets of a webhook', () => {
  it('row 61: a file that is changed while deliveries go on counts after five seconds, and none is rejected by who knows both', async () => {
    const [old, current] = [newSecret(), newSecret()];
    const file = join(folder, 'rotating');
    await writeFile(file, `${old}\n`);
    const clock = vi.spyOn(performance, 'now');
    let now = 1_000_000;
    clock.mockImplementation(() => now);
    try {
      const target = await openTestWebhook(`${sink.origin}/hook`, { config: { secrets: [`file:${file}`] } });
      for (let turn = 0; turn < 100; turn += 1) {
        if (turn === 50) {
          await writeFile(`${file}.new`, current);
          await rename(`${file}.new`, file);
        }
        now += 200;
        expect(await target.send(aDelivery(), 2_000)).toMatchObject({ status: 'sent' });
      }
      const signers = sink.requests.map(({ headers, body }) => {
        const isSignedWith = (secret: string) => {
          try {
            new Webhook(secret).verify(body.toString(), headers as Record<string, string>, { jsonParse: false });
            return true;
          } catch {
            return false;
          }
        };
        return isSignedWith(old) ? 'old' : isSignedWith(current) ? 'current' : 'nobody';
      });
      expect(signers).not.toContain('nobody');
      expect(signers.slice(0, 50)).toEqual(Array(50).fill('old'));
      const first = signers.indexOf('current');
      // 200 ms a turn: at most 25 turns after the change.
      expect(first).toBeGreaterThanOrEqual(50);
      expect(first).toBeLessThanOrEqual(75);
      expect(signers.slice(first)).toEqual(Array(100 - first).fill('current'));
      await target.close();
    } finally {
      clock.mockRestore();
    }
  });

  it('row 61: two secrets give two signatures, and either is enough', async () => {
    const [old, current] = [newSecret(), newSecret()];
    const target = await openTestWebhook(`${sink.origin}/hook`, {
      config: { secrets: ['env:NEW', 'env:OLD'] },
      surroundings: { environment: { NEW: current, OLD: old } },
    });
    await target.send(aDelivery(), 2_000);
    const { headers = {}, body = Buffer.alloc(0) } = sink.requests[0] ?? {};
    expect(headers['webhook-signature']?.split(' ')).toHaveLength(2);
    for (const secret of [old, current]) expect(verifyWebhook(headers, body, secret).routeCode).toBe('shop_hook');
    await target.close();
  });

  it('a secret that is gone fails the delivery without sending it, and one that is back is used', async () => {
    const file = join(folder, 'gone');
    await writeFile(file, testSecret);
    const clock = vi.spyOn(performance, 'now');
    let now = 1_000_000;
    clock.mockImplementation(() => now);
    try {
      const target = await openTestWebhook(`${sink.origin}/hook`, { config: { secrets: `file:${file}` } });
      await rm(file);
      now += 5_001;
      const outcome = await target.send(aDelivery(), 2_000);
      expect(outcome).toMatchObject({
        status: 'failed',
        failureCode: 'secret_unreadable',
        failureDetail: expect.stringContaining('IU452'),
      });
      expect(outcome).not.toHaveProperty('permanent');
      expect(sink.connections).toBe(0);
      await writeFile(file, testSecret);
      expect(await target.send(aDelivery(), 2_000)).toMatchObject({ status: 'sent' });
      await target.close();
    } finally {
      clock.mockRestore();
    }
  });

  it('are read from the environment and from files, without the line end', async () => {
    const file = join(folder, 'value');
    await writeFile(file, 'two words\r\n\n');
    expect(await readSecret(`file:${file}`, {})).toBe('two words');
    expect(await readSecret('env:NAME', { NAME: ' as it is ' })).toBe(' as it is ');
    for (const [reference, code] of [
      ['NAME', 'IU450'],
      ['env:', 'IU450'],
      ['env:A B', 'IU450'],
      ['file:relative', 'IU450'],
      ['https://canary', 'IU450'],
      ['env:EMPTY', 'IU451'],
      [`file:${folder}`, 'IU452'],
      ['file:/dev/zero', 'IU452'],
      [`file:${folder}/none`, 'IU452'],
    ] as const) {
      await expect(readSecret(reference, { EMPTY: '' }), reference).rejects.toMatchObject({ code });
    }
    await writeFile(file, '\n');
    await expect(readSecret(`file:${file}`, {})).rejects.toMatchObject({ code: 'IU452' });
    await writeFile(file, 'x'.repeat(65_537));
    await expect(readSecret(`file:${file}`, {})).rejects.toMatchObject({ code: 'IU452' });
  });

  it('of a target_config of any kind are checked at any depth, without a value in what is said', async () => {
    const config = {
      servers: ['nats://a', 'nats://b'],
      secrets: ['env:GOOD', 'env:MISSING'],
      auth: { user: 'shop', password: 'file:/nowhere/canary-path', deep: [{ token: 'env:GOOD' }] },
      odd: 'env:canary value',
    };
    const checks = await checkSecrets(config, { GOOD: 'canary' });
    expect(checks.map(({ path, reference, readable, code }) => [path, reference, readable, code])).toEqual([
      ['auth.deep[0].token', 'env:GOOD', true, undefined],
      ['auth.password', 'file:/nowhere/canary-path', false, 'IU452'],
      ['odd', 'env:…', false, 'IU450'],
      ['secrets[0]', 'env:GOOD', true, undefined],
      ['secrets[1]', 'env:MISSING', false, 'IU451'],
    ]);
    expect(JSON.stringify(checks)).not.toContain('canary"');
    expect(JSON.stringify(checks)).not.toContain('canary value');
  });
});
