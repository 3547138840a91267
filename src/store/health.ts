import type pg from 'pg';

/** One reason against health. */
export interface HealthReason {
  readonly code: string;
  readonly message: string;
  readonly action: string;
}

/** What `fn_iu_route_worker_health` says; further fields as in the header of that function. */
export interface WorkerHealth {
  readonly worker_name: string;
  readonly healthy: boolean;
  readonly reasons: readonly HealthReason[];
  readonly backlog_iu_events: number;
  readonly lost: number;
  readonly seconds_since_last_run: number | null;
  readonly blockers: readonly Record<string, unknown>[];
  readonly processes: readonly Record<string, unknown>[];
  readonly [field: string]: unknown;
}

/** Names of all registered cursors. */
export async function registeredWorkers(pool: pg.Pool | pg.ClientBase): Promise<string[]> {
  const result = await pool.query('select worker_name from iu_route_worker_cursor order by worker_name');
  return result.rows.map((row) => row.worker_name);
}

/** Health of one worker. */
export async function workerHealth(pool: pg.Pool | pg.ClientBase, workerName: string): Promise<WorkerHealth> {
  const result = await pool.query('select fn_iu_route_worker_health($1)::text as health', [workerName]);
  return JSON.parse(result.rows[0].health);
}

/** Every reason against the health of these workers, each with its worker. */
export async function healthReasons(
  pool: pg.Pool | pg.ClientBase,
  workerNames: readonly string[],
): Promise<(HealthReason & { readonly worker: string })[]> {
  const found: (HealthReason & { readonly worker: string })[] = [];
  for (const worker of workerNames) {
    for (const { code, message, action } of (await workerHealth(pool, worker)).reasons) {
      found.push({ worker, code, message, action });
    }
  }
  return found;
}

/** Watchdogs that have missed three looks, except for the one that asks; none where they are not installed yet. */
export async function silentWatchdogs(pool: pg.Pool | pg.ClientBase, except = ''): Promise<HealthReason[]> {
  if (!(await hasWatchdogs(pool))) return [];
  const { rows } = await pool.query(
    `select watcher, extract(epoch from clock_timestamp() - looked_at)::integer as seconds, every_seconds as every
       from iu_health_watch where watcher <> $1 and looked_at < clock_timestamp() - make_interval(secs => 3 * every_seconds)
      order by watcher`,
    [except],
  );
  return rows.map(({ watcher, seconds, every }) => ({
    code: 'watchdog_silent',
    message: `the watchdog ${watcher} looked ${seconds} s ago and should look every ${every} s`,
    action: `look at its timer on its host; when it is gone for good: iu health --forget-watchdog ${watcher}`,
  }));
}

async function hasWatchdogs(pool: pg.Pool | pg.ClientBase): Promise<boolean> {
  const { rows } = await pool.query("select to_regclass('iu_health_watch') is not null as installed");
  return rows[0].installed;
}

/** Says that a watchdog has looked. */
export async function beatWatchdog(
  pool: pg.Pool | pg.ClientBase,
  beat: {
    readonly watcher: string;
    readonly host: string;
    readonly everySeconds: number;
    readonly healthy: boolean;
    readonly reasons: readonly string[];
  },
): Promise<void> {
  if (!(await hasWatchdogs(pool))) return;
  const { watcher, host, everySeconds, healthy, reasons } = beat;
  await pool.query('select fn_iu_health_watch_beat($1, $2, $3, $4, $5)', [
    watcher,
    host,
    everySeconds,
    healthy,
    [...reasons],
  ]);
}

/** Misses a watchdog no longer; false when there was none of this name. */
export async function forgetWatchdog(pool: pg.Pool | pg.ClientBase, watcher: string): Promise<boolean> {
  return (await pool.query('select fn_iu_health_watch_forget($1) as found', [watcher])).rows[0].found;
}
