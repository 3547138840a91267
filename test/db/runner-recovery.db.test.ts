// A claim whose answer is lost leaves a lease that nobody knows. The runner gives it back, also when it is about to end; and where the database
// refuses that, it claims and sends all the same.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type DeliverySession, openDeliverySession } from '../../src/store/delivery-session.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { liveRoute, prepareDelivery, type RunningRunner, startRunner } from '../support/delivery-queue.js';
import { drain, emit } from '../support/race.js';
import { waitFor } from '../support/wait.js';
import { countOf } from '../support/worker.js';

let db: TestDatabase;
let running: RunningRunner | undefined;
beforeEach(async () => {
  db = await createTestDatabase();
  await prepareDelivery(db);
  await liveRoute(db, 'r');
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  await db.drop();
});

const queue = async (subject: string) => {
  await emit(db.pool, subject);
  await drain(db.pool);
};

/** Connections whose claims lose the answer when `isLost` says so. */
const connections = (isLost: () => boolean, more: Partial<DeliverySession> = {}) => {
  return async (): Promise<DeliverySession> => {
    const session = await openDeliverySession({ url: db.url, schema: db.schema, purpose: 'test runner' });
    return {
      ...session,
      ...more,
      claim: async (...given) => {
        const claimed = await session.claim(...given);
        if (claimed.deliveries.length > 0 && isLost()) throw new Error('Connection terminated unexpectedly');
        return claimed;
      },
    };
  };
};

it('claims and sends although the database refuses to give back or to say what it knows, and says so once', async () => {
  let lost = 0;
  const refuse = async () => {
    throw Object.assign(new Error('permission denied for function'), { code: '42501' });
  };
  let isLosing = false;
  const connect = connections(
    () => {
      if (isLosing) lost += 1;
      return isLosing;
    },
    { disown: refuse, reportGap: refuse },
  );
  running = startRunner(db, undefined, {}, { connect });
  const { received, said } = running;
  await queue('a');
  await waitFor(() => received.length === 1);
  isLosing = true;
  await queue('b');
  running.runner.wake();
  await waitFor(() => lost === 1);
  isLosing = false;
  await queue('c');
  await waitFor(() => received.length === 2);
  await queue('d');
  await waitFor(() => received.length === 3);
  expect(received.map(({ event }) => event.subjectRef)).toEqual(['a', 'c', 'd']);
  expect(said.filter((line) => line.startsWith('nobody says whether'))).toHaveLength(1);
  expect(said.filter((line) => line.endsWith('cannot be given back'))).toHaveLength(1);
});

it('gives back at its end what a claim without an answer leased', async () => {
  await queue('a');
  const connect = connections(() => {
    running?.runner.stop();
    return true;
  });
  running = startRunner(db, undefined, {}, { connect });
  await running.done;
  expect(running.said).toContain('a claim got no answer; what it had leased is given back');
  expect(await countOf(db, 'iu_route_lease')).toBe(0);
  expect(await countOf(db, 'iu_route_delivery where lease_token is null')).toBe(1);
});

it('does not end a one-time run before it knows what became of a claim without an answer', async () => {
  await queue('a');
  let asked = 0;
  let isLost = false;
  const connect = async (): Promise<DeliverySession> => {
    const session = await connections(() => {
      const isFirst = !isLost;
      isLost = true;
      return isFirst;
    })();
    // The first two times it still runs in the server.
    const disown: DeliverySession['disown'] = async (...given) => {
      asked += 1;
      return asked <= 2 ? null : session.disown(...given);
    };
    return { ...session, disown };
  };
  running = startRunner(db, undefined, { once: true }, { connect });
  expect(await running.done).toMatchObject({ sent: 1 });
  expect(await countOf(db, 'iu_route_delivery')).toBe(0);
});
