import { IuError, iuErrorFromPg } from '../contract/errors/index.js';

/** What `emit` needs of a `pg` client: a Client or PoolClient on which the caller has begun a transaction. */
export interface EmitClient {
  query(text: string, values: unknown[]): Promise<{ rows: unknown[] }>;
}

/** An event. Stream, lane and default severity come from the event type registry. */
export interface EventToEmit {
  readonly domain: string;
  readonly type: string;
  readonly subjectTable: string;
  /** Key of the subject; leave it out for an event about nothing in particular, which is then unordered. */
  readonly subjectRef?: string;
  /** References only, never contents or secrets. Serialised by JSON.stringify after a check that nothing is lost by it. */
  readonly payload?: Readonly<Record<string, unknown>>;
  /** The payload as JSON text instead: reaches PostgreSQL byte for byte, so numbers keep every digit. */
  readonly payloadText?: string;
  readonly canonicalAddress?: string;
  /** Who did it, in the application's words; the database login by default. */
  readonly actorRef?: string;
  readonly correlationId?: string;
  /** Name of the emitting application. */
  readonly sourceSystem?: string;
  readonly severity?: string;
  readonly payloadClassification?: 'safe_metadata' | 'restricted';
  /** ISO 8601 text, or a Date; the start of the transaction by default. */
  readonly occurredAt?: string | Date;
  /** The same key emits once, whoever calls and however often. */
  readonly dedupeKey?: string;
}

/** Every key of an event. `satisfies` makes one that is forgotten here an error of the build. */
const eventKeys = {
  domain: true,
  type: true,
  subjectTable: true,
  subjectRef: true,
  payload: true,
  payloadText: true,
  canonicalAddress: true,
  actorRef: true,
  correlationId: true,
  sourceSystem: true,
  severity: true,
  payloadClassification: true,
  occurredAt: true,
  dedupeKey: true,
} as const satisfies Record<keyof EventToEmit, true>;

/** What became of the event. */
export interface EmitResult {
  /** null when recording is switched off, see `suppressed`. */
  readonly eventId: string | null;
  /** As text: it may exceed what a JavaScript number holds. null when suppressed or taken by retention. */
  readonly eventSeq: string | null;
  /** False when the dedupe key was known: then this is the first event with that key. */
  readonly isNew: boolean;
  /** True while `iu_core.emission_enabled` is 'false': nothing was recorded, the event was counted. */
  readonly suppressed: boolean;
}

/**
 * Writes an event into the log, inside the transaction that is open on `client`: the event exists exactly when that commits.
 *
 * The contract: call it **after** the write that locks the subject (the update or insert of its row). Then the events of one
 * subject are decided, and by an ordered route delivered, in the order of the changes. An event emitted before that write can
 * overtake the one of another transaction.
 *
 * Throws an IuError (IU101 to IU120) when the event is refused. A refusal by the database has failed the transaction, as any
 * SQL error does: roll it back, or to a savepoint of yours.
 */
export async function emit(client: EmitClient, event: EventToEmit): Promise<EmitResult> {
  refuseUnknownKeys(event);
  const values = [
    text(event.domain, 'domain'),
    text(event.type, 'type'),
    text(event.subjectTable, 'subjectTable'),
    optionalText(event.subjectRef, 'subjectRef'),
    payloadOf(event),
    optionalText(event.canonicalAddress, 'canonicalAddress'),
    optionalText(event.actorRef, 'actorRef'),
    optionalText(event.correlationId, 'correlationId'),
    text(event.sourceSystem ?? 'application', 'sourceSystem'),
    optionalText(event.severity, 'severity'),
    text(event.payloadClassification ?? 'safe_metadata', 'payloadClassification'),
    timeOf(event.occurredAt),
    optionalText(event.dedupeKey, 'dedupeKey'),
  ];
  try {
    // Casts to text: what parsers the caller's pg has for int8 or uuid then does not matter.
    const { rows } = await client.query(
      `select event_id::text, event_seq::text, is_new, suppressed
         from fn_iu_emit($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9, $10, $11, $12::timestamptz, $13)`,
      values,
    );
    return resultOf(rows[0]);
  } catch (error) {
    throw refusal(error) ?? error;
  }
}

/** Codes with which PostgreSQL refuses a text as jsonb: syntax or lone surrogate, \u0000, a number out of range, nesting too deep. */
const jsonRefusals = new Set(['22P02', '22P05', '22003', '54001', '22021']);

function refusal(error: unknown): IuError | undefined {
  const known = iuErrorFromPg(error);
  if (known !== undefined) return known;
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  // Neither message nor cause: PostgreSQL quotes the payload in both.
  return typeof code === 'string' && jsonRefusals.has(code) ? new IuError('IU114', { sqlstate: code }) : undefined;
}

function resultOf(row: unknown): EmitResult {
  const { event_id, event_seq, is_new, suppressed } = row as {
    event_id: string | null;
    event_seq: string | null;
    is_new: boolean;
    suppressed: boolean;
  };
  return { eventId: event_id, eventSeq: event_seq, isNew: is_new, suppressed };
}

function argumentError(argument: string, reason: string): IuError {
  return new IuError('IU115', { argument, message: `emit: ${argument} ${reason}` });
}

/** Without types nobody else says it: a dedupeKey that is misspelt would be dropped, and each repetition be an event. */
function refuseUnknownKeys(event: EventToEmit): void {
  const unknown = Object.keys(event).find((key) => !Object.hasOwn(eventKeys, key));
  if (unknown === undefined) return;
  throw argumentError(
    printableKey(unknown),
    `is no key of an event; the keys are ${Object.keys(eventKeys).join(', ')}`,
  );
}

/** A key is not a value, but it is not ours either: no control characters and no more than anybody would write. */
const printableKey = (key: string): string => JSON.stringify(key.slice(0, 60));

/** The null character and lone surrogates: JavaScript has them, PostgreSQL's text does not. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it is the one that is looked for
const unstorable = /\u0000|\p{Surrogate}/u;

function text(value: unknown, argument: string): string {
  if (typeof value !== 'string' || value === '') throw argumentError(argument, 'is not a text');
  if (unstorable.test(value)) throw argumentError(argument, 'has a character that PostgreSQL cannot store');
  return value;
}

function optionalText(value: unknown, argument: string): string | null {
  return value === undefined ? null : text(value, argument);
}

function timeOf(value: string | Date | undefined): string | null {
  if (!(value instanceof Date)) {
    if (value !== undefined && Number.isNaN(Date.parse(value))) throw argumentError('occurredAt', 'is not a time');
    return value ?? null;
  }
  if (Number.isNaN(value.getTime())) throw argumentError('occurredAt', 'is not a time');
  return value.toISOString();
}

function payloadOf(event: EventToEmit): string {
  if (event.payloadText !== undefined) {
    if (event.payload !== undefined) throw argumentError('payloadText', 'and payload exclude each other');
    return text(event.payloadText, 'payloadText');
  }
  const payload = event.payload ?? {};
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    throw argumentError('payload', 'is not an object');
  }
  assertSerialisable(payload);
  try {
    return JSON.stringify(payload);
  } catch {
    throw argumentError('payload', 'has a toJSON that fails or gives a bigint');
  }
}

/**
 * Refuses what JSON.stringify would drop or change without a word: undefined, functions, symbols, NaN, infinities, integers that
 * are not exact, bigint, and objects other than plain ones, Dates and those with toJSON. Walks with a stack of its own and at most 64
 * levels (the log takes no more), so neither depth nor a cycle can exhaust the call stack.
 */
function assertSerialisable(payload: object): void {
  const open: { value: unknown; path: string; depth: number }[] = [{ value: payload, path: 'payload', depth: 1 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, path, depth } = next;
    const problem = problemOf(value);
    if (problem !== undefined) throw argumentError(path, problem);
    if (typeof value !== 'object' || value === null || 'toJSON' in value) continue;
    if (depth > 64) throw new IuError('IU106');
    const entries = Array.isArray(value) ? Array.from(value, (item, index) => [index, item]) : Object.entries(value);
    for (const [key, item] of entries) open.push({ value: item, path: `${path}.${key}`, depth: depth + 1 });
  }
}

function problemOf(value: unknown): string | undefined {
  if (value === undefined) return 'is undefined';
  if (typeof value === 'function' || typeof value === 'symbol') return `is a ${typeof value}`;
  if (typeof value === 'bigint') return 'is a bigint: send it as text, or use payloadText';
  if (typeof value === 'string' && unstorable.test(value)) {
    return 'has a character that PostgreSQL cannot store';
  }
  if (typeof value === 'number' && !Number.isFinite(value)) return 'is not a finite number';
  if (typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return 'is an integer that JavaScript does not hold exactly: use payloadText';
  }
  if (value instanceof Map || value instanceof Set) return 'is a Map or Set';
  return undefined;
}
