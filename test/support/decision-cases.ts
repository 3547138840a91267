// Reads test/cases/decision.json and fills in its defaults: the same expansion for the TypeScript and the SQL side.
import { readFileSync } from 'node:fs';
import type { DecidableEvent, DecidableRoute, PassGates, RouteApproval } from '../../src/contract/decision.js';
import type { Payload } from './filter-grammar.js';

/** A route of a case: what the rule sees, and its filter as jsonpath text. */
export interface CaseRoute extends DecidableRoute {
  readonly filter: string | null;
}

export interface CaseEvent extends DecidableEvent {
  readonly safePayload: Payload;
}

export interface DecisionCase {
  readonly name: string;
  readonly gates: PassGates;
  readonly event: CaseEvent;
  readonly routes: readonly CaseRoute[];
  readonly expected: {
    readonly status: 'ran' | 'master_gate_closed' | 'worker_gate_closed';
    /** [route code, status, reason] */
    readonly attempts: readonly (readonly [string, string, string | null])[];
  };
}

type Loose<T> = { readonly [K in keyof T]?: T[K] | undefined };

interface CaseFile {
  readonly defaults: {
    gates: PassGates;
    event: Omit<CaseEvent, 'eventId' | 'eventSeq'>;
    route: CaseRoute;
    approval: RouteApproval;
  };
  readonly cases: readonly {
    name: string;
    gates?: PassGates;
    event?: Loose<CaseEvent>;
    routes: readonly (Omit<Loose<CaseRoute>, 'approval'> & { approval?: Loose<RouteApproval> | null })[];
    expected: DecisionCase['expected'];
  }[];
}

/** Every case of the table, complete. */
export function decisionCases(): readonly DecisionCase[] {
  const file = JSON.parse(readFileSync(new URL('../cases/decision.json', import.meta.url), 'utf8')) as CaseFile;
  return file.cases.map((one, index) => ({
    name: one.name,
    gates: one.gates ?? file.defaults.gates,
    event: {
      eventId: `00000000-0000-4000-8000-${String(index + 1).padStart(12, '0')}`,
      eventSeq: String(index + 1),
      ...file.defaults.event,
      ...one.event,
    } as CaseEvent,
    routes: one.routes.map(
      (route) =>
        ({
          ...file.defaults.route,
          ...route,
          approval: route.approval ? { ...file.defaults.approval, ...route.approval } : null,
        }) as CaseRoute,
    ),
    expected: one.expected,
  }));
}
