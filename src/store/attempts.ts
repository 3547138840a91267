import type { IuRouteAttemptRow } from './catalog.generated.js';
import {
  callForResult,
  isoTimes,
  type ListPage,
  type PageWishes,
  type Period,
  type Queryable,
  readPage,
  within,
} from './listing.js';

/** One row of the audit. */
export interface AttemptRow
  extends Pick<
    IuRouteAttemptRow,
    | 'attempt_id'
    | 'event_seq'
    | 'event_ref'
    | 'route_kind'
    | 'route_code'
    | 'route_version'
    | 'attempt_no'
    | 'status'
    | 'decision'
    | 'reason'
    | 'delivered'
    | 'idempotency_key'
    | 'failure_code'
    | 'failure_detail'
    | 'run_id'
    | 'started_at'
  > {
  /** What a person said about an attempt unknown: sent or not_sent; null = nobody did. */
  readonly reconciled_as: string | null;
}

/** Which attempts a list shows. */
export interface AttemptFilter extends Period {
  readonly route?: string | undefined;
  readonly status?: string | undefined;
  readonly reason?: string | undefined;
  readonly kind?: string | undefined;
  readonly eventId?: string | undefined;
  readonly eventSeq?: string | undefined;
  readonly run?: string | undefined;
  /** False: only attempts that nobody reconciled and that no later send has cleared up. */
  readonly reconciled?: boolean | undefined;
  readonly oldestFirst?: boolean | undefined;
}

const columns = `a.attempt_id, a.event_seq, a.event_ref, a.route_kind, a.route_code, a.route_version, a.attempt_no, a.status,
  a.decision, a.reason, a.delivered, a.idempotency_key, a.failure_code, a.failure_detail, a.run_id, a.started_at,
  case when a.status = 'unknown' then (select c.outcome from iu_attempt_reconciliation c where c.event_seq = a.event_seq
    and c.route_id = a.route_id and c.attempt_no = a.attempt_no order by c.reconciliation_id desc limit 1) end as reconciled_as`;

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
        ...within('a.started_at', filter),
        [
          `(exists (select from iu_attempt_reconciliation c where c.event_seq = a.event_seq and c.route_id = a.route_id and c.attempt_no = a.attempt_no)
            or exists (select from iu_route_attempt l where l.event_seq = a.event_seq and l.route_id = a.route_id and l.attempt_no > a.attempt_no
                        and l.status = 'sent')) = ?::boolean`,
          filter.reconciled,
        ],
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
export type AttemptDetail = AttemptRow & Pick<IuRouteAttemptRow, 'payload_snapshot'>;

/** One attempt; undefined when there is none. */
export async function findAttempt(database: Queryable, attemptId: string): Promise<AttemptDetail | undefined> {
  const text = `select ${columns}, a.payload_snapshot from iu_route_attempt a where a.attempt_id = $1`;
  const row = (await database.query(text, [attemptId])).rows[0];
  return row === undefined ? undefined : (isoTimes(row) as unknown as AttemptDetail);
}

/** What a person's word about an attempt unknown led to. */
export interface ReconciledAttempt {
  readonly event_id: string;
  readonly route_code: string;
  readonly attempt_no: number;
  readonly outcome: 'sent' | 'not_sent';
  readonly written_attempt_no: number | null;
  readonly delivery: 'taken_out' | 'waiting' | 'none';
  readonly dead_letter_id: string | null;
}

/** Writes down what somebody who asked the target said about an attempt unknown. */
export function reconcileAttempt(
  database: Queryable,
  attempt: { readonly eventId: string; readonly routeCode: string; readonly attemptNo: number },
  outcome: 'sent' | 'not_sent',
  note: string,
): Promise<ReconciledAttempt> {
  const values = [attempt.eventId, attempt.routeCode, attempt.attemptNo, outcome, note];
  return callForResult(database, 'select fn_iu_attempt_reconcile($1, $2, $3, $4, $5)', values);
}
