// A person cancels, or somebody holds a lock, while runners claim and settle: nothing is left behind, sent twice or waited for in a circle.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { claim, deployment, liveRoute, prepareDelivery, settle } from '../support/delivery-queue.js';
import { drain, emit } from '../support/race.js';

let db: TestDatabase;
beforeEach(async () => {
  db = await createTestDatabase();
  await prepareDelivery(db);
});
afterEach(() => db.drop());

const one = async (sql: string, values: unknown[] = []) => (await db.pool.query(sql, values)).rows[0];
const seqs = (rows: readonly { event_seq: string }[]) => rows.map((row) => row.event_seq);
const idOf = async (seq: string) => (await one('select id from event_outbox where seq = $1', [seq])).id;
const cancelMany = `select fn_iu_delivery_cancel_many('r', null, null, 'too late', $1)::text as result`;
const claimOne = `select * from fn_iu_delivery_claim('other', 1, 60, '${deployment}')`;

/** Until `work` is over, or waits for a lock. */
async function overOrBlocked(work: Promise<unknown>): Promise<void> {
  let isOver = false;
  const over = work.finally(() => {
    isOver = true;
  });
  over.catch(() => {});
  const waits = `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
  await expect.poll(async () => isOver || (await one(waits)).n > 0, { timeout: 10_000, interval: 20 }).toBe(true);
}

/** The queue was due long ago, in the order of events, and claims are bounded without a look. */
async function dueLongAgo(): Promise<void> {
  await db.pool.query(
    `update iu_route_delivery d set due_at = clock_timestamp() - interval '1 minute' + d.event_seq * interval '1 second'`,
  );
  await db.pool.query(
    `update iu_route_lane l set due_at = clock_timestamp() - interval '1 minute' + l.head_seq * interval '1 second'`,
  );
  await db.pool.query(
    `update iu_route_flow set picked = 5000, due_from = '-infinity', lane_due_from = '-infinity', looked_at = clock_timestamp(),
       look_at = clock_timestamp() + interval '1 hour'`,
  );
}

describe('cancelling while runners work', () => {
  it('gives a subject its next head when the head that a settle just gave it is cancelled', async () => {
    await liveRoute(db, 'r', { ordering: 'subject' });
    await emit(db.pool, 'a');
    await emit(db.pool, 'a');
    const last = await emit(db.pool, 'a');
    await drain(db.pool);
    const sending = await claim(db);
    const settling = await db.connect();
    await settling.query('begin');
    await settling.query(
      `select fn_iu_delivery_settle('test', array[$1::uuid], array[$2::bigint], array[$3::bigint], '{sent}', '{1}', '{200}', '{null}', '{f}', '{null}', '{f}')`,
      [sending[0]?.lease_token, sending[0]?.route_id, sending[0]?.event_seq],
    );
    const cancelled = db.pool.query(cancelMany, [1]);
    await overOrBlocked(cancelled);
    await settling.query('commit');
    expect(JSON.parse((await cancelled).rows[0].result)).toMatchObject({ cancelled: 1, remaining: 1 });
    expect(seqs(await claim(db))).toEqual([last]);
  });

  it('never leases a subject whose head is not there, and gives it the one that is', async () => {
    await liveRoute(db, 'r', { ordering: 'subject' });
    const seq = await emit(db.pool, 'a');
    await drain(db.pool);
    await db.pool.query('update iu_route_lane set head_seq = -1');
    expect(await claim(db)).toHaveLength(0);
    expect(await one('select lease_token, head_seq from iu_route_lane')).toEqual({ lease_token: null, head_seq: seq });
    expect(seqs(await claim(db))).toEqual([seq]);
    await db.pool.query('update iu_route_lane set head_seq = -1, lease_token = null');
    await db.pool.query('delete from iu_route_delivery');
    expect(await claim(db)).toHaveLength(0);
    expect((await one('select count(*)::int as n from iu_route_lane')).n).toBe(0);
  });

  it('leaves a subject leased when one that waits behind what is being sent is cancelled', async () => {
    await liveRoute(db, 'r', { ordering: 'subject' });
    await emit(db.pool, 'a');
    const second = await emit(db.pool, 'a');
    const third = await emit(db.pool, 'a');
    await drain(db.pool);
    const sending = await claim(db);
    await db.pool.query(`select fn_iu_delivery_cancel($1, 'r', 'not wanted')`, [await idOf(second)]);
    expect((await one('select lease_token from iu_route_lane')).lease_token).toBe(sending[0]?.lease_token);
    await settle(db, sending, 'sent');
    expect(seqs(await claim(db))).toEqual([third]);
  });

  it('never waits for a claim that locks in another order: what it takes is left alone and said', async () => {
    await liveRoute(db, 'r');
    const first = await emit(db.pool, 'a');
    await emit(db.pool, 'b');
    await drain(db.pool);
    const claiming = await db.connect();
    await claiming.query('begin');
    expect(seqs((await claiming.query(claimOne)).rows)).toEqual([first]);
    const cancelling = await db.connect();
    await cancelling.query(`set lock_timeout = '5s'`);
    expect(JSON.parse((await cancelling.query(cancelMany, [100])).rows[0].result)).toMatchObject({
      cancelled: 1,
      remaining: 1,
    });
    await claiming.query('commit');
    expect(JSON.parse((await cancelling.query(cancelMany, [100])).rows[0].result)).toMatchObject({ remaining: 0 });
  });
});

describe('where a bounded claim goes on', () => {
  it('does not jump over what is due when one that it picked is cancelled meanwhile', async () => {
    await liveRoute(db, 'r');
    const all = [
      await emit(db.pool, 'a'),
      await emit(db.pool, 'b'),
      await emit(db.pool, 'c'),
      await emit(db.pool, 'd'),
    ];
    await drain(db.pool);
    await dueLongAgo();
    const cancelling = await db.connect();
    await cancelling.query('begin');
    await cancelling.query(`select fn_iu_delivery_cancel($1, 'r', 'not wanted')`, [await idOf(all[0] ?? '')]);
    const claimed = claim(db, { limit: 2 });
    await overOrBlocked(claimed);
    await cancelling.query('commit');
    expect(seqs(await claimed)).toEqual(all.slice(1, 2));
    expect(seqs(await claim(db))).toEqual(all.slice(2));
  });

  it('does not begin behind a subject that somebody had locked', async () => {
    await liveRoute(db, 'r', { ordering: 'subject' });
    const locked = await emit(db.pool, 'a');
    const free = await emit(db.pool, 'b');
    await drain(db.pool);
    await dueLongAgo();
    const holding = await db.connect();
    await holding.query('begin');
    await holding.query('select from iu_route_lane where head_seq = $1 for update', [locked]);
    expect(seqs(await claim(db))).toEqual([free]);
    await holding.query('rollback');
    expect(seqs(await claim(db))).toEqual([locked]);
  });
});
