/** What a survey writes down about the data: counts, gates and routes. Counts are text, they can be large. */
export interface Survey {
  readonly rows: Readonly<Record<string, string>>;
  readonly gates: Readonly<Record<string, string>>;
  readonly routes: Readonly<Record<string, string>>;
}

/** One difference between a survey and the database as it is. */
export interface SurveyDifference {
  readonly what: 'rows' | 'gate' | 'route';
  readonly name: string;
  readonly was: string | null;
  readonly is: string | null;
  /** Rows of a table that only grows are fewer: something was taken out behind its guards. */
  readonly damage: boolean;
}

/** Tables from which nothing leaves but by retention, which leaves its own record. */
const growing: ReadonlySet<string> = new Set([
  'event_outbox',
  'information_unit',
  'unit_version',
  'iu_route_attempt',
  'iu_route_dead_letter',
  'iu_route_history',
  'iu_route_run',
  'iu_gate_log',
  'iu_evidence',
  'iu_lifecycle_log',
  'iu_structure_operation',
  'iu_source_pin',
]);

/** Rows that prunes took beside events and attempts, of all tables together: what a prune writes down of them. */
export const prunedOthers = 'pruned beside events and attempts';

/** Tables whose rows a prune takes without a count of their own. */
const prunedTogether: ReadonlySet<string> = new Set(['iu_route_run', 'iu_route_dead_letter']);

function entries(
  what: SurveyDifference['what'],
  was: Readonly<Record<string, string>>,
  is: Readonly<Record<string, string>>,
): SurveyDifference[] {
  const count = (of: Readonly<Record<string, string>>, name: string) => BigInt(what === 'rows' ? (of[name] ?? 0) : 0);
  const pruned = count(is, prunedOthers) - count(was, prunedOthers);
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].sort();
  return names.flatMap((name) => {
    const before = was[name] ?? null;
    const now = is[name] ?? null;
    // a table that one of the two roles could not read, or that a change has made or dropped since
    if (before === now || (what === 'rows' && (before === null || now === null))) return [];
    const fewer = count(was, name) - count(is, name) > (prunedTogether.has(name) ? pruned : 0n);
    return [{ what, name, was: before, is: now, damage: fewer && growing.has(name) }];
  });
}

/** Everything that is different now; counts that grew are named too, they say what happened meanwhile. */
export function compareSurveys(was: Survey, is: Survey): SurveyDifference[] {
  return [
    ...entries('rows', was.rows, is.rows),
    ...entries('gate', was.gates, is.gates),
    ...entries('route', was.routes, is.routes),
  ];
}
