import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { claim, deployment, liveRoute, prepareDelivery, settle } from '../support/delivery-queue.js';
import { certificate, drain, emit } from '../support/race.js';
import { waitFor } from '../support/wait.js';

let db: TestDatabase;
beforeEach(async () => {
  db = await createTestDatabase();
  await prepareDelivery(db);
});
afterEach(() => db.drop());

const attempts = async (seq: string) =>
  (
    await db.pool.query(
      'select attempt_no, status, reason, delivered from iu_route_attempt where event_seq = $1 order by attempt_no',
      [seq],
    )
  ).rows;
const one = async (sql: string, values: unknown[] = []) => (await db.pool.query(sql, values)).rows[0];
const makeDue = () =>
  db.pool.query(
    `with d as (update iu_route_delivery set due_at = clock_timestamp() where lease_token is null)
     update iu_route_lane set due_at = clock_timestamp() where lease_token is null and due_at < 'infinity'`,
  );
const closeBreakers = () =>
  db.pool.query(
    "update iu_route_flow set breaker = 'closed', breaker_until = null, failures_in_row = 0, failing_since = null",
  );

describe('the queue of deliveries', () => {
  it('gives a queued event once, with its attempt counted before it is sent, and forgets it when it was sent', async () => {
    await liveRoute(db, 'r.live');
    const seq = await emit(db.pool, 's1', { n: 1 });
    await drain(db.pool);
    const rows = await claim(db);
    expect(rows).toHaveLength(1);
    expect(rows[0]).toMatchObject({ hold: null, event_seq: seq, attempt_no: 2 });
    expect(rows[0]?.delivery_key).toMatch(/^r\.live:[0-9a-f-]{36}$/);
    expect(await claim(db)).toHaveLength(0);
    expect(await settle(db, rows, 'sent')).toEqual({ settled: 1, refused: 0, dead_lettered: 0 });
    expect(await attempts(seq)).toMatchObject([
      { attempt_no: 1, status: 'queued', delivered: false },
      { attempt_no: 2, status: 'sent', reason: '200', delivered: true },
    ]);
    expect((await one('select count(*)::int as n from iu_route_delivery')).n).toBe(0);
    expect((await one('select count(*)::int as n from iu_route_lease')).n).toBe(0);
    expect((await certificate(db.pool)).lost).toBe(0);
    expect(await settle(db, rows, 'sent')).toEqual({ settled: 0, refused: 1, dead_lettered: 0 });
  });

  it('gives back what a runner leased without learning of it: unsent, uncounted, and not while one of its claims runs', async () => {
    await liveRoute(db, 'r');
    await liveRoute(db, 'r.ordered', { ordering: 'subject' });
    const seq = await emit(db.pool, 's1');
    await emit(db.pool, 's1');
    await drain(db.pool);
    const disown = async (runner: string, held: readonly string[]) =>
      (await one('select fn_iu_delivery_disown($1, $2) as n', [runner, held])).n;
    const lost = await claim(db, { runner: 'one' });
    expect(lost).toHaveLength(3);
    const token = lost[0]?.lease_token ?? '';
    expect(await disown('one', [token])).toBe(0);
    expect(await disown('another', [])).toBe(0);
    const running = await db.connect();
    await running.query('begin');
    await running.query('select * from fn_iu_delivery_claim($1, 10, 60, $2)', ['one', deployment]);
    expect(await disown('one', [])).toBeNull();
    await running.query('rollback');
    expect(await disown('one', [])).toBe(3);
    expect((await one('select count(*)::int as n from iu_route_lease')).n).toBe(0);
    expect((await one('select sum(events_used)::int as n from iu_route_approval')).n).toBe(0);
    expect(await settle(db, lost, 'sent')).toEqual({ settled: 0, refused: 3, dead_lettered: 0 });
    expect(await settle(db, await claim(db), 'sent')).toMatchObject({ settled: 3 });
    expect((await attempts(seq)).map((row) => [row.attempt_no, row.status])).toEqual([
      [1, 'queued'],
      [1, 'queued'],
      [2, 'sent'],
      [2, 'sent'],
    ]);
  });

  it('tries a failed send again by the policy under the same id and dead-letters it at the end', async () => {
    await liveRoute(db, 'r', { retry_policy: { delays_seconds: [7, 100], jitter_share: 0 } });
    const seq = await emit(db.pool, 's1');
    await drain(db.pool);
    const first = await claim(db);
    await settle(db, first, 'failed');
    expect(
      await one('select round(extract(epoch from due_at - clock_timestamp()))::int as s from iu_route_delivery'),
    ).toEqual({ s: 7 });
    expect(await claim(db)).toHaveLength(0);
    await makeDue();
    const second = await claim(db);
    expect(second[0]?.delivery_key).toBe(first[0]?.delivery_key);
    await settle(db, second, 'unknown', { code: 'timeout' });
    await makeDue();
    expect(await settle(db, await claim(db), 'failed')).toEqual({ settled: 1, refused: 0, dead_lettered: 1 });
    expect((await attempts(seq)).map((row) => row.status)).toEqual(['queued', 'failed', 'unknown', 'failed']);
    const letter = await one('select * from iu_route_dead_letter');
    expect(letter).toMatchObject({ event_seq: seq, failure_code: 'http_503', attempt_no: 4, resolved_at: null });
    expect((await certificate(db.pool)).lost).toBe(0);
  });

  it('dead-letters at once what the target refuses for good', async () => {
    await liveRoute(db, 'r');
    await emit(db.pool, 's1');
    await drain(db.pool);
    expect((await settle(db, await claim(db), 'failed', { code: 'http_400', permanent: true })).dead_lettered).toBe(1);
    expect(
      await one(
        'select breaker, failures_in_row from iu_route_flow f join iu_outbound_route r using (route_id) where route_code = $1',
        ['r'],
      ),
    ).toEqual({
      breaker: 'closed',
      failures_in_row: 0,
    });
  });

  it('waits as long as the target asks, within bounds', async () => {
    await liveRoute(db, 'r', { retry_policy: { delays_seconds: [10, 10, 10], jitter_share: 0 } });
    await emit(db.pool, 's1');
    await drain(db.pool);
    const due = async () =>
      (await one('select round(extract(epoch from due_at - clock_timestamp()))::int as s from iu_route_delivery')).s;
    await settle(db, await claim(db), 'failed', { retryAfterSeconds: 60 });
    expect(await due()).toBe(60);
    await makeDue();
    await settle(db, await claim(db), 'failed', { retryAfterSeconds: 2_000_000 });
    expect(await due()).toBe(3600);
  });

  it('gives the number of an unsent delivery back', async () => {
    await liveRoute(db, 'r');
    const seq = await emit(db.pool, 's1');
    await drain(db.pool);
    await settle(db, await claim(db), 'released');
    expect(await one('select events_used from iu_route_approval')).toEqual({ events_used: '0' });
    const again = await claim(db);
    expect(again[0]?.attempt_no).toBe(2);
    await settle(db, again, 'sent');
    expect((await attempts(seq)).map((row) => row.status)).toEqual(['queued', 'sent']);
  });

  it('makes unknown of a lease that ran out, refuses the late result, and tries again under the same id', async () => {
    await liveRoute(db, 'r', { retry_policy: { delays_seconds: [1, 1], jitter_share: 0 } });
    const seq = await emit(db.pool, 's1');
    await drain(db.pool);
    const late = await claim(db);
    await db.pool.query('update iu_route_lease set lease_until = clock_timestamp()');
    expect(await claim(db)).toHaveLength(0);
    expect(await settle(db, late, 'sent')).toEqual({ settled: 0, refused: 1, dead_lettered: 0 });
    await makeDue();
    const again = await claim(db);
    expect(again[0]).toMatchObject({ attempt_no: 3, delivery_key: late[0]?.delivery_key });
    await settle(db, again, 'sent');
    expect((await attempts(seq)).map((row) => row.status)).toEqual(['queued', 'unknown', 'sent']);
    expect(
      (await one('select failures_in_row as n from iu_route_flow where last_failure_at is not null'))?.n ?? 0,
    ).toBe(0);
  });

  it('sweeps one lease of a claim while somebody settles another of it: neither waits for the other', async () => {
    const [first, second] = [await liveRoute(db, 'r.one'), await liveRoute(db, 'r.two')];
    await emit(db.pool, 's1');
    await drain(db.pool);
    const rows = await claim(db);
    expect(new Set(rows.map((row) => row.lease_token)).size).toBe(1);
    expect(rows).toHaveLength(2);
    const [lower, upper] = [first, second].map(Number).sort((a, b) => a - b);
    await db.pool.query('update iu_route_lease set lease_until = clock_timestamp() where route_id = $1', [upper]);
    const settling = await db.connect();
    await settling.query('begin');
    // The first lock of a settle of both, which takes them in order of route.
    await settling.query('select from iu_route_lease where route_id = $1 for update', [lower]);
    const sweeping = await db.connect();
    await sweeping.query("set lock_timeout = '2s'");
    expect((await sweeping.query('select fn_iu_delivery_sweep() as n')).rows[0].n).toBe(1);
    await settling.query('rollback');
    expect(await settle(db, rows, 'sent')).toEqual({ settled: 1, refused: 1, dead_lettered: 0 });
  });

  it('opens the breaker after ten failures in a row, lets one through after its time, and closes it by a success', async () => {
    const route = await liveRoute(db, 'r', { retry_policy: { delays_seconds: [1, 1, 1, 1], jitter_share: 0 } });
    for (let at = 0; at < 12; at += 1) await emit(db.pool, `s${at}`);
    await drain(db.pool);
    await settle(db, await claim(db), 'failed');
    const flow = () =>
      one('select breaker, breaker_seconds, failures_in_row from iu_route_flow where route_id = $1', [route]);
    expect(await flow()).toEqual({ breaker: 'open', breaker_seconds: 30, failures_in_row: 12 });
    await makeDue();
    expect(await claim(db)).toHaveLength(0);
    const elapse = () =>
      db.pool.query("update iu_route_flow set breaker_until = clock_timestamp() where breaker = 'open'");
    await elapse();
    const probe = await claim(db);
    expect(probe).toHaveLength(1);
    expect(await claim(db)).toHaveLength(0);
    await settle(db, probe, 'failed');
    expect(await flow()).toMatchObject({ breaker: 'open', breaker_seconds: 60 });
    await elapse();
    await settle(db, await claim(db), 'sent');
    expect(await flow()).toEqual({ breaker: 'closed', breaker_seconds: 0, failures_in_row: 0 });
    await makeDue();
    expect((await claim(db)).length).toBeGreaterThan(1);
  });

  it('pauses a route whose target is gone, keeps its deliveries, and goes on when a person resumes it', async () => {
    await liveRoute(db, 'r');
    await emit(db.pool, 's1');
    await drain(db.pool);
    await settle(db, await claim(db), 'failed', { code: 'http_410', gone: true });
    await makeDue();
    expect(await claim(db)).toHaveLength(0);
    expect(await one('select paused_by, pause_reason from iu_route_flow where paused_at is not null')).toEqual({
      paused_by: 'iu_core',
      pause_reason: 'the target is gone for good (it answered 410)',
    });
    await db.pool.query("select fn_iu_route_set_paused('r', false, 'target is back')");
    expect(await claim(db)).toHaveLength(1);
  });

  it('pauses a route that only failed for a day', async () => {
    await liveRoute(db, 'r', { retry_policy: { delays_seconds: [1, 1, 1], jitter_share: 0 } });
    await emit(db.pool, 's1');
    await drain(db.pool);
    await settle(db, await claim(db), 'failed');
    await db.pool.query(
      "update iu_route_flow set failing_since = failing_since - interval '25 hours' where failing_since is not null",
    );
    await makeDue();
    await settle(db, await claim(db), 'failed');
    expect((await one('select count(*)::int as n from iu_route_flow where paused_at is not null')).n).toBe(1);
  });

  it('takes a route back to dry-run when its failure budget is spent, and holds what is queued', async () => {
    await liveRoute(db, 'r', { retry_policy: { delays_seconds: [1, 1, 1], jitter_share: 0 } }, { failure_budget: 3 });
    for (let at = 0; at < 4; at += 1) await emit(db.pool, `s${at}`);
    await drain(db.pool);
    await settle(db, await claim(db), 'failed');
    expect(await one("select dry_run from iu_outbound_route where route_code = 'r'")).toEqual({ dry_run: true });
    expect((await one('select revoked_by, revoke_reason from iu_route_approval')).revoke_reason).toMatch(
      /^failure budget spent: 4 /,
    );
    await closeBreakers();
    await makeDue();
    expect(await claim(db)).toHaveLength(0);
    expect((await one('select count(*)::int as n from iu_route_delivery')).n).toBe(4);
    const next = await emit(db.pool, 's9');
    await drain(db.pool);
    expect(await attempts(next)).toMatchObject([{ status: 'dry_run' }]);
  });

  it('counts what is refused for good against the failure budget, and health is red until somebody says a word', async () => {
    await liveRoute(db, 'r', {}, { failure_budget: 3 });
    for (let at = 0; at < 4; at += 1) await emit(db.pool, `s${at}`);
    await drain(db.pool);
    const rows = await claim(db);
    const refused = { permanent: true, code: 'http_422' };
    const state = () =>
      one("select dry_run, breaker from iu_outbound_route join iu_route_flow using (route_id) where route_code = 'r'");
    const reasons = async () => JSON.parse((await one("select fn_iu_delivery_health() ->> 'reasons' as found")).found);
    await settle(db, rows.slice(0, 3), 'failed', refused);
    expect(await state()).toEqual({ dry_run: false, breaker: 'closed' });
    expect(await reasons()).toEqual([]);
    await settle(db, rows.slice(3), 'failed', refused);
    expect(await state()).toEqual({ dry_run: true, breaker: 'closed' });
    expect(await reasons()).toMatchObject([
      {
        code: 'failure_budget_spent',
        message: expect.stringMatching(/: r \(failure budget spent: 4 .*3 are allowed\)$/),
      },
    ]);
    await db.pool.query("select fn_iu_route_back_to_dry_run('r', 'the receiver is being mended')");
    expect(await reasons()).toEqual([]);
  });

  it('holds the subject behind an event that could not be decided either, until its letter is resolved', async () => {
    await liveRoute(db, 'r', { ordering: 'subject', on_dead_letter: 'hold', filter: 'strict $.ok' });
    const first = await emit(db.pool, 's', {});
    const second = await emit(db.pool, 's', { ok: true });
    await emit(db.pool, 'other', { ok: true });
    await drain(db.pool);
    expect((await claim(db)).map((row) => row.event_subject_ref)).toEqual(['other']);
    expect((await one('select state_reason from v_iu_delivery where event_seq = $1', [second])).state_reason).toBe(
      'subject_held',
    );
    // mended by a payload: what comes first goes first
    const edit = `select fn_iu_dead_letter_edit_retry(dead_letter_id, '{"ok": true}', 'test') from iu_route_dead_letter`;
    await db.pool.query(edit);
    const sends: string[] = [];
    for (let at = 0; at < 2; at += 1) {
      const rows = await claim(db);
      sends.push(...rows.map((row) => row.event_seq));
      await settle(db, rows, 'sent');
    }
    expect(sends).toEqual([first, second]);
  });

  it('claims no more than rate, concurrency and approved events allow', async () => {
    await liveRoute(db, 'r.rate', { rate_per_second: 3 });
    await liveRoute(db, 'r.many', { max_concurrency: 4 });
    await liveRoute(db, 'r.max', {}, { max_events: 5 });
    for (let at = 0; at < 20; at += 1) await emit(db.pool, `s${at}`);
    await drain(db.pool);
    const byRoute = (rows: { delivery_key: string }[]) => {
      const counts: Record<string, number> = {};
      for (const { delivery_key } of rows) {
        const code = delivery_key.split(':')[0] ?? '';
        counts[code] = (counts[code] ?? 0) + 1;
      }
      return counts;
    };
    const rows = await claim(db, { limit: 900 });
    expect(byRoute(rows)).toEqual({ 'r.rate': 3, 'r.many': 4, 'r.max': 5 });
    expect(byRoute(await claim(db, { limit: 900 }))).not.toHaveProperty('r.many');
    await settle(
      db,
      rows.filter((row) => row.delivery_key.startsWith('r.m')),
      'sent',
    );
    expect(byRoute(await claim(db, { limit: 900 }))).toMatchObject({ 'r.many': 4 });
    expect(await one('select events_used from iu_route_approval where max_events = 5')).toEqual({ events_used: '5' });
  });

  it('hands out no more bytes than asked for, but one delivery in any case, and gives the rest back as if it had never been claimed', async () => {
    await liveRoute(db, 'r.any', {}, { max_events: 20 });
    await liveRoute(db, 'r.ordered', { ordering: 'subject' });
    for (let at = 0; at < 4; at += 1) await emit(db.pool, `s${at}`, { text: 'x'.repeat(10_000) });
    await drain(db.pool);
    const text = "select * from fn_iu_delivery_claim('test', 100, 60, $1, false, '{}', '{}', 1000, $2)";
    const claimBytes = async (most: number) => (await db.pool.query(text, [deployment, most])).rows;
    const first = await claimBytes(35_000);
    expect(first.map(({ event_seq, attempt_no }) => [event_seq, attempt_no])).toEqual([
      ['1', 2],
      ['1', 2],
      ['2', 2],
    ]);
    const queue = `select count(*) filter (where lease_token is null and attempt_no = 1 and sends = 0)::int as waiting, count(lease_token)::int as leased,
      (select count(*) from iu_route_lane where lease_token is not null)::int as lanes, (select sum(unsettled) from iu_route_lease)::int as unsettled,
      (select max(events_used) from iu_route_approval)::int as used from iu_route_delivery`;
    expect(await one(queue)).toEqual({ waiting: 5, leased: 3, lanes: 1, unsettled: 3, used: 2 });
    expect(await claimBytes(5)).toHaveLength(1);
    expect(await claimBytes(1_000_000)).toHaveLength(4);
    expect(await one(queue)).toMatchObject({ waiting: 0, leased: 8, used: 4 });
  });

  it('keeps the pace of a route when the clock of the server went back', async () => {
    await liveRoute(db, 'r.rate', { rate_per_second: 3 });
    for (let at = 0; at < 5; at += 1) await emit(db.pool, `s${at}`);
    await drain(db.pool);
    await db.pool.query("update iu_route_flow set tokens = 2, tokens_at = clock_timestamp() + interval '1 hour'");
    expect(await claim(db), 'what was left of its second').toHaveLength(2);
    await waitFor(async () => (await claim(db)).length > 0, { timeoutSeconds: 10, what: 'the next third of a second' });
  });

  it('gives each route its share when one has a long queue', async () => {
    await liveRoute(db, 'r.long', { event_type: 'changed' });
    await liveRoute(db, 'r.short', { event_type: 'noted' });
    for (let at = 0; at < 60; at += 1) await emit(db.pool, `s${at}`);
    for (let at = 0; at < 5; at += 1) await emit(db.pool, `n${at}`, {}, 'noted');
    await drain(db.pool);
    const rows = await claim(db, { limit: 20 });
    expect(rows.filter((row) => row.delivery_key.startsWith('r.short'))).toHaveLength(5);
    expect(rows.length).toBeGreaterThan(14);
  });

  it('names what holds it: gates first, then the deployment', async () => {
    await liveRoute(db, 'r');
    await emit(db.pool, 's1');
    await drain(db.pool);
    const hold = async (name: string | null = deployment) => (await claim(db, { name }))[0]?.hold;
    const gate = (key: string, open: boolean) => db.pool.query("select fn_iu_gate_set($1, $2, 'test')", [key, open]);
    await gate('delivery_enabled', false);
    await gate('routes_master_enabled', false);
    expect(await hold()).toBe('master_gate_closed');
    await gate('routes_master_enabled', true);
    expect(await hold()).toBe('delivery_gate_closed');
    await gate('delivery_enabled', true);
    expect(await hold(null)).toBe('deployment_not_named');
    expect(await hold('staging')).toBe('deployment_differs');
    await db.pool.query("update dot_config set value = 'staging' where key = 'iu_core.deployment'");
    expect(await hold('staging')).toBe('deployment_unclaimed');
    await db.pool.query("update dot_config set value = $1 where key = 'iu_core.deployment'", [deployment]);
    expect(await claim(db)).toMatchObject([{ hold: null }]);
  });

  it('cancels what waits and refuses to cancel what is being sent', async () => {
    await liveRoute(db, 'r');
    const seq = await emit(db.pool, 's1');
    await drain(db.pool);
    const { id } = await one('select id from event_outbox where seq = $1', [seq]);
    const cancel = () => db.pool.query("select fn_iu_delivery_cancel($1, 'r', 'not wanted')", [id]);
    const rows = await claim(db);
    await expect(cancel()).rejects.toMatchObject({ code: 'IU355' });
    await settle(db, rows, 'released');
    await cancel();
    await expect(cancel()).rejects.toMatchObject({ code: 'IU354' });
    expect((await attempts(seq)).map((row) => row.status)).toEqual(['queued', 'cancelled']);
    expect((await certificate(db.pool)).lost).toBe(0);
  });
});

describe('ordered routes', () => {
  it('send one subject in order, one at a time, and let the others pass', async () => {
    await liveRoute(db, 'o', { ordering: 'subject' });
    for (const subject of ['a', 'b', 'a', 'a', 'b']) await emit(db.pool, subject);
    await drain(db.pool);
    const subjects = (rows: { event_subject_ref: string }[]) => rows.map((row) => row.event_subject_ref);
    const first = await claim(db);
    expect(subjects(first)).toEqual(['a', 'b']);
    expect(await claim(db)).toHaveLength(0);
    await settle(db, first.slice(0, 1), 'failed');
    await settle(db, first.slice(1), 'sent');
    const second = await claim(db);
    expect(subjects(second)).toEqual(['b']);
    await settle(db, second, 'sent');
    await makeDue();
    const seen: string[] = [];
    for (let rows = await claim(db); rows.length > 0; rows = await claim(db)) {
      seen.push(...rows.map((row) => `${row.event_subject_ref}${row.attempt_no}`));
      await settle(db, rows, 'sent');
    }
    expect(seen).toEqual(['a3', 'a2', 'a2']);
    expect((await one('select count(*)::int as n from iu_route_lane')).n).toBe(0);
  });

  it('go on after a dead letter by default, and hold the subject until it is resolved when told so', async () => {
    await liveRoute(db, 'go', { ordering: 'subject' });
    await liveRoute(db, 'hold', { ordering: 'subject', on_dead_letter: 'hold' });
    const dead = await emit(db.pool, 'a');
    await emit(db.pool, 'a');
    await emit(db.pool, 'b');
    await drain(db.pool);
    const rows = await claim(db);
    await settle(
      db,
      rows.filter((row) => row.event_seq === dead),
      'failed',
      { permanent: true, code: 'http_400' },
    );
    await settle(
      db,
      rows.filter((row) => row.event_seq !== dead),
      'sent',
    );
    const next = await claim(db);
    expect(next.map((row) => row.delivery_key.split(':')[0])).toEqual(['go']);
    await settle(db, next, 'sent');
    await emit(db.pool, 'a');
    await drain(db.pool);
    const later = await claim(db);
    expect(later.map((row) => row.delivery_key.split(':')[0])).toEqual(['go']);
    await settle(db, later, 'sent');
    await db.pool.query(
      "select fn_iu_route_dead_letter_resolve(dead_letter_id, 'looked at') from iu_route_dead_letter where route_code = 'hold'",
    );
    for (let at = 0; at < 2; at += 1) {
      const held = await claim(db);
      expect(held).toHaveLength(1);
      await settle(db, held, 'sent');
    }
    expect((await one('select count(*)::int as n from iu_route_lane')).n).toBe(0);
    expect((await certificate(db.pool)).lost).toBe(0);
  });

  it('put a replayed event of a held subject first', async () => {
    await liveRoute(db, 'hold', { ordering: 'subject', on_dead_letter: 'hold' });
    const dead = await emit(db.pool, 'a');
    const after = await emit(db.pool, 'a');
    await drain(db.pool);
    await settle(db, await claim(db), 'failed', { permanent: true, code: 'http_400' });
    expect(await claim(db)).toHaveLength(0);
    await db.pool.query('select fn_iu_route_dead_letter_replay(dead_letter_id) from iu_route_dead_letter');
    const order: string[] = [];
    for (let rows = await claim(db); rows.length > 0; rows = await claim(db)) {
      order.push(...rows.map((row) => row.event_seq));
      await settle(db, rows, 'sent');
    }
    expect(order).toEqual([dead, after]);
  });

  it('reads no more rows for a claim when 100,000 deliveries wait behind one blocked subject', async () => {
    const route = await liveRoute(db, 'o', { ordering: 'subject' });
    for (let at = 0; at < 20; at += 1) await emit(db.pool, `s${at}`);
    await drain(db.pool);
    await db.pool.query('analyze');
    const client = await db.connect();
    // counted since the session last told the server, so as a difference
    const counter = async () =>
      (
        await client.query(
          `select sum(seq_tup_read + idx_tup_fetch)::int as n from pg_stat_xact_user_tables
            where relname in ('iu_route_delivery', 'iu_route_lane') and schemaname = current_schema()`,
        )
      ).rows[0].n;
    const rowsRead = async () => {
      await client.query('begin');
      const before = await counter();
      const { rows } = await client.query("select * from fn_iu_delivery_claim('test', 10, 60, $1)", [deployment]);
      const read = (await counter()) - before;
      await client.query('rollback');
      expect(rows).toHaveLength(10);
      return read;
    };
    const without = await rowsRead();
    // the statistics stay those of 20 rows: what a queue has when it grew within a minute
    await db.pool.query(
      `insert into iu_route_delivery (event_seq, event_ref, route_id, attempt_no, delivery_key, lane_key)
       select 1000000 + n, gen_random_uuid(), $1, 1, 'o:' || n, 'thing:stuck' from generate_series(1, 100000) n`,
      [route],
    );
    await db.pool.query(
      `insert into iu_route_lane (route_id, lane_key, head_seq, due_at) values ($1, 'thing:stuck', 1000001, clock_timestamp() + interval '1 day')`,
      [route],
    );
    const behindOne = await rowsRead();
    expect(without).toBeGreaterThan(10);
    expect(behindOne).toBeLessThanOrEqual(1.2 * without);
  });
});
