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
  /** Ways that have taken it already. */
  readonly toldBy: readonly string[];
}

/** What a watchdog keeps between two looks, and over a restart. */
export interface AlertState {
  readonly version: 1;
  /** Reasons that were told last, by key; empty = well, or nothing was ever told. */
  readonly told: readonly string[];
  readonly toldAt: string | null;
  readonly redSince: string | null;
  /** An alert that is not told on every way yet. */
  readonly pending: Alert | null;
}

export const freshAlertState: AlertState = { version: 1, told: [], toldAt: null, redSince: null, pending: null };

/** What makes two reasons the same although their numbers differ. */
export function reasonKey(reason: Pick<AlertReason, 'worker' | 'code'>): string {
  return reason.worker === null ? reason.code : `${reason.code} of ${reason.worker}`;
}

function keysOf(reasons: readonly AlertReason[]): string[] {
  return [...new Set(reasons.map(reasonKey))].sort();
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((key, index) => key === right[index]);
}

/** What the look comes to: the next state, with an alert pending when there is something to tell. */
export function afterLook(
  state: AlertState,
  observation: Observation,
  surroundings: { readonly nowMilliseconds: number; readonly repeatSeconds: number; readonly newId: () => string },
): AlertState {
  const now = new Date(surroundings.nowMilliseconds).toISOString();
  const keys = keysOf(observation.reasons);
  const redSince = keys.length === 0 ? null : (state.redSince ?? now);
  const { pending } = state;
  // What is on its way and still true is told as it is, under its own id.
  if (pending !== null && isSame(keysOf(pending.reasons), keys)) return { ...state, redSince };
  const kind = kindOf(state, keys, surroundings);
  if (kind === undefined) return { ...state, redSince, pending: null };
  const alert: Alert = {
    id: surroundings.newId(),
    kind,
    at: now,
    redSince: kind === 'recovered' ? state.redSince : redSince,
    reasons: observation.reasons,
    gone: state.told.filter((key) => !keys.includes(key)),
    tries: 0,
    toldBy: [],
  };
  return { ...state, redSince, pending: alert };
}

function kindOf(
  state: AlertState,
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

/** The state after a try on some ways: told when every way has taken it. */
export function afterTry(
  state: AlertState,
  took: readonly string[],
  ways: readonly string[],
  nowMilliseconds: number,
): AlertState {
  const { pending } = state;
  if (pending === null) return state;
  const toldBy = [...new Set([...pending.toldBy, ...took])].sort();
  if (ways.some((way) => !toldBy.includes(way))) {
    return { ...state, pending: { ...pending, tries: pending.tries + 1, toldBy } };
  }
  const told = keysOf(pending.reasons);
  return { ...state, told, toldAt: new Date(nowMilliseconds).toISOString(), pending: null };
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
  const { version, told, pending } = value as Partial<AlertState>;
  const isPending = pending === null || (typeof pending === 'object' && Array.isArray(pending.reasons));
  return version === 1 && Array.isArray(told) && isPending ? (value as AlertState) : undefined;
}
