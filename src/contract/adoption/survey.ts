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

function entries(
  what: SurveyDifference['what'],
  was: Readonly<Record<string, string>>,
  is: Readonly<Record<string, string>>,
): SurveyDifference[] {
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])].sort();
  return names.flatMap((name) => {
    const before = was[name] ?? null;
    const now = is[name] ?? null;
    if (before === now) return [];
    const fewer = before !== null && BigInt(what === 'rows' ? before : 0) > BigInt(what === 'rows' ? (now ?? 0) : 0);
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
