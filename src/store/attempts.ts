import { isoTimes, type ListPage, type PageWishes, type Queryable, readPage } from './listing.js';

/** One row of the audit. */
export interface AttemptRow {
  readonly attempt_id: string;
  readonly event_seq: string | null;
  readonly event_ref: string | null;
  readonly route_kind: string;
  readonly route_code: string;
  readonly route_version: number | null;
  readonly attempt_no: number;
  readonly status: string;
  readonly decision: string;
  readonly reason: string | null;
  readonly delivered: boolean;
  readonly idempotency_key: string;
  readonly failure_code: string | null;
  readonly failure_detail: string | null;
  readonly run_id: string | null;
  readonly started_at: string;
}

/** Which attempts a list shows. */
export interface AttemptFilter {
  readonly route?: string | undefined;
  readonly status?: string | undefined;
  readonly reason?: string | undefined;
  readonly kind?: string | undefined;
  readonly eventId?: string | undefined;
  readonly eventSeq?: string | undefined;
  readonly run?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly oldestFirst?: boolean | undefined;
}

const columns = `a.attempt_id, a.event_seq, a.event_ref, a.route_kind, a.route_code, a.route_version, a.attempt_no, a.status,
  a.decision, a.reason, a.delivered, a.idempotency_key, a.failure_code, a.failure_detail, a.run_id, a.started_at`;

/** Attempts in the order of decision, newest first unless asked otherwise. */
export function listAttempts(
  database: Queryable,
  filter: AttemptFilter,
  wishes: PageWishes,
): Promise<ListPage<AttemptRow>> {
  return readPage(
    database,
    {
      columns,
      from: 'iu_route_attempt a',
      conditions: [
        ['a.route_code = ?', filter.route],
        ['a.status = ?', filter.status],
        ['a.reason = ?', filter.reason],
        ['a.route_kind = ?', filter.kind],
        ['a.event_seq = ?::bigint', filter.eventSeq],
        ['a.event_seq = (select e.seq from event_outbox e where e.id = ?::uuid)', filter.eventId],
        ['a.run_id = ?::bigint', filter.run],
        ['a.started_at >= ?::timestamptz', filter.since],
        ['a.started_at < ?::timestamptz', filter.until],
      ],
      key: 'a.attempt_id',
      keyType: 'bigint',
      keyColumn: 'attempt_id',
      descending: filter.oldestFirst !== true,
    },
    wishes,
  );
}

/** One attempt with the request a dry run kept (jsonb as text). */
export interface AttemptDetail extends AttemptRow {
  readonly payload_snapshot: string | null;
}

/** One attempt; undefined when there is none. */
export async function findAttempt(database: Queryable, attemptId: string): Promise<AttemptDetail | undefined> {
  const text = `select ${columns}, a.payload_snapshot from iu_route_attempt a where a.attempt_id = $1`;
  const row = (await database.query(text, [attemptId])).rows[0];
  return row === undefined ? undefined : (isoTimes(row) as unknown as AttemptDetail);
}
