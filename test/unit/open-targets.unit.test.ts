import { expect, it } from 'vitest';
import { OpenTargets } from '../../src/deliver/open-targets.js';
import { RouteQueue } from '../../src/deliver/route-queue.js';
import type { Target } from '../../src/deliver/target.js';
import type { DeliveryRoute, DeliverySession } from '../../src/store/delivery-session.js';
import { aDelivery } from '../support/delivery.js';

const routeOf = (id: string): DeliveryRoute => ({
  route_id: id,
  route_code: `route.${id}`,
  version: 1,
  target_kind: 'webhook',
  target_ref: 'https://example.com',
  target_config: {},
});

it('closes the target of a route that was stopped once nothing is sent to it, and asks no more than twice a minute', async () => {
  const closed: string[] = [];
  let now = 0;
  const clock = { nowMilliseconds: () => now, random: () => 0, sleep: async () => {} };
  const open = async (route: DeliveryRoute): Promise<Target> => ({
    send: async () => ({ status: 'sent', detail: '200' }),
    check: async () => [],
    close: async () => void closed.push(route.route_id),
  });
  const targets = new OpenTargets(open, clock, () => {}, { onOpen: () => {}, onUnopened: () => {} });
  const queues = new Map<string, RouteQueue>();
  for (const id of ['1', '2', '3']) {
    const queue = new RouteQueue(id, 1, `route.${id}`);
    queues.set(id, queue);
    targets.open(routeOf(id), queue);
  }
  await Promise.resolve();
  const delivery = { ...aDelivery(), leaseToken: 't', routeId: '2', routeVersion: 1 };
  queues.get('2')?.waiting.push({ delivery, leaseEndsAt: 1 });
  const asked: (readonly string[])[] = [];
  const session = {
    state: async (_deployment: string | null, routes: readonly { routeId: string }[]) => {
      const ids = routes.map(({ routeId }) => routeId);
      asked.push(ids);
      return { hold: null, stopped: ids.filter((id) => id !== '3') };
    },
  } as unknown as DeliverySession;
  const look = () => targets.closeStopped(session, queues, 'test');
  await look();
  await look();
  expect(asked).toEqual([['1', '3']]);
  expect([...queues.keys()]).toEqual(['2', '3']);
  queues.get('2')?.waiting.splice(0);
  now = 30_000;
  await look();
  await Promise.resolve();
  await targets.closeAll();
  expect(closed).toEqual(['1', '2', '3']);
});

it('closes a target when what is in flight on it is over', async () => {
  let isClosed = false;
  const clock = { nowMilliseconds: () => 0, random: () => 0, sleep: async () => {} };
  const target: Target = {
    send: async () => ({ status: 'sent', detail: '200' }),
    check: async () => [],
    close: async () => {
      isClosed = true;
    },
  };
  const unopened: string[] = [];
  const targets = new OpenTargets(
    async () => target,
    clock,
    () => {},
    {
      onOpen: () => {},
      onUnopened: ({ routeCode }) => unopened.push(routeCode),
    },
  );
  const queue = new RouteQueue('1', 1, 'route.1');
  targets.open(routeOf('1'), queue);
  await Promise.resolve();
  queue.active = 2;
  targets.giveUp(queue, 'IU452: the file is gone');
  expect(unopened).toEqual(['route.1']);
  queue.ended({ status: 'sent', detail: '200' }, 64);
  await new Promise(setImmediate);
  expect(isClosed).toBe(false);
  queue.ended({ status: 'sent', detail: '200' }, 64);
  await new Promise(setImmediate);
  expect(isClosed).toBe(true);
});
