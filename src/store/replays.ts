import type { IuReplayRunRow } from './catalog.generated.js';
import { callForResult, isoTimes, type ListPage, type PageWishes, type Queryable, readPage } from './listing.js';

/** Which (event, route) pairs a replay means: the filter of `fn_iu_replay_candidates`. */
export interface ReplayFilter {
  readonly status?: readonly string[] | undefined;
  readonly route_code?: string | undefined;
  readonly event_domain?: string | undefined;
  readonly event_type?: string | undefined;
  readonly reason?: string | undefined;
  readonly failure_signature?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly until_attempt_id?: string | undefined;
}

/** What a replay would touch on one route. */
export interface ReplayPreviewRoute {
  readonly route_code: string;
  readonly target_kind: string | null;
  readonly target: string | null;
  readonly would_be: string;
  readonly pairs: number;
  /** How many of them its filter was tried on; null = it has none. */
  readonly filter_tried: number | null;
  readonly filter_no: number | null;
  /** How many it raises for: they would be dead letters. */
  readonly filter_failed: number | null;
  readonly already_sent: number;
  readonly delivery_waiting: number;
  /** Pairs a second that the slowest known limit allows; null = none is known. */
  readonly per_second: number | null;
  /** Of a live route, why nothing of it is sent now, as fn_iu_delivery_holds; null = nothing holds it. */
  readonly held_by: string | null;
}

/** What a replay would touch, and about how long it would take. */
export interface ReplayPreview {
  readonly pairs: number;
  readonly events: number;
  readonly by_route: readonly ReplayPreviewRoute[];
  readonly delivery_waiting: number;
  readonly already_sent: number;
  readonly estimated_seconds: number | null;
  readonly until_attempt_id: string;
}

/** A replay of many as its functions answer with it. */
export interface ReplayProgress {
  readonly run_id: string;
  readonly status:
    | 'started'
    | 'stepped'
    | 'done'
    | 'cancelled'
    | 'rate_limited'
    | 'busy'
    | 'master_gate_closed'
    | 'worker_gate_closed';
  readonly state: 'running' | 'done' | 'cancelled';
  /** Pairs worked on so far, and how many there were when it began. */
  readonly pairs: number;
  readonly pairs_planned: number;
  readonly replayed: number;
  readonly by_decision: Readonly<Record<string, number>>;
  readonly delivery_waiting: number;
  /** Pairs that somebody else settled meanwhile. */
  readonly unchanged: number;
  readonly wait_milliseconds: number | null;
}

/** One replay of a list. */
export interface ReplayRunRow
  extends Pick<
    IuReplayRunRow,
    | 'run_id'
    | 'state'
    | 'rate_per_second'
    | 'reason'
    | 'started_by'
    | 'started_at'
    | 'worked_at'
    | 'worked_by'
    | 'pairs'
    | 'replayed'
    | 'delivery_waiting'
    | 'unchanged'
    | 'ended_by'
    | 'ended_at'
    | 'end_reason'
  > {
  readonly worked_by: readonly string[];
  readonly pairs_planned: string;
}

/** One replay with its filter, what its preview showed and what it decided (jsonb as text). */
export type ReplayRunDetail = ReplayRunRow &
  Pick<IuReplayRunRow, 'filter' | 'until_attempt_id' | 'preview' | 'by_decision'>;

export function previewReplay(
  database: Queryable,
  filter: ReplayFilter,
  ratePerSecond?: number,
): Promise<ReplayPreview> {
  const values = [JSON.stringify(filter), ratePerSecond ?? null];
  return callForResult(database, 'select fn_iu_replay_preview($1::jsonb, $2)', values);
}

/** Begins a run; nothing is replayed yet. */
export function startReplay(
  database: Queryable,
  filter: ReplayFilter,
  reason: string | undefined,
  ratePerSecond?: number,
): Promise<ReplayProgress> {
  const values = [JSON.stringify(filter), reason ?? null, ratePerSecond ?? null];
  return callForResult(database, 'select fn_iu_replay_start($1::jsonb, $2, $3)', values);
}

/** One step, one transaction. */
export function stepReplay(database: Queryable, runId: string, limit: number): Promise<ReplayProgress> {
  return callForResult(database, 'select fn_iu_replay_step($1, $2)', [runId, limit]);
}

export function cancelReplay(database: Queryable, runId: string, reason: string): Promise<ReplayProgress> {
  return callForResult(database, 'select fn_iu_replay_cancel($1, $2)', [runId, reason]);
}

const columns = `r.run_id, r.state, r.rate_per_second, r.reason, r.started_by, r.started_at, r.worked_at, r.worked_by, r.pairs,
  r.preview ->> 'pairs' as pairs_planned, r.replayed, r.delivery_waiting, r.unchanged, r.ended_by, r.ended_at, r.end_reason`;

/** Replays, newest first. */
export function listReplays(
  database: Queryable,
  filter: { readonly state?: string | undefined },
  wishes: PageWishes,
): Promise<ListPage<ReplayRunRow>> {
  return readPage(
    database,
    {
      columns,
      from: 'iu_replay_run r',
      conditions: [['r.state = ?', filter.state]],
      key: 'r.run_id',
      keyType: 'bigint',
      keyColumn: 'run_id',
      descending: true,
    },
    wishes,
  );
}

/** One replay; undefined when there is none. */
export async function findReplay(database: Queryable, runId: string): Promise<ReplayRunDetail | undefined> {
  const text = `select ${columns}, r.filter, r.until_attempt_id, r.preview, r.by_decision from iu_replay_run r where r.run_id = $1`;
  const row = (await database.query(text, [runId])).rows[0];
  return row === undefined ? undefined : (isoTimes(row) as unknown as ReplayRunDetail);
}
