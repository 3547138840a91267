import { expect, it } from 'vitest';
import { Settling } from '../../src/deliver/settling.js';
import type { DeliverySession, Settlement } from '../../src/store/delivery-session.js';

it('writes a result again without the characters that the encoding of the database does not know', async () => {
  const written: string[] = [];
  const session = {
    settle: async (_runner: string, batch: readonly Settlement[]) => {
      const texts = batch.map(({ outcome }) => (outcome.status === 'failed' ? outcome.failureDetail : outcome.status));
      if (texts.some((text) => text.includes('\u2192'))) throw Object.assign(new Error('refused'), { code: '22P05' });
      written.push(...texts);
      return { settled: batch.length, refused: 0, dead_lettered: 0 };
    },
  } as unknown as DeliverySession;
  const results = new Settling('runner', () => undefined);
  for (const failureDetail of ['first', 'a \u2192 b', 'third'])
    results.push({
      delivery: {} as Settlement['delivery'],
      outcome: { status: 'failed', failureCode: 'http_422', failureDetail, permanent: true },
      milliseconds: 1,
    });
  for (let round = 0; results.length > 0 && round < 20; round += 1)
    await results.settle(session).catch(() => undefined);
  expect(written).toEqual(['first', 'a ? b', 'third']);
});
