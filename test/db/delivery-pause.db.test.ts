import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { claim, liveRoute, prepareDelivery, settle } from '../support/delivery-queue.js';
import { drain, emit } from '../support/race.js';

let db: TestDatabase;
beforeEach(async () => {
  db = await createTestDatabase();
  await prepareDelivery(db);
});
afterEach(() => db.drop());

const one = async (sql: string, values: unknown[] = []) => (await db.pool.query(sql, values)).rows[0];

/** Goes on with the log of the gates, as if from so long ago: hours before now, gate, value and, for a time limit, hours before now of its end. */
async function gateLog(...entries: readonly (readonly [number, string, string, number?])[]): Promise<void> {
  for (const [hours, gate, value, limitHours] of entries) {
    await db.pool.query(
      `insert into iu_gate_log (config_key, operation, new_value, open_until, changed_by, changed_at)
       values ('iu_core.' || $1, 'update', $2, now() - make_interval(hours => $3), 'test', now() - make_interval(hours => $4))`,
      [gate, value, limitHours ?? null, hours],
    );
  }
}

describe('the pause after a day of failures', () => {
  it('does not count the time in which the gate was closed', async () => {
    const route = await liveRoute(db, 'r', { retry_policy: { delays_seconds: Array(20).fill(1), jitter_share: 0 } });
    await emit(db.pool, 's');
    await drain(db.pool);
    await gateLog(
      [100, 'delivery_enabled', 'true'],
      [49, 'delivery_enabled', 'false'],
      [1, 'delivery_enabled', 'true'],
    );
    const failsAfter = async (hours: number) => {
      await db.pool.query('update iu_route_delivery set due_at = now()');
      await db.pool.query('update iu_route_flow set failing_since = now() - make_interval(hours => $1)', [hours]);
      await settle(db, await claim(db), 'failed');
      return (await one('select pause_reason from iu_route_flow where route_id = $1', [route])).pause_reason;
    };
    expect(await failsAfter(50)).toBeNull();
    expect(await failsAfter(71)).toBeNull();
    expect(await failsAfter(73)).toMatch(/^nothing but failures since /);
  });

  it.each([
    ['open all the time', [[90, 'delivery_enabled', 'true']], 0],
    ['closed before and still', [[90, 'delivery_enabled', 'false']], 50],
    ['another gate', [[40, 'route_worker_enabled', 'false']], 0],
    [
      'both gates, partly at once',
      [
        [40, 'delivery_enabled', 'false'],
        [30, 'routes_master_enabled', 'no'],
        [20, 'delivery_enabled', 'true'],
        [10, 'routes_master_enabled', 'true'],
      ],
      30,
    ],
    [
      'a time limit that passed',
      [
        [90, 'delivery_enabled', 'true', 40],
        [35, 'delivery_enabled', 'true', 30],
        [25, 'delivery_enabled', 'true'],
      ],
      10,
    ],
    [
      'closed before its time limit passed',
      [
        [90, 'delivery_enabled', 'true', 20],
        [30, 'delivery_enabled', 'false'],
      ],
      30,
    ],
    ['a time limit to come', [[90, 'delivery_enabled', 'true', -5]], 0],
  ] as const)('knows how long the gates were closed: %s', async (_name, entries, hours) => {
    await gateLog(...entries);
    const asked =
      "select round(extract(epoch from fn_iu_delivery_closed(now() - interval '50 h', now())) / 3600) as hours";
    expect(await one(asked)).toEqual({ hours: String(hours) });
  });
});
