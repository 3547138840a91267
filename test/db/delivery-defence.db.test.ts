import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDeliverySession } from '../../src/store/delivery-session.js';
import { pastTheGuards } from '../support/approval.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { claim, deployment, liveRoute, prepareDelivery, settle } from '../support/delivery-queue.js';
import { certificate, drain, emit } from '../support/race.js';
import { openSessions } from '../support/sessions.js';
import { countOf } from '../support/worker.js';

let db: TestDatabase;
beforeEach(async () => {
  db = await createTestDatabase();
  await prepareDelivery(db);
});
afterEach(() => db.drop());

const one = async (sql: string, values: unknown[] = []) => (await db.pool.query(sql, values)).rows[0];
const queue = async (count: number, type = 'changed', prefix = 's') => {
  const seqs: string[] = [];
  for (let at = 0; at < count; at += 1) seqs.push(await emit(db.pool, `${prefix}${at}`, {}, type));
  await drain(db.pool);
  return seqs;
};
const makeDue = () =>
  db.pool.query('update iu_route_delivery set due_at = clock_timestamp() where lease_token is null');
const settleSql = (status: string) =>
  `select fn_iu_delivery_settle('test', array_agg(l.lease_token), array_agg(l.route_id), array_agg(e), array_agg('${status}'::text),
     array_agg(1), array_agg('detail'::text), array_agg('http_503'::text), array_agg(false), array_agg(null::integer), array_agg(false))
     from iu_route_lease l cross join unnest(l.event_seqs) e`;

describe('the queue, when a call is repeated or what comes is odd', () => {
  it('settles the rest of a lease after a settle whose answer was lost was repeated', async () => {
    await liveRoute(db, 'r', { retry_policy: { delays_seconds: [1], jitter_share: 0 } });
    await queue(6);
    const rows = await claim(db);
    expect(rows).toHaveLength(6);
    expect(await settle(db, rows.slice(0, 3), 'sent')).toMatchObject({ settled: 3, refused: 0 });
    expect(await settle(db, rows.slice(0, 3), 'sent')).toMatchObject({ settled: 0, refused: 3 });
    expect(await one('select unsettled from iu_route_lease')).toEqual({ unsettled: 3 });
    expect(await settle(db, rows.slice(3, 4), 'sent')).toMatchObject({ settled: 1, refused: 0 });
    expect(await settle(db, rows.slice(4), 'failed')).toMatchObject({ settled: 2, refused: 0 });
    expect(await countOf(db, "iu_route_attempt where status = 'sent'")).toBe(4);
    expect(await countOf(db, 'iu_route_lease')).toBe(0);
    expect(await countOf(db, 'iu_route_delivery where lease_token is not null')).toBe(0);
    expect((await certificate(db.pool)).lost).toBe(0);
  });

  it('counts a send once that is named twice in a settle', async () => {
    await liveRoute(db, 'r');
    await queue(3);
    const rows = await claim(db);
    const [first] = rows;
    if (first === undefined) throw new Error('nothing was claimed');
    expect(await settle(db, [first, first, first], 'sent')).toMatchObject({ settled: 1, refused: 2 });
    expect(await settle(db, rows.slice(1), 'sent')).toMatchObject({ settled: 2 });
    expect(await countOf(db, "iu_route_attempt where status = 'sent'")).toBe(3);
  });

  it('writes what a target said even when PostgreSQL cannot hold it as text', async () => {
    await liveRoute(db, 'r');
    await queue(2);
    const session = await openDeliverySession({ url: db.url, schema: db.schema, purpose: 'test' });
    try {
      const wishes = {
        limit: 10,
        leaseSeconds: 60,
        deployment,
        inDatabase: false,
        rooms: new Map(),
        room: 10,
        mostBytes: null,
      };
      const { deliveries } = await session.claim('test', wishes);
      const answers = deliveries.map((delivery, at) => ({
        delivery,
        outcome:
          at === 0
            ? ({ status: 'sent', detail: 'a\u0000b' } as const)
            : ({ status: 'unknown', failureCode: 'odd\u0000', failureDetail: 'x\u0000\ud800' } as const),
        milliseconds: 1,
      }));
      expect(await session.settle('test', answers)).toMatchObject({ settled: 2 });
    } finally {
      await session.close();
    }
  });

  it('gives a route that gets a rate after a long time without one its first second at once', async () => {
    const route = await liveRoute(db, 'r');
    await queue(20);
    await settle(db, await claim(db), 'sent');
    await pastTheGuards(
      db.pool,
      `alter table iu_outbound_route disable trigger user; update iu_outbound_route set rate_per_second = 5;
       alter table iu_outbound_route enable always trigger trg_iu_route_guard`,
    );
    await queue(8, 'changed', 't');
    expect(await claim(db)).toHaveLength(5);
    expect(Number((await one('select tokens from iu_route_flow where route_id = $1', [route])).tokens)).toBe(0);
  });

  it('keeps a held subject held when somebody cancels what waits behind its dead letter', async () => {
    await liveRoute(db, 'hold', { ordering: 'subject', on_dead_letter: 'hold' });
    await emit(db.pool, 'a');
    const second = await emit(db.pool, 'a');
    await emit(db.pool, 'a');
    await drain(db.pool);
    await settle(db, await claim(db), 'failed', { permanent: true, code: 'http_400' });
    const cancel = (seq: string) =>
      db.pool.query(
        "select fn_iu_delivery_cancel((select id from event_outbox where seq = $1), 'hold', 'not wanted')",
        [seq],
      );
    await cancel(second);
    expect(await claim(db)).toHaveLength(0);
    await cancel((await one('select event_seq from iu_route_delivery')).event_seq);
    await emit(db.pool, 'a');
    await drain(db.pool);
    expect(await claim(db)).toHaveLength(0);
    await db.pool.query(
      "select fn_iu_route_dead_letter_resolve(dead_letter_id, 'looked at') from iu_route_dead_letter",
    );
    expect(await claim(db)).toHaveLength(1);
  });

  it('lets the next one through at once when the send of a half-open breaker was refused for good, or was not sent', async () => {
    await liveRoute(db, 'r', { retry_policy: { delays_seconds: [1, 1, 1], jitter_share: 0 } });
    await queue(12);
    await settle(db, await claim(db), 'failed');
    await makeDue();
    await db.pool.query("update iu_route_flow set breaker_until = clock_timestamp() where breaker = 'open'");
    for (const [status, more] of [
      ['failed', { permanent: true, code: 'http_400' }],
      ['released', {}],
      ['sent', {}],
    ] as const) {
      const probe = await claim(db);
      expect(probe).toHaveLength(1);
      await settle(db, probe, status, more);
    }
    expect((await claim(db)).length).toBeGreaterThan(1);
  });

  it('gives an unsent event back to the approval that it was counted by', async () => {
    await liveRoute(db, 'r', {}, { max_events: 10 });
    await queue(4);
    const rows = await claim(db);
    await db.pool.query("select fn_iu_route_back_to_dry_run('r', 'test')");
    await pastTheGuards(
      db.pool,
      `insert into iu_route_approval (route_id, route_version, requested_by, approved_by, approved_at, max_events, events_used)
       select route_id, version, 'ann', 'bob', now(), 10, 7 from iu_outbound_route where route_code = 'r'`,
    );
    await db.pool.query(
      `update iu_outbound_route r set dry_run = false, approval_id = (select max(approval_id) from iu_route_approval) where route_code = 'r'`,
    );
    await settle(db, rows, 'released');
    const used = await db.pool.query('select events_used from iu_route_approval order by approval_id');
    expect(used.rows.map((row) => row.events_used)).toEqual(['0', '7']);
  });
});

describe('sessions that meet', () => {
  it('settle and claim of one route wait for nothing in a circle when something was released', async () => {
    await liveRoute(db, 'r', { retry_policy: { delays_seconds: [1, 1, 1], jitter_share: 0 } });
    await queue(4);
    const failed = await claim(db, { limit: 1 });
    await settle(db, failed, 'failed');
    await claim(db, { limit: 1 });
    const { holder, settler, claimer } = await openSessions(db, 'holder', 'settler', 'claimer');
    await holder.run('begin');
    await holder.run('select from iu_route_approval for update');
    const settling = settler.start(settleSql('released'));
    await settling.blocked();
    const claiming = claimer.start("select * from fn_iu_delivery_claim('other', 1, 60, $1)", [deployment]);
    await Promise.race([claiming.done, claiming.blocked()]);
    await holder.run('commit');
    expect([await settling.code, await claiming.code]).toEqual(['none', 'none']);
  });

  it('disabling a route and taking it back to dry-run wait for nothing in a circle', async () => {
    await liveRoute(db, 'r');
    const { holder, first, second, third } = await openSessions(db, 'holder', 'first', 'second', 'third');
    await holder.run('begin');
    await holder.run('select from iu_route_flow for update');
    const back = first.start("select fn_iu_route_back_to_dry_run('r', 'test')");
    await back.blocked();
    const disable = second.start("select fn_iu_route_set_enabled('r', false, 'test')");
    await disable.blocked();
    const ladder = third.start("select fn_iu_ladder_disable(2, 'test')");
    await ladder.blocked();
    await holder.run('commit');
    expect([await back.code, await disable.code, await ladder.code]).toEqual(['none', 'none', 'none']);
  });

  it('closing many dead letters of held subjects and a pass that queues for them wait for nothing in a circle', async () => {
    await liveRoute(db, 'hold', { ordering: 'subject', on_dead_letter: 'hold' });
    await emit(db.pool, 'b');
    await emit(db.pool, 'a');
    await drain(db.pool);
    await settle(db, await claim(db), 'failed', { permanent: true, code: 'http_400' });
    const { holder, passing, resolving } = await openSessions(db, 'holder', 'passing', 'resolving');
    await holder.run('begin');
    await holder.run("select from iu_route_lane where lane_key = 'thing:b' for update");
    await emit(db.pool, 'a');
    await emit(db.pool, 'b');
    const resolve = resolving.start("select fn_iu_dead_letter_resolve_many('{}', 'test')");
    await resolve.blocked();
    const pass = passing.start("select fn_iu_route_worker_run('race_worker', 100)");
    await pass.blocked();
    await holder.run('commit');
    expect([await resolve.code, await pass.code]).toEqual(['none', 'none']);
  });

  it('the way back from level 2 of the ladder is not blocked by a route whose approval ran out meanwhile', async () => {
    await liveRoute(db, 'r.old');
    await liveRoute(db, 'r.good');
    await db.pool.query("select fn_iu_ladder_disable(2, 'test')");
    await pastTheGuards(
      db.pool,
      `update iu_route_approval set expires_at = clock_timestamp() - interval '1 second'
        where route_id = (select route_id from iu_outbound_route where route_code = 'r.old')`,
    );
    const back = await db.pool.query("select fn_iu_ladder_enable(2, 'test')->>'did' as did");
    expect(back.rows[0]?.did).toBe('2 routes enabled, 1 of them live');
    const { rows } = await db.pool.query(
      "select route_code, enabled, dry_run from iu_outbound_route where route_code like 'r.%' order by 1",
    );
    expect(rows).toEqual([
      { route_code: 'r.good', enabled: true, dry_run: false },
      { route_code: 'r.old', enabled: true, dry_run: true },
    ]);
  });
});
