import { isoTimes, type Queryable } from './listing.js';

/** Rows as the report shows them: every value text, as PostgreSQL writes it. */
export type ReportRow = Readonly<Record<string, string | null>>;

async function rowsOf(database: Queryable, text: string, values: readonly unknown[] = []): Promise<ReportRow[]> {
  const { rows } = await database.query(text, [...values]);
  return rows.map((row) => isoTimes(row) as ReportRow);
}

/** What is installed: one row a change, in order. */
export const installedChanges = (database: Queryable) =>
  rowsOf(
    database,
    'select change, tool_version, applied_by, applied_at, left(deploy_sha256, 12) as deploy_sha256 from iu_migration order by change collate "C"',
  );

/** Gates and settings as their rows say, without a judgement by the clock. */
export const gateRows = (database: Queryable) =>
  rowsOf(
    database,
    "select key, value, open_until, changed_by, updated_at, reason from dot_config where key like 'iu\\_core.%' order by key",
  );

/** Changes of gates and settings since a moment; null = all. */
export const gateChanges = (database: Queryable, since: string | null) =>
  rowsOf(
    database,
    `select changed_at, config_key, old_value, new_value, changed_by, reason from iu_gate_log
      where $1::timestamptz is null or changed_at >= $1::timestamptz order by log_id`,
    [since],
  );

/** Routes without their targets: an address can hold what a report must not. */
export const routeRows = (database: Queryable) =>
  rowsOf(
    database,
    `select r.route_code, r.version::text as version, r.target_kind,
       case when not r.enabled then 'disabled' when r.dry_run then 'dry-run' else 'live' end as state,
       (select a.approval_id::text from v_iu_route_approval a where a.approval_id = r.approval_id) as approval_id
     from iu_outbound_route r where r.removed_at is null order by r.route_code`,
  );

/** The audit in numbers, with what was pruned. */
export const attemptCounts = (database: Queryable) =>
  rowsOf(
    database,
    'select route_code, status, sum(attempts)::text as attempts from v_iu_route_attempt_summary group by route_code, status order by route_code, status',
  );

/** The books of each cursor. */
export const accountRows = (database: Queryable) =>
  rowsOf(
    database,
    `select worker_name, event_domain, events::text, decided::text, pending::text, lost::text, queued::text, waiting::text, settled::text,
       case when balanced then 'yes' else 'NO' end as balanced from v_iu_event_accounting order by worker_name`,
  );

/** The last word on each kind of evidence and route. */
export const evidenceRows = (database: Queryable) =>
  rowsOf(
    database,
    `select distinct on (e.kind, r.route_code) e.kind, r.route_code, case when e.passed then 'passed' else 'FAILED' end as result,
       e.recorded_by, e.recorded_at from iu_evidence e left join iu_outbound_route r using (route_id)
      order by e.kind, r.route_code, e.evidence_id desc`,
  );

/** What stands open. */
export const openRows = (database: Queryable) =>
  rowsOf(
    database,
    `select (select count(*) from iu_route_dead_letter where resolved_at is null)::text as dead_letters,
       (select count(*) from iu_route_delivery)::text as deliveries,
       (select count(*) from iu_suppressed_event)::text as suppressed`,
  );

/** Decisions of a range of attempts over time, in at most 30 equal parts. */
export async function decisionTimeline(
  database: Queryable,
  window: { readonly after: string; readonly through: string; readonly from: string; readonly to: string },
): Promise<{ readonly label: string; readonly count: number }[]> {
  const { rows } = await database.query(
    `with part as (
       select n, $3::timestamptz + n * ($4::timestamptz - $3::timestamptz) / 30 as from_at from generate_series(0, 29) n
     ), decided as (
       select least(29, greatest(0, floor(30 * extract(epoch from a.started_at - $3::timestamptz)
                / nullif(extract(epoch from $4::timestamptz - $3::timestamptz), 0))))::integer as n
         from iu_route_attempt a where a.attempt_id > $1 and a.attempt_id <= $2 and a.attempt_no = 1
     )
     select to_char(p.from_at at time zone 'UTC', 'HH24:MI:SS') as label, (select count(*) from decided d where d.n = p.n)::integer as count
       from part p order by p.n`,
    [window.after, window.through, window.from, window.to],
  );
  return rows;
}
