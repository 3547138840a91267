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
