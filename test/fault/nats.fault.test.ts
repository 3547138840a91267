import { DiscardPolicy } from '@nats-io/jetstream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openNatsTarget } from '../../src/deliver/nats/target.js';
import type { Target, TargetRoute } from '../../src/deliver/target.js';
import { brokerRoute, brokerSurroundings } from '../support/broker-route.js';
import { deliverAll } from '../support/broker-run.js';
import { aDelivery } from '../support/delivery.js';
import { isNatsInstalled, type NatsCluster, startNats } from '../support/nats.js';
import { chosenRuns } from '../support/seeded.js';
import { waitFor } from '../support/wait.js';

/** Runs of each fault. */
const rounds = Math.max(20, chosenRuns());

describe.skipIf(!isNatsInstalled)('a NATS server that fails', () => {
  let cluster: NatsCluster;
  const targets: Target[] = [];
  let streams = 0;

  const open = async (stream: string, route: Partial<TargetRoute> = {}) => {
    const config = { servers: cluster.servers, stream };
    const target = await openNatsTarget(
      { ...brokerRoute('nats', `${stream}.events`, config), ...route },
      brokerSurroundings,
    );
    targets.push(target);
    return target;
  };
  /** A name that no other test has. */
  const newStream = async (config: Parameters<NatsCluster['createStream']>[1] = {}) => {
    streams += 1;
    const name = `s${streams}`;
    await cluster.createStream(name, config);
    return name;
  };
  const stored = (stream: string) => cluster.count(stream);

  beforeAll(async () => {
    cluster = await startNats();
  });
  afterEach(async () => {
    await Promise.all(targets.splice(0).map((target) => target.close()));
    const open = () => cluster.nodes.reduce((sum, { proxy }) => sum + proxy.connections(), 0);
    await waitFor(() => open() === 0, { what: 'every connection of the closed targets' });
  });
  afterAll(async () => {
    await cluster?.stop();
  });

  it(`loses the confirmation and is killed, ${rounds} times: unknown, and the retry is recognised`, async () => {
    const stream = await newStream();
    const [node] = cluster.nodes;
    if (node === undefined) throw new Error('no node');
    const target = await open(stream);
    for (let round = 1; round <= rounds; round += 1) {
      const delivery = aDelivery();
      // The connection stands before its answers get lost.
      expect(await target.send(aDelivery(), 10_000)).toMatchObject({ status: 'sent' });
      const before = await stored(stream);
      node.proxy.mute(true);
      const sending = target.send(delivery, 10_000);
      await waitFor(async () => (await stored(stream)) > before, { what: 'the message in the stream' });
      await node.kill();
      expect(await sending).toMatchObject({ status: 'unknown', failureCode: 'connection_lost' });
      node.proxy.mute(false);
      await node.restart();
      const again = await target.send({ ...delivery, attemptNo: 3 }, 10_000);
      expect(again).toMatchObject({ status: 'sent', detail: expect.stringMatching(/ duplicate$/) });
      const ids = (await cluster.readAll(stream)).map(({ messageId }) => messageId);
      expect(ids.filter((id) => id === delivery.deliveryId)).toHaveLength(1);
    }
  });

  it(`is told again when the duplicate window is over, ${rounds} times: stored again under the same id`, async () => {
    const stream = await newStream({ duplicate_window: 100 * 1_000_000 });
    const target = await open(stream);
    const probe = (await cluster.manager()).jetstream();
    for (let round = 1; round <= rounds; round += 1) {
      const delivery = aDelivery();
      await target.send(delivery, 10_000);
      // Younger than the delivery: once this id is forgotten, so is that of the delivery.
      const msgID = `probe ${round}`;
      await probe.publish(`${stream}.probe`, 'x', { msgID });
      await waitFor(async () => (await probe.publish(`${stream}.probe`, 'x', { msgID })).duplicate === false);
      const again = await target.send({ ...delivery, attemptNo: 3 }, 10_000);
      expect(again).toMatchObject({ status: 'sent', detail: expect.not.stringContaining('duplicate') });
      const ids = (await cluster.readAll(stream)).map(({ messageId }) => messageId);
      expect(ids.filter((id) => id === delivery.deliveryId)).toHaveLength(2);
    }
  });

  it(`has a full stream, ${rounds} times: failed, to be tried again, and taken when there is room`, async () => {
    const stream = await newStream({ discard: DiscardPolicy.New, max_msgs: 3 });
    const target = await open(stream);
    for (let round = 1; round <= rounds; round += 1) {
      for (let at = 0; at < 3; at += 1) await target.send(aDelivery(), 10_000);
      const delivery = aDelivery();
      const refused = await target.send(delivery, 10_000);
      expect(refused).toMatchObject({ status: 'failed', failureCode: 'stream_full' });
      expect(refused).not.toHaveProperty('permanent');
      await (await cluster.manager()).streams.purge(stream);
      expect(await target.send(delivery, 10_000)).toMatchObject({ status: 'sent' });
      await (await cluster.manager()).streams.purge(stream);
    }
  });

  it(`has no stream for the subject, ${rounds} times: failed, and taken once there is one`, async () => {
    for (let round = 1; round <= rounds; round += 1) {
      const stream = `later${round}`;
      const target = await open(stream);
      const delivery = aDelivery();
      expect(await target.send(delivery, 10_000)).toMatchObject({ status: 'failed', failureCode: 'no_responders' });
      await cluster.createStream(stream);
      expect(await target.send(delivery, 10_000)).toMatchObject({ status: 'sent' });
    }
  });

  it('has another stream on the subject than the route expects: failed', async () => {
    const stream = await newStream();
    const target = await open(stream, { targetConfig: { servers: cluster.servers, stream: 'another' } });
    expect(await target.send(aDelivery(), 10_000)).toMatchObject({ status: 'failed', failureCode: 'stream_mismatch' });
    expect(await stored(stream)).toBe(0);
  });

  it('takes no message of that size: dead letter at once, whether server or stream says so', async () => {
    const stream = await newStream({ max_msg_size: 10_000 });
    const target = await open(stream);
    const ofKilobytes = (kilobytes: number) =>
      aDelivery({ event: { payloadText: `{"text":"${'x'.repeat(kilobytes * 1024)}"}` } });
    const tooLarge = { status: 'failed', failureCode: 'message_too_large', permanent: true };
    expect(await target.send(ofKilobytes(20), 10_000)).toMatchObject(tooLarge);
    expect(await target.send(ofKilobytes(3_000), 10_000)).toMatchObject(tooLarge);
    expect(await target.send(ofKilobytes(1), 10_000)).toMatchObject({ status: 'sent' });
  });

  it('breaks every connection while sends wait: unknown at once, not at the deadline', async () => {
    const stream = await newStream();
    const [node] = cluster.nodes;
    const target = await open(stream);
    await target.send(aDelivery(), 10_000);
    const before = await stored(stream);
    node?.proxy.mute(true);
    const sending = Array.from({ length: 20 }, () => target.send(aDelivery(), 60_000));
    await waitFor(async () => (await stored(stream)) === before + 20, { what: 'all 20 in the stream' });
    node?.proxy.mute(false);
    node?.proxy.cut();
    const outcomes = await Promise.all(sending);
    expect(outcomes.map(({ status }) => status)).toEqual(Array(20).fill('unknown'));
    expect(await target.send(aDelivery(), 10_000)).toMatchObject({ status: 'sent' });
  });

  it('is away at first: failed, and the same target delivers once the server is there', async () => {
    const stream = await newStream();
    const [node] = cluster.nodes;
    const target = await open(stream);
    node?.proxy.upstream(undefined);
    expect(await target.send(aDelivery(), 3_000)).toMatchObject({ status: 'failed' });
    node?.proxy.upstream(node.port);
    expect(await target.send(aDelivery(), 10_000)).toMatchObject({ status: 'sent' });
  });

  it('has a stream that confirms nothing: check says so, and a send ends as unknown', async () => {
    const stream = await newStream({ no_ack: true });
    const target = await open(stream);
    const findings = await target.check();
    expect(findings.filter(({ severity }) => severity === 'error').map(({ message }) => message)).toEqual([
      expect.stringContaining('no_ack'),
    ]);
    expect(await target.send(aDelivery(), 500)).toMatchObject({ status: 'unknown', failureCode: 'no_answer' });
  });

  it('takes events up to 1 MiB where stream and server take what the how-to says', async () => {
    const stream = await newStream({ max_msg_size: 1_064_960 });
    const target = await open(stream);
    const payloadText = `{"text":"${'x'.repeat(1023 * 1024)}"}`;
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, () => target.send(aDelivery({ event: { payloadText } }), 20_000)),
    );
    expect(outcomes.map(({ status }) => status)).toEqual(Array(8).fill('sent'));
    expect((await cluster.readAll(stream)).map(({ body }) => body.includes(payloadText))).toEqual(Array(8).fill(true));
  });

  it('takes connections and says nothing: failed at the deadline, not unknown', async () => {
    const stream = await newStream();
    const target = await open(stream);
    await cluster.nodes[0]?.process().freeze();
    try {
      expect(await target.send(aDelivery(), 700)).toMatchObject({ status: 'failed', failureCode: 'connect_timeout' });
    } finally {
      cluster.nodes[0]?.process().thaw();
    }
    expect(await target.send(aDelivery(), 10_000)).toMatchObject({ status: 'sent' });
  });

  it('runs alone: check warns of one replica and of the short window, and of a missing stream as an error', async () => {
    const stream = await newStream();
    const findings = await (await open(stream)).check();
    expect(findings.every(({ severity }) => severity === 'warning')).toBe(true);
    const text = findings.map(({ message }) => message).join('\n');
    expect(text).toContain('1 of 3 replicas');
    expect(text).toContain('duplicate_window');
    const missing = await (await open('nowhere')).check();
    expect(missing).toEqual([{ severity: 'error', message: 'There is no stream nowhere.' }]);
  });
});

describe.skipIf(!isNatsInstalled)('a NATS cluster of three', () => {
  it('loses the leader of the stream and gets it back during a run: each of 3,000 messages once, none lost', async () => {
    const cluster = await startNats({ nodes: 3 });
    try {
      const stream = 'orders';
      await cluster.createStream(stream, { num_replicas: 3 });
      const config = { servers: cluster.servers, stream };
      const target = await openNatsTarget(brokerRoute('nats', `${stream}.{type}`, config), brokerSurroundings);
      const deliveries = Array.from({ length: 3_000 }, () => aDelivery());
      const leader = await cluster.leaderOf(stream);
      let killed: Promise<void> | undefined;
      let restarted: Promise<void> | undefined;
      const run = await deliverAll(target, deliveries, {
        inFlight: 64,
        deadlineMilliseconds: 5_000,
        onSettled: (sent) => {
          if (sent >= 1_000) killed ??= leader.kill();
          if (sent >= 2_000) restarted ??= killed?.then(() => leader.restart());
        },
      });
      await restarted;
      expect(run.sent.size).toBe(3_000);
      expect(await cluster.count(stream)).toBe(3_000);
      expect(killed).toBeDefined();
      const ids = (await cluster.readAll(stream)).map(({ messageId }) => messageId);
      expect(new Set(ids)).toEqual(new Set(deliveries.map(({ deliveryId }) => deliveryId)));
      expect(ids).toHaveLength(3_000);
      await target.close();
    } finally {
      await cluster.stop();
    }
  });
});
