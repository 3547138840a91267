import { describe, expect, it } from 'vitest';
import { bytesToAsk, RouteQueue } from '../../src/deliver/route-queue.js';
import { aDelivery } from '../support/delivery.js';

const slots = 64;

/** A queue after `finished` sends in `milliseconds`, all of them good, or with a failure last. */
function queueAfter(finished: number, milliseconds: number, isFailing = false): RouteQueue {
  const queue = new RouteQueue('1', 1, 'r');
  queue.room(slots, 1000);
  queue.active = finished + (isFailing ? 1 : 0);
  for (let at = 0; at < finished; at += 1) queue.ended({ status: 'sent', detail: '200' }, slots);
  if (isFailing) queue.ended({ status: 'unknown', failureCode: 'timeout', failureDetail: '' }, slots);
  queue.room(slots, 1000 + milliseconds);
  return queue;
}

describe('what a runner holds of a route', () => {
  it('is what it sends at once and as many behind those, for a target that nothing is known about', () => {
    expect(new RouteQueue('1', 1, 'r').room(slots, 1000)).toBe(32);
  });

  it('is four times the slots behind those that are sent for a target that keeps up, however slowly', () => {
    const queue = queueAfter(200, 10_000);
    expect(queue.ahead(slots)).toBe(0);
    expect(queue.room(slots, 11_000)).toBe(slots + 4 * slots);
  });

  it('is a tenth of a second of its rate for a fast one, up to sixteen times the slots, and no more when it slows down or fails', () => {
    expect(queueAfter(500, 100).room(slots, 1100)).toBe(slots + 500);
    const fast = queueAfter(5000, 100);
    expect(fast.room(slots, 1100)).toBe(slots + 16 * slots);
    expect(fast.room(slots, 2100)).toBe(slots + 4 * slots);
    expect(queueAfter(5000, 100, true).ahead(slots)).toBe(0);
  });

  it('is bounded in bytes: 32 MiB, then 4 more at a time, and nothing beyond 64', () => {
    const mebibyte = 1024 * 1024;
    const asked = (held: number) => bytesToAsk(held * mebibyte) / mebibyte;
    expect([0, 10, 28, 32, 64, 65].map(asked)).toEqual([32, 22, 4, 4, 4, 0]);
  });

  it('is given back, the last first, but for as many as are sent at once', () => {
    const queue = new RouteQueue('1', 1, 'r');
    const delivery = { ...aDelivery(), leaseToken: 't', routeId: '1', routeVersion: 1 };
    for (let at = 0; at < 20; at += 1) queue.waiting.push({ delivery, leaseEndsAt: at });
    expect(queue.takeBeyondWindow().map(({ leaseEndsAt }) => leaseEndsAt)).toEqual([16, 17, 18, 19]);
    expect(queue.waiting).toHaveLength(16);
    expect(queue.takeBeyondWindow()).toEqual([]);
  });
});
