import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listen } from '../../src/cli/listen.js';
import { readMetrics } from '../../src/store/metrics.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { oneRow, refuseAll } from '../support/dead-letters.js';
import { claim, deployment, liveRoute, prepareDelivery, settle } from '../support/delivery-queue.js';
import { addRoute, drain, emit } from '../support/race.js';
import { closeGates, makeHealthy } from '../support/worker.js';

let db: TestDatabase;
beforeEach(async () => {
  db = await createTestDatabase();
  await prepareDelivery(db);
});
afterEach(() => db.drop());

const routeOf = async (code: string) =>
  (await readMetrics(db.pool, deployment)).routes.find((route) => route.route_code === code);

const deliveryHealth = async () =>
  JSON.parse(String((await oneRow(db, 'select fn_iu_delivery_health()::text as health')).health));

/** So many deliveries of a route, put into the queue by hand. */
async function fill(routeId: string, rows: number, first: number): Promise<void> {
  const client = await db.connect();
  await client.query(
    `insert into iu_route_delivery (event_seq, event_ref, route_id, attempt_no, delivery_key, due_at)
     select n, gen_random_uuid(), $1, 1, 'r:' || n, now() + interval '1 hour' from generate_series($3::bigint, $3::bigint + $2 - 1) n`,
    [routeId, rows, first],
  );
  // told before anybody vacuums: told after it, up to a second later, the rows would be counted twice
  await client.query('select pg_stat_force_next_flush()');
  await client.end();
}

describe('the numbers of a scrape', () => {
  it('are those of the queue, the letters, the gates and the routes', async () => {
    const expires_at = (await oneRow(db, "select (now() + interval '100 seconds')::text as at")).at;
    await liveRoute(db, 'r.live', {}, { expires_at, max_events: 50 });
    await liveRoute(db, 'r.lane', { ordering: 'subject', on_dead_letter: 'hold' });
    await addRoute(db.pool, 'r.dry');
    for (const subject of ['a', 'b']) await emit(db.pool, subject);
    await drain(db.pool);
    await refuseAll(db);
    for (const subject of ['a', 'c', 'd']) await emit(db.pool, subject);
    const before = await readMetrics(db.pool, deployment);
    expect(before.cursors).toContainEqual({
      worker_name: 'race_worker',
      backlog: 3,
      oldest_seconds: expect.any(Number),
    });
    await drain(db.pool);
    await claim(db, { limit: 2 });
    await db.pool.query("select fn_iu_route_set_paused('r.live', true, 'test')");
    const metrics = await readMetrics(db.pool, 'other', { after: '0', until: '9223372036854775807' });
    expect(metrics).toMatchObject({
      hold: 'deployment_differs',
      gates: { 'iu_core.delivery_enabled': true, 'iu_core.autocut_enabled': false, 'iu_core.emission_enabled': true },
      deliveries: { oldest_seconds: expect.any(Number) },
    });
    expect(metrics.routes.find(({ route_code }) => route_code === '-')).toMatchObject({ mode: null, dead_letters: 0 });
    expect(await routeOf('r.dry')).toMatchObject({ mode: 'dry_run', waiting: 0, approval_expires_seconds: null });
    const live = await routeOf('r.live');
    const lane = await routeOf('r.lane');
    expect(live).toMatchObject({ mode: 'live', dead_letters: 2, lanes_held: 0, paused: true, breaker: 'closed' });
    expect(lane).toMatchObject({ dead_letters: 2, lanes_held: 2, paused: false });
    expect([live, lane].map((route) => (route?.waiting ?? 0) + (route?.leased ?? 0))).toEqual([3, 3]);
    expect((live?.leased ?? 0) + (lane?.leased ?? 0)).toBe(2);
    expect(live?.approval_expires_seconds).toBeGreaterThan(50);
    expect(live?.approval_events_left).toBeLessThanOrEqual(50);
    const counted = metrics.attempts.map(({ route_code, status, count }) => `${route_code} ${status} ${count}`).sort();
    const summary = await db.pool.query('select route_code, status, attempts from v_iu_route_attempt_summary');
    expect(counted).toEqual(summary.rows.map((row) => `${row.route_code} ${row.status} ${row.attempts}`).sort());
    expect(metrics.last_attempt_id).toBe((await oneRow(db, 'select max(attempt_id) as id from iu_route_attempt')).id);
  });

  it('cost the same whatever waits: a long queue is estimated', async () => {
    const id = await liveRoute(db, 'r.long');
    const buffers = async () => {
      const { rows } = await db.pool.query('explain (analyze, buffers, format json) select fn_iu_metrics()');
      const plan = JSON.parse(rows[0]['QUERY PLAN'])[0].Plan;
      return Number(plan['Shared Hit Blocks']) + Number(plan['Shared Read Blocks']);
    };
    await fill(id, 20_000, 1);
    await db.pool.query('vacuum analyze iu_route_delivery');
    await buffers();
    const few = await buffers();
    await fill(id, 180_000, 20_001);
    await db.pool.query('vacuum analyze iu_route_delivery');
    await buffers();
    expect(await buffers()).toBeLessThan(1.3 * few + 50);
    expect((await routeOf('r.long'))?.waiting).toBe(200_000);
    const other = await liveRoute(db, 'r.short');
    await fill(other, 10, 500_000);
    expect((await routeOf('r.short'))?.waiting).toBe(10);
  });

  it('and health cost the same with ten thousand dead entries before what waits, and find the same', async () => {
    await liveRoute(db, 'r.any');
    await liveRoute(db, 'r.ordered', { ordering: 'subject' });
    const pages = async (call: string) => {
      const { rows } = await db.pool.query(`explain (analyze, buffers, format json) select ${call}`);
      const found = rows[0]['QUERY PLAN'];
      const { Plan: plan } = (typeof found === 'string' ? JSON.parse(found) : found)[0];
      return Number(plan['Shared Hit Blocks']) + Number(plan['Shared Read Blocks']);
    };
    const calls = ['fn_iu_metrics()', 'fn_iu_delivery_health()'];
    const emitted = (count: number, subjects: number) =>
      db.pool.query(
        `insert into event_outbox (event_domain, event_type, event_subject_table, event_subject_ref, source_system, safe_payload)
         select 'race', 'changed', 'race_subject', (n % $2)::text, 'test', '{}' from generate_series(1, $1::integer) n`,
        [count, subjects],
      );
    await emitted(200, 50);
    await drain(db.pool);
    const before = new Map<string, number>();
    for (const call of calls) {
      await pages(call);
      before.set(call, await pages(call));
    }
    const old = await db.connect();
    await old.query('begin isolation level repeatable read');
    await old.query('select pg_current_xact_id(), count(*) from iu_route_delivery');
    await emitted(10_000, 10_000);
    await drain(db.pool);
    for (;;) {
      const rows = await claim(db, { limit: 1000 });
      if (rows.length === 0) break;
      await settle(db, rows, 'sent');
    }
    await emitted(200, 50);
    await drain(db.pool);
    // As a claim leaves it; what waits was due a moment ago, and two seconds are left to commits.
    await db.pool.query(
      `update iu_route_flow f set looked_at = clock_timestamp(), look_at = clock_timestamp() + interval '1 hour',
         due_from = (select min(due_at) from iu_route_delivery), lane_due_from = (select min(due_at) from iu_route_lane)`,
    );
    const [leased] = await claim(db, { limit: 1 });
    expect(leased).toBeDefined();
    const told = (await readMetrics(db.pool, deployment)).routes.filter(({ mode }) => mode === 'live');
    expect(told.reduce((sum, { waiting }) => sum + waiting, 0)).toBe(399);
    expect(told.reduce((sum, { leased: count }) => sum + count, 0)).toBe(1);
    expect(await deliveryHealth()).toMatchObject({ waiting: 400 });
    const bounded = new Map<string, number>();
    for (const call of calls) {
      await pages(call);
      bounded.set(call, await pages(call));
    }
    // Nobody claims any more: from the beginning again, and the same is found.
    await db.pool.query("update iu_route_flow set look_at = clock_timestamp() - interval '3 minutes'");
    expect((await readMetrics(db.pool, deployment)).routes.filter(({ mode }) => mode === 'live')).toEqual(
      told.map((route) => ({ ...route, overdue_seconds: expect.any(Number) })),
    );
    for (const call of calls) {
      expect(await pages(call)).toBeGreaterThan(10 * (before.get(call) ?? 0));
      expect(bounded.get(call)).toBeLessThan(2 * (before.get(call) ?? 0));
    }
    await old.query('rollback');
  }, 120_000);

  it('see the oldest that is tried again, whatever waits before it', async () => {
    const id = await liveRoute(db, 'r', { retry_policy: { delays_seconds: [3600] } });
    await emit(db.pool, 'a');
    await drain(db.pool);
    await settle(db, await claim(db), 'failed');
    await db.pool.query("update iu_route_delivery set created_at = now() - interval '5 hours'");
    await fill(id, 12_000, 100);
    for (const from of ['null', "clock_timestamp() - interval '1 minute'"]) {
      await db.pool.query(
        `update iu_route_flow set due_from = ${from}, looked_at = clock_timestamp(), look_at = clock_timestamp() + interval '1 minute'`,
      );
      expect((await readMetrics(db.pool, deployment)).deliveries.oldest_seconds).toBeGreaterThan(17_999);
      expect((await deliveryHealth()).oldest_seconds).toBeGreaterThan(17_999);
    }
  });

  it('see the oldest of an ordered route in whatever lane it waits, however many wait in another', async () => {
    const id = await liveRoute(db, 'o', { ordering: 'subject' });
    await fill(id, 12_002, 1);
    await db.pool.query(
      `update iu_route_delivery set lane_key = case when event_seq > 2 then 'a' else 'b' || event_seq end,
         created_at = case when event_seq > 2 then created_at else now() - make_interval(hours => (7 - event_seq)::integer) end`,
    );
    // b1 is held behind a dead letter whose delivery is gone, and is the oldest; then b2, which had its turn a moment ago
    await db.pool.query(
      `insert into iu_route_lane (route_id, lane_key, head_seq, due_at)
       values ($1, 'a', 3, now() - interval '1 minute'), ($1, 'b1', 0, 'infinity'), ($1, 'b2', 2, now())`,
      [id],
    );
    const seen = async () => [
      Math.floor((await readMetrics(db.pool, deployment)).deliveries.oldest_seconds ?? 0) / 3600,
      Math.floor((await deliveryHealth()).oldest_seconds) / 3600,
    ];
    const bounds = ['null', "now() - interval '5 minutes'"];
    for (const hours of [6, 5, 0]) {
      for (const from of bounds) {
        await db.pool.query(
          `update iu_route_flow set due_from = ${from}, lane_due_from = ${from}, looked_at = clock_timestamp(), look_at = clock_timestamp() + interval '1 minute'`,
        );
        expect((await seen()).map(Math.floor), `${hours} hours, from ${from}`).toEqual([hours, hours]);
      }
      const first = "(select min(lane_key) from iu_route_lane where lane_key <> 'a')";
      await db.pool.query(`delete from iu_route_delivery where lane_key = ${first}`);
      await db.pool.query(`delete from iu_route_lane where lane_key = ${first}`);
    }
    // another route is bounded, and this one is not
    await db.pool.query(`update iu_route_delivery set created_at = now() - interval '8 hours', lane_key = 'c' where event_seq = 12000;
      insert into iu_route_lane select route_id, 'c', 12000, now() from iu_route_delivery where event_seq = 12000`);
    await liveRoute(db, 'r');
    await db.pool.query(
      `update iu_route_flow set due_from = case when route_id <> ${id} then now() - interval '5 minutes' end, lane_due_from = null,
         looked_at = clock_timestamp(), look_at = clock_timestamp() + interval '1 minute'`,
    );
    expect((await seen()).map(Math.floor)).toEqual([8, 8]);
  });

  it('may be read by a worker, an operator and a reader', async () => {
    for (const role of ['iu_worker', 'iu_operator', 'iu_reader'])
      expect((await (await db.as(role)).query('select fn_iu_metrics()')).rowCount).toBe(1);
    await expect((await db.as('iu_emitter')).query('select fn_iu_metrics()')).rejects.toMatchObject({ code: '42501' });
  });
});

describe('a process that listens', () => {
  it('shows its own counts, the database and its health to whoever asks on this machine', async () => {
    await makeHealthy(db);
    await liveRoute(db, 'r.live');
    const url = await db.loginUrl('iu_worker');
    const none = { failed: 0, unknown: 0, released: 0, refused: 0, deadLettered: 0, unopened: [] };
    const counts = { sending: 0, waiting: 0, sent: 5, ...none };
    const server = await listen({
      url,
      schema: db.schema,
      port: 0,
      deployment,
      workerNames: [],
      worker: undefined,
      runner: { state: { hold: null, ...counts } },
    });
    const get = (path: string) => fetch(`http://127.0.0.1:${server.port}${path}`);
    const text = await (await get('/metrics')).text();
    expect(text).toContain('iu_database_up 1\n');
    expect(text).toContain('iu_route_mode{route="r.live",mode="live"} 1\n');
    expect(text).toContain('iu_process_sends_total{outcome="sent"} 5\n');
    expect((await get('/healthz')).status).toBe(200);
    await server.close();
    await closeGates(db);
    const ill = await listen({
      url,
      schema: db.schema,
      port: 0,
      deployment,
      workerNames: [],
      worker: undefined,
      runner: undefined,
    });
    const health = await fetch(`http://127.0.0.1:${ill.port}/healthz`);
    expect(health.status).toBe(503);
    expect(JSON.stringify(await health.json())).toContain('master_gate_closed');
    await ill.close();
  });

  it('says that the database is gone instead of going with it', async () => {
    const server = await listen({
      url: 'postgres://nobody:canary-password@127.0.0.1:1/none',
      schema: 'public',
      port: 0,
      deployment: null,
      workerNames: [],
      worker: undefined,
      runner: undefined,
    });
    const text = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
    const health = await fetch(`http://127.0.0.1:${server.port}/healthz`);
    expect([text.includes('iu_database_up 0\n'), health.status]).toEqual([true, 503]);
    expect(text + (await health.text())).not.toContain('canary');
    await server.close();
  });
});
