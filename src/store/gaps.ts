import { callForResult, type ListPage, type PageWishes, type Queryable, readPage } from './listing.js';

/** Something that a process was told is committed: an event, or the outcome of a send of it. */
export interface SeenCommitted {
  readonly eventSeq: string;
  readonly eventId: string;
  /** With the number of the attempt: its outcome was written under the name of the process. */
  readonly attempt?: { readonly routeId: string; readonly attemptNo: number };
}

/** How much of what a process saw is not there any more. */
export interface GapReport {
  readonly missing: number;
  readonly highest_seq: string | null;
}

export const reportGapText = (schema: string): string =>
  `select coalesce(${schema}.fn_iu_gap_report($1, $2, $3, $4, $5)::text, 'null') as result`;

export function reportGapValues(processId: string, seen: readonly SeenCommitted[]): unknown[] {
  return [
    processId,
    seen.map(({ eventSeq }) => eventSeq),
    seen.map(({ eventId }) => eventId),
    seen.map(({ attempt }) => attempt?.routeId ?? null),
    seen.map(({ attempt }) => attempt?.attemptNo ?? null),
  ];
}

/** Something that was committed and is gone, and who acknowledged it. */
export interface GapRow {
  readonly gap_id: string;
  readonly event_seq: string;
  readonly event_id: string;
  /** False: the event itself is gone. */
  readonly has_event: boolean;
  readonly route_code: string | null;
  readonly attempt_no: number | null;
  readonly process_id: string;
  readonly highest_seq: string | null;
  readonly timeline: number;
  readonly claimed_timeline: number | null;
  readonly reported_by: string;
  readonly reported_at: string;
  readonly acknowledged_by: string | null;
  readonly acknowledged_at: string | null;
  readonly reason: string | null;
}

/** Gaps, newest first. */
export function listGaps(database: Queryable, isOpen: boolean, wishes: PageWishes): Promise<ListPage<GapRow>> {
  return readPage(
    database,
    {
      columns: 'g.*',
      from: 'v_iu_log_gap g',
      conditions: [['(g.acknowledged_at is null) = ?', isOpen ? true : undefined]],
      key: 'g.gap_id',
      keyType: 'bigint',
      keyColumn: 'gap_id',
      descending: true,
    },
    wishes,
  );
}

export function acknowledgeGaps(
  database: Queryable,
  gapId: string,
  reason: string,
): Promise<{ readonly gap_id: string; readonly acknowledged: number; readonly open: number }> {
  return callForResult(database, 'select fn_iu_gap_acknowledge($1, $2)', [gapId, reason]);
}
