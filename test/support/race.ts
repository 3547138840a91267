import type pg from 'pg';
import { expect } from 'vitest';
import { type ForgedApproval, forgeApproval } from './approval.js';
import { createTestDatabase, type TestDatabase } from './database.js';

/** The name of the worker that the race tests run, and the domain that it owns. */
export const worker = 'race_worker';
export const domain = 'race';

/** What a pass says of itself. */
export interface PassResult {
  readonly status: string;
  readonly seen: number;
  readonly attempts_written: number;
  readonly deliveries_queued: number;
  readonly skipped: number;
  readonly dead_lettered: number;
  readonly window_complete: boolean;
  readonly cursor_seq: string | null;
}

interface Queries {
  query(sql: string, parameters?: unknown[]): Promise<{ rows: Record<string, unknown>[] }>;
}

/** An installed database with open gates, the domain `race`, its worker from the beginning, and no route of its own. */
export async function createRaceDatabase(): Promise<TestDatabase> {
  const db = await createTestDatabase();
  await prepareRace(db.pool);
  return db;
}

/** The same in a database that is there already. */
export async function prepareRace(queries: Queries): Promise<void> {
  for (const gate of ['routes_master_enabled', 'route_worker_enabled']) {
    await queries.query('select fn_iu_gate_set($1, true, $2)', [gate, 'race test']);
  }
  for (const type of ['changed', 'noted']) await queries.query('select fn_iu_event_type_add($1, $2)', [domain, type]);
  await queries.query('select fn_iu_route_worker_register($1, $2, $3)', [worker, domain, 'beginning']);
}

/** Adds a route that is enabled and in dry-run. */
export async function addRoute(queries: Queries, code: string, more: Record<string, unknown> = {}): Promise<void> {
  const route = {
    route_code: code,
    event_domain: domain,
    target_kind: 'webhook',
    target_ref: 'https://sink.test/hook',
  };
  await queries.query('select fn_iu_route_add($1)', [JSON.stringify({ ...route, ...more })]);
  await queries.query('select fn_iu_route_set_enabled($1, true, $2)', [code, 'race test']);
}

/** Takes a route live as if ann had asked for it and bob approved it, within the given limits (columns of iu_route_approval). */
export async function takeLive(queries: Queries, code: string, limits: ForgedApproval = {}): Promise<void> {
  const approvalId = await forgeApproval(queries, code, limits);
  await queries.query('update iu_outbound_route set dry_run = false, approval_id = $2 where route_code = $1', [
    code,
    approvalId,
  ]);
}

/** Emits one event and gives its seq. */
export async function emit(
  queries: Queries,
  subject: string,
  payload: unknown = {},
  type = 'changed',
): Promise<string> {
  const { rows } = await queries.query('select event_seq from fn_iu_emit($1, $2, $3, $4, $5)', [
    domain,
    type,
    'thing',
    subject,
    JSON.stringify(payload),
  ]);
  return String(rows[0]?.event_seq);
}

/** One pass. */
export async function pass(queries: Queries, batchLimit = 1000, name = worker): Promise<PassResult> {
  const { rows } = await queries.query('select fn_iu_route_worker_run($1, $2) as result', [name, batchLimit]);
  const result = rows[0]?.result;
  return (typeof result === 'string' ? JSON.parse(result) : result) as PassResult;
}

/** A pass that is let in: a server says an error before it lets go of the locks of the pass that had it. */
export async function passWhenFree(queries: Queries, batchLimit = 1000, name = worker): Promise<PassResult> {
  for (;;) {
    const result = await pass(queries, batchLimit, name);
    if (result.status !== 'busy') return result;
  }
}

/** Replays at most `limit` pairs of a filter (JSON) as one step of a run. */
export async function replayMany(queries: Queries, filterText: string, limit: number): Promise<void> {
  await queries.query("select fn_iu_replay_step((fn_iu_replay_start($1::jsonb, 'test') ->> 'run_id')::bigint, $2)", [
    filterText,
    limit,
  ]);
}

/** Passes until a window is complete and the one after it is empty: everything committed before the call is decided. */
export async function drain(queries: Queries, batchLimit = 1000, name = worker): Promise<number> {
  let seen = 0;
  for (;;) {
    const result = await passWhenFree(queries, batchLimit, name);
    if (result.status !== 'ran') throw new Error(`a pass of ${name} ended with ${result.status}`);
    seen += result.seen;
    if (result.window_complete && result.seen === 0) return seen;
  }
}

/** The subjects in the order in which they were decided, once a decision. */
export async function decidedSubjects(queries: Queries): Promise<string[]> {
  const { rows } = await queries.query(
    `select e.event_subject_ref as subject from iu_route_attempt a join event_outbox e on e.seq = a.event_seq
      where a.attempt_no = 1 and a.route_kind = 'outbound' order by a.attempt_id`,
  );
  return rows.map((row) => String(row.subject));
}

/** The certificate of a worker, whole, from its base on. */
export async function certificate(queries: Queries, name = worker): Promise<Record<string, unknown>> {
  const { rows } = await queries.query('select fn_iu_route_worker_reconcile($1, true) as result', [name]);
  const result = rows[0]?.result;
  return (typeof result === 'string' ? JSON.parse(result) : result) as Record<string, unknown>;
}

/**
 * The books after everything is decided: as many decisions as committed events times matching routes (one when none
 * matches), none twice, nothing pending, certificate 0, accounts balanced.
 */
export async function expectWhole(queries: Queries, events: number, decisionsPerEvent = 1): Promise<void> {
  const { rows } = await queries.query(
    `select (select count(*) from event_outbox where event_domain = $1)::integer as events,
            count(*)::integer as decisions, count(distinct (a.event_seq, a.route_id))::integer as pairs,
            count(distinct a.event_seq)::integer as decided
       from iu_route_attempt a join event_outbox e on e.seq = a.event_seq
      where a.attempt_no = 1 and a.route_kind = 'outbound' and e.event_domain = $1`,
    [domain],
  );
  const decisions = events * decisionsPerEvent;
  expect(rows[0]).toEqual({ events, decisions, pairs: decisions, decided: events });
  const owner = await queries.query(`select worker_name from iu_route_worker_cursor where event_domain in ($1, '*')`, [
    domain,
  ]);
  for (const row of owner.rows) {
    expect(await certificate(queries, String(row.worker_name))).toMatchObject({
      lost: 0,
      lost_events: 0,
      lost_pairs: 0,
    });
    const books = await queries.query(
      'select lost::integer, pending::integer, balanced from v_iu_event_accounting where worker_name = $1',
      [row.worker_name],
    );
    expect(books.rows[0]).toEqual({ lost: 0, pending: 0, balanced: true });
  }
}

/** A digest of all rows of the tables that a pass may write: equal before and after means that nothing was written. */
export async function digestOfPassTables(queries: Queries): Promise<string> {
  const tables = [
    'iu_route_attempt',
    'iu_route_delivery',
    'iu_route_dead_letter',
    'iu_route_run',
    'iu_route_worker_cursor',
  ];
  const parts: string[] = [];
  for (const table of tables) {
    const { rows } = await queries.query(
      `select count(*) || ':' || coalesce(md5(string_agg(t::text, '|' order by t::text)), '') as digest from ${table} t`,
    );
    parts.push(`${table}=${rows[0]?.digest}`);
  }
  return parts.join(' ');
}

/** Runs work in a transaction on one connection of the pool and commits it. */
export async function inTransaction<Result>(
  pool: pg.Pool,
  work: (client: pg.PoolClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch(() => {});
    throw error;
  } finally {
    client.release();
  }
}
