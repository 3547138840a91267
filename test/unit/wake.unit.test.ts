import { expect, it } from 'vitest';
import { Wake } from '../../src/deliver/wake.js';

it('wakes a sleep that began before the ring and one that begins after it, once, and makes no exception for each ring', () => {
  const wake = new Wake();
  const first = wake.renew();
  let woken = 0;
  first.addEventListener('abort', () => {
    woken += 1;
  });
  for (let ring = 0; ring < 3; ring += 1) wake.ring();
  expect({ woken, aborted: first.aborted, reason: first.reason }).toEqual({ woken: 1, aborted: true, reason: 'woken' });
  expect(wake.renew().aborted).toBe(false);
});
