import type { IuRouteLeaseRow, VIuDeliveryRow } from './catalog.generated.js';
import { callForResult, isoTimes, type ListPage, type PageWishes, type Queryable, readPage } from './listing.js';
import type { Columns } from './rows.js';

/** Where a delivery stands: being sent, due, due later or behind an earlier event, or held, whenever it is due. */
export type DeliveryStanding = 'leased' | 'due' | 'waiting' | 'held';

/** One delivery of the queue, without its payload. `attempt_no` is that of the latest attempt, `sends` how many there were. */
export interface DeliveryRow
  extends Columns<
    VIuDeliveryRow,
    | 'event_seq'
    | 'route_id'
    | 'route_code'
    | 'event_id'
    | 'event_domain'
    | 'event_type'
    | 'event_subject_table'
    | 'attempt_no'
    | 'sends'
    | 'delivery_id'
    | 'state'
    | 'due_at'
    | 'created_at',
    'event_subject_ref' | 'edit_id' | 'state_reason' | 'runner_id' | 'lease_until'
  > {
  readonly state: DeliveryStanding;
  /** Why it is held or waits: as fn_iu_delivery_holds, subject_held, behind_earlier_event or due_later. */
  readonly state_reason: string | null;
}

/** Which deliveries a list shows. */
export interface DeliveryFilter {
  readonly route?: string | undefined;
  readonly state?: string | undefined;
  readonly subjectTable?: string | undefined;
  readonly subjectRef?: string | undefined;
  readonly olderThan?: string | undefined;
}

// What holds a route holds all that waits for it, also what is due later. An open breaker ends by itself: it holds what would be claimed otherwise.
const from = `(select v.event_seq, v.route_id, v.route_code, v.event_id, v.event_domain, v.event_type, v.event_subject_table,
    v.event_subject_ref, v.attempt_no, v.sends, v.delivery_id, v.edit_id, v.due_at, v.created_at, v.runner_id, v.lease_until,
    case when h.hold is null then v.state else 'held' end as state, coalesce(h.hold, v.state_reason) as state_reason
  from v_iu_delivery v left join fn_iu_delivery_holds(?) h
    on h.route_id = v.route_id and not (h.hold = 'approval_used_up' and v.counted)
    and (v.state = 'due' or v.state = 'waiting' and h.hold <> 'breaker_open')) d`;

/** The queue in the order of events, oldest first. `deployment`: of the runner that would claim; null = one with the right name. */
export function listDeliveries(
  database: Queryable,
  filter: DeliveryFilter,
  deployment: string | null,
  wishes: PageWishes,
): Promise<ListPage<DeliveryRow>> {
  return readPage(
    database,
    {
      columns: 'd.*',
      from,
      fromValues: [deployment],
      conditions: [
        ['d.route_code = ?', filter.route],
        ['d.state = ?', filter.state],
        ['d.event_subject_table = ?', filter.subjectTable],
        ['d.event_subject_ref = ?', filter.subjectRef],
        ['d.created_at < ?::timestamptz', filter.olderThan],
      ],
      key: '(d.event_seq, d.route_id)',
      keyType: 'bigint pair',
      keyColumn: 'event_seq.route_id',
      descending: false,
    },
    wishes,
  );
}

/** One delivery of the queue; undefined when none of this event to this route waits. */
export async function findDelivery(
  database: Queryable,
  eventId: string,
  routeCode: string,
  deployment: string | null,
): Promise<DeliveryRow | undefined> {
  // The seq first: the view is asked for one row of its primary key, not for the event behind each row.
  const place = `select e.seq, r.route_id from event_outbox e, iu_outbound_route r where e.id = $1 and r.route_code = $2`;
  const key = (await database.query(place, [eventId, routeCode])).rows[0];
  if (key === undefined) return undefined;
  const text = `select d.* from ${from.replace('?', '$1')} where d.event_seq = $2 and d.route_id = $3`;
  const row = (await database.query(text, [deployment, key.seq, key.route_id])).rows[0];
  return row === undefined ? undefined : (isoTimes(row) as unknown as DeliveryRow);
}

/** What a cancelled delivery left. */
export interface CancelledDelivery {
  readonly event_id: string;
  readonly route_code: string;
  readonly attempt_no: number;
  readonly status: 'cancelled';
}

export function cancelDelivery(
  database: Queryable,
  eventId: string,
  routeCode: string,
  reason: string,
): Promise<CancelledDelivery> {
  return callForResult(database, 'select fn_iu_delivery_cancel($1, $2, $3)', [eventId, routeCode, reason]);
}

/** Which waiting deliveries of a route are cancelled together. */
export interface CancelFilter {
  readonly route: string;
  readonly olderThan?: string | undefined;
  readonly untilEvent?: string | undefined;
}

/** What one part did; `remaining` is counted up to 10,001. */
export interface CancelledPart {
  readonly route_code: string;
  readonly cancelled: number;
  readonly remaining: number;
  readonly until_event_seq: string;
}

/** Cancels at most `limit` of them (0 only counts), in one transaction. */
export function cancelDeliveries(
  database: Queryable,
  filter: CancelFilter,
  reason: string,
  limit: number,
): Promise<CancelledPart> {
  const values = [filter.route, filter.olderThan ?? null, filter.untilEvent ?? null, reason, limit];
  return callForResult(database, 'select fn_iu_delivery_cancel_many($1, $2, $3, $4, $5)', values);
}

/** One claim of one route that is being sent. */
export interface LeaseRow
  extends Pick<
    IuRouteLeaseRow,
    'route_code' | 'route_version' | 'runner_id' | 'unsettled' | 'claimed_at' | 'lease_until'
  > {
  readonly deliveries: number;
  /** It ran out: the next claim makes its sends unknown. */
  readonly expired: boolean;
  readonly lease_key: string;
}

/** What is being sent now, by route. */
export function listLeases(
  database: Queryable,
  filter: { readonly route?: string | undefined; readonly runner?: string | undefined },
  wishes: PageWishes,
): Promise<ListPage<LeaseRow>> {
  return readPage(
    database,
    {
      columns: 'l.*',
      from: `(select route_code, route_version, runner_id, cardinality(event_seqs) as deliveries, unsettled, claimed_at, lease_until,
        lease_until <= clock_timestamp() as expired, route_code || ' ' || lease_token as lease_key from iu_route_lease) l`,
      conditions: [
        ['l.route_code = ?', filter.route],
        ['l.runner_id = ?', filter.runner],
      ],
      key: 'l.lease_key',
      keyType: 'text',
      keyColumn: 'lease_key',
      descending: false,
    },
    wishes,
  );
}

/** What pausing or resuming a route left. */
export interface PausedRoute {
  readonly route_code: string;
  readonly paused: boolean;
  readonly waiting: number;
}

export function setRoutePaused(
  database: Queryable,
  routeCode: string,
  paused: boolean,
  reason: string,
): Promise<PausedRoute> {
  return callForResult(database, 'select fn_iu_route_set_paused($1, $2, $3)', [routeCode, paused, reason]);
}
