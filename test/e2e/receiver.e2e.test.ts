import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterEach, describe, expect, it } from 'vitest';
import type { Target } from '../../src/deliver/target.js';
import { createEmptyDatabase } from '../support/database.js';
import { aDelivery } from '../support/delivery.js';
import { waitFor } from '../support/wait.js';
import { newSecret, openTestWebhook, testSecret } from '../support/webhook.js';

const script = new URL('../../examples/receiver/receiver.mjs', import.meta.url).pathname;

interface Receiver {
  readonly process: ChildProcess;
  readonly port: number;
  readonly lines: Record<string, unknown>[];
  readonly target: Target;
}
const started: Receiver[] = [];

async function startReceiver(args: string[] = [], environment: Record<string, string> = {}): Promise<Receiver> {
  const child = spawn(process.execPath, [script, '--json', ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH, PORT: '0', WEBHOOK_SECRETS: testSecret, ...environment },
  });
  const lines: Record<string, unknown>[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(JSON.parse(line)));
  const port = await waitFor(() => lines.find((line) => line.event === 'listening')?.port as number | undefined, {
    what: 'the receiver to listen',
  });
  const receiver = { process: child, port, lines, target: await openTestWebhook(`http://127.0.0.1:${port}/hook`) };
  started.push(receiver);
  return receiver;
}

afterEach(async () => {
  for (const { process: child, target } of started.splice(0)) {
    await target.close();
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
});

const eventsOf = (receiver: Receiver) => receiver.lines.map((line) => line.event);

describe('example receiver', () => {
  it('keeps each delivery once, refuses what is not signed by its secret, and ends cleanly on SIGTERM', async () => {
    const receiver = await startReceiver([], { WEBHOOK_SECRETS: `${newSecret()} ${testSecret}` });
    const delivery = aDelivery();
    expect(await receiver.target.send(delivery, 5_000)).toMatchObject({ status: 'sent' });
    expect(await receiver.target.send({ ...delivery, attemptNo: 3 }, 5_000)).toMatchObject({ status: 'sent' });
    const stranger = await openTestWebhook(`http://127.0.0.1:${receiver.port}/hook`, {
      surroundings: { environment: { HOOK_SECRET: newSecret() } },
    });
    expect(await stranger.send(aDelivery(), 5_000)).toMatchObject({ failureCode: 'http_401' });
    await stranger.close();
    await waitFor(() => receiver.lines.length === 4, { what: 'four lines' });
    expect(receiver.lines).toMatchObject([
      { event: 'listening', host: '127.0.0.1' },
      {
        event: 'received',
        deliveryId: delivery.deliveryId,
        eventId: delivery.event.id,
        subject: '4711',
        attemptNo: 2,
        test: false,
      },
      { event: 'duplicate', deliveryId: delivery.deliveryId, attemptNo: 3 },
      { event: 'refused', code: 'IU462', status: 401 },
    ]);
    receiver.process.kill('SIGTERM');
    expect(await once(receiver.process, 'exit')).toEqual([0, null]);
    expect(receiver.lines.at(-1)).toEqual({ event: 'stopped', received: 1, duplicates: 1, failed: 0, refused: 1 });
  });

  it('fails on purpose: the first few, or a subject for a while', async () => {
    const receiver = await startReceiver([
      '--fail-first',
      '1',
      '--fail-subject',
      'bad',
      '--fail-times',
      '2',
      '--fail-status',
      '422',
    ]);
    const bad = aDelivery({ event: { subjectRef: 'bad' } });
    const good = aDelivery();
    const statuses: string[] = [];
    for (const delivery of [good, good, bad, bad, bad]) {
      const outcome = await receiver.target.send(delivery, 5_000);
      statuses.push(outcome.status === 'sent' ? 'sent' : outcome.failureCode);
    }
    expect(statuses).toEqual(['http_422', 'sent', 'http_422', 'http_422', 'sent']);
    await waitFor(() => receiver.lines.length === 6, { what: 'six lines' });
    expect(eventsOf(receiver)).toEqual(['listening', 'failed', 'received', 'failed', 'failed', 'received']);
  });

  it('ends when the process that started it is gone', async () => {
    const receiver = await startReceiver(['--exit-with-stdin']);
    receiver.process.stdin?.end();
    expect(await once(receiver.process, 'exit')).toEqual([0, null]);
  });

  it('remembers ids in PostgreSQL over a restart, and is right about 50 at once', async () => {
    const db = await createEmptyDatabase();
    const environment = { DATABASE_URL: db.url };
    const delivery = aDelivery();
    const first = await startReceiver([], environment);
    const outcomes = await Promise.all(Array.from({ length: 50 }, () => first.target.send(delivery, 10_000)));
    expect(outcomes.filter((outcome) => outcome.status !== 'sent')).toEqual([]);
    first.process.kill('SIGTERM');
    expect(await once(first.process, 'exit')).toEqual([0, null]);
    expect(first.lines.at(-1)).toMatchObject({ received: 1, duplicates: 49 });
    const second = await startReceiver([], environment);
    await second.target.send(delivery, 5_000);
    second.process.kill('SIGTERM');
    expect(await once(second.process, 'exit')).toEqual([0, null]);
    expect(second.lines.at(-1)).toMatchObject({ received: 0, duplicates: 1 });
    await db.drop();
  });
});
