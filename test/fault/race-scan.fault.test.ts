import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TestDatabase } from '../support/database.js';
import {
  addRoute,
  createRaceDatabase,
  drain,
  emit,
  expectWhole,
  inTransaction,
  type PassResult,
  pass,
} from '../support/race.js';
import { openSessions } from '../support/sessions.js';

let db: TestDatabase;
beforeEach(async () => {
  db = await createRaceDatabase();
});
afterEach(async () => {
  await db.drop();
});

async function emitMany(count: number, options: { domain?: string; payload?: string } = {}): Promise<void> {
  await db.pool.query(
    `insert into event_outbox (event_domain, event_type, event_subject_table, event_subject_ref, source_system, safe_payload)
     select $2, 'changed', 'thing', (n % 97)::text, 'test', $3 from generate_series(1, $1) n`,
    [count, options.domain ?? 'race', options.payload ?? '{}'],
  );
}

interface Examined {
  readonly result: PassResult;
  /** Rows of the log that the pass fetched, by whatever plan. */
  readonly rows: number;
}

/** The counters of this session; they are reported with a delay, so only their difference says something. */
async function rowsTouched(client: pg.ClientBase): Promise<number> {
  const { rows } = await client.query(
    `select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::integer as n from pg_stat_xact_user_tables
      where relid in (select 'event_outbox'::regclass union select relid from pg_partition_tree('event_outbox'))`,
  );
  return Number(rows[0]?.n);
}

/** Rows of the log stay without statistics, in every part of it. */
async function neverAnalyze(): Promise<void> {
  const parts = await db.pool.query(
    "select oid::regclass::text as name from pg_class where relkind = 'r' and oid in (select 'event_outbox'::regclass union select relid from pg_partition_tree('event_outbox'))",
  );
  for (const { name } of parts.rows) await db.pool.query(`alter table ${name} set (autovacuum_enabled = false)`);
}

/** A pass, and how many rows of the log it touched: a plan that sorts or scans the whole log touches all of them. */
function examine(batchLimit: number, name?: string): Promise<Examined> {
  return inTransaction(db.pool, async (client) => {
    const before = await rowsTouched(client);
    const result = await pass(client, batchLimit, name);
    return { result, rows: (await rowsTouched(client)) - before };
  });
}

describe('how much a pass reads', () => {
  const backlog = 60_000;

  async function expectBounded(): Promise<void> {
    for (let at = 0; at < 3; at += 1) {
      const { result, rows } = await examine(1000);
      expect(result).toMatchObject({ status: 'ran', seen: 1000 });
      expect(rows, 'rows of the log touched for 1,000 events').toBeLessThan(4_500);
    }
  }

  test('a large backlog in a log that was never analyzed is not sorted or scanned as a whole', async () => {
    await neverAnalyze();
    await emitMany(backlog);
    const { rows } = await db.pool.query(
      `select reltuples::integer as n from pg_class where oid = 'event_outbox'::regclass`,
    );
    expect(rows[0].n, 'never analyzed').toBe(-1);
    await expectBounded();
  });

  test('statistics from when the log was tiny do not make the pass read the whole backlog', async () => {
    await neverAnalyze();
    await emitMany(10);
    await db.pool.query('analyze event_outbox');
    await emitMany(backlog);
    await expectBounded();
  });

  test('filters and live routes fetch each event once a route and nothing else', async () => {
    await neverAnalyze();
    await addRoute(db.pool, 'race.filtered', { filter: '$.n > 1', ordering: 'subject' });
    await emitMany(backlog, { payload: '{"n": 2}' });
    await expectBounded();
  });

  test('a rare domain in a busy log is found, and what was passed is not examined again', async () => {
    await db.pool.query(`select fn_iu_event_type_add('rare', 'changed')`);
    await db.pool.query(`select fn_iu_route_worker_register('rare_worker', 'rare', 'beginning')`);
    const each = 12_000;
    for (let at = 0; at < 4; at += 1) {
      await emitMany(each);
      await emitMany(1, { domain: 'rare' });
    }
    let rowsRead = 0;
    let seen = 0;
    let passes = 0;
    for (let complete = false; !complete; passes += 1) {
      const { result, rows } = await examine(100, 'rare_worker');
      rowsRead += rows;
      seen += result.seen;
      complete = result.window_complete;
    }
    expect(seen).toBe(4);
    expect(passes).toBe(5);
    expect(rowsRead, 'rows read to find 4 among 48,004').toBeLessThan(2.2 * 4 * each);
    const again = await examine(100, 'rare_worker');
    expect(again.result).toMatchObject({ seen: 0, window_complete: true });
    expect(again.rows).toBeLessThan(10);
    await drain(db.pool, 10_000);
    await expectWhole(db.pool, 4 * each);
  });

  test('a transaction that ends late with many events is read by its own index, in batches', async () => {
    const { late } = await openSessions(db, 'late');
    await late.run('begin');
    await late.run(
      `insert into event_outbox (event_domain, event_type, event_subject_table, event_subject_ref, source_system)
       select 'race', 'changed', 'thing', 'late ' || n, 'test' from generate_series(1, 2500) n`,
    );
    await emitMany(20_000);
    await drain(db.pool, 10_000);
    await late.run('commit');
    const seen: number[] = [];
    for (;;) {
      const { result, rows } = await examine(1000);
      expect(rows).toBeLessThan(6_000);
      if (result.seen === 0) break;
      seen.push(result.seen);
    }
    expect(seen).toEqual([1000, 1000, 500]);
    await expectWhole(db.pool, 22_500);
  });

  test('an empty pass on a long log costs no look at the log', async () => {
    await emitMany(30_000);
    await drain(db.pool, 10_000);
    const { result, rows } = await examine(1000);
    expect(result).toMatchObject({ seen: 0, window_complete: true });
    expect(rows).toBeLessThan(10);
    await emit(db.pool, 'one');
    const next = await examine(1000);
    expect(next.result.seen).toBe(1);
    expect(next.rows).toBeLessThan(20);
  });
});
