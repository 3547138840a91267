// The pure rules: what an application or a test may rely on without a database.
export type {
  ApprovalState,
  DecidableEvent,
  DecidableRoute,
  DecidedAttempt,
  Decision,
  DecisionStatus,
  FilterOutcome,
  PassGates,
  RouteApproval,
} from './decision.js';
export {
  canaryPosition,
  decideEvent,
  heldBy,
  idempotencyKey,
  isInsideCanary,
  judgeApproval,
  matchesPattern,
  matchesRoute,
  noRouteCode,
  noRouteId,
} from './decision.js';
export type { ErrorEntry, IuErrorDetails } from './errors/index.js';
export { errorEntries, errorEntry, IuError, isIuCode, iuErrorFromPg } from './errors/index.js';
