import type pg from 'pg';
import { IuError } from '../contract/errors/index.js';
import { tryInstallLock } from './migration.js';
import { connectClient } from './session.js';

/** Lets `work` run as the only demo of its database. Throws IU036 beside another; the server frees the lock however that one ends. */
export async function asOnlyDemo(url: string, work: () => Promise<void>): Promise<void> {
  const client = await connectClient({ url, purpose: 'demo lock' });
  try {
    if (!(await tryInstallLock(client, 'iu demo'))) throw new IuError('IU036');
    await work();
  } finally {
    await client.end();
  }
}

/** Counts that tell a person what is in the database. */
export interface CorpusCounts {
  readonly documents: number;
  readonly units: number;
  readonly versions: number;
  readonly events: number;
  readonly attempts: Readonly<Record<string, number>>;
  /** Seconds that the passes took that saw an event, and how many events they saw. */
  readonly passSeconds: number;
  readonly passEvents: number;
}

/** The books of one worker. */
export interface Books {
  readonly worker_name: string;
  readonly events: number;
  readonly decided: number;
  readonly pending: number;
  readonly lost: number;
  readonly balanced: boolean;
}

const corpusCountsSql = `select json_build_object(
  'documents', (select count(*) from information_unit where parent_or_container_ref is null and deleted_at is null),
  'units', (select count(*) from information_unit where deleted_at is null),
  'versions', (select count(*) from unit_version),
  'events', (select count(*) from event_outbox),
  'attempts', (select coalesce(json_object_agg(status, n), '{}') from (select status, count(*) as n from iu_route_attempt group by status) s),
  'passSeconds', (select coalesce(sum(extract(epoch from finished_at - started_at)), 0) from iu_route_run where kind = 'pass'),
  'passEvents', (select coalesce(sum(seen), 0) from iu_route_run where kind = 'pass'))::text as counts`;

/** Units, versions, events, attempts. */
export async function corpusCounts(pool: pg.Pool): Promise<CorpusCounts> {
  return JSON.parse((await pool.query(corpusCountsSql)).rows[0].counts);
}

/** The certificate of every worker. */
export async function readBooks(pool: pg.Pool): Promise<Books[]> {
  const result = await pool.query(
    "select coalesce(json_agg(b order by worker_name), '[]')::text as books from v_iu_event_accounting b",
  );
  return JSON.parse(result.rows[0].books);
}

/** Events that wait for a decision, over all workers. */
export async function totalBacklog(pool: pg.Pool): Promise<number> {
  const result = await pool.query('select coalesce(sum(backlog), 0)::int as backlog from v_iu_event_backlog');
  return result.rows[0].backlog;
}

/** Lost decisions of one worker, counted anew. */
export async function reconcileWorker(pool: pg.Pool, workerName: string): Promise<{ readonly lost: number }> {
  const result = await pool.query('select fn_iu_route_worker_reconcile($1)::text as found', [workerName]);
  return JSON.parse(result.rows[0].found);
}

/** Which of these route codes exist, removed ones included. */
export async function knownRoutes(client: pg.ClientBase | pg.Pool, codes: readonly string[]): Promise<Set<string>> {
  const result = await client.query('select route_code from iu_outbound_route where route_code = any ($1::text[])', [
    codes,
  ]);
  return new Set(result.rows.map((row) => row.route_code));
}

/** Gates that still stand as they were installed: closed, and nobody has touched them. */
export async function untouchedGates(client: pg.ClientBase | pg.Pool, keys: readonly string[]): Promise<string[]> {
  const result = await client.query(
    `select key from dot_config d where key = any ($1::text[]) and value <> 'true'
       and not exists (select from iu_gate_log g where g.config_key = d.key and g.operation <> 'insert')`,
    [keys],
  );
  return result.rows.map((row) => row.key);
}

/** Whether somebody made this installation the demo's. */
export async function isDemoInstallation(pool: pg.Pool): Promise<boolean> {
  const result = await pool.query("select fn_iu_setting('iu_core.installation', '') = 'demo' as demo");
  return result.rows[0].demo;
}
