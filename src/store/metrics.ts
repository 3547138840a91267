import type pg from 'pg';

/** One route of a scrape; seconds and counts, null = does not apply. Counts above 10,000 are estimates. */
export interface RouteMetrics {
  readonly route_code: string;
  readonly mode: 'disabled' | 'dry_run' | 'live' | null;
  readonly waiting: number;
  readonly leased: number;
  readonly overdue_seconds: number;
  readonly lanes_held: number;
  readonly dead_letters: number;
  readonly paused: boolean | null;
  readonly breaker: 'closed' | 'open' | 'half_open' | null;
  readonly approval_expires_seconds: number | null;
  readonly approval_events_left: number | null;
}

/** What `fn_iu_metrics` says. */
export interface DatabaseMetrics {
  readonly gates: Readonly<Record<string, boolean>>;
  readonly hold: string | null;
  readonly cursors: readonly {
    readonly worker_name: string;
    readonly backlog: number;
    readonly oldest_seconds: number;
  }[];
  readonly deliveries: { readonly oldest_seconds: number };
  readonly routes: readonly RouteMetrics[];
  readonly attempts: readonly { readonly route_code: string; readonly status: string; readonly count: number }[];
  readonly last_attempt_id: string;
}

/** Attempts that a scrape counts: ids above `after` up to `until`. */
export interface AttemptRange {
  readonly after: string;
  readonly until: string;
}

/** Reads what a scrape shows. `deployment`: of this process, for the reason why nothing is sent. */
export async function readMetrics(
  pool: pg.Pool | pg.ClientBase,
  deployment: string | null,
  range?: AttemptRange,
): Promise<DatabaseMetrics> {
  const values = [deployment, range?.after ?? null, range?.until ?? null];
  const result = await pool.query('select fn_iu_metrics($1, $2, $3)::text as metrics', values);
  return JSON.parse(result.rows[0].metrics);
}
