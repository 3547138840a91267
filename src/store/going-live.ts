import type { IuEvidenceRow, IuRouteFlowRow, VIuRouteApprovalRow } from './catalog.generated.js';
import { callForResult, isoTimes, type ListPage, type PageWishes, type Queryable, readPage } from './listing.js';
import type { Columns } from './rows.js';

/** One item of readiness. `action` is what to do; null where it passed. */
export interface ReadinessItem {
  readonly item: string;
  readonly passed: boolean;
  readonly evidence: string;
  readonly action: string | null;
}

/** What `fn_iu_route_readiness` says. */
export interface Readiness {
  readonly route_code: string;
  readonly version: number;
  readonly ready: boolean;
  readonly judged_at: string;
  readonly items: readonly ReadinessItem[];
}

export function routeReadiness(database: Queryable, routeCode: string): Promise<Readiness> {
  return callForResult(database, 'select fn_iu_route_readiness($1)', [routeCode]);
}

/** The same for several routes, in their order, and in one call: what is the same for all is looked at once. */
export function routesReadiness(database: Queryable, routeCodes: readonly string[]): Promise<readonly Readiness[]> {
  return callForResult(database, 'select fn_iu_routes_readiness($1)', [routeCodes]);
}

/** What was recorded. */
export interface RecordedEvidence {
  readonly evidence_id: string;
  readonly kind: string;
  readonly route_code: string | null;
  readonly route_version: number | null;
  readonly passed: boolean;
  readonly recorded_by: string;
  readonly recorded_at: string;
}

/** Records that something was checked. `detailText` is JSON; without a route it is about the whole installation. */
export function recordEvidence(
  database: Queryable,
  evidence: {
    readonly kind: string;
    readonly passed: boolean;
    readonly detailText: string;
    readonly routeCode?: string | undefined;
    readonly routeVersion?: number | undefined;
  },
): Promise<RecordedEvidence> {
  const { kind, passed, detailText, routeCode = null, routeVersion = null } = evidence;
  const values = [kind, passed, detailText, routeCode, routeVersion];
  return callForResult(database, 'select fn_iu_evidence_record($1, $2, $3, $4, $5)', values);
}

/** Limits of a request or approval; undefined = what the function takes by itself. Times are ISO 8601, shares decimal text. */
export interface ApprovalLimits {
  readonly maxEvents?: string | undefined;
  readonly expiresAt?: string | undefined;
  readonly canaryShare?: string | undefined;
  readonly failureBudget?: number | undefined;
}

/** A request or approval as the functions answer with it. */
export interface ApprovalAnswer {
  readonly approval_id: string;
  readonly route_code: string;
  readonly route_version: number;
  readonly requested_by: string;
  readonly approved_by: string | null;
  readonly expires_at: string;
  readonly max_events: string | null;
  readonly canary_share: string;
  readonly failure_budget: number;
  readonly target_sha256: string | null;
}

export function requestLive(
  database: Queryable,
  routeCode: string,
  reason: string,
  limits: ApprovalLimits,
): Promise<ApprovalAnswer & { readonly readiness: Readiness }> {
  const { maxEvents = null, expiresAt = null, canaryShare = '1', failureBudget = 50 } = limits;
  const values = [routeCode, reason, maxEvents, expiresAt, canaryShare, failureBudget];
  return callForResult(database, 'select fn_iu_route_request_live($1, $2, $3, $4, $5, $6)', values);
}

/** Approves as the login of this connection; limits may only get narrower. */
export function approveRequest(
  database: Queryable,
  approvalId: string,
  note: string,
  limits: ApprovalLimits,
): Promise<ApprovalAnswer> {
  const { maxEvents = null, expiresAt = null, canaryShare = null, failureBudget = null } = limits;
  const values = [approvalId, note, maxEvents, expiresAt, canaryShare, failureBudget];
  return callForResult(database, 'select fn_iu_route_approve($1, $2, $3, $4, $5, $6)', values);
}

/** What became of a request. */
export interface RejectedRequest {
  readonly approval_id: string;
  readonly route_code: string;
  readonly route_version: number;
  readonly was: 'requested' | 'approved';
  readonly revoked_by: string;
}

export function rejectRequest(database: Queryable, approvalId: string, reason: string): Promise<RejectedRequest> {
  return callForResult(database, 'select fn_iu_route_reject($1, $2)', [approvalId, reason]);
}

/** A route that went live, and what still holds its deliveries. */
export type LiveRoute = ApprovalAnswer & { readonly live_at: string; readonly held_by: readonly string[] };

export function goLive(database: Queryable, routeCode: string, reason: string): Promise<LiveRoute> {
  return callForResult(database, 'select fn_iu_route_go_live($1, $2)', [routeCode, reason]);
}

/** A route that is in dry-run again, or was already. */
export interface BackInDryRun {
  readonly route_code: string;
  readonly version: number;
  readonly was_live: boolean;
  readonly approval_id: string | null;
  readonly deliveries_waiting: number;
}

export function backToDryRun(database: Queryable, routeCode: string, reason: string): Promise<BackInDryRun> {
  return callForResult(database, 'select fn_iu_route_back_to_dry_run($1, $2)', [routeCode, reason]);
}

/** What a change of a route came to. */
export interface RouteChange {
  readonly route_code: string;
  readonly version_before: number;
  readonly version: number;
  readonly was_live: boolean;
  /** The request or approval of the old version that is void now. */
  readonly approval_voided: string | null;
  readonly deliveries_waiting: number;
}

/** Changes a route. `changesText` is JSON with keys of `fn_iu_route_add`; null gives what a new route has. */
export function changeRoute(
  database: Queryable,
  routeCode: string,
  changesText: string,
  reason: string,
): Promise<RouteChange> {
  return callForResult(database, 'select fn_iu_route_change($1, $2, $3)', [routeCode, changesText, reason]);
}

/** What a changed route would decide differently about events of the past. */
export interface RouteDifference {
  readonly route_code: string;
  readonly version: number;
  readonly voids_approval: boolean;
  readonly examined: number;
  /** False when there are more events than were looked at. */
  readonly complete: boolean;
  readonly differ: number;
  readonly first_seq: string | null;
  readonly last_seq: string | null;
  readonly changes: readonly { readonly from: string; readonly to: string; readonly events: number }[];
  readonly samples: readonly {
    readonly event_id: string;
    readonly event_seq: string;
    readonly from: string;
    readonly to: string;
  }[];
}

export function routeDifference(
  database: Queryable,
  routeCode: string,
  changesText: string,
  wishes: { readonly since?: string | undefined; readonly limit: number },
): Promise<RouteDifference> {
  const values = [routeCode, changesText, wishes.since ?? null, wishes.limit];
  return callForResult(database, 'select fn_iu_route_diff($1, $2, $3, $4)', values);
}

/** One request or approval, with what it is worth now: its state is requested, expired, rejected, approved, in_use, spent, revoked or void. */
export type ApprovalRow = Columns<
  VIuRouteApprovalRow,
  | 'approval_id'
  | 'route_code'
  | 'route_version'
  | 'state'
  | 'requested_by'
  | 'requested_at'
  | 'events_used'
  | 'canary_share'
  | 'failure_budget',
  | 'reason'
  | 'approved_by'
  | 'approved_at'
  | 'approval_note'
  | 'expires_at'
  | 'max_events'
  | 'live_at'
  | 'revoked_at'
  | 'revoked_by'
  | 'revoke_reason'
  | 'target_sha256'
>;

/** One request or approval with the readiness that it was made on; undefined when there is none of this number. */
export async function findApproval(
  database: Queryable,
  approvalId: string,
): Promise<(ApprovalRow & { readonly readiness: Partial<Readiness> }) | undefined> {
  const row = (await database.query('select * from v_iu_route_approval where approval_id = $1', [approvalId])).rows[0];
  if (row === undefined) return undefined;
  const { evidence, ...approval } = isoTimes(row) as unknown as ApprovalRow & Columns<VIuRouteApprovalRow, 'evidence'>;
  return { ...approval, readiness: JSON.parse(evidence) };
}

/** Requests and approvals, newest first. */
export function listApprovals(
  database: Queryable,
  filter: {
    readonly route?: string | undefined;
    readonly state?: string | undefined;
    readonly requestedBy?: string | undefined;
    readonly approvedBy?: string | undefined;
  },
  wishes: PageWishes,
): Promise<ListPage<ApprovalRow>> {
  return readPage(
    database,
    {
      columns: `a.approval_id, a.route_code, a.route_version, a.state, a.requested_by, a.requested_at, a.reason, a.approved_by, a.approved_at,
        a.approval_note, a.expires_at, a.max_events, a.events_used, a.canary_share, a.failure_budget, a.live_at, a.revoked_at, a.revoked_by,
        a.revoke_reason, a.target_sha256`,
      from: 'v_iu_route_approval a',
      conditions: [
        ['a.route_code = ?', filter.route],
        ['a.state = ?', filter.state],
        ['a.requested_by = ?', filter.requestedBy],
        ['a.approved_by = ?', filter.approvedBy],
      ],
      key: 'a.approval_id',
      keyType: 'bigint',
      keyColumn: 'approval_id',
      descending: true,
    },
    wishes,
  );
}

/** One row of evidence. `detail` is jsonb text. */
export interface EvidenceRow
  extends Pick<
    IuEvidenceRow,
    'evidence_id' | 'kind' | 'route_version' | 'passed' | 'recorded_by' | 'recorded_at' | 'detail'
  > {
  readonly route_code: string | null;
}

/** Evidence, newest first. */
export function listEvidence(
  database: Queryable,
  filter: {
    readonly kind?: string | undefined;
    readonly route?: string | undefined;
    readonly since?: string | undefined;
    readonly passed?: boolean | undefined;
  },
  wishes: PageWishes,
): Promise<ListPage<EvidenceRow>> {
  return readPage(
    database,
    {
      columns: 'e.evidence_id, e.kind, r.route_code, e.route_version, e.passed, e.recorded_by, e.recorded_at, e.detail',
      from: 'iu_evidence e left join iu_outbound_route r using (route_id)',
      conditions: [
        ['e.kind = ?', filter.kind],
        ['r.route_code = ?', filter.route],
        ['e.recorded_at >= ?::timestamptz', filter.since],
        ['e.passed = ?', filter.passed],
      ],
      key: 'e.evidence_id',
      keyType: 'bigint',
      keyColumn: 'evidence_id',
      descending: true,
    },
    wishes,
  );
}

/** What holds or slows the deliveries of a route, and its newest approval; undefined for an inbound route. */
export interface RouteFlow
  extends Pick<
    IuRouteFlowRow,
    | 'paused_at'
    | 'paused_by'
    | 'pause_reason'
    | 'breaker'
    | 'breaker_until'
    | 'failures_in_row'
    | 'budget_failures'
    | 'last_sent_at'
    | 'last_failure_at'
    | 'last_failure_code'
  > {
  readonly failing_since_at: string | null;
  readonly deliveries_waiting: string;
  /** Seconds after each failed send, without jitter; the last failure after them is a dead letter. */
  readonly retry_delays_seconds: readonly number[];
}

export async function findRouteFlow(database: Queryable, routeCode: string): Promise<RouteFlow | undefined> {
  const result = await database.query(
    `select f.paused_at, f.paused_by, f.pause_reason, f.breaker, f.breaker_until, f.failures_in_row, f.failing_since as failing_since_at,
       f.budget_failures, f.last_sent_at, f.last_failure_at, f.last_failure_code,
       (select count(*) from iu_route_delivery d where d.route_id = r.route_id) as deliveries_waiting,
       array(select d.seconds from generate_series(1, 100) n, fn_iu_delivery_delay(r.retry_policy, n, null, 0.5) as d (seconds)
              where d.seconds is not null order by n) as retry_delays_seconds
       from iu_outbound_route r join iu_route_flow f using (route_id) where r.route_code = $1`,
    [routeCode],
  );
  return result.rows[0] === undefined ? undefined : (isoTimes(result.rows[0]) as unknown as RouteFlow);
}
