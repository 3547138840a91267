import type { IuEventEditRow, IuRouteDeadLetterRow } from './catalog.generated.js';
import {
  type Condition,
  callForResult,
  isoTimes,
  type ListPage,
  type PageWishes,
  type Period,
  type Queryable,
  readPage,
  within,
} from './listing.js';

/** One dead letter, without the event it keeps. */
export interface DeadLetterRow
  extends Pick<
    IuRouteDeadLetterRow,
    | 'dead_letter_id'
    | 'event_seq'
    | 'event_ref'
    | 'route_code'
    | 'attempt_no'
    | 'failure_code'
    | 'failure_detail'
    | 'failure_signature'
    | 'created_at'
    | 'resolved_at'
    | 'resolved_by'
    | 'resolution'
    | 'resolution_note'
  > {
  readonly event_domain: string | null;
  readonly event_type: string | null;
  readonly event_subject_ref: string | null;
}

/** Which dead letters a list shows. */
export interface DeadLetterFilter extends Period {
  readonly state: 'open' | 'resolved' | 'all';
  readonly route?: string | undefined;
  readonly signature?: string | undefined;
  readonly domain?: string | undefined;
  readonly type?: string | undefined;
  readonly code?: string | undefined;
  readonly oldestFirst?: boolean | undefined;
}

const columns = `d.dead_letter_id, d.event_seq, d.event_ref, d.event_snapshot ->> 'event_domain' as event_domain,
  d.event_snapshot ->> 'event_type' as event_type, d.event_snapshot ->> 'event_subject_ref' as event_subject_ref, d.route_code,
  d.attempt_no, d.failure_code, d.failure_detail, d.failure_signature, d.created_at, d.resolved_at, d.resolved_by, d.resolution,
  d.resolution_note`;

function conditionsOf(filter: DeadLetterFilter): Condition[] {
  return [
    ['(d.resolved_at is null) = ?::boolean', filter.state === 'all' ? undefined : filter.state === 'open'],
    ['d.route_code = ?', filter.route],
    ['d.failure_signature = ?', filter.signature],
    ["d.event_snapshot ->> 'event_domain' = ?", filter.domain],
    ["d.event_snapshot ->> 'event_type' = ?", filter.type],
    ['d.failure_code = ?', filter.code],
    ...within('d.created_at', filter),
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
export type DeadLetterDetail = DeadLetterRow & Pick<IuRouteDeadLetterRow, 'idempotency_key' | 'event_snapshot'>;

/** One dead letter; undefined when there is none. */
export async function findDeadLetter(database: Queryable, deadLetterId: string): Promise<DeadLetterDetail | undefined> {
  const text = `select ${columns}, d.idempotency_key, d.event_snapshot from iu_route_dead_letter d where d.dead_letter_id = $1`;
  const row = (await database.query(text, [deadLetterId])).rows[0];
  return row === undefined ? undefined : (isoTimes(row) as unknown as DeadLetterDetail);
}

/** A payload that somebody corrected to try a dead letter again; `diff` is jsonb as text: {path: {from, to}}. */
export type EditRow = Pick<IuEventEditRow, 'edit_id' | 'attempt_no' | 'edited_by' | 'edited_at' | 'reason' | 'diff'>;

/** The corrections of the event and route of a dead letter, oldest first. */
export async function listEdits(database: Queryable, deadLetterId: string): Promise<EditRow[]> {
  const text = `select x.edit_id, x.attempt_no, x.edited_by, x.edited_at, x.reason, x.diff
    from iu_event_edit x join iu_route_dead_letter d using (event_seq, route_id) where d.dead_letter_id = $1 order by x.edit_id`;
  return (await database.query(text, [deadLetterId])).rows.map((row) => isoTimes(row) as unknown as EditRow);
}

/** The payload that a retry of this dead letter would send now, indented for people; undefined when there is no such letter. */
export async function payloadOfDeadLetter(database: Queryable, deadLetterId: string): Promise<string | undefined> {
  const text = `select jsonb_pretty(coalesce((select x.payload from iu_event_edit x where x.event_seq = d.event_seq and x.route_id = d.route_id
    order by x.edit_id desc limit 1), d.event_snapshot -> 'safe_payload')) as payload from iu_route_dead_letter d where d.dead_letter_id = $1`;
  return (await database.query(text, [deadLetterId])).rows[0]?.payload;
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

/** What the replay of one dead letter would be, such as `failed/2203A`; null when its event has left the log. */
export async function previewDeadLetter(database: Queryable, deadLetterId: string): Promise<string | null> {
  const { rows } = await database.query('select fn_iu_dead_letter_preview($1) as outcome', [deadLetterId]);
  return rows[0].outcome;
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

/** One difference; values are JSON texts, null = not there. */
export interface PayloadChange {
  readonly path: string;
  readonly from: string | null;
  readonly to: string | null;
}

/** What a corrected payload led to, or in a preview would lead to. */
export interface EditResult extends ReplayOfOne {
  readonly edit_id: string | null;
  readonly diff: readonly PayloadChange[];
}

/** Tries a dead letter again with a corrected payload (JSON text); a preview writes nothing. */
export function editDeadLetter(
  database: Queryable,
  edit: {
    readonly deadLetterId: string;
    readonly payloadText: string;
    readonly reason: string;
    readonly preview: boolean;
  },
): Promise<EditResult> {
  const values = [edit.deadLetterId, edit.payloadText, edit.reason, edit.preview];
  return callForResult(database, 'select fn_iu_dead_letter_edit_retry($1, $2::jsonb, $3, $4)', values);
}

/** Which open dead letters are resolved together. */
export interface ResolveFilter {
  readonly route_code?: string | undefined;
  readonly failure_signature?: string | undefined;
  readonly event_domain?: string | undefined;
  readonly event_type?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly until_dead_letter_id?: string | undefined;
}

/** What one part did; `remaining` is counted up to 10,001. */
export interface ResolvedPart {
  readonly resolved: number;
  readonly remaining: number;
  readonly until_dead_letter_id: string;
}

/** Resolves at most `limit` of them (0 only counts), in one transaction. */
export function resolveDeadLetters(
  database: Queryable,
  filter: ResolveFilter,
  note: string,
  limit: number,
): Promise<ResolvedPart> {
  const values = [JSON.stringify(filter), note, limit];
  return callForResult(database, 'select fn_iu_dead_letter_resolve_many($1::jsonb, $2, $3)', values);
}
