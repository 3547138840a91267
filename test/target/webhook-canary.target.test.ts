import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { verifyWebhook } from '../../src/client/index.js';
import { checkSecrets } from '../../src/deliver/secrets.js';
import { openWebhook } from '../../src/deliver/webhook/target.js';
import { aDelivery } from '../support/delivery.js';
import { type Sink, type SinkBehaviour, startSink } from '../support/sink.js';
import { aRoute, type LoggedLine, surroundings } from '../support/webhook.js';

const canary = `canary${randomBytes(6).toString('hex')}`;
const secret = `whsec_${Buffer.from(`${canary}${canary}`).toString('base64')}`;
const bearer = `Bearer ${canary}.${randomBytes(8).toString('hex')}`;
const payloadText = `{"order": "payload${canary}", "total": 123456789}`;
/** Everything that may be nowhere: the secret, its bytes, the header, and words of the payload. */
const forbidden = [
  secret,
  secret.slice(6),
  secret.slice(6, 20),
  canary,
  bearer.slice(7),
  `payload${canary}`,
  '123456789',
];

let sink: Sink;
beforeAll(async () => {
  sink = await startSink();
});
afterAll(() => sink.close());

function assertClean(what: string, value: unknown): void {
  const text = `${inspect(value, { depth: 8, showHidden: true })} ${JSON.stringify(value)}`;
  expect([what, forbidden.filter((word) => text.includes(word))]).toEqual([what, []]);
}

describe('secrets and payloads of a webhook', () => {
  const lines: LoggedLine[] = [];
  const inEnvironment = surroundings({ environment: { HOOK_SECRET: secret, TOKEN: bearer }, lines });
  const route = () =>
    aRoute({
      targetRef: `${sink.origin}/hook`,
      targetConfig: { secrets: 'env:HOOK_SECRET', headers: { authorization: 'env:TOKEN' } },
    });

  it('are in no outcome and no log, even when the target sends back everything it was sent', async () => {
    const consoles = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) => vi.spyOn(console, name));
    const written: string[] = [];
    const stderr = vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
      written.push(String(text));
      return true;
    });
    const target = await openWebhook(route(), inEnvironment);
    const sent = aDelivery({ event: { payloadText } });
    const echoed = (body: string): SinkBehaviour => ({ kind: 'answer', status: 500, body });
    const behaviours: SinkBehaviour[] = [
      { kind: 'echo', status: 500 },
      { kind: 'echo', status: 400 },
      { kind: 'echo', status: 200 },
      { kind: 'echo', status: 302 },
      { kind: 'answer', status: 503, headers: { 'retry-after': canary, 'x-echo': secret } },
      echoed(`bad signature for ${secret}, got ${bearer}`),
      echoed(JSON.stringify({ error: JSON.parse(payloadText) })),
      echoed(JSON.stringify(JSON.stringify({ payload: payloadText }))),
      { kind: 'garbage' },
      { kind: 'reset' },
      { kind: 'never' },
    ];
    const outcomes: unknown[] = [];
    for (const behaviour of behaviours) {
      sink.behave(behaviour);
      outcomes.push(await target.send(sent, 300));
    }
    outcomes.push(await target.check());
    await target.close();
    outcomes.push(await target.send(sent, 300));
    stderr.mockRestore();
    assertClean('outcomes', outcomes);
    assertClean('log of the target', lines);
    assertClean('console', [...consoles.flatMap((spy) => spy.mock.calls), written]);
    for (const spy of consoles) spy.mockRestore();
    // The request had them, or this test would show nothing.
    expect(sink.requests[0]?.raw.toString()).toContain(bearer);
    expect(sink.requests[0]?.raw.toString()).toContain(payloadText);
  });

  it('are in no error of a configuration that is wrong', async () => {
    const configs: Record<string, unknown>[] = [
      { secrets: secret },
      { secrets: [secret] },
      { secrets: `env:${secret}` },
      { secrets: { value: secret } },
      { secrets: 'env:UNFIT' },
      { secrets: 'env:HOOK_SECRET', signing: 'ed25519' },
      { secrets: 'env:HOOK_SECRET', signing: secret },
      { secrets: 'env:HOOK_SECRET', headers: { authorization: bearer } },
      { secrets: 'env:HOOK_SECRET', headers: { [`${bearer}\r\n`]: 'x' } },
      { secrets: 'env:HOOK_SECRET', headers: { 'x-a': 'env:LINES' } },
      { secrets: 'env:HOOK_SECRET', headers: bearer },
      { secrets: 'env:HOOK_SECRET', deadline_seconds: secret },
      { secrets: 'env:HOOK_SECRET', ca_file: secret },
    ];
    const environment = { ...inEnvironment.environment, UNFIT: `${canary}x`, LINES: `${bearer}\r\nx: y` };
    for (const targetConfig of configs) {
      const opened = openWebhook({ ...route(), targetConfig }, { ...inEnvironment, environment });
      const error = await opened.then(
        () => undefined,
        (refusal: unknown) => refusal,
      );
      expect(error, Object.keys(targetConfig).join()).toBeDefined();
      assertClean(`error of ${Object.keys(targetConfig).join()}`, error);
    }
    assertClean(
      'check of secrets',
      await checkSecrets({ a: 'env:TOKEN', b: `env:${bearer}`, c: 'env:LINES' }, environment),
    );
  });

  it('are in no error of the receiver', async () => {
    const { headers = {}, body = Buffer.alloc(0) } = sink.requests[0] ?? {};
    const attempts = [
      () => verifyWebhook(headers, `${body}x`, secret),
      () => verifyWebhook({}, body, secret),
      () => verifyWebhook(headers, body, `${secret}!`),
      () => verifyWebhook(headers, body, canary),
      () => verifyWebhook(headers, body, secret, { nowSeconds: 0 }),
    ];
    for (const attempt of attempts) {
      let error: unknown;
      try {
        attempt();
      } catch (refusal) {
        error = refusal;
      }
      expect(error).toBeDefined();
      assertClean('error of the receiver', error);
    }
  });
});
