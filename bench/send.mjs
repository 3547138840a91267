// Sending: signed webhooks through a target, without database and audit, against bare undici to the same sink.
import { Pool } from 'undici';
import { openWebhook } from '../dist/deliver/webhook/target.js';
import { startSink } from './deliver.mjs';
import { alternate, figure, median, seconds, spread } from './measure.mjs';

const atOnce = 64;

function deliveryOf(number) {
  const id = `01890000-0000-7000-8000-${String(number).padStart(12, '0')}`;
  return {
    deliveryId: `bench_hook:${id}`,
    attemptNo: 2,
    test: false,
    event: {
      id,
      seq: String(number),
      domain: 'orders',
      type: 'order_paid',
      stream: 'update',
      severity: 'info',
      subjectTable: 'orders',
      subjectRef: String(number % 5_000),
      canonicalAddress: `orders/${number % 5_000}`,
      actorRef: 'bench',
      sourceSystem: 'bench',
      correlationId: null,
      classification: 'safe_metadata',
      occurredAt: '2026-01-31T12:00:00.123456Z',
      payloadText: `{"n": ${number}, "title": "section ${number}", "text": "${'y'.repeat(150)}"}`,
    },
  };
}

/** Events per second of `one`, done `count` times, 64 at once; and seconds of this process's CPU for each. */
async function rateOf(count, one) {
  let left = count;
  const cpuBefore = process.cpuUsage();
  const taken = await seconds(() =>
    Promise.all(
      Array.from({ length: atOnce }, async () => {
        while (left > 0) {
          left -= 1;
          await one();
        }
      }),
    ),
  );
  const cpu = process.cpuUsage(cpuBefore);
  return { rate: count / taken, cpuSeconds: (cpu.user + cpu.system) / 1e6 / count };
}

export async function benchSend(_cluster, { say, quick }) {
  const count = quick ? 5_000 : 30_000;
  const sink = await startSink();
  const origin = `http://127.0.0.1:${sink.port}`;
  const target = await openWebhook(
    {
      routeId: 'bench',
      routeCode: 'bench_hook',
      routeVersion: 1,
      targetKind: 'webhook',
      targetRef: `${origin}/hook`,
      targetConfig: { secrets: 'env:SECRET' },
    },
    {
      environment: { SECRET: `whsec_${Buffer.alloc(32, 7).toString('base64')}` },
      allow: ['127.0.0.1'],
      deployment: 'bench',
      log() {},
    },
  );
  const pool = new Pool(origin, { connections: 128, pipelining: 1 });
  const body = Buffer.alloc(900, 'x');
  const bare = async () => {
    const answer = await pool.request({
      path: '/hook',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    await answer.body.dump();
  };
  let number = 0;
  const signed = async () => {
    number += 1;
    const outcome = await target.send(deliveryOf(number), 15_000);
    if (outcome.status !== 'sent') throw new Error(JSON.stringify(outcome));
  };
  say('sending: signed webhooks against bare undici');
  const cpu = { signed: [], bare: [] };
  const side = (name, one) => async () => {
    const { rate, cpuSeconds } = await rateOf(count, one);
    cpu[name].push(cpuSeconds);
    return rate;
  };
  const result = await alternate(quick ? 3 : 7, side('signed', signed), side('bare', bare));
  await target.close();
  await pool.close();
  sink.stop();
  return [
    figure('signed webhook sends', median(result.left), 'events/s'),
    figure('bare undici Pool.request', median(result.right), 'requests/s'),
    figure('send against bare undici', median(result.ratio), 'ratio', undefined, spread(result.ratio)),
    figure('the same by CPU time of the sender', median(cpu.bare) / median(cpu.signed), 'ratio'),
  ];
}
