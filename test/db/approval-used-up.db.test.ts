// An approval for so many events: one that was counted is finished, tried again until it is sent or a dead letter; what is not counted waits.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { pastTheGuards } from '../support/approval.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { type ClaimedRow, claim, liveRoute, prepareDelivery, settle } from '../support/delivery-queue.js';
import { drain, emit, takeLive } from '../support/race.js';
import { chosenSeed, seeded } from '../support/seeded.js';

let db: TestDatabase;
beforeEach(async () => {
  db = await createTestDatabase();
  await prepareDelivery(db);
});
afterEach(() => db.drop());

const retries = { retry_policy: { delays_seconds: [1, 1], jitter_share: 0 } };
const one = async (sql: string, values: unknown[] = []) => (await db.pool.query(sql, values)).rows[0];
const used = async () =>
  (await one('select events_used::int as n from iu_route_approval order by approval_id desc limit 1')).n;
const makeDue = () =>
  db.pool.query(
    `with d as (update iu_route_delivery set due_at = clock_timestamp() where lease_token is null),
          f as (update iu_route_flow set breaker = 'closed', breaker_until = null, failures_in_row = 0, failing_since = null)
     update iu_route_lane set due_at = clock_timestamp() where lease_token is null and due_at < 'infinity'`,
  );
const emitAll = async (subjects: readonly string[]) => {
  const seqs: string[] = [];
  for (const subject of subjects) seqs.push(await emit(db.pool, subject));
  await drain(db.pool);
  return seqs;
};
const seqsOf = (rows: readonly ClaimedRow[]) => rows.map((row) => row.event_seq);
const holds = async () => (await db.pool.query("select hold from fn_iu_delivery_holds() where route_code = 'r'")).rows;
const standings = async () =>
  (await db.pool.query('select counted, state from v_iu_delivery order by event_seq')).rows.map(
    (row) => `${row.state}${row.counted ? ' counted' : ''}`,
  );

describe('an approval that is used up', () => {
  it.each(['none', 'subject'])(
    'lets what it has counted be tried again, and only that (ordering %s)',
    async (ordering) => {
      await liveRoute(db, 'r', { ordering, ...retries }, { max_events: 2 });
      const seqs = await emitAll(['a', 'b', 'c', 'd']);
      const first = await claim(db);
      expect(seqsOf(first)).toEqual(seqs.slice(0, 2));
      expect(await used()).toBe(2);
      expect(await claim(db)).toEqual([]);
      await settle(db, first, 'failed');
      expect(await holds()).toEqual([{ hold: 'approval_used_up' }]);
      await makeDue();
      expect(await standings()).toEqual(['due counted', 'due counted', 'due', 'due']);
      const second = await claim(db);
      expect(seqsOf(second)).toEqual(seqs.slice(0, 2));
      expect(second.map((row) => row.attempt_no)).toEqual([3, 3]);
      await settle(db, second.slice(0, 1), 'sent');
      await settle(db, second.slice(1), 'unknown');
      await makeDue();
      // The last try fails: a dead letter ends what was counted.
      const third = await claim(db);
      expect(seqsOf(third)).toEqual(seqs.slice(1, 2));
      expect(await settle(db, third, 'failed')).toMatchObject({ dead_lettered: 1 });
      await makeDue();
      expect(await claim(db)).toEqual([]);
      expect(await used()).toBe(2);
      expect(await standings()).toEqual(['due', 'due']);
    },
  );

  it('gives the events that are left to what is due besides', async () => {
    await liveRoute(db, 'r', retries, { max_events: 3 });
    await liveRoute(db, 'o', { ordering: 'subject', ...retries }, { max_events: 3 });
    const seqs = await emitAll(['a', 'b', 'c', 'd', 'e']);
    const ofRoute = (rows: readonly ClaimedRow[], code: string) =>
      seqsOf(rows.filter((row) => row.delivery_key.startsWith(`${code}:`)));
    const first = await claim(db, { limit: 4 });
    expect(ofRoute(first, 'r').length + ofRoute(first, 'o').length).toBe(4);
    await settle(db, first, 'failed');
    await makeDue();
    const second = await claim(db);
    for (const code of ['r', 'o']) expect(ofRoute(second, code)).toEqual(seqs.slice(0, 3));
  });

  it('counts what was given back unsent to nobody, and a try that was counted before only once', async () => {
    await liveRoute(db, 'r', retries, { max_events: 1 });
    const seqs = await emitAll(['a', 'b']);
    await settle(db, await claim(db), 'released');
    expect(await used()).toBe(0);
    await settle(db, await claim(db), 'failed');
    await makeDue();
    const again = await claim(db);
    expect(seqsOf(again)).toEqual(seqs.slice(0, 1));
    await settle(db, again, 'released');
    expect(await used()).toBe(1);
    expect(seqsOf(await claim(db))).toEqual(seqs.slice(0, 1));
  });

  it('finishes what became unknown because its lease ran out', async () => {
    await liveRoute(db, 'r', retries, { max_events: 1 });
    const seqs = await emitAll(['a', 'b']);
    expect(seqsOf(await claim(db))).toEqual(seqs.slice(0, 1));
    await db.pool.query('update iu_route_lease set lease_until = clock_timestamp()');
    expect(await claim(db)).toEqual([]);
    await makeDue();
    expect(seqsOf(await claim(db))).toEqual(seqs.slice(0, 1));
  });

  it('holds everything when it has expired as well, and when the route is paused', async () => {
    await liveRoute(db, 'r', retries, { max_events: 1 });
    await emitAll(['a', 'b']);
    await settle(db, await claim(db), 'failed');
    await makeDue();
    await db.pool.query("select fn_iu_route_set_paused('r', true, 'test')");
    expect(await claim(db)).toEqual([]);
    expect(await holds()).toEqual([{ hold: 'route_paused' }]);
    await db.pool.query("select fn_iu_route_set_paused('r', false, 'test')");
    await pastTheGuards(db.pool, 'update iu_route_approval set expires_at = clock_timestamp()');
    expect(await claim(db)).toEqual([]);
    expect(await holds()).toEqual([{ hold: 'approval_expired' }]);
  });

  it('holds a replay of its dead letter, which is a new delivery and counts', async () => {
    await liveRoute(db, 'r', retries, { max_events: 1 });
    await emitAll(['a']);
    await settle(db, await claim(db), 'failed', { permanent: true });
    const [letter] = (await db.pool.query('select dead_letter_id from iu_route_dead_letter')).rows;
    const replay = await one('select fn_iu_route_dead_letter_replay($1) as r', [letter.dead_letter_id]);
    expect(JSON.parse(replay.r)).toMatchObject({ decision: 'queued' });
    expect(await claim(db)).toEqual([]);
    await pastTheGuards(db.pool, 'update iu_route_approval set max_events = 2');
    expect(await claim(db)).toHaveLength(1);
    expect(await used()).toBe(2);
  });

  it('counts only subjects of its canary, and leaves its count behind when another approval takes over', async () => {
    await liveRoute(db, 'r', retries, { max_events: 2, canary_share: 0.5 });
    await emitAll(Array.from({ length: 30 }, (_, at) => `s${at}`));
    const outside = "select count(*)::int as n from iu_route_attempt where reason = 'outside_canary'";
    expect((await one(outside)).n).toBeGreaterThan(0);
    const first = await claim(db);
    expect(first).toHaveLength(2);
    await settle(db, first, 'failed');
    await makeDue();
    await takeLive(db.pool, 'r', { max_events: 3 });
    const next = await claim(db);
    expect(next).toHaveLength(3);
    expect(await used()).toBe(3);
    await settle(db, next, 'failed');
    await makeDue();
    expect(seqsOf(await claim(db))).toEqual(seqsOf(next));
  });

  it('reads no more pages to find one that it has counted behind ten thousand that it has not', async () => {
    await liveRoute(db, 'r', retries, { max_events: 1 });
    const pages = async () => {
      const client = await db.connect();
      await client.query('begin');
      const text = "select * from fn_iu_delivery_claim('counted', 100, 60, 'test-installation')";
      const { rows } = await client.query(`explain (analyze, buffers, timing off, format json) ${text}`);
      await client.query('rollback');
      const found = rows[0]['QUERY PLAN'];
      const plan = (typeof found === 'string' ? JSON.parse(found) : found)[0].Plan;
      expect(plan['Actual Rows']).toBe(1);
      return plan['Shared Hit Blocks'] + plan['Shared Read Blocks'];
    };
    await emitAll(['a']);
    await settle(db, await claim(db), 'failed');
    await makeDue();
    await pages();
    const alone = await pages();
    await db.pool.query(
      `insert into event_outbox (event_domain, event_type, event_subject_table, event_subject_ref, source_system, safe_payload)
       select 'race', 'changed', 'race_subject', n::text, 'test', '{}' from generate_series(1, 10000) n`,
    );
    await drain(db.pool);
    // Behind all of them, as one that failed again and again is.
    await makeDue();
    await db.pool.query('update iu_route_delivery set due_at = clock_timestamp() where counted_by is not null');
    expect(await pages()).toBeLessThan(1.5 * alone);
  });

  it('never counts more events than it allows, and never one twice, whatever becomes of the sends', async () => {
    const seed = chosenSeed();
    const random = seeded(seed);
    const policy = { retry_policy: { delays_seconds: Array(40).fill(1), jitter_share: 0 } };
    const limits = { max_events: 9, failure_budget: 10_000 };
    await liveRoute(db, 'r', policy, limits);
    await liveRoute(db, 'o', { ordering: 'subject', ...policy }, limits);
    await emitAll(Array.from({ length: 20 }, () => `s${random.between(1, 6)}`));
    const reached = new Set<string>();
    const held: ClaimedRow[][] = [];
    for (let step = 0; step < 60; step += 1) {
      held.push(await claim(db, { limit: random.between(1, 8) }));
      while (held.length > random.between(0, 3)) {
        for (const row of held.splice(random.between(0, held.length - 1), 1)[0] ?? []) {
          const status = ['sent', 'failed', 'unknown', 'released'][random.between(0, 3)] ?? 'sent';
          if (status !== 'released') reached.add(row.delivery_key);
          await settle(db, [row], status, { code: 'busy' });
        }
      }
      await makeDue();
      const { rows } = await db.pool.query('select events_used::int as n from iu_route_approval');
      for (const { n } of rows) expect(n, `seed ${seed}`).toBeLessThanOrEqual(9);
    }
    for (const rows of held) {
      for (const row of rows) reached.add(row.delivery_key);
      await settle(db, rows, 'sent');
    }
    const { rows: used } = await db.pool.query(
      `select r.route_code as code, a.events_used::int as n from iu_route_approval a join iu_outbound_route r using (approval_id)`,
    );
    const counts = Object.fromEntries(used.map(({ code, n }) => [code, n]));
    const keys = [...reached].map((key) => key.split(':')[0]);
    for (const code of ['r', 'o']) expect(counts[code], `seed ${seed}`).toBe(keys.filter((key) => key === code).length);
  });
});
