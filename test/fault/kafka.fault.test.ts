import { tracingChannel } from 'node:diagnostics_channel';
import { Producer } from '@platformatic/kafka';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Delivery } from '../../src/contract/delivery/delivery.js';
import { openKafkaTarget } from '../../src/deliver/kafka/target.js';
import type { Target } from '../../src/deliver/target.js';
import { brokerRoute, brokerSurroundings } from '../support/broker-route.js';
import { deliverAll } from '../support/broker-run.js';
import { aDelivery } from '../support/delivery.js';
import {
  isKafkaInstalled,
  type KafkaCluster,
  type KafkaNode,
  startKafka,
  type TopicOptions,
} from '../support/kafka.js';
import { chosenRuns } from '../support/seeded.js';
import { waitFor } from '../support/wait.js';

/** Runs of each fault that is quick to make. */
const rounds = Math.max(20, chosenRuns());

const ofSubject = (subjectRef: string | null) => aDelivery({ event: { subjectRef } });
const ofKilobytes = (kilobytes: number, subjectRef = 'large') =>
  aDelivery({ event: { subjectRef, payloadText: `{"text":"${'x'.repeat(kilobytes * 1024)}"}` } });

/** How often each id of these deliveries is in the topic. */
async function countsOf(cluster: KafkaCluster, topic: string, deliveries: readonly Delivery[]) {
  const counts = new Map(deliveries.map(({ deliveryId }) => [deliveryId, 0]));
  for (const { headers } of await (await cluster.read(topic)).catchUp()) {
    const id = headers.get('iu-delivery-id') ?? '';
    if (counts.has(id)) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return [...counts.values()];
}

describe.skipIf(!isKafkaInstalled)('a Kafka broker that fails', () => {
  let cluster: KafkaCluster;
  let node: KafkaNode;
  const targets: Target[] = [];
  let topics = 0;

  const open = async (topic: string) => {
    const target = await openKafkaTarget(brokerRoute('kafka', topic, { brokers: cluster.brokers }), brokerSurroundings);
    targets.push(target);
    return target;
  };
  const newTopic = async (options: TopicOptions = {}) => {
    topics += 1;
    const name = `t${topics}`;
    await cluster.createTopic(name, options);
    return name;
  };

  beforeAll(async () => {
    cluster = await startKafka();
    node = cluster.nodes[0] as KafkaNode;
  });
  afterEach(async () => {
    await Promise.all(targets.splice(0).map((target) => target.close()));
    await waitFor(() => node.proxy.connections() === 0, { what: 'every connection of the closed targets' });
  });
  afterAll(async () => {
    await cluster?.stop();
  });

  it('stores what comes at once: 640 sends, 64 at a time, are 640 records', async () => {
    const topic = await newTopic({ partitions: 2 });
    const deliveries = Array.from({ length: 640 }, (_, at) => ofSubject(String(at % 50)));
    const run = await deliverAll(await open(topic), deliveries, { inFlight: 64, deadlineMilliseconds: 10_000 });
    expect(run.outcomes).toEqual({ sent: 640 });
    expect(await countsOf(cluster, topic, deliveries)).toEqual(Array(640).fill(1));
  });

  it('keeps the events of a subject in one partition and in order', async () => {
    const topic = await newTopic({ partitions: 4 });
    const target = await open(topic);
    const subjects = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const deliveries = Array.from({ length: 20 }, () => subjects.map(ofSubject)).flat();
    await Promise.all(deliveries.map((delivery) => target.send(delivery, 10_000)));
    const records = await (await cluster.read(topic)).catchUp();
    expect(new Set(records.map(({ partition }) => partition)).size).toBeGreaterThan(1);
    for (const subject of subjects) {
      const own = records.filter(({ key }) => key === `orders:${subject}`);
      expect(new Set(own.map(({ partition }) => partition)).size).toBe(1);
      const inOrder = own.sort((left, right) => Number(left.offset - right.offset));
      const sentOrder = deliveries.filter(({ event }) => event.subjectRef === subject);
      expect(inOrder.map(({ headers }) => headers.get('iu-delivery-id'))).toEqual(
        sentOrder.map(({ deliveryId }) => deliveryId),
      );
    }
  });

  it('gives an event about nothing its delivery id as key', async () => {
    const topic = await newTopic();
    const delivery = ofSubject(null);
    await (await open(topic)).send(delivery, 10_000);
    expect((await (await cluster.read(topic)).catchUp()).map(({ key }) => key)).toEqual([delivery.deliveryId]);
  });

  it(`refuses a message that is too large, ${rounds} times: dead letter at once, and its neighbours are stored`, async () => {
    const topic = await newTopic({ partitions: 3, settings: { 'max.message.bytes': '20000' } });
    const target = await open(topic);
    const all: Delivery[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const large = ofKilobytes(30, `subject ${round}`);
      const small = Array.from({ length: 12 }, (_, at) => ofSubject(`subject ${round + at}`));
      const outcomes = await Promise.all(
        [...small.slice(0, 6), large, ...small.slice(6)].map((delivery) => target.send(delivery, 10_000)),
      );
      expect(outcomes[6]).toMatchObject({ status: 'failed', failureCode: 'message_too_large', permanent: true });
      expect(outcomes.filter(({ status }) => status === 'sent')).toHaveLength(12);
      all.push(...small);
    }
    expect(await countsOf(cluster, topic, all)).toEqual(Array(12 * rounds).fill(1));
  });

  it('has no such topic: failed, and the same target delivers once it is there', async () => {
    const target = await open('later');
    const delivery = aDelivery();
    expect(await target.send(delivery, 10_000)).toMatchObject({ status: 'failed', failureCode: 'topic_missing' });
    expect((await target.check())[0]).toMatchObject({ severity: 'error', message: expect.stringMatching(/topic/i) });
    await cluster.createTopic('later');
    expect(await target.send(delivery, 10_000)).toMatchObject({ status: 'sent' });
  });

  it(`loses its answer, ${rounds} times: the request is repeated under its numbers, sent and stored once`, async () => {
    const topic = await newTopic();
    const target = await open(topic);
    const reader = await cluster.read(topic);
    const deliveries: Delivery[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      expect(await target.send(aDelivery(), 10_000)).toMatchObject({ status: 'sent' });
      const before = (await reader.catchUp()).length;
      const some = Array.from({ length: 5 }, () => aDelivery());
      node.proxy.mute(true);
      const sending = Promise.all(some.map((delivery) => target.send(delivery, 10_000)));
      await waitFor(() => reader.records.length >= before + 5, { what: 'all 5 in the topic' });
      node.proxy.mute(false);
      node.proxy.cut();
      expect((await sending).map(({ status }) => status)).toEqual(Array(5).fill('sent'));
      deliveries.push(...some);
    }
    expect(await countsOf(cluster, topic, deliveries)).toEqual(Array(5 * rounds).fill(1));
  });

  it(`loses its answer until the deadline, ${rounds} times: unknown, and nothing after it is swallowed`, async () => {
    const topic = await newTopic();
    const target = await open(topic);
    const reader = await cluster.read(topic);
    const later: Delivery[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const delivery = aDelivery();
      expect(await target.send(aDelivery(), 10_000)).toMatchObject({ status: 'sent' });
      const before = (await reader.catchUp()).length;
      node.proxy.mute(true);
      const sending = target.send(delivery, 300);
      await waitFor(() => reader.records.length > before, { what: 'the message in the topic' });
      expect(await sending).toMatchObject({ status: 'unknown', failureCode: 'no_answer' });
      node.proxy.mute(false);
      // The broker has its numbers already: under them this one would be confirmed and not stored.
      const next = aDelivery();
      expect(await target.send(next, 10_000)).toMatchObject({ status: 'sent' });
      later.push(next);
    }
    expect(await countsOf(cluster, topic, later)).toEqual(Array(rounds).fill(1));
  });

  it(`fences the producer, ${rounds} times: failed, and a new producer takes over`, async () => {
    const topic = await newTopic();
    const ids: bigint[] = [];
    const channel = tracingChannel<string, { result?: { producerId: bigint } }>('plt:kafka:producer:initIdempotent');
    const listener = ({ result }: { result?: { producerId: bigint } }) => {
      if (result !== undefined) ids.push(result.producerId);
    };
    channel.asyncStart.subscribe(listener as (message: unknown) => void);
    try {
      const target = await open(topic);
      for (let round = 1; round <= rounds; round += 1) {
        expect(await target.send(aDelivery(), 10_000)).toMatchObject({ status: 'sent' });
        const rival = new Producer({ clientId: 'rival', bootstrapBrokers: [...cluster.brokers], retries: false });
        const value = Buffer.from('rival');
        const producerId = ids.at(-1) as bigint;
        await rival.send({ messages: [{ topic, value, partition: 0 }], acks: -1, producerId, producerEpoch: 7 });
        rival.close(() => undefined);
        const delivery = aDelivery();
        expect(await target.send(delivery, 10_000)).toMatchObject({ status: 'failed', failureCode: 'producer_fenced' });
        expect(await target.send(delivery, 10_000)).toMatchObject({ status: 'sent' });
        expect(await countsOf(cluster, topic, [delivery])).toEqual([1]);
      }
    } finally {
      channel.asyncStart.unsubscribe(listener as (message: unknown) => void);
    }
  });

  it('is killed and started again during a run of 3,000: none lost, and no more duplicates than sends that ended as unknown', async () => {
    const topic = await newTopic({ partitions: 3 });
    const target = await open(topic);
    const deliveries = Array.from({ length: 3_000 }, (_, at) => ofSubject(String(at % 97)));
    let restarted: Promise<void> | undefined;
    const run = await deliverAll(target, deliveries, {
      inFlight: 64,
      deadlineMilliseconds: 5_000,
      onSettled: (sent) => {
        if (sent >= 1_000) restarted ??= node.kill().then(() => node.restart());
      },
    });
    await restarted;
    expect(restarted).toBeDefined();
    expect(run.sent.size).toBe(3_000);
    const counts = await countsOf(cluster, topic, deliveries);
    expect(counts.filter((count) => count === 0)).toEqual([]);
    expect(counts.reduce((sum, count) => sum + count - 1, 0)).toBeLessThanOrEqual(run.unknown);
  });

  it('takes events up to 1 MiB where the topic takes what the how-to says, many at once too', async () => {
    const topic = await newTopic({ settings: { 'max.message.bytes': '1064960' } });
    const target = await open(topic);
    const deliveries = Array.from({ length: 8 }, () => ofKilobytes(1023));
    const outcomes = await Promise.all(deliveries.map((delivery) => target.send(delivery, 20_000)));
    expect(outcomes.map(({ status }) => status)).toEqual(Array(8).fill('sent'));
    const records = await (await cluster.read(topic)).catchUp();
    expect(records.map(({ value }) => value.includes(deliveries[0]?.event.payloadText ?? ''))).toEqual(
      Array(8).fill(true),
    );
  });

  it('takes connections and says nothing: failed at the deadline, not unknown, and check ends too', async () => {
    const topic = await newTopic();
    const target = await open(topic);
    await node.process().freeze();
    try {
      expect(await target.send(aDelivery(), 700)).toMatchObject({ status: 'failed' });
      expect(await target.check()).toMatchObject([
        { severity: 'error', message: expect.stringContaining('connect_timeout') },
      ]);
    } finally {
      node.process().thaw();
    }
    expect(await target.send(aDelivery(), 10_000)).toMatchObject({ status: 'sent' });
  });

  it('runs alone: check warns of one replica and of acks that mean one broker', async () => {
    const topic = await newTopic({ settings: { 'cleanup.policy': 'compact' } });
    const findings = await (await open(topic)).check();
    expect(findings.every(({ severity }) => severity === 'warning')).toBe(true);
    const text = findings.map(({ message }) => message).join('\n');
    for (const part of ['1 of 3 replicas', 'min.insync.replicas', 'max.message.bytes', 'compacted'])
      expect(text).toContain(part);
  });
});

describe.skipIf(!isKafkaInstalled)('a Kafka cluster of three', () => {
  it('loses leaders: none of 2,000 lost; too few replicas refuse, and take again when they are back', async () => {
    const cluster = await startKafka({ nodes: 3 });
    try {
      const topic = 'orders';
      // Node 1 is also the controller and stays; the leaders of two partitions do not.
      const assignments = [
        [2, 3, 1],
        [3, 1, 2],
        [1, 2, 3],
      ];
      await cluster.createTopic(topic, { assignments, settings: { 'min.insync.replicas': '2' } });
      const target = await openKafkaTarget(
        brokerRoute('kafka', topic, { brokers: cluster.brokers }),
        brokerSurroundings,
      );
      const [, second, third] = cluster.nodes as [KafkaNode, KafkaNode, KafkaNode];
      const deliveries = Array.from({ length: 2_000 }, (_, at) => ofSubject(String(at % 97)));
      let killed: Promise<void> | undefined;
      let sentSoFar = 0;
      let sentWhenDead = 0;
      const run = await deliverAll(target, deliveries, {
        inFlight: 64,
        deadlineMilliseconds: 5_000,
        onSettled: (sent) => {
          sentSoFar = sent;
          if (sent >= 600) {
            killed ??= second.kill().then(() => {
              sentWhenDead = sentSoFar;
            });
          }
        },
      });
      await killed;
      expect(sentWhenDead).toBeGreaterThan(0);
      expect(sentWhenDead).toBeLessThan(2_000);
      expect(run.sent.size).toBe(2_000);
      const counts = await countsOf(cluster, topic, deliveries);
      expect(counts.filter((count) => count === 0)).toEqual([]);
      expect(counts.reduce((sum, count) => sum + count - 1, 0)).toBeLessThanOrEqual(run.unknown);

      await third.kill();
      const delivery = aDelivery();
      await waitFor(
        async () => {
          const outcome = await target.send(delivery, 5_000);
          expect(outcome.status).not.toBe('sent');
          return outcome.status === 'failed' && outcome.failureCode === 'not_enough_replicas';
        },
        { timeoutSeconds: 40, what: 'a refusal for too few replicas' },
      );
      await Promise.all([second.restart(), third.restart()]);
      await waitFor(async () => (await target.send(delivery, 5_000)).status === 'sent', {
        timeoutSeconds: 40,
        what: 'the message taken by enough replicas',
      });
      await target.close();
    } finally {
      await cluster.stop();
    }
  }, 240_000);
});
