import type { IuRouteWorkerCursorRow, VIuEventBacklogRow } from './catalog.generated.js';
import { callForResult, type ListPage, type PageWishes, type Queryable, readPage } from './listing.js';
import type { Columns } from './rows.js';

/** One named worker: what it owns and how far it is. */
export interface CursorRow
  extends Pick<
      IuRouteWorkerCursorRow,
      | 'worker_name'
      | 'event_domain'
      | 'base_kind'
      | 'base_seq'
      | 'events_seen'
      | 'attempts_written'
      | 'dead_lettered'
      | 'passes'
      | 'lost_pairs'
      | 'last_run_at'
      | 'reconciled_at'
      | 'registered_at'
      | 'registered_by'
    >,
    Columns<VIuEventBacklogRow, 'backlog'> {
  readonly cursor_event_id: string | null;
  readonly cursor_event_seq: string | null;
  readonly window_open: boolean;
}

/** Which cursors a list shows. */
export interface CursorFilter {
  readonly worker?: string | undefined;
  readonly domain?: string | undefined;
}

/** Cursors by name. */
export function listCursors(
  database: Queryable,
  filter: CursorFilter,
  wishes: PageWishes,
): Promise<ListPage<CursorRow>> {
  return readPage(
    database,
    {
      columns: `c.worker_name, c.event_domain, c.base_kind, c.base_seq, b.backlog, c.last_event_id as cursor_event_id,
        c.last_event_seq as cursor_event_seq, c.events_seen, c.attempts_written, c.dead_lettered, c.passes, c.lost_pairs,
        c.open_snapshot is not null as window_open, c.last_run_at, c.reconciled_at, c.registered_at, c.registered_by`,
      from: 'iu_route_worker_cursor c join v_iu_event_backlog b using (worker_name)',
      conditions: [
        ['c.worker_name = ?', filter.worker],
        ['c.event_domain = ?', filter.domain],
      ],
      key: 'c.worker_name collate "C"',
      keyType: 'text',
      keyColumn: 'worker_name',
      descending: false,
    },
    wishes,
  );
}

export function registerCursor(
  database: Queryable,
  workerName: string,
  eventDomain: string,
  base: string,
): Promise<{ readonly worker_name: string; readonly event_domain: string; readonly base_kind: string }> {
  return callForResult(database, 'select fn_iu_route_worker_register($1, $2, $3)', [workerName, eventDomain, base]);
}

export function unregisterWorker(
  database: Queryable,
  workerName: string,
  reason: string,
): Promise<{ readonly worker_name: string; readonly event_domain: string; readonly owner: string | null }> {
  return callForResult(database, 'select fn_iu_route_worker_unregister($1, $2)', [workerName, reason]);
}

/** What a transfer moved and decided on the way; of the rest nothing while a gate is closed. */
export interface TransferResult {
  readonly status: string;
  readonly event_domain: string;
  readonly from: string;
  readonly to: string;
  readonly seen: number;
  readonly attempts_written: number;
}

export function transferDomain(
  database: Queryable,
  move: { readonly domain: string; readonly from: string; readonly to: string; readonly reason: string },
): Promise<TransferResult> {
  const values = [move.domain, move.from, move.to, move.reason];
  return callForResult(database, 'select fn_iu_route_worker_transfer($1, $2, $3, $4)', values);
}

/** What a rewind decided; nothing but `status` while a gate is closed. */
export interface RewindResult {
  readonly status: string;
  readonly worker_name: string;
  readonly rewound_to?: string;
  readonly events?: number;
  readonly pairs?: number;
  readonly attempts_written?: number;
  readonly dead_lettered?: number;
}

export function rewindCursor(database: Queryable, workerName: string, reason: string): Promise<RewindResult> {
  return callForResult(database, 'select fn_iu_route_worker_rewind($1, $2)', [workerName, reason]);
}

/** What a rebase decided; of the rest nothing while a gate is closed. */
export interface RebaseResult {
  readonly status: string;
  readonly worker_name: string;
  readonly seen: number;
  readonly attempts_written: number;
  readonly dead_lettered: number;
  readonly base_seq: string;
}

export function rebaseCursor(database: Queryable, workerName: string, reason: string): Promise<RebaseResult> {
  return callForResult(database, 'select fn_iu_route_worker_rebase($1, $2)', [workerName, reason]);
}

/** What the certificate says. */
export interface ReconcileResult {
  readonly worker_name: string;
  readonly checked: number;
  readonly lost_events: number;
  readonly lost_pairs: number;
  readonly stranded: number;
  readonly lost: number;
  readonly first_lost_seq: string | null;
}

export function reconcileCursor(database: Queryable, workerName: string, full: boolean): Promise<ReconcileResult> {
  return callForResult(database, 'select fn_iu_route_worker_reconcile($1, $2)', [workerName, full]);
}
