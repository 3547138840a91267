/** One reason against health, as a watchdog tells it. No payloads, no secrets. */
export interface AlertReason {
  readonly worker: string | null;
  readonly code: string;
  readonly message: string;
  readonly action: string;
}

/** What a look at health gave. */
export interface Observation {
  readonly reasons: readonly AlertReason[];
}

/** red: was well. changed: other reasons than were told. reminder: told long ago and still so. recovered: well again. */
export type AlertKind = 'red' | 'changed' | 'reminder' | 'recovered';

/** What is told. A try that failed is repeated with the same id, so a receiver that keeps ids is told once. */
export interface Alert {
  /** uuid */
  readonly id: string;
  readonly kind: AlertKind;
  /** ISO 8601 */
  readonly at: string;
  /** Since when it is not well; of a recovery, since when it was not. */
  readonly redSince: string | null;
  readonly reasons: readonly AlertReason[];
  /** Reasons that were told before and are gone. */
  readonly gone: readonly string[];
  readonly tries: number;
}

/** What one way has taken. Ways are told each by itself: one that is broken must not silence another. */
export interface WayState {
  /** Reasons that it was told last, by key; empty = well, or nothing was ever told. */
  readonly told: readonly string[];
  readonly toldAt: string | null;
  /** An alert that it has not taken yet. */
  readonly pending: Alert | null;
}

/** What a watchdog keeps between two looks, and over a restart. */
export interface AlertState {
  readonly version: 2;
  readonly redSince: string | null;
  /** By name of the way. One that is not in use keeps what it was told. */
  readonly ways: Readonly<Record<string, WayState>>;
}

export const freshAlertState: AlertState = { version: 2, redSince: null, ways: {} };

const freshWay: WayState = { told: [], toldAt: null, pending: null };

export function wayOf(state: AlertState, name: string): WayState {
  return state.ways[name] ?? freshWay;
}

/** What makes two reasons the same although their numbers differ. */
function reasonKey(reason: Pick<AlertReason, 'worker' | 'code'>): string {
  return reason.worker === null ? reason.code : `${reason.code} of ${reason.worker}`;
}

function keysOf(reasons: readonly AlertReason[]): string[] {
  return [...new Set(reasons.map(reasonKey))].sort();
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((key, index) => key === right[index]);
}

/** What the look comes to: the next state, with an alert pending on each way that has something to be told. */
export function afterLook(
  state: AlertState,
  observation: Observation,
  surroundings: {
    readonly ways: readonly string[];
    readonly nowMilliseconds: number;
    readonly repeatSeconds: number;
    readonly newId: () => string;
  },
): AlertState {
  const at = new Date(surroundings.nowMilliseconds).toISOString();
  const { reasons } = observation;
  const keys = keysOf(reasons);
  const redSince = keys.length === 0 ? null : (state.redSince ?? at);
  const begun: Alert[] = [];
  const next = (way: WayState): WayState => {
    // What is on its way and still true is told as it is, under its own id.
    if (way.pending !== null && isSame(keysOf(way.pending.reasons), keys)) return way;
    const kind = kindOf(way, keys, surroundings);
    if (kind === undefined) return { ...way, pending: null };
    const gone = way.told.filter((key) => !keys.includes(key));
    // The same on two ways is one alert, with one id.
    let alert = begun.find((one) => one.kind === kind && isSame(one.gone, gone));
    if (alert === undefined) {
      const since = kind === 'recovered' ? state.redSince : redSince;
      alert = { id: surroundings.newId(), kind, at, redSince: since, reasons, gone, tries: 0 };
      begun.push(alert);
    }
    return { ...way, pending: alert };
  };
  const ways = Object.fromEntries(surroundings.ways.map((name) => [name, next(wayOf(state, name))]));
  return { ...state, redSince, ways: { ...state.ways, ...ways } };
}

function kindOf(
  state: WayState,
  keys: readonly string[],
  { nowMilliseconds, repeatSeconds }: { readonly nowMilliseconds: number; readonly repeatSeconds: number },
): AlertKind | undefined {
  if (isSame(state.told, keys)) {
    if (keys.length === 0 || state.toldAt === null) return undefined;
    return nowMilliseconds - Date.parse(state.toldAt) >= repeatSeconds * 1000 ? 'reminder' : undefined;
  }
  if (keys.length === 0) return 'recovered';
  return state.told.length === 0 ? 'red' : 'changed';
}

/** The state after a try on one way: told when it was taken, otherwise tried again. */
export function afterTry(state: AlertState, name: string, wasTaken: boolean, nowMilliseconds: number): AlertState {
  const way = wayOf(state, name);
  const { pending } = way;
  if (pending === null) return state;
  const next: WayState = wasTaken
    ? { told: keysOf(pending.reasons), toldAt: new Date(nowMilliseconds).toISOString(), pending: null }
    : { ...way, pending: { ...pending, tries: pending.tries + 1 } };
  return { ...state, ways: { ...state.ways, [name]: next } };
}

/** The alert in one line, for a pager or a chat. */
export function alertLine(alert: Alert, name: string): string {
  const codes = alert.reasons.map((reason) => reason.code);
  const list = [...new Set(codes)].join(', ');
  if (alert.kind === 'recovered') return `IU Core ${name}: healthy again (was: ${alert.gone.join(', ')})`;
  if (alert.kind === 'reminder') return `IU Core ${name}: still unhealthy since ${alert.redSince}: ${list}`;
  if (alert.kind === 'changed') return `IU Core ${name}: unhealthy for other reasons: ${list}`;
  return `IU Core ${name}: unhealthy: ${list}`;
}

/** Reads a kept state; undefined when it is none. */
export function parseAlertState(text: string): AlertState | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { version, ways } = value as Partial<AlertState>;
  if (version !== 2 || typeof ways !== 'object' || ways === null) return undefined;
  return Object.values(ways).every(isWayState) ? (value as AlertState) : undefined;
}

function isWayState(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { told, pending } = value as Partial<WayState>;
  return Array.isArray(told) && (pending === null || (typeof pending === 'object' && Array.isArray(pending.reasons)));
}
