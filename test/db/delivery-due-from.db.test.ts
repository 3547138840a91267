// Where a claim begins to look for what is due. A transaction that stays open keeps dead entries at the head of the queue's index; a claim
// must not read them all, and nothing may be forgotten because it does not.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type ClaimedRow, claim, deployment, liveRoute, prepareDelivery, settle } from '../support/delivery-queue.js';
import { drain, emit } from '../support/race.js';
import { chosenSeed, seeded } from '../support/seeded.js';

let db: TestDatabase;
beforeEach(async () => {
  db = await createTestDatabase();
  await prepareDelivery(db);
});
afterEach(() => db.drop());

const one = async (sql: string, values: unknown[] = []) => (await db.pool.query(sql, values)).rows[0];
/** As after thousands of claims while a snapshot is open: the claims begin where the last one ended. */
const bound = (from: string) =>
  db.pool.query(
    `update iu_route_flow set picked = 5000, due_from = ${from}, lane_due_from = ${from}, looked_at = clock_timestamp(),
       look_at = clock_timestamp() + interval '1 hour'`,
  );
const emitted = (count: number) =>
  db.pool.query(
    `insert into event_outbox (event_domain, event_type, event_subject_table, event_subject_ref, source_system, safe_payload)
     select 'race', 'changed', 'race_subject', n::text, 'test', '{}' from generate_series(1, $1::integer) n`,
    [count],
  );

const outcomes = ['sent', 'sent', 'sent', 'failed', 'unknown', 'released'];

/** Pages that a claim looks at, in a transaction that is undone. */
async function pagesOfClaim(limit: number): Promise<number> {
  const client = await db.connect();
  await client.query('begin');
  const { rows } = await client.query(
    `explain (analyze, buffers, timing off, format json) select * from fn_iu_delivery_claim('counted', ${limit}, 60, '${deployment}')`,
  );
  await client.query('rollback');
  const plan = (
    typeof rows[0]['QUERY PLAN'] === 'string' ? JSON.parse(rows[0]['QUERY PLAN']) : rows[0]['QUERY PLAN']
  )[0];
  expect(plan.Plan['Actual Rows']).toBe(limit);
  return plan.Plan['Shared Hit Blocks'] + plan.Plan['Shared Read Blocks'];
}

describe('where a claim begins', () => {
  it('reads no more pages with ten thousand dead entries before what is due than without', async () => {
    await liveRoute(db, 'r');
    await emitted(11_000);
    await drain(db.pool);
    await pagesOfClaim(100);
    const before = await pagesOfClaim(100);
    const old = await db.connect();
    await old.query('begin isolation level repeatable read');
    await old.query('select pg_current_xact_id(), count(*) from iu_route_delivery');
    for (let at = 0; at < 20; at += 1) {
      await settle(db, await claim(db, { limit: 500 }), 'sent');
      await db.pool.query(
        "update iu_route_flow set look_at = clock_timestamp() + interval '1 hour' where due_from is not null",
      );
    }
    // What waits was due a moment ago, and two seconds are left to commits.
    await db.pool.query(
      'update iu_route_flow set due_from = (select min(due_at) from iu_route_delivery) where due_from is not null',
    );
    const bounded = await pagesOfClaim(100);
    await db.pool.query('update iu_route_flow set due_from = null');
    const fromTheBeginning = await pagesOfClaim(100);
    await old.query('rollback');
    expect(fromTheBeginning).toBeGreaterThan(1.5 * before);
    expect(bounded).toBeLessThan(1.2 * before);
  });

  it('finds what a long transaction committed behind it at the next look, also when the clock went back', async () => {
    await liveRoute(db, 'r');
    await liveRoute(db, 'o', { ordering: 'subject' });
    for (const [looked, look] of [
      ["clock_timestamp() - interval '11 seconds'", "clock_timestamp() - interval '1 second'"],
      ["clock_timestamp() + interval '1 hour'", "clock_timestamp() + interval '2 hours'"],
    ]) {
      await emit(db.pool, 's');
      await drain(db.pool);
      await bound("clock_timestamp() + interval '1 second'");
      expect(await claim(db)).toHaveLength(0);
      await db.pool.query(`update iu_route_flow set looked_at = ${looked}, look_at = ${look}`);
      expect(await settle(db, await claim(db), 'sent')).toMatchObject({ settled: 2 });
    }
  });

  it('looks back to what was released, and to nothing that was sent', async () => {
    await liveRoute(db, 'r');
    await emitted(6);
    await drain(db.pool);
    const first = await claim(db, { limit: 3 });
    const second = await claim(db, { limit: 3 });
    await bound('clock_timestamp()');
    await settle(db, first, 'released');
    expect((await claim(db)).map((row) => row.event_seq)).toEqual(first.map((row) => row.event_seq));
    await settle(db, second, 'sent');
  });

  it('forgets nothing and keeps the order of subjects, whatever becomes of what is claimed', async () => {
    const seed = chosenSeed();
    const random = seeded(seed);
    const policy = { retry_policy: { delays_seconds: Array(50).fill(1), jitter_share: 0 } };
    const limits = { failure_budget: 10_000 };
    await liveRoute(db, 'any', policy, limits);
    await liveRoute(db, 'ordered', { ordering: 'subject', ...policy }, limits);
    const held: ClaimedRow[][] = [];
    const sent = new Map<string, bigint>();
    const settleOne = async () => {
      const rows = held.splice(random.between(0, held.length - 1), 1)[0] ?? [];
      for (const row of rows) {
        const status = outcomes[random.between(0, outcomes.length - 1)] ?? 'sent';
        await settle(db, [row], status, { code: 'busy' });
        if (status !== 'sent') continue;
        const subject = `${row.route_id} ${row.event_subject_ref}`;
        if (row.delivery_key.startsWith('ordered'))
          expect(BigInt(row.event_seq), `seed ${seed}`).toBeGreaterThan(sent.get(subject) ?? 0n);
        sent.set(subject, BigInt(row.event_seq));
      }
    };
    // Retries come at once, the breaker stays out of it, and the claims are bounded all the time; there is never a look.
    const goOn = async () => {
      await db.pool.query("update iu_route_flow set breaker = 'closed', breaker_until = null, failures_in_row = 0");
      await db.pool.query(
        `with d as (update iu_route_delivery set due_at = clock_timestamp() where lease_token is null and due_at > clock_timestamp())
           update iu_route_lane set due_at = clock_timestamp() where lease_token is null and due_at > clock_timestamp()`,
      );
      await db.pool.query(
        `update iu_route_flow set picked = 5000, looked_at = clock_timestamp(), look_at = clock_timestamp() + interval '1 hour',
             due_from = coalesce(due_from, '-infinity'), lane_due_from = coalesce(lane_due_from, '-infinity')`,
      );
    };
    for (let step = 0; step < 40; step += 1) {
      if (step < 30) for (let n = random.between(0, 4); n > 0; n -= 1) await emit(db.pool, `s${random.between(1, 4)}`);
      await drain(db.pool);
      await goOn();
      // As long ago as its two seconds allow, what was claimed last is where the next claim begins.
      await db.pool.query(
        `update iu_route_flow f set due_from = greatest(f.due_from, (select max(x.due_at) from iu_route_delivery x where x.route_id = f.route_id
             and x.lane_key is null and x.lease_token is not null and not exists (select from iu_route_delivery y where y.route_id = x.route_id
             and y.lane_key is null and y.lease_token is null and y.due_at < x.due_at)))`,
      );
      held.push(await claim(db, { limit: random.between(1, 6), runner: `r${step}` }));
      if (random.chance(0.2)) {
        const lost = held.pop() ?? [];
        const runner = `r${step}`;
        expect(Number((await one('select fn_iu_delivery_disown($1, $2) as n', [runner, []])).n)).toBe(lost.length);
      }
      while (held.length > random.between(0, 4)) await settleOne();
    }
    for (
      let round = 0;
      round < 60 && (await one('select count(*)::int as n from iu_route_delivery')).n > 0;
      round += 1
    ) {
      await goOn();
      held.push(await claim(db, { runner: 'last' }));
      while (held.length > 0) await settleOne();
    }
    expect((await one('select count(*)::int as n from iu_route_delivery')).n, `seed ${seed}`).toBe(0);
  }, 120_000);
});
