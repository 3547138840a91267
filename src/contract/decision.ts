// What a pass decides about one event: pure, total, no clock. The pass in SQL decides the same way; test/cases/decision.json
// and a property test hold the two together.
import { createHash } from 'node:crypto';

/** The parts of an event a decision looks at. `eventSeq` is text: an int8 does not fit a JS number. */
export interface DecidableEvent {
  readonly eventId: string;
  readonly eventSeq: string;
  readonly eventDomain: string;
  readonly eventType: string;
  readonly eventStream: string;
  readonly subjectTable: string;
  /** null: about nothing in particular. */
  readonly subjectRef: string | null;
}

/** An approval as a route names it. Time and use are judged by the caller, who has a clock. */
export interface RouteApproval {
  readonly routeId: string;
  readonly routeVersion: number;
  readonly requestedBy: string;
  /** null while nobody approved the request. */
  readonly approvedBy: string | null;
  readonly revoked: boolean;
  readonly expired: boolean;
  /** True when the approved number of events has been used. */
  readonly usedUp: boolean;
  /** Share of subjects that is delivered, over 0 to 1, as decimal text. */
  readonly canaryShare: string;
}

/** The parts of a route a decision looks at. */
export interface DecidableRoute {
  readonly routeId: string;
  readonly routeCode: string;
  readonly version: number;
  /** `*` matches everything, a trailing `*` a prefix. The same for type and stream. */
  readonly eventDomain: string;
  readonly eventType: string;
  readonly eventStream: string;
  readonly enabled: boolean;
  readonly dryRun: boolean;
  readonly removed: boolean;
  /** The approval the route row points at, whatever it is worth; null when it points at none. */
  readonly approval: RouteApproval | null;
}

/** What a jsonpath filter said. `absent` = the route has none; only PostgreSQL evaluates the others. */
export type FilterOutcome =
  | { readonly kind: 'absent' | 'true' | 'false' | 'null' }
  | { readonly kind: 'error'; readonly errorCode: string };

/** The two gates in front of a pass, as already read: a missing or malformed value is closed (P5). */
export interface PassGates {
  readonly masterOpen: boolean;
  readonly workerOpen: boolean;
}

export type DecisionStatus = 'skipped' | 'dry_run' | 'queued' | 'failed';

/** One row of iu_route_attempt with attempt_no 1, and what goes with it. */
export interface DecidedAttempt {
  readonly routeId: string;
  readonly routeCode: string;
  readonly routeVersion: number | null;
  readonly attemptNo: 1;
  readonly status: DecisionStatus;
  readonly reason: string | null;
  readonly delivered: false;
  readonly idempotencyKey: string;
  /** True when a row in iu_route_delivery is written with it. */
  readonly delivery: boolean;
  /** True when a dead letter is written with it. */
  readonly deadLetter: boolean;
}

/** A pass behind a closed gate holds the event: no attempt, nothing lost. */
export type Decision =
  | { readonly status: 'ran'; readonly attempts: readonly DecidedAttempt[] }
  | { readonly status: 'master_gate_closed' | 'worker_gate_closed'; readonly attempts: readonly [] };

export type ApprovalState = 'valid' | 'spent' | 'missing';

/** route_id of the attempt that says that no route matched. */
export const noRouteId = '0';
/** route_code of the attempt that says that no route matched. */
export const noRouteCode = '-';

/** `*` matches everything, a trailing `*` a prefix, anything else only itself. */
export function matchesPattern(pattern: string, value: string): boolean {
  if (pattern === value) return true;
  return pattern.endsWith('*') && value.startsWith(pattern.slice(0, -1));
}

/** True when domain, type and stream all match. A removed route matches nothing. */
export function matchesRoute(route: DecidableRoute, event: DecidableEvent): boolean {
  return (
    !route.removed &&
    matchesPattern(route.eventDomain, event.eventDomain) &&
    matchesPattern(route.eventType, event.eventType) &&
    matchesPattern(route.eventStream, event.eventStream)
  );
}

/** The key of every attempt and delivery of this pair, the same whoever decides. */
export function idempotencyKey(routeCode: string, eventId: string): string {
  return `${routeCode}:${eventId}`;
}

/**
 * What a route's approval is worth (P6). `missing`: none, for another route or version, not approved, approved by its own
 * requester, or revoked. `spent`: was good, now expired or used up; events still queue, the claim holds
 * them all, or what a used-up one has not counted.
 */
export function judgeApproval(route: DecidableRoute): ApprovalState {
  const approval = route.approval;
  if (approval === null) return 'missing';
  if (approval.routeId !== route.routeId || approval.routeVersion !== route.version) return 'missing';
  if (approval.approvedBy === null || approval.approvedBy === approval.requestedBy || approval.revoked)
    return 'missing';
  return approval.expired || approval.usedUp ? 'spent' : 'valid';
}

/**
 * Where the subject of an event stands for the canary of a route, as a whole number below 2^32: evenly spread, the same for every
 * event of a subject, other for another route. An event about nothing in particular stands by its own id.
 */
export function canaryPosition(routeCode: string, event: DecidableEvent): number {
  const subject = event.subjectRef === null ? event.eventId : `${event.subjectTable}:${event.subjectRef}`;
  return Number.parseInt(createHash('md5').update(`${routeCode}:${subject}`).digest('hex').slice(0, 8), 16);
}

/** True when the event is inside the share: position / 2^32 < share, in whole numbers, because the share is a decimal. */
export function isInsideCanary(routeCode: string, event: DecidableEvent, canaryShare: string): boolean {
  const [whole = '0', fraction = ''] = canaryShare.split('.');
  const share = BigInt(whole + fraction);
  return BigInt(canaryPosition(routeCode, event)) * 10n ** BigInt(fraction.length) < share * 2n ** 32n;
}

/** Which gate holds the pass; the master is named first when both are closed. */
export function heldBy(gates: PassGates): 'master_gate_closed' | 'worker_gate_closed' | null {
  if (!gates.masterOpen) return 'master_gate_closed';
  return gates.workerOpen ? null : 'worker_gate_closed';
}

/**
 * Every decision about one event, in order of route id: one per matching route (fan-out), or one `skipped/no_route`.
 *
 * `filterOf` is asked only for enabled routes that match: a filter behind a disabled route is never evaluated.
 */
export function decideEvent(
  event: DecidableEvent,
  routes: readonly DecidableRoute[],
  filterOf: (route: DecidableRoute) => FilterOutcome,
  gates: PassGates,
): Decision {
  const held = heldBy(gates);
  if (held !== null) return { status: held, attempts: [] };
  const matching = routes.filter((route) => matchesRoute(route, event)).sort(byRouteId);
  if (matching.length === 0) return { status: 'ran', attempts: [noRouteAttempt(event)] };
  return { status: 'ran', attempts: matching.map((route) => decideRoute(event, route, filterOf)) };
}

function decideRoute(
  event: DecidableEvent,
  route: DecidableRoute,
  filterOf: (route: DecidableRoute) => FilterOutcome,
): DecidedAttempt {
  if (!route.enabled) return attempt(event, route, 'skipped', 'route_disabled');
  const filter = filterOf(route);
  if (filter.kind === 'error') return attempt(event, route, 'failed', filter.errorCode);
  if (filter.kind === 'false' || filter.kind === 'null') return attempt(event, route, 'skipped', 'filtered');
  if (route.dryRun) return attempt(event, route, 'dry_run', null);
  // A flag without an approval for this version is forged or stale: it is recorded, nothing is sent.
  if (judgeApproval(route) === 'missing') return attempt(event, route, 'dry_run', 'not_approved');
  const share = route.approval?.canaryShare ?? '1';
  if (!isInsideCanary(route.routeCode, event, share)) return attempt(event, route, 'dry_run', 'outside_canary');
  return attempt(event, route, 'queued', null);
}

function attempt(
  event: DecidableEvent,
  route: DecidableRoute,
  status: DecisionStatus,
  reason: string | null,
): DecidedAttempt {
  return {
    routeId: route.routeId,
    routeCode: route.routeCode,
    routeVersion: route.version,
    attemptNo: 1,
    status,
    reason,
    delivered: false,
    idempotencyKey: idempotencyKey(route.routeCode, event.eventId),
    delivery: status === 'queued',
    deadLetter: status === 'failed',
  };
}

function noRouteAttempt(event: DecidableEvent): DecidedAttempt {
  return {
    routeId: noRouteId,
    routeCode: noRouteCode,
    routeVersion: null,
    attemptNo: 1,
    status: 'skipped',
    reason: 'no_route',
    delivered: false,
    idempotencyKey: idempotencyKey(noRouteCode, event.eventId),
    delivery: false,
    deadLetter: false,
  };
}

function byRouteId(left: DecidableRoute, right: DecidableRoute): number {
  const difference = BigInt(left.routeId) - BigInt(right.routeId);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}
