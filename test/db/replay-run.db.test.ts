import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { main } from '../../src/cli/main.js';
import { type CliRun, runIu } from '../support/cli.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { callFor, oneRow, refuseAll } from '../support/dead-letters.js';
import { claim, liveRoute, prepareDelivery, settle } from '../support/delivery-queue.js';
import { addRoute, certificate, drain, emit } from '../support/race.js';
import { waitFor } from '../support/wait.js';

let db: TestDatabase;
beforeEach(async () => {
  db = await createTestDatabase();
  await prepareDelivery(db);
});
afterEach(() => db.drop());

const iu = (...words: string[]) => runIu(words, { url: db.url, schema: db.schema });
const start = (filter: object, rate: number | null = null) =>
  callFor(db, "select fn_iu_replay_start($1, 'test', $2)", [JSON.stringify(filter), rate]);
const step = (id: string, limit: number) => callFor(db, 'select fn_iu_replay_step($1, $2)', [id, limit]);

/** So many dead letters of a live route. */
async function deadLetters(count: number, code = 'r.live'): Promise<void> {
  await liveRoute(db, code, {}, { failure_budget: 10_000 });
  for (let at = 1; at <= count; at += 1) await emit(db.pool, `s${at}`);
  await drain(db.pool);
  expect(await refuseAll(db)).toBe(count);
}

/** Pairs with more than one attempt after the first `before` ones. */
const doubles = async (before: number) =>
  (
    await oneRow(
      db,
      `select count(*)::int as n from (select from iu_route_attempt where attempt_no > $1 group by event_seq, route_id
        having count(*) > 1) d`,
      [before],
    )
  ).n;
const replayed = async () =>
  (await oneRow(db, "select count(*)::int as n from iu_route_attempt where attempt_no = 3 and status = 'queued'")).n;

describe('a replay of many', () => {
  it('sends again what was sent or cancelled, under the same delivery id, when asked for just that', async () => {
    await liveRoute(db, 'r.live');
    for (let at = 1; at <= 3; at += 1) await emit(db.pool, `s${at}`);
    await drain(db.pool);
    const [first, second, third] = await claim(db);
    if (first === undefined || second === undefined || third === undefined) throw new Error('three were due');
    await settle(db, [first, second], 'sent');
    await settle(db, [third], 'released');
    await db.pool.query("select fn_iu_delivery_cancel_many('r.live', null, null, 'by mistake')");
    expect(await callFor(db, "select fn_iu_replay_preview('{}')")).toMatchObject({ pairs: 0 });
    const words = ['event', 'revive', '--route', 'r.live', '--status', 'sent', '--json'];
    expect(JSON.parse((await iu(...words)).stdout)).toMatchObject({ pairs: 2, alreadySent: 2 });
    expect(JSON.parse((await iu(...words, '--note', 'lost', '--yes')).stdout)).toMatchObject({ replayed: 2 });
    const run = await start({ status: ['cancelled'] });
    expect(await step(run.run_id, 9)).toMatchObject({ status: 'done', by_decision: { queued: 1 } });
    const again = await claim(db);
    expect(again.map((row) => row.delivery_key)).toEqual([first, second, third].map((row) => row.delivery_key));
    await settle(db, again, 'sent');
    expect((await certificate(db.pool)).lost).toBe(0);
  });

  it('takes back what a person resolved by mistake, when asked for just that', async () => {
    await deadLetters(3);
    await db.pool.query('select fn_iu_route_dead_letter_resolve(dead_letter_id, $1) from iu_route_dead_letter', [
      'by mistake',
    ]);
    expect(await callFor(db, "select fn_iu_replay_preview('{}')")).toMatchObject({ pairs: 0 });
    const words = [
      'event',
      'revive',
      '--route',
      'r.live',
      '--status',
      'resolved',
      '--note',
      'mistake',
      '--yes',
      '--json',
    ];
    expect(JSON.parse((await iu(...words)).stdout)).toMatchObject({ replayed: 3 });
    expect(JSON.parse((await iu(...words)).stdout)).toMatchObject({ replayed: 0 });
    expect(await claim(db)).toHaveLength(3);
  });

  it('is a run: what it means, who works on it and how far it is are kept, and it goes on where it ended', async () => {
    await deadLetters(10);
    const run = await start({ status: ['failed'], route_code: 'r.live' });
    expect(run).toMatchObject({ status: 'started', state: 'running', pairs: 0, pairs_planned: 10 });
    expect(await step(run.run_id, 4)).toMatchObject({ status: 'stepped', pairs: 4, by_decision: { queued: 4 } });
    const other = await db.as('iu_operator');
    await other.query('select fn_iu_replay_step($1, 4)', [run.run_id]);
    expect(await step(run.run_id, 4)).toMatchObject({ status: 'done', state: 'done', pairs: 10, replayed: 10 });
    expect(await step(run.run_id, 4)).toMatchObject({ status: 'done', pairs: 10 });
    const row = await oneRow(db, 'select * from iu_replay_run');
    expect(row).toMatchObject({ state: 'done', pairs: '10', replayed: '10', reason: 'test', end_reason: null });
    expect(row.worked_by).toHaveLength(2);
    expect(JSON.parse(row.preview)).toMatchObject({ pairs: 10, delivery_waiting: 0 });
    expect(await doubles(2)).toBe(0);
    expect((await certificate(db.pool)).lost).toBe(0);
    await expect(db.pool.query('delete from iu_replay_run')).rejects.toMatchObject({ code: 'IU310' });
    await expect(db.pool.query("update iu_replay_run set reason = 'x'")).rejects.toMatchObject({ code: 'IU374' });
  });

  it('means what there was when it began: what fails later, or was settled by somebody else, is left alone', async () => {
    await deadLetters(4);
    const run = await start({});
    const late = await emit(db.pool, 'late');
    await drain(db.pool);
    await refuseAll(db);
    const [first] = (await db.pool.query('select dead_letter_id from iu_route_dead_letter order by 1')).rows;
    await db.pool.query('select fn_iu_route_dead_letter_replay($1)', [first.dead_letter_id]);
    expect(await step(run.run_id, 100)).toMatchObject({ state: 'done', pairs: 3, replayed: 3 });
    expect((await oneRow(db, 'select event_seq from v_iu_route_dead_letter_open')).event_seq).toBe(late);
  });

  it('leaves a pair alone whose delivery waits, and counts it', async () => {
    await liveRoute(db, 'r.live');
    await emit(db.pool, 's1');
    await drain(db.pool);
    const preview = await callFor(db, `select fn_iu_replay_preview('{"status": ["dry_run", "skipped"]}')`);
    expect(preview).toMatchObject({ pairs: 0 });
    await refuseAll(db);
    await db.pool.query('select fn_iu_route_redecide(1, (select max(route_id) from iu_outbound_route), false)');
    expect(await callFor(db, "select fn_iu_replay_preview('{}')")).toMatchObject({ pairs: 1, delivery_waiting: 1 });
    const run = await start({});
    expect(await step(run.run_id, 10)).toMatchObject({ state: 'done', pairs: 1, replayed: 0, delivery_waiting: 1 });
  });

  it.each([
    ['the planner knows nothing', 'select 1'],
    ['it knows how long the audit is, and not the log', 'analyze iu_route_attempt'],
  ])('reads for a step what the step takes, however large the audit is: %s', async (_name, statistics) => {
    await addRoute(db.pool, 'r.dry', { filter: 'strict $.ok' });
    await db.pool.query(
      `select count(*) from generate_series(1, 4000) n, fn_iu_emit('race', 'changed', 'thing', 's' || n,
         case when n % 20 = 0 then '{}' else '{"ok": true}' end::jsonb) e`,
    );
    await drain(db.pool);
    for (const table of ['event_outbox', 'iu_route_attempt', 'iu_route_dead_letter'])
      await db.pool.query(`alter table ${table} set (autovacuum_enabled = off)`);
    await db.pool.query("update iu_outbound_route set filter = null where route_code = 'r.dry'");
    const run = await start({});
    expect(run.pairs_planned).toBe(200);
    await db.pool.query(statistics);
    const client = await db.connect();
    // on one connection: its sixth call is the first with a plan that is kept
    for (let at = 1; at <= 12; at += 1) await client.query('select fn_iu_replay_step($1, 5)', [run.run_id]);
    await client.query('begin');
    await client.query('select fn_iu_replay_step($1, 5)', [run.run_id]);
    const { rows } = await client.query(
      `select relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) as read from pg_stat_xact_user_tables
        where relname in ('event_outbox', 'iu_route_attempt', 'iu_route_dead_letter')`,
    );
    await client.query('rollback');
    expect(rows).toHaveLength(3);
    // every 20th event is one of them; the whole log stood at 36,000
    for (const { relname, read } of rows) expect(Number(read), relname).toBeLessThan(2000);
  });

  it('is never faster than its cap by the clock of the server, however many work on it', async () => {
    await deadLetters(60);
    const rate = 20;
    const run = await start({}, rate);
    const begun = performance.now();
    const work = async () => {
      for (;;) {
        const done = await step(run.run_id, 50);
        if (done.state !== 'running') return;
        if (done.wait_milliseconds !== null) await delay(done.wait_milliseconds);
      }
    };
    await Promise.all([work(), work(), work()]);
    const seconds = (performance.now() - begun) / 1000;
    // the first pair goes at once, the others one by one
    expect(seconds).toBeGreaterThan((60 - 1) / rate - 0.05);
    const times = await db.pool.query(
      'select extract(epoch from started_at)::float8 as at from iu_route_attempt where attempt_no = 3 order by 1',
    );
    const at = times.rows.map((row) => Number(row.at));
    expect(at).toHaveLength(60);
    for (const [index, time] of at.entries()) {
      const within = at.filter((other) => other >= time && other < time + 1).length;
      expect(within, `pairs within the second after pair ${index}`).toBeLessThanOrEqual(2 * rate);
    }
    expect(await doubles(2)).toBe(0);
  });

  it('goes on at its cap when the clock of the server went back', async () => {
    await deadLetters(3);
    const run = await start({}, 20);
    await step(run.run_id, 1);
    await db.pool.query("update iu_replay_run set tokens = 1, tokens_at = clock_timestamp() + interval '60 days'");
    expect(await step(run.run_id, 1)).toMatchObject({ status: 'stepped', pairs: 2 });
    await waitFor(async () => (await step(run.run_id, 1)).pairs === 3, { timeoutSeconds: 10 });
  });

  it('stops at a closed gate with its place kept, is refused while it is closed, and can be cancelled', async () => {
    await deadLetters(6);
    const run = await start({});
    await step(run.run_id, 2);
    await db.pool.query("select fn_iu_gate_set('routes_master_enabled', false, 'test')");
    expect(await step(run.run_id, 2)).toMatchObject({ status: 'master_gate_closed', state: 'running', pairs: 2 });
    expect(await start({})).toEqual({ status: 'master_gate_closed' });
    expect((await iu('replay', 'resume', run.run_id)).stderr).toContain('IU032');
    await db.pool.query("select fn_iu_gate_set('routes_master_enabled', true, 'test')");
    expect(await step(run.run_id, 2)).toMatchObject({ status: 'stepped', pairs: 4 });
    expect((await iu('replay', 'cancel', run.run_id)).exitCode).toBe(64);
    const cancelled = await iu('replay', 'cancel', run.run_id, '--note', 'wrong filter');
    expect(cancelled.stdout).toBe(`Replay ${run.run_id} is cancelled after 4 of 6 decisions.\n`);
    expect(await step(run.run_id, 2)).toMatchObject({ status: 'cancelled', pairs: 4 });
    expect((await iu('replay', 'resume', run.run_id)).stderr).toContain('IU373');
    expect(await replayed()).toBe(4);
    const shown = await iu('replay', 'show', run.run_id);
    expect(shown.stdout).toMatch(/ended because +wrong filter/);
    expect(shown.stdout).toContain('Would replay 6 decisions of 6 events:');
  });

  it('is shown before: targets, what was sent before, conflicts, and how long it takes by the slowest limit', async () => {
    await liveRoute(db, 'r.slow', { rate_per_second: 2, target_ref: 'https://slow.test/hook?region=eu' });
    await addRoute(db.pool, 'r.dry', { filter: 'strict $.flag' });
    for (let at = 0; at < 20; at += 1) await emit(db.pool, `s${at}`);
    await drain(db.pool);
    for (;;) {
      const rows = await claim(db);
      if (rows.length === 0) break;
      await settle(db, rows, 'failed', { permanent: true, code: 'http_400' });
      await db.pool.query('update iu_route_flow set tokens = 2');
    }
    const preview = await callFor(db, "select fn_iu_replay_preview('{}', 10)");
    expect(preview.by_route).toMatchObject([
      { route_code: 'r.dry', would_be: 'dry_run', pairs: 20, per_second: 10 },
      {
        route_code: 'r.slow',
        would_be: 'live',
        pairs: 20,
        per_second: 2,
        target_kind: 'webhook',
        target: 'https://slow.test/hook',
        held_by: null,
      },
    ]);
    expect(preview).toMatchObject({ pairs: 40, events: 20, already_sent: 0, estimated_seconds: 10 });
    expect(await callFor(db, `select fn_iu_replay_preview('{"route_code": "r.dry"}')`)).toMatchObject({
      estimated_seconds: null,
    });
    const shown = await iu('dead-letter', 'replay', '--all', '--rate', '1');
    expect(shown.stdout).toContain(
      'It takes about 40 s.\nNothing was changed.\nTo do it: iu dead-letter replay --all --rate 1 --until-attempt',
    );
    await db.pool.query("select fn_iu_route_set_paused('r.slow', true, 'test')");
    expect((await callFor(db, "select fn_iu_replay_preview('{}', 10)")).by_route).toMatchObject([
      { route_code: 'r.dry', held_by: null },
      { route_code: 'r.slow', held_by: 'route_paused' },
    ]);
    const held = await iu('dead-letter', 'replay', '--all', '--rate', '1');
    expect(held.stdout).toContain(
      'To r.slow nothing is sent now: the route is paused: iu route resume r.slow --reason TEXT\nThe filter of r.dry fails for 20 of 20.\nIt takes about 40 s, once nothing holds them.\n',
    );
  });
});

describe('the filter of a route', () => {
  it('is tried before, on what would be replayed, with payloads that were corrected', async () => {
    await liveRoute(db, 'r.big', { filter: '$.amount > 10' });
    for (const amount of [5, 20, 30]) await emit(db.pool, `s${amount}`, { amount });
    await drain(db.pool);
    await refuseAll(db);
    const tried = async () =>
      (await callFor(db, `select fn_iu_replay_preview('{"status": ["failed", "skipped"]}')`)).by_route;
    expect(await tried()).toMatchObject([{ pairs: 3, filter_tried: 3, filter_no: 1, filter_failed: 0 }]);
    const { letter } = await oneRow(db, 'select min(dead_letter_id)::text as letter from iu_route_dead_letter');
    await callFor(db, `select fn_iu_dead_letter_edit_retry($1, '{"amount": 1}', 'test')`, [letter]);
    expect(await tried()).toMatchObject([{ pairs: 3, filter_tried: 3, filter_no: 2, filter_failed: 0 }]);
    expect((await iu('dead-letter', 'replay', '--all')).stdout).toContain('The filter of r.big says no to 1 of 2.');
    const revived = await iu('event', 'revive', '--route', 'r.big', '--status', 'skipped');
    expect(revived.stdout).toContain('The filter of r.big says no to 1 of 1.');
  });
});

describe('iu dead-letter replay and iu replay', () => {
  it('group by a cause: ids that a target puts into each answer do not count', async () => {
    const signature = async (detail: string) =>
      (await oneRow(db, "select fn_iu_failure_signature('r', 'http_500', $1) as s", [detail])).s;
    const one = await signature('500: down, Ray ID: 8a1b2c3d4e5f6071, request req_7fKx2Lp at 10:01');
    expect(await signature('500: down, Ray ID: 9f01ab77c0de1234, request req_Qm9Rt1z at 11:59')).toBe(one);
    expect(await signature('500: full, Ray ID: 9f01ab77c0de1234, request req_Qm9Rt1z at 11:59')).not.toBe(one);
  });

  it('estimates by what the route sent lately when nothing else limits it', async () => {
    await liveRoute(db, 'r.live');
    for (let at = 0; at < 40; at += 1) await emit(db.pool, `s${at}`);
    await drain(db.pool);
    for (let batch = 0; batch < 2; batch += 1) await settle(db, await claim(db, { limit: 15 }), 'sent');
    await refuseAll(db);
    const between = `select 29 / extract(epoch from max(started_at) - min(started_at)) as rate from iu_route_attempt where status = 'sent'`;
    const [route] = (await callFor(db, "select fn_iu_replay_preview('{}')")).by_route;
    expect(route.per_second).toBeCloseTo(Number((await oneRow(db, between)).rate), 2);
    expect(await callFor(db, "select fn_iu_replay_preview('{}', 1)")).toMatchObject({ estimated_seconds: 10 });
  });

  it('tries a step again that somebody else was in the way of', async () => {
    await deadLetters(3);
    const blocker = await db.connect();
    await blocker.query('begin');
    await blocker.query('select from iu_route_dead_letter order by dead_letter_id limit 1 for update');
    await db.pool.query(`alter database "${db.name}" set lock_timeout = '200ms'`);
    const running = iu('dead-letter', 'replay', '--all', '--note', 'test', '--yes', '--json');
    const waiting =
      "select 1 as one from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
    await waitFor(async () => (await oneRow(db, waiting)) !== undefined);
    await waitFor(async () => (await oneRow(db, waiting)) === undefined);
    await blocker.query('rollback');
    expect(JSON.parse((await running).stdout)).toMatchObject({ state: 'done', replayed: 3 });
  });

  it('lists runs with pages, asks for a note, and ends cleanly when it is stopped in the middle', async () => {
    await deadLetters(30);
    expect((await iu('dead-letter', 'replay', '--all', '--yes')).stderr).toContain('IU371');
    const stop = new AbortController();
    const written = { stdout: '', stderr: '' };
    const sink = (name: 'stdout' | 'stderr') => ({
      write: (text: string) => {
        written[name] += text;
        return true;
      },
    });
    const environment = { IU_DATABASE_URL: db.url, IU_SCHEMA: db.schema };
    const words = ['dead-letter', 'replay', '--all', '--note', 'cause mended', '--rate', '5', '--yes'];
    const surroundings = { stdout: sink('stdout'), stderr: sink('stderr'), environment, stopSignal: () => stop.signal };
    const running = main(words, surroundings);
    await waitFor(async () => (await replayed()) > 1);
    stop.abort();
    const interrupted: CliRun = { exitCode: await running, ...written };
    expect(interrupted).toMatchObject({ exitCode: 1, stdout: expect.stringContaining('to go on: iu replay resume') });
    const { items } = JSON.parse((await iu('replay', 'list', '--state', 'running', '--json')).stdout);
    expect(items).toMatchObject([{ state: 'running', pairsPlanned: '30', ratePerSecond: 5 }]);
    await iu('replay', 'cancel', items[0].runId, '--note', 'too slow');
    const done = await iu('dead-letter', 'replay', '--all', '--note', 'without a cap', '--yes', '--json');
    expect(JSON.parse(done.stdout)).toMatchObject({ status: 'done', byDecision: { queued: expect.any(Number) } });
    expect(await replayed()).toBe(30);
    expect(await doubles(2)).toBe(0);
    const first = JSON.parse((await iu('replay', 'list', '--limit', '1', '--json')).stdout);
    const second = await iu('replay', 'list', '--limit', '1', '--after', first.next);
    expect(second.stdout).toContain('cause mended');
    expect((await iu('replay', 'show', '999')).stderr).toContain('IU370');
  });
});
