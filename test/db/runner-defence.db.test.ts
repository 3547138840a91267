import { describe, expect, it } from 'vitest';
import { systemClock } from '../../src/route/clock.js';
import { type DeliverySession, openDeliverySession } from '../../src/store/delivery-session.js';
import type { TestDatabase } from '../support/database.js';
import { liveRoute, sent } from '../support/delivery-queue.js';
import { takeLive } from '../support/race.js';
import { gatedTarget, useRunners } from '../support/runners.js';
import { waitFor } from '../support/wait.js';
import { countOf } from '../support/worker.js';

let db: TestDatabase;
const { start, queue, settled } = useRunners(
  (made) => {
    db = made;
  },
  { stopsMayFail: true },
);
const connect = () => openDeliverySession({ url: db.url, schema: db.schema, purpose: 'test runner' });

describe('the runner, when its database fails it', () => {
  it('sends nothing to the target of a version that was replaced while the database was out of its reach', async () => {
    await liveRoute(db, 'r', { target_ref: 'https://former.test/hook' });
    await queue(3);
    const slow = gatedTarget();
    let isReached = true;
    let later = 0;
    let asked = 0;
    const outOfReach = async (): Promise<DeliverySession> => {
      const session = await connect();
      const state: DeliverySession['state'] = async (...given) => {
        asked += 1;
        await waitFor(() => isReached, { timeoutSeconds: 60 });
        return session.state(...given);
      };
      return { ...session, state };
    };
    const sentTo: string[] = [];
    const running = start(
      undefined,
      { slots: 1 },
      {
        connect: outOfReach,
        clock: { ...systemClock, nowMilliseconds: () => systemClock.nowMilliseconds() + later },
        openTarget: async ({ target_ref }) => ({
          send: async (delivery) => {
            sentTo.push(target_ref);
            return sentTo.length === 1 ? slow.answer(delivery) : sent;
          },
          check: async () => [],
          close: async () => {},
        }),
      },
    );
    await waitFor(() => slow.begun() === 1 && running.runner.state.waiting === 2);
    isReached = false;
    const before = asked;
    await waitFor(() => asked > before);
    await db.pool.query(`select fn_iu_route_change('r', '{"target_ref": "https://present.test/hook"}', 'moved')`);
    await takeLive(db.pool, 'r');
    // What was judged more than a second ago is not sent before it is judged again.
    later = 1500;
    slow.open();
    isReached = true;
    await waitFor(async () => (await settled('sent')) === 3);
    expect(sentTo).toEqual(['https://former.test/hook', 'https://present.test/hook', 'https://present.test/hook']);
    const { rows } = await db.pool.query(
      "select route_version from iu_route_attempt where status = 'sent' order by attempt_id",
    );
    expect(rows.map(({ route_version }) => route_version)).toEqual([1, 2, 2]);
  });

  it('gives back what it claimed when it cannot learn where to send it', async () => {
    await liveRoute(db, 'r');
    await queue(5);
    let asked = 0;
    const unlucky = async (): Promise<DeliverySession> => {
      const session = await connect();
      const routes: DeliverySession['routes'] = async (ids) => {
        asked += 1;
        if (asked === 1) throw new Error('connection terminated unexpectedly');
        return session.routes(ids);
      };
      return { ...session, routes };
    };
    const running = start(undefined, {}, { connect: unlucky });
    await waitFor(async () => (await settled('sent')) === 5);
    expect((await running.stop()).released).toBe(5);
    expect(await settled('unknown')).toBe(0);
  });

  it('writes every other result when the database refuses one', async () => {
    await liveRoute(db, 'r');
    await queue(40);
    const picky = async (): Promise<DeliverySession> => {
      const session = await connect();
      const settle: DeliverySession['settle'] = async (runner, batch) => {
        if (batch.some((one) => one.delivery.event.subjectRef === 's7'))
          throw Object.assign(new Error('invalid byte sequence'), { code: '22021' });
        return session.settle(runner, batch);
      };
      return { ...session, settle };
    };
    const running = start(undefined, {}, { connect: picky });
    await waitFor(async () => (await settled('sent')) === 39, { timeoutSeconds: 30 });
    await waitFor(() => running.said.some((line) => line.startsWith('a result was refused')));
    expect(await countOf(db, 'iu_route_delivery where lease_token is not null')).toBe(1);
  });

  it.each(['57014', '55P03', 'ETIMEDOUT'])(
    'settles in smaller batches while the server is too slow for large ones: %s',
    async (code) => {
      await liveRoute(db, 'r');
      await queue(40);
      const batches: number[] = [];
      const slow = gatedTarget();
      const slowly = async (): Promise<DeliverySession> => {
        const session = await connect();
        const settle: DeliverySession['settle'] = async (runner, batch) => {
          batches.push(batch.length);
          if (batch.length > 3) throw Object.assign(new Error('too slow'), { code });
          return session.settle(runner, batch);
        };
        return { ...session, settle };
      };
      const running = start(slow.answer, {}, { connect: slowly });
      await waitFor(() => slow.begun() === 16);
      slow.open();
      await waitFor(async () => (await settled('sent')) === 40, { timeoutSeconds: 60 });
      expect(Math.max(...batches)).toBeGreaterThan(3);
      expect((await running.stop()).refused).toBe(0);
    },
  );

  it('sends no more than eight for each slot while nothing is settled, however fast the target', async () => {
    await liveRoute(db, 'r');
    await queue(400);
    let written = 0;
    let isStuck = false;
    let open = () => {};
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    const running = start(
      undefined,
      { slots: 4 },
      {
        connect: async () => {
          const session = await connect();
          const settle: DeliverySession['settle'] = async (runnerId, batch) => {
            // By then it is known to be fast, and more is held than could be sent.
            isStuck = written >= 100;
            if (isStuck) await opened;
            const result = await session.settle(runnerId, batch);
            written += batch.length;
            return result;
          };
          return { ...session, settle };
        },
      },
    );
    await waitFor(
      () =>
        isStuck &&
        running.runner.state.sending === 0 &&
        running.received.length > written &&
        running.runner.state.waiting > 0,
    );
    expect(running.received.length - written).toBeLessThanOrEqual(8 * 4);
    expect(running.runner.state.waiting).toBeGreaterThan(0);
    open();
    await waitFor(async () => (await settled('sent')) === 400);
    expect(new Set(running.received.map(({ event }) => event.seq)).size).toBe(400);
  });

  it('sends nothing that it could not judge again for a second', async () => {
    await liveRoute(db, 'r');
    await queue(20);
    const held = gatedTarget();
    let isAway = false;
    const open: DeliverySession[] = [];
    const running = start(
      held.answer,
      { slots: 4 },
      {
        connect: async () => {
          if (isAway) throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
          const session = await connect();
          open.push(session);
          return session;
        },
      },
    );
    await waitFor(() => held.begun() === 4);
    isAway = true;
    await Promise.all(open.map((one) => one.close()));
    await db.pool.query("select fn_iu_gate_set('delivery_enabled', false, 'stop')");
    const closedAt = performance.now();
    await waitFor(() => performance.now() - closedAt > 1300);
    held.open();
    await waitFor(() => running.runner.state.sending === 0);
    expect(held.begun()).toBe(4);
    isAway = false;
    await waitFor(async () => (await countOf(db, 'iu_route_delivery where lease_token is null')) === 16);
    expect(held.begun()).toBe(4);
    expect(await settled('sent')).toBe(4);
  });

  it('gives back what waits behind slow sends before its lease is over', async () => {
    await liveRoute(db, 'r');
    await queue(6);
    const held = gatedTarget();
    start(held.answer, { slots: 2, leaseSeconds: 6 });
    await waitFor(() => held.begun() === 2);
    await waitFor(async () => (await countOf(db, 'iu_route_lease where event_seqs is not null')) > 0);
    await waitFor(async () => (await settled('unknown')) === 2, { timeoutSeconds: 20 });
    held.open();
    expect(await settled('unknown')).toBe(2);
  });
});

describe('a runner that works once', () => {
  it('ends when its clock is off', async () => {
    await liveRoute(db, 'r');
    await queue(1);
    const running = start(undefined, { once: true, wallClockSeconds: () => Date.now() / 1000 + 3600 });
    expect(await running.done).toMatchObject({ hold: 'clock_skew', sent: 0 });
  });

  it('ends with the error when the server is away', async () => {
    const away = async (): Promise<DeliverySession> => {
      throw Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
    };
    const running = start(undefined, { once: true }, { connect: away });
    await expect(running.done).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });
});
