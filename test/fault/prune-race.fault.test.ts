// A prune beside everything else that moves: writers, passes, sends, replays, a cursor that goes back, and pruners that are killed.
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { callFor, oneRow } from '../support/dead-letters.js';
import { claim, liveRoute, prepareDelivery, settle } from '../support/delivery-queue.js';
import { addRoute, certificate, drain, emit, pass, worker } from '../support/race.js';
import { chosenSeed, seeded } from '../support/seeded.js';
import { countOf } from '../support/worker.js';

let db: TestDatabase;
beforeEach(async () => {
  db = await createTestDatabase();
  await prepareDelivery(db);
});
afterEach(() => db.drop());

const passing = new Set(['40001', '40P01', '55P03', '57P01', 'IU886', 'IU887', 'IU882']);

it('a prune beside writers, passes, sends, replays and a cursor that goes back loses nothing, doubles nothing, and counts everything', async () => {
  const seed = chosenSeed();
  const random = seeded(seed);
  await liveRoute(db, 'r.live');
  await addRoute(db.pool, 'r.dry');
  const writers = 4;
  let stopped = false;
  let replayed = 0;
  let killed = 0;
  let emitted = 0;
  let prunedMeanwhile = 0;
  let rewinds = 0;
  const refusals: string[] = [];

  // Until enough was pruned and enough pruners were killed while everything moved. A prune takes only what was certified when it
  // began: one that begins after a cursor went back may take nothing, so that 500 events a writer were over before the next began.
  const write = async (name: number) => {
    for (let at = 0; at < 5000 && !(at >= 30 && killed >= 3 && prunedMeanwhile >= 40); at += 1) {
      await emit(db.pool, `w${name}-${at}`);
      emitted += 1;
    }
  };
  const until = async (work: () => Promise<unknown>) => {
    while (!stopped) {
      await work().catch((error: { code?: string; message: string }) => {
        if (!passing.has(error.code ?? '') && !/terminat/.test(error.message))
          refusals.push(`${error.code} ${error.message}`);
      });
    }
  };
  const send = async () => {
    const rows = await claim(db, { limit: 50 });
    if (rows.length > 0 && rows[0]?.hold === null) await settle(db, rows, 'sent');
  };
  const replay = async () => {
    const { rows } = await db.pool.query(
      `select a.event_seq, a.route_id from iu_route_attempt a
        where a.route_code = 'r.dry' and a.attempt_no = 1 and random() < 0.2 order by random() limit 1`,
    );
    for (const row of rows) {
      const answer = await callFor(db, 'select fn_iu_route_redecide($1, $2, false)::text', [
        row.event_seq,
        row.route_id,
      ]);
      if (answer.status === 'replayed') replayed += 1;
    }
  };
  const goBack = async () => {
    if (rewinds < 3 && random.chance(0.02)) {
      rewinds += 1;
      await db.pool.query("select fn_iu_route_worker_rewind($1, 'race')", [worker]);
    } else await pass(db.pool, random.between(5, 500));
  };
  const pruneOnce = async () => {
    const client = await db.pool.connect();
    const ignore = () => {};
    client.on('error', ignore);
    let broken = false;
    try {
      const { rows: running } = await client.query("select run_id from iu_prune_run where state = 'running'");
      const runId =
        running[0]?.run_id ??
        JSON.parse((await client.query("select fn_iu_prune_start(0, 'race', 'table')::text as r")).rows[0].r).run_id;
      await client.query('begin');
      const { rows: said } = await client.query('select fn_iu_prune_step($1, 9) as line', [runId]);
      const step = JSON.parse(said[0].line);
      // five rows an event, about
      const events = step.batch_no ? step.rows / 5 : 0;
      if (random.chance(0.2)) {
        killed += 1;
        broken = true;
        await client.query('select pg_terminate_backend(pg_backend_pid())');
      }
      await client.query('commit');
      prunedMeanwhile += events;
    } catch (error) {
      await client.query('rollback').catch(() => {
        broken = true;
      });
      throw error;
    } finally {
      client.off('error', broken ? () => {} : ignore);
      client.release(broken);
    }
  };

  const others = [until(send), until(replay), until(goBack), until(pruneOnce), until(pruneOnce)];
  await Promise.all(Array.from({ length: writers }, (_, name) => write(name)));
  stopped = true;
  await Promise.all(others);

  await drain(db.pool);
  for (let rows = await claim(db); rows.length > 0; rows = await claim(db)) await settle(db, rows, 'sent');
  for (;;) {
    const { rows } = await db.pool.query("select run_id from iu_prune_run where state = 'running'");
    if (rows.length === 0) break;
    await db.pool.query('select fn_iu_prune_step($1, 100)', [rows[0].run_id]);
  }
  const runs = await db.pool.query('select state, examined, events, batches, held from iu_prune_run order by run_id');
  const trace = `seed ${seed}, ${killed} killed, ${replayed} replayed, ${rewinds} rewinds, ${emitted} emitted, prunes ${JSON.stringify(runs.rows)}`;
  expect(refusals, trace).toEqual([]);
  expect(killed, trace).toBeGreaterThan(0);
  expect(prunedMeanwhile, trace).toBeGreaterThan(0);
  const pruned = (await oneRow(db, 'select coalesce(sum(events), 0)::integer as n from iu_pruned_event')).n;
  expect(pruned, trace).toBeGreaterThan(0);
  expect(pruned + (await countOf(db, 'event_outbox')), trace).toBe(emitted);
  const summary = await db.pool.query(
    "select route_code, status, attempts::integer from v_iu_route_attempt_summary where route_kind = 'outbound' order by 1, 2",
  );
  expect(summary.rows, trace).toEqual([
    { route_code: 'r.dry', status: 'dry_run', attempts: emitted + replayed },
    { route_code: 'r.live', status: 'queued', attempts: emitted },
    { route_code: 'r.live', status: 'sent', attempts: emitted },
  ]);
  const accounts = await oneRow(
    db,
    'select events::integer, decided::integer, balanced from v_iu_event_accounting where worker_name = $1',
    [worker],
  );
  expect(accounts, trace).toEqual({ events: emitted, decided: emitted, balanced: true });
  expect(await certificate(db.pool), trace).toMatchObject({ lost: 0, stranded: 0 });
  const orphans = 'iu_route_attempt a where not exists (select from event_outbox e where e.seq = a.event_seq)';
  expect(await countOf(db, orphans), trace).toBe(0);
  // the archive holds each row that is gone, once
  expect(await countOf(db, "iu_archived_row where table_name = 'event_outbox'"), trace).toBe(pruned);
  expect(
    await countOf(db, "(select distinct event_seq from iu_archived_row where table_name = 'event_outbox') d"),
    trace,
  ).toBe(pruned);
});
