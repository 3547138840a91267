import type { VIuLogGapRow } from './catalog.generated.js';
import { callForResult, type ListPage, type PageWishes, type Queryable, readPage } from './listing.js';
import type { Columns } from './rows.js';

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

/** Something that was committed and is gone, and who acknowledged it. Without `has_event` the event itself is gone. */
export type GapRow = Columns<
  VIuLogGapRow,
  'gap_id' | 'event_seq' | 'event_id' | 'has_event' | 'process_id' | 'timeline' | 'reported_by' | 'reported_at',
  'route_code' | 'attempt_no' | 'highest_seq' | 'claimed_timeline' | 'acknowledged_by' | 'acknowledged_at' | 'reason'
>;

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
