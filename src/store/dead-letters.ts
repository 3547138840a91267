import { callForResult, isoTimes, type ListPage, type PageWishes, type Queryable, readPage } from './listing.js';

/** One dead letter, without the event it keeps. */
export interface DeadLetterRow {
  readonly dead_letter_id: string;
  readonly event_seq: string;
  readonly event_ref: string;
  readonly event_domain: string | null;
  readonly event_type: string | null;
  readonly event_subject_ref: string | null;
  readonly route_code: string;
  readonly attempt_no: number;
  readonly failure_code: string;
  readonly failure_detail: string | null;
  readonly failure_signature: string;
  readonly created_at: string;
  readonly resolved_at: string | null;
  readonly resolved_by: string | null;
  readonly resolution: string | null;
  readonly resolution_note: string | null;
}

/** Which dead letters a list shows. */
export interface DeadLetterFilter {
  readonly state: 'open' | 'resolved' | 'all';
  readonly route?: string | undefined;
  readonly signature?: string | undefined;
  readonly domain?: string | undefined;
  readonly type?: string | undefined;
  readonly code?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly oldestFirst?: boolean | undefined;
}

const columns = `d.dead_letter_id, d.event_seq, d.event_ref, d.event_snapshot ->> 'event_domain' as event_domain,
  d.event_snapshot ->> 'event_type' as event_type, d.event_snapshot ->> 'event_subject_ref' as event_subject_ref, d.route_code,
  d.attempt_no, d.failure_code, d.failure_detail, d.failure_signature, d.created_at, d.resolved_at, d.resolved_by, d.resolution,
  d.resolution_note`;

function conditionsOf(filter: DeadLetterFilter): [string, string | boolean | undefined][] {
  return [
    ['(d.resolved_at is null) = ?::boolean', filter.state === 'all' ? undefined : filter.state === 'open'],
    ['d.route_code = ?', filter.route],
    ['d.failure_signature = ?', filter.signature],
    ["d.event_snapshot ->> 'event_domain' = ?", filter.domain],
    ["d.event_snapshot ->> 'event_type' = ?", filter.type],
    ['d.failure_code = ?', filter.code],
    ['d.created_at >= ?::timestamptz', filter.since],
    ['d.created_at < ?::timestamptz', filter.until],
  ];
}

/** Dead letters, newest first unless asked otherwise. */
export function listDeadLetters(
  database: Queryable,
  filter: DeadLetterFilter,
  wishes: PageWishes,
): Promise<ListPage<DeadLetterRow>> {
  return readPage(
    database,
    {
      columns,
      from: 'iu_route_dead_letter d',
      conditions: conditionsOf(filter),
      key: 'd.dead_letter_id',
      keyType: 'bigint',
      keyColumn: 'dead_letter_id',
      descending: filter.oldestFirst !== true,
    },
    wishes,
  );
}

/** Dead letters of one cause. */
export interface DeadLetterGroup {
  readonly failure_signature: string;
  readonly route_code: string;
  readonly failure_code: string;
  readonly letters: string;
  readonly first_at: string;
  readonly last_at: string;
  readonly example_id: string;
  readonly example_detail: string | null;
}

/** The same letters grouped by what failed; ordered by signature, so that pages are stable. */
export function groupDeadLetters(
  database: Queryable,
  filter: DeadLetterFilter,
  wishes: PageWishes,
): Promise<ListPage<DeadLetterGroup>> {
  const given = conditionsOf(filter).filter(([, value]) => value !== undefined);
  const base = `(select d.failure_signature, min(d.route_code) as route_code, min(d.failure_code) as failure_code, count(*) as letters,
    min(d.created_at) as first_at, max(d.created_at) as last_at, max(d.dead_letter_id) as example_id,
    (array_agg(d.failure_detail order by d.dead_letter_id desc))[1] as example_detail
    from iu_route_dead_letter d`;
  const where = given.length === 0 ? '' : ` where ${given.map(([sql]) => sql).join(' and ')}`;
  // The conditions stand inside the grouping, so their values come first; the page's own condition follows.
  const from = `${base}${where} group by d.failure_signature) g`;
  return readPage(
    database,
    {
      columns: 'g.*',
      from,
      fromValues: given.map(([, value]) => value),
      conditions: [],
      key: 'g.failure_signature',
      keyType: 'text',
      keyColumn: 'failure_signature',
      descending: false,
    },
    wishes,
  );
}

/** One dead letter with the whole event (jsonb as text). */
export interface DeadLetterDetail extends DeadLetterRow {
  readonly idempotency_key: string;
  readonly event_snapshot: string;
}

/** One dead letter; undefined when there is none. */
export async function findDeadLetter(database: Queryable, deadLetterId: string): Promise<DeadLetterDetail | undefined> {
  const text = `select ${columns}, d.idempotency_key, d.event_snapshot from iu_route_dead_letter d where d.dead_letter_id = $1`;
  const row = (await database.query(text, [deadLetterId])).rows[0];
  return row === undefined ? undefined : (isoTimes(row) as unknown as DeadLetterDetail);
}

/** Which (event, route) pairs a replay means: the filter of `fn_iu_replay`. */
export interface ReplayFilter {
  readonly status?: readonly string[] | undefined;
  readonly route_code?: string | undefined;
  readonly event_domain?: string | undefined;
  readonly event_type?: string | undefined;
  readonly reason?: string | undefined;
  readonly failure_signature?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly until_attempt_id?: string | undefined;
  readonly after_seq?: string | undefined;
}

/** What a replay would touch. */
export interface ReplayPreview {
  readonly pairs: number;
  readonly events: number;
  readonly by_route: readonly { readonly route_code: string; readonly would_be: string; readonly pairs: number }[];
  readonly delivery_waiting: number;
  readonly already_sent: number;
  readonly until_attempt_id: string;
}

export function previewReplay(database: Queryable, filter: ReplayFilter): Promise<ReplayPreview> {
  return callForResult(database, 'select fn_iu_replay_preview($1::jsonb)', [JSON.stringify(filter)]);
}

/** What one part of a replay did. */
export interface ReplayPart {
  readonly status: 'ran' | 'master_gate_closed' | 'worker_gate_closed';
  readonly replayed: number;
  readonly by_decision?: Readonly<Record<string, number>>;
  readonly delivery_waiting?: number;
  readonly remaining?: number;
  readonly last_seq?: string;
}

export function replayPart(database: Queryable, filter: ReplayFilter, limit: number): Promise<ReplayPart> {
  return callForResult(database, 'select fn_iu_replay($1::jsonb, $2)', [JSON.stringify(filter), limit]);
}

/** What the replay of one dead letter did. */
export interface ReplayOfOne {
  readonly status: string;
  readonly resolved: boolean;
  readonly decision?: string;
  readonly reason?: string | null;
  readonly attempt_no?: number;
  readonly resolution?: string;
}

export function replayDeadLetter(database: Queryable, deadLetterId: string, newId: boolean): Promise<ReplayOfOne> {
  return callForResult(database, 'select fn_iu_route_dead_letter_replay($1, $2)', [deadLetterId, newId]);
}

export function resolveDeadLetter(
  database: Queryable,
  deadLetterId: string,
  note: string,
): Promise<{ readonly dead_letter_id: number; readonly resolved: boolean }> {
  return callForResult(database, 'select fn_iu_route_dead_letter_resolve($1, $2)', [deadLetterId, note]);
}
