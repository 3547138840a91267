import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyWebhook } from '../../src/client/index.js';
import type { SendOutcome } from '../../src/contract/delivery/delivery.js';
import type { Target } from '../../src/deliver/target.js';
import { aDelivery } from '../support/delivery.js';
import { type Sink, type SinkBehaviour, startSink } from '../support/sink.js';
import { waitFor } from '../support/wait.js';
import { openTestWebhook, testSecret } from '../support/webhook.js';

/** Deadline of the rows about time; what a real route has is 15 s, and the same timer. */
const deadline = 1_500;

let sink: Sink;
let target: Target;

beforeEach(async () => {
  sink = await startSink();
  target = await openTestWebhook(`${sink.origin}/hook?from=shop`);
});
afterEach(async () => {
  await target.close();
  await sink.close();
});

async function timed(behaviour: SinkBehaviour): Promise<{ outcome: SendOutcome; seconds: number }> {
  sink.behave(behaviour);
  const started = process.hrtime.bigint();
  const outcome = await target.send(aDelivery(), deadline);
  return { outcome, seconds: Number(process.hrtime.bigint() - started) / 1e9 };
}

/** The connection of a request that was given up must not stay. */
const slotIsFree = () =>
  waitFor(() => sink.openConnections === 0, { what: 'the connection of the request to be closed' });

describe('webhook request', () => {
  it('is a signed CloudEvent that the receiver verifies from its raw bytes', async () => {
    const delivery = aDelivery({ attemptNo: 3 });
    expect(await target.send(delivery, deadline)).toEqual({ status: 'sent', detail: '200' });
    const [request] = sink.requests;
    expect(request?.method).toBe('POST');
    expect(request?.path).toBe('/hook?from=shop');
    expect(request?.headers).toMatchObject({
      host: `127.0.0.1:${sink.port}`,
      'content-type': 'application/cloudevents+json; charset=utf-8',
      'accept-encoding': 'identity',
      'webhook-id': delivery.deliveryId,
      'iu-attempt': '3',
      'iu-sequence': '9007199254740993',
      'user-agent': 'iu-core',
      traceparent: expect.stringMatching(/^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/),
    });
    const event = verifyWebhook(request?.headers ?? {}, request?.body ?? '', testSecret);
    expect(event.payloadText).toBe(delivery.event.payloadText);
    expect(event.attemptNo).toBe(3);
    expect(new Set(request?.headerNames).size).toBe(request?.headerNames.length);
  });

  it('has one trace for all attempts and a span for each', async () => {
    const delivery = aDelivery();
    for (const attemptNo of [2, 3, 4]) await target.send({ ...delivery, attemptNo }, deadline);
    const traces = sink.requests.map((request) => request.headers.traceparent?.split('-') ?? []);
    expect(new Set(traces.map(([, traceId]) => traceId))).toEqual(new Set([delivery.event.id.replaceAll('-', '')]));
    expect(new Set(traces.map(([, , spanId]) => spanId)).size).toBe(3);
  });

  it('is written once, whatever becomes of the connection', async () => {
    for (const kind of ['close', 'reset', 'short_body', 'garbage'] as const) {
      const delivery = aDelivery();
      sink.behave({ kind });
      await target.send(delivery, deadline);
      const times = sink.requests.filter((request) => request.headers['webhook-id'] === delivery.deliveryId).length;
      expect([kind, times]).toEqual([kind, 1]);
    }
  });

  it('uses connections again, and never those of another route', async () => {
    const other = await openTestWebhook(`${sink.origin}/hook`);
    for (let turn = 0; turn < 10; turn += 1) {
      await target.send(aDelivery(), deadline);
      await other.send(aDelivery(), deadline);
    }
    await other.close();
    const ofPath = (path: string) =>
      new Set(sink.requests.filter((request) => request.path === path).map((request) => request.connection));
    expect([ofPath('/hook?from=shop').size, ofPath('/hook').size]).toEqual([1, 1]);
    expect(sink.connections).toBe(2);
  });

  it('goes nowhere else when HTTP_PROXY says so', async () => {
    const proxy = await startSink();
    const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'NODE_USE_ENV_PROXY'];
    const before = names.map((name) => process.env[name]);
    for (const name of names) process.env[name] = name === 'NODE_USE_ENV_PROXY' ? '1' : proxy.origin;
    try {
      const behind = await openTestWebhook(`${sink.origin}/hook`);
      expect(await behind.send(aDelivery(), deadline)).toMatchObject({ status: 'sent' });
      await behind.close();
      expect(proxy.connections).toBe(0);
    } finally {
      for (const [index, name] of names.entries()) {
        if (before[index] === undefined) delete process.env[name];
        else process.env[name] = before[index];
      }
      await proxy.close();
    }
  });
});

describe('webhook answers in time', () => {
  it('row 46: an answer just before the deadline is sent, one just after it is unknown', async () => {
    for (let turn = 0; turn < 2; turn += 1) {
      const before = await timed({ kind: 'answer', status: 200, afterMilliseconds: deadline - 300 });
      expect(before.outcome).toMatchObject({ status: 'sent' });
      const after = await timed({ kind: 'answer', status: 200, afterMilliseconds: deadline + 300 });
      expect(after.outcome).toEqual({
        status: 'unknown',
        failureCode: 'timeout',
        failureDetail: 'no answer by the deadline',
      });
    }
  });

  it('the deadline of the route counts when the caller gives more', async () => {
    const strict = await openTestWebhook(`${sink.origin}/hook`, { config: { deadline_seconds: 1 } });
    sink.behave({ kind: 'never' });
    const started = process.hrtime.bigint();
    expect(await strict.send(aDelivery(), 60_000)).toMatchObject({ status: 'unknown', failureCode: 'timeout' });
    expect(Number(process.hrtime.bigint() - started) / 1e9).toBeLessThan(2.5);
    await strict.close();
  });

  it.each([
    ['row 47: that never answers', { kind: 'never' }],
    ['row 48: one byte every 100 ms', { kind: 'endless_body', everyMilliseconds: 100 }],
    ['row 48: header lines every 100 ms', { kind: 'endless_headers', everyMilliseconds: 100 }],
    ['row 48: 103 without end', { kind: 'endless_informational', status: 103 }],
  ] as const)('%s ends at the deadline as unknown, and its connection is closed', async (_what, behaviour) => {
    const { outcome, seconds } = await timed(behaviour);
    expect(outcome).toMatchObject({ status: 'unknown', failureCode: 'timeout' });
    expect(seconds).toBeGreaterThan(deadline / 1000 - 0.05);
    expect(seconds).toBeLessThan(deadline / 1000 + 1);
    await slotIsFree();
  });

  it.each([
    ['row 47: closes after the request', { kind: 'close' }, 'connection_lost'],
    ['row 47: resets after the request', { kind: 'reset' }, 'connection_lost'],
    ['row 47: closes in the middle of a 200', { kind: 'short_body' }, 'connection_lost'],
    ['row 48: 100 without having been asked', { kind: 'endless_informational', status: 100 }, 'connection_lost'],
    ['row 47: speaks no HTTP', { kind: 'garbage' }, 'answer_malformed'],
    ['row 48: header lines without end', { kind: 'endless_headers' }, 'answer_malformed'],
  ] as const)('%s is unknown at once', async (_what, behaviour, failureCode) => {
    for (let turn = 0; turn < 20; turn += 1) {
      const { outcome, seconds } = await timed(behaviour);
      expect(outcome).toMatchObject({ status: 'unknown', failureCode });
      expect(seconds).toBeLessThan(deadline / 1000);
    }
    await slotIsFree();
  });

  it('row 47: closes or resets as soon as it has accepted: never sent, and never a doubt about nothing', async () => {
    for (const kind of ['close_on_accept', 'reset_on_accept'] as const) {
      for (let turn = 0; turn < 20; turn += 1) {
        const { outcome } = await timed({ kind });
        expect(outcome.status).not.toBe('sent');
        expect(['connection_lost', 'connect_failed']).toContain('failureCode' in outcome ? outcome.failureCode : '');
      }
    }
    expect(sink.requests).toEqual([]);
  });

  it.each([
    ['row 48: endless chunks', { kind: 'endless_body' }],
    ['row 49: 200 MB', { kind: 'large_body', bytes: 200_000_000 }],
    [
      'row 49: 200 MB that say they are gzip',
      { kind: 'large_body', bytes: 200_000_000, headers: { 'content-encoding': 'gzip' } },
    ],
  ] as const)(
    '%s after a 200 is sent: the status counts, the body is cancelled at 64 KiB',
    async (_what, behaviour) => {
      const memoryBefore = process.memoryUsage().arrayBuffers;
      const writtenBefore = sink.bytesWritten;
      const { outcome } = await timed(behaviour);
      expect(outcome).toEqual({ status: 'sent', detail: '200' });
      await slotIsFree();
      // The sink runs in this process, so its own pieces count as well; the bound of the requirement is 2 MB.
      expect(process.memoryUsage().arrayBuffers - memoryBefore).toBeLessThan(2_000_000);
      // What lies in the buffers of loopback is the system's; a body that is read on would be 200 MB.
      expect(sink.bytesWritten - writtenBefore).toBeLessThan(20_000_000);
    },
  );

  it('what waited for a connection until its deadline is failed, never written, and holds up nobody', async () => {
    const narrow = await openTestWebhook(`${sink.origin}/hook`, { config: { max_connections: 2 } });
    sink.behave({ kind: 'answer', status: 200, afterMilliseconds: 1_200 });
    const first = [aDelivery(), aDelivery()].map((delivery) => narrow.send(delivery, 5_000));
    const waiting = Array.from({ length: 50 }, () => aDelivery());
    const outcomes = await Promise.all(waiting.map((delivery) => narrow.send(delivery, 500)));
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'failed', failureCode: 'connect_timeout' });
    for (const outcome of await Promise.all(first)) expect(outcome).toMatchObject({ status: 'sent' });
    sink.behave({ kind: 'answer', status: 200 });
    expect(await narrow.send(aDelivery(), 2_000)).toMatchObject({ status: 'sent' });
    expect(sink.requests).toHaveLength(3);
    expect(sink.connections).toBeLessThanOrEqual(3);
    await narrow.close();
  });

  it('closing the target settles what is under way: unknown when it was written', async () => {
    sink.behave({ kind: 'never' });
    const underWay = target.send(aDelivery(), 10_000);
    await waitFor(() => sink.requests.length === 1, { what: 'the request' });
    await target.close();
    expect(await underWay).toMatchObject({ status: 'unknown', failureCode: 'connection_lost' });
  });

  it('closing the target refuses at once what waits for a connection, and nothing of it is written', async () => {
    const narrow = await openTestWebhook(`${sink.origin}/hook`, { config: { max_connections: 1 } });
    sink.behave({ kind: 'never' });
    const [underWay, ...waiting] = Array.from({ length: 6 }, () => narrow.send(aDelivery(), 30_000));
    await waitFor(() => sink.requests.length === 1, { what: 'the request' });
    await narrow.close();
    expect(await underWay).toMatchObject({ status: 'unknown', failureCode: 'connection_lost' });
    for (const one of waiting) expect(await one).toMatchObject({ status: 'failed', failureCode: 'target_closed' });
    expect(sink.requests).toHaveLength(1);
  });

  it('what waits behind a connection that cannot be made has its own try', async () => {
    await sink.close();
    const narrow = await openTestWebhook(`${sink.origin}/hook`, { config: { max_connections: 1 } });
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => narrow.send(aDelivery(), 30_000)));
    for (const outcome of outcomes) expect(outcome).toMatchObject({ status: 'failed', failureCode: 'connect_refused' });
    await narrow.close();
    sink = await startSink();
  });

  it('one send after the other goes over one connection', async () => {
    for (let turn = 0; turn < 5; turn += 1) {
      expect(await target.send(aDelivery(), 10_000)).toMatchObject({ status: 'sent' });
    }
    expect(sink.connections).toBe(1);
  });

  it('a status that says no counts although its body does not end', async () => {
    const { outcome } = await timed({ kind: 'endless_body', status: 503, everyMilliseconds: 100 });
    expect(outcome).toMatchObject({ status: 'failed', failureCode: 'http_503' });
    await slotIsFree();
  });
});

describe('webhook answers by status', () => {
  it('row 55: every status from 200 to 599 has the outcome of the table', async () => {
    for (let status = 200; status < 600; status += 1) {
      const { outcome } = await timed({ kind: 'answer', status, headers: { 'retry-after': '7' } });
      const expected =
        status < 300
          ? { status: 'sent' }
          : { status: 'failed', failureCode: status < 400 ? 'redirect' : `http_${status}` };
      expect(outcome, `status ${status}`).toMatchObject(expected);
    }
    expect(sink.requests).toHaveLength(400);
  });

  it.each([
    ['410 pauses the route', 410, {}, { pauseRoute: true }],
    ['422 is for good', 422, {}, { permanent: true }],
    [
      'row 56: 503 with a huge retry-after is bounded',
      503,
      { 'retry-after': '1000000000000' },
      { retryAfterSeconds: 31_536_000 },
    ],
    ['429 with retry-after', 429, { 'Retry-After': '3' }, { retryAfterSeconds: 3 }],
  ] as const)('row 55: %s', async (_what, status, headers, expected) => {
    const { outcome } = await timed({ kind: 'answer', status, headers });
    expect(outcome).toMatchObject({ status: 'failed', failureCode: `http_${status}`, ...expected });
  });

  it('row 55: a negative or unreadable retry-after is ignored', async () => {
    for (const value of ['-5', 'soon', '1.5', 'Mon, 01 Jan 1990 00:00:00 GMT']) {
      const { outcome } = await timed({ kind: 'answer', status: 429, headers: { 'retry-after': value } });
      expect(outcome).not.toHaveProperty('retryAfterSeconds');
    }
  });

  it('row 50: a redirect is not followed, wherever it leads', async () => {
    const trap = await startSink();
    for (const status of [300, 301, 302, 303, 307, 308]) {
      for (const location of [
        `${trap.origin}/`,
        'http://169.254.169.254/latest/meta-data/',
        '/hook',
        `${sink.origin}/other`,
        '//127.0.0.1',
      ]) {
        const { outcome } = await timed({ kind: 'answer', status, headers: { location } });
        expect(outcome).toMatchObject({ status: 'failed', failureCode: 'redirect' });
      }
    }
    expect(sink.requests).toHaveLength(30);
    expect(trap.connections).toBe(0);
    await trap.close();
  });

  it('keeps a short piece of what the target says about a failure', async () => {
    const { outcome } = await timed({ kind: 'answer', status: 500, body: 'disk full\r\n\u001b[2J please wait' });
    expect(outcome).toMatchObject({ failureDetail: '500: disk full [2J please wait' });
  });
});
