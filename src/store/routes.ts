import type {
  IuOutboundRouteRow,
  IuRouteHistoryRow,
  IuSqlEventRouteRow,
  VIuRouteAttemptSummaryRow,
} from './catalog.generated.js';
import {
  callForDocument,
  callForResult,
  isoTimes,
  type ListPage,
  type PageWishes,
  type Queryable,
  readPage,
} from './listing.js';
import type { Columns } from './rows.js';

/** One route of a list, outbound or inbound. */
export interface RouteRow
  extends Pick<
    IuOutboundRouteRow,
    | 'route_code'
    | 'version'
    | 'event_domain'
    | 'event_type'
    | 'event_stream'
    | 'target_kind'
    | 'target_ref'
    | 'enabled'
    | 'dry_run'
    | 'removed_at'
  > {
  readonly route_kind: 'outbound' | 'inbound';
  /** What a pass would do now: disabled, dry_run or live; removed for one that is out of use. */
  readonly mode: string;
}

/** Which routes a list shows. */
export interface RouteFilter {
  readonly kind?: string | undefined;
  readonly mode?: string | undefined;
  readonly targetKind?: string | undefined;
  readonly domain?: string | undefined;
  readonly withRemoved?: boolean | undefined;
}

const union = `(select r.route_code, 'outbound' as route_kind, r.version, r.event_domain, r.event_type, r.event_stream, r.target_kind,
    fn_iu_route_request(r.target_kind, r.target_ref, '{}') ->> 'target' as target_ref,
    case when r.removed_at is not null then 'removed' when not r.enabled then 'disabled'
         when not r.dry_run and fn_iu_route_approval_state(r.route_id, r.version, r.approval_id) <> 'missing' then 'live'
         else 'dry_run' end as mode, r.enabled, r.dry_run, r.removed_at
    from iu_outbound_route r
  union all
  select i.route_code, 'inbound', i.version, i.target_event_domain, i.target_event_type, i.target_event_stream, 'capture',
    concat_ws('.', i.source_schema, i.source_table) || ' ' || i.sql_event,
    case when i.removed_at is not null then 'removed' when not i.enabled then 'disabled' else 'dry_run' end,
    i.enabled, i.dry_run, i.removed_at
    from iu_sql_event_route i) r`;

/** Routes by code. */
export function listRoutes(database: Queryable, filter: RouteFilter, wishes: PageWishes): Promise<ListPage<RouteRow>> {
  return readPage(
    database,
    {
      columns: 'r.*',
      from: union,
      conditions: [
        ['r.route_kind = ?', filter.kind],
        ['r.mode = ?', filter.mode],
        ['r.target_kind = ?', filter.targetKind],
        ['r.event_domain = ?', filter.domain],
        ['(r.removed_at is null or ?)', filter.withRemoved ?? false],
      ],
      key: 'r.route_code collate "C"',
      keyType: 'text',
      keyColumn: 'route_code',
      descending: false,
    },
    wishes,
  );
}

/** One route with everything it says; documents (filter, target_config, retry_policy) are PostgreSQL's text. */
export type RouteDetail = Readonly<Record<string, string | number | boolean | null>> & {
  readonly route_kind: string;
} & Pick<IuOutboundRouteRow & IuSqlEventRouteRow, 'route_code' | 'version' | 'enabled' | 'dry_run'>;

// A later column of the same name wins: the target is shown without user, password and query.
const detailQueries = [
  `select 'outbound' as route_kind, r.*, fn_iu_route_request(r.target_kind, r.target_ref, '{}') ->> 'target' as target_ref,
     fn_iu_route_approval_state(r.route_id, r.version, r.approval_id) as approval_state
     from iu_outbound_route r where r.route_code = $1`,
  `select 'inbound' as route_kind, r.* from iu_sql_event_route r where r.route_code = $1`,
] as const;

/** One route, its target without user and query; undefined when there is none. */
export async function findRoute(database: Queryable, routeCode: string): Promise<RouteDetail | undefined> {
  for (const text of detailQueries) {
    const row = (await database.query(text, [routeCode])).rows[0];
    if (row !== undefined) return isoTimes(row) as RouteDetail;
  }
  return undefined;
}

/** Counts of a route's attempts, by status. */
export type RouteAttemptSummary = Columns<VIuRouteAttemptSummaryRow, 'status' | 'attempts' | 'first_at' | 'last_at'>;

export async function routeAttemptSummary(database: Queryable, routeCode: string): Promise<RouteAttemptSummary[]> {
  const result = await database.query(
    'select status, attempts, first_at, last_at from v_iu_route_attempt_summary where route_code = $1 order by status',
    [routeCode],
  );
  return result.rows.map((row) => isoTimes(row) as unknown as RouteAttemptSummary);
}

/** Adds a route, disabled and in dry-run. `routeText` is JSON with the keys of `fn_iu_route_add`. */
export async function addRoute(database: Queryable, routeText: string): Promise<RouteDetail> {
  const result = await database.query('select fn_iu_route_add($1::jsonb) ->> $2 as code', [routeText, 'route_code']);
  const added = await findRoute(database, String(result.rows[0]?.code));
  if (added === undefined) throw new TypeError('a route that was added is not there');
  return added;
}

/** What enabling or disabling gave. */
export interface RouteSwitch {
  readonly route_code: string;
  readonly route_kind: string;
  readonly enabled: boolean;
  readonly dry_run: boolean;
  readonly version: number;
}

export function setRouteEnabled(
  database: Queryable,
  routeCode: string,
  enabled: boolean,
  reason: string,
): Promise<RouteSwitch> {
  return callForResult(database, 'select fn_iu_route_set_enabled($1, $2, $3)', [routeCode, enabled, reason]);
}

export function removeRoute(
  database: Queryable,
  routeCode: string,
  reason: string,
): Promise<{ readonly route_code: string; readonly removed_at: string } | undefined> {
  return callForDocument(database, 'select fn_iu_route_remove($1, $2)', [routeCode, reason]);
}

/** One state that a route had. `route` is the whole row as jsonb text. */
export interface RouteHistoryRow
  extends Pick<
    IuRouteHistoryRow,
    'history_id' | 'route_code' | 'version' | 'removed' | 'changed_by' | 'changed_at' | 'route'
  > {
  readonly enabled: boolean | null;
  readonly dry_run: boolean | null;
  readonly note: string | null;
}

/** The states of a route, newest first. */
export function listRouteHistory(
  database: Queryable,
  routeCode: string,
  wishes: PageWishes,
): Promise<ListPage<RouteHistoryRow>> {
  return readPage(
    database,
    {
      columns: `h.history_id, h.route_code, h.version, (h.route ->> 'enabled')::boolean as enabled,
        (h.route ->> 'dry_run')::boolean as dry_run, h.removed, h.route ->> 'note' as note, h.changed_by, h.changed_at,
        h.route || coalesce(jsonb_build_object('target_ref', fn_iu_route_request(h.route ->> 'target_kind', h.route ->> 'target_ref', '{}') ->> 'target'), '{}') as route`,
      from: 'iu_route_history h',
      conditions: [['h.route_code = ?', routeCode]],
      key: 'h.history_id',
      keyType: 'bigint',
      keyColumn: 'history_id',
      descending: true,
    },
    wishes,
  );
}
