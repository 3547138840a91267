// Generators of routes, gates and events, small on purpose: values that often match, and often nearly match.
import fc from 'fast-check';
import type { FilterOutcome, PassGates, RouteApproval } from '../../src/contract/decision.js';
import type { CaseEvent, CaseRoute } from './decision-cases.js';
import { evaluateFilter, type FilterExpression, filterText, type Payload, parseFilter } from './filter-grammar.js';

/** Event types registered for domain `iu` at install, with their stream. */
export const eventKinds = [
  { eventDomain: 'iu', eventType: 'version_applied', eventStream: 'update' },
  { eventDomain: 'iu', eventType: 'version_enacted', eventStream: 'update' },
  { eventDomain: 'iu', eventType: 'unit_created', eventStream: 'birth' },
  { eventDomain: 'iu', eventType: 'unit_deprecated', eventStream: 'update' },
  { eventDomain: 'iu', eventType: 'structure_op_applied', eventStream: 'update' },
  { eventDomain: 'iu', eventType: 'structure_child_added', eventStream: 'update' },
] as const;

const keys = ['k', 'm', 'deep_key'] as const;
const words = ['s', 't', ''] as const;

export const payloads: fc.Arbitrary<Payload> = fc.dictionary(
  fc.constantFrom(...keys),
  fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(...words), fc.boolean(), fc.constant(null)),
  { noNullPrototype: true },
);

export const filterExpressions: fc.Arbitrary<FilterExpression> = fc.array(
  fc.record({
    key: fc.constantFrom(...keys),
    operator: fc.constantFrom('==' as const, '>' as const, '<' as const),
    value: fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(...words)),
  }),
  { minLength: 1, maxLength: 2 },
);

export const passGates: fc.Arbitrary<PassGates> = fc.record({
  masterOpen: fc.oneof({ arbitrary: fc.constant(true), weight: 4 }, { arbitrary: fc.boolean(), weight: 1 }),
  workerOpen: fc.oneof({ arbitrary: fc.constant(true), weight: 4 }, { arbitrary: fc.boolean(), weight: 1 }),
});

/** An event of a registered kind; id and seq are placeholders until a database has given its own. */
export const decidableEvents: fc.Arbitrary<CaseEvent> = fc
  .record({
    eventId: fc.uuid({ version: 4 }),
    eventSeq: fc.bigInt({ min: 1n, max: 2n ** 63n - 1n }).map(String),
    kind: fc.constantFrom(...eventKinds),
    subjectTable: fc.constantFrom('information_unit', 'orders'),
    subjectRef: fc.oneof(
      fc.constant(null),
      fc.string({ maxLength: 8 }).filter((text) => !text.includes('\0')),
    ),
    safePayload: payloads,
  })
  .map(({ kind, ...event }) => ({ ...event, ...kind }));

/** Everything of a route but its identity. */
export interface GeneratedRoute extends Omit<CaseRoute, 'routeId' | 'routeCode' | 'approval'> {
  readonly approval: Omit<RouteApproval, 'routeId'> | null;
}

function patterns(values: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constant('*'),
    fc.constantFrom(...values),
    fc.tuple(fc.constantFrom(...values), fc.nat({ max: 30 })).map(([value, cut]) => `${value.slice(0, 1 + cut)}*`),
  );
}

const approvals: fc.Arbitrary<Omit<RouteApproval, 'routeId'>> = fc.record({
  routeVersion: fc.constantFrom(1, 1, 1, 2),
  requestedBy: fc.constant('requester'),
  approvedBy: fc.constantFrom('approver', 'approver', 'approver', 'requester', null),
  revoked: fc.constantFrom(false, false, false, true),
  expired: fc.boolean(),
  usedUp: fc.boolean(),
  canaryShare: fc.constantFrom('1', '1', '0.5', '0.25', '0.1', '0.999', '0.0000000001'),
});

export const generatedRoutes: fc.Arbitrary<GeneratedRoute> = fc
  .record({
    version: fc.constantFrom(1, 1, 2),
    eventDomain: patterns(eventKinds.map((kind) => kind.eventDomain)),
    eventType: patterns(eventKinds.map((kind) => kind.eventType)),
    eventStream: patterns(eventKinds.map((kind) => kind.eventStream)),
    filter: fc.option(filterExpressions.map(filterText)),
    enabled: fc.constantFrom(true, true, true, false),
    dryRun: fc.boolean(),
    removed: fc.constantFrom(false, false, false, false, true),
    approval: fc.option(approvals),
  })
  .map((route) => (route.removed ? { ...route, enabled: false } : route));

/** Up to six routes with ids 1, 2, …; `numbered` gives them the ids a database has given instead. */
export const routeSets: fc.Arbitrary<readonly CaseRoute[]> = fc
  .array(generatedRoutes, { maxLength: 6 })
  .map((routes) => numbered(routes, (index) => String(index + 1)));

/** Puts identities on generated routes: `routeId(index)` and the code `r<index + 1>`. */
export function numbered(routes: readonly GeneratedRoute[], routeId: (index: number) => string): readonly CaseRoute[] {
  return routes.map((route, index) => ({
    ...route,
    routeId: routeId(index),
    routeCode: `r${index + 1}`,
    approval: route.approval && { ...route.approval, routeId: routeId(index) },
  }));
}

/** What the filter of a case or generated route says about an event. */
export function filterOutcome(route: CaseRoute, event: CaseEvent): FilterOutcome {
  return route.filter === null ? { kind: 'absent' } : evaluateFilter(parseFilter(route.filter), event.safePayload);
}
