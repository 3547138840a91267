import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Target } from '../../src/deliver/target.js';
import { aDelivery, touchyPayloadText } from './delivery.js';
import { waitFor } from './wait.js';

/** What the far side of a target is told to do with the next sends. */
export type TargetBehaviour =
  /** Take and confirm. */
  | 'accept'
  /** Answer that this was not taken. */
  | 'refuse'
  /** Read everything and confirm nothing. */
  | 'hang';

/** A message as its receiver has it. */
export interface ReceivedMessage {
  /** What the receiver dedupes by. */
  readonly deliveryId: string;
  /** Everything that carries the event, byte for byte as UTF-8; the payload stands in it as it was stored. */
  readonly bodyText: string;
  /** How the message says that it is a test, undefined when it is none. */
  readonly testMark: string | undefined;
}

/** One kind of target with its far side, as the suite drives it. */
export interface ConformanceBench {
  /** A target whose far side is there. */
  open(): Promise<Target>;
  /** A target whose far side is not there: nobody listens. */
  openUnreachable(): Promise<Target>;
  /** Takes effect before it resolves. */
  behave(behaviour: TargetBehaviour): void | Promise<void>;
  /** Everything received since the start, in the order of arrival, confirmed or not. */
  received(): readonly ReceivedMessage[] | Promise<readonly ReceivedMessage[]>;
  /** Sockets from the target that are open on the far side. */
  openConnections(): number | Promise<number>;
  close(): Promise<void>;
  /** Time a first send may take, connect included; 10 s unless said. */
  readonly deadlineMilliseconds?: number;
}

/**
 * The suite that every kind of target passes. `startBench` is called once.
 *
 * What cannot be shown with a kind (such as a refusal by a sink that cannot refuse) is named in `without`, so that it is seen.
 */
export function describeTargetConformance(
  kind: string,
  startBench: () => Promise<ConformanceBench>,
  without: readonly TargetBehaviour[] = [],
): void {
  describe(`target ${kind} conforms`, () => {
    let bench: ConformanceBench;
    let target: Target;
    const deadline = () => bench.deadlineMilliseconds ?? 10_000;
    const receivedOf = (deliveryId: string, count = 1) =>
      waitFor(
        async () => {
          const found = (await bench.received()).filter((message) => message.deliveryId === deliveryId);
          return found.length >= count ? found : undefined;
        },
        { what: `${count} of ${deliveryId} at the far side of ${kind}` },
      );

    beforeAll(async () => {
      bench = await startBench();
      target = await bench.open();
    });
    afterAll(async () => {
      await target?.close();
      await bench?.close();
    });

    it(`${kind}: says sent when the far side confirmed, and it has the message once`, async () => {
      await bench.behave('accept');
      const delivery = aDelivery();
      const outcome = await target.send(delivery, deadline());
      expect(outcome).toMatchObject({ status: 'sent' });
      expect(await receivedOf(delivery.deliveryId)).toHaveLength(1);
    });

    it(`${kind}: carries the payload byte for byte`, async () => {
      await bench.behave('accept');
      const delivery = aDelivery();
      await target.send(delivery, deadline());
      const [message] = await receivedOf(delivery.deliveryId);
      expect(message?.bodyText).toContain(touchyPayloadText);
    });

    it(`${kind}: sends another attempt of the same delivery under the same id`, async () => {
      await bench.behave('accept');
      const delivery = aDelivery({ attemptNo: 2 });
      await target.send(delivery, deadline());
      await target.send({ ...delivery, attemptNo: 3 }, deadline());
      const received = await bench.received();
      // A target with dedupe of its own may have swallowed the second; a second id it may not have.
      const ofEvent = received.filter((message) => message.bodyText.includes(delivery.event.id));
      expect(ofEvent.length).toBeGreaterThan(0);
      expect(new Set(ofEvent.map((message) => message.deliveryId))).toEqual(new Set([delivery.deliveryId]));
    });

    it(`${kind}: marks a test, and nothing else, as a test`, async () => {
      await bench.behave('accept');
      const test = aDelivery({ test: true });
      const real = aDelivery();
      await target.send(test, deadline());
      await target.send(real, deadline());
      expect((await receivedOf(test.deliveryId))[0]?.testMark).toBeTruthy();
      expect((await receivedOf(real.deliveryId))[0]?.testMark).toBeUndefined();
    });

    it(`${kind}: takes many sends at once and keeps them apart`, async () => {
      await bench.behave('accept');
      const deliveries = Array.from({ length: 50 }, () => aDelivery());
      const outcomes = await Promise.all(deliveries.map((delivery) => target.send(delivery, deadline())));
      expect(outcomes.filter((outcome) => outcome.status !== 'sent')).toEqual([]);
      for (const delivery of deliveries) {
        const [message] = await receivedOf(delivery.deliveryId);
        expect(message?.bodyText).toContain(delivery.event.id);
      }
    });

    it.skipIf(without.includes('refuse'))(`${kind}: says failed, with a code, when the far side refused`, async () => {
      await bench.behave('refuse');
      const outcome = await target.send(aDelivery(), deadline());
      expect(outcome.status).toBe('failed');
      expect(outcome).toMatchObject({ failureCode: expect.stringMatching(/^[a-z][a-z0-9_]*$/) });
    });

    it.skipIf(without.includes('hang'))(
      `${kind}: says unknown at the deadline when it wrote and nobody confirmed`,
      async () => {
        await bench.behave('accept');
        await target.send(aDelivery(), deadline());
        await bench.behave('hang');
        const started = process.hrtime.bigint();
        const outcome = await target.send(aDelivery(), 1_500);
        const seconds = Number(process.hrtime.bigint() - started) / 1e9;
        expect(outcome).toMatchObject({ status: 'unknown', failureCode: expect.stringMatching(/^[a-z][a-z0-9_]*$/) });
        expect(seconds).toBeGreaterThan(1.4);
        expect(seconds).toBeLessThan(4);
        await bench.behave('accept');
        expect(await target.send(aDelivery(), deadline())).toMatchObject({ status: 'sent' });
      },
    );

    it(`${kind}: says failed, never unknown, when nobody was reached`, async () => {
      const unreachable = await bench.openUnreachable();
      try {
        const outcome = await unreachable.send(aDelivery(), 3_000);
        expect(outcome).toMatchObject({ status: 'failed' });
        expect(outcome).not.toHaveProperty('permanent', true);
      } finally {
        await unreachable.close();
      }
    });

    it(`${kind}: check looks at the far side without sending anything`, async () => {
      await bench.behave('accept');
      const before = (await bench.received()).length;
      const findings = await target.check();
      expect(findings.filter((finding) => finding.severity === 'error')).toEqual([]);
      expect((await bench.received()).length).toBe(before);
    });

    it(`${kind}: close ends what it opened, twice is no error, and a send after it fails`, async () => {
      const other = await bench.open();
      await bench.behave('accept');
      const before = await bench.openConnections();
      await other.send(aDelivery(), deadline());
      await other.close();
      await other.close();
      await waitFor(async () => (await bench.openConnections()) <= before, {
        what: 'the connections of a closed target',
      });
      expect(await other.send(aDelivery(), 1_000)).toMatchObject({ status: 'failed' });
    });
  });
}
