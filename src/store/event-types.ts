import type { EventTypeRegistryRow } from './catalog.generated.js';
import { callForResult, type ListPage, type PageWishes, type Queryable, readPage } from './listing.js';

/** One registered event type. */
export interface EventTypeRow
  extends Pick<
    EventTypeRegistryRow,
    | 'event_domain'
    | 'event_type'
    | 'event_stream'
    | 'delivery_lane'
    | 'default_severity'
    | 'active'
    | 'description'
    | 'changed_by'
    | 'created_at'
    | 'updated_at'
  > {
  readonly name: string;
}

/** Which event types a list shows. */
export interface EventTypeFilter {
  readonly domain?: string | undefined;
  readonly stream?: string | undefined;
  readonly lane?: string | undefined;
  readonly active?: boolean | undefined;
}

/** Event types by `domain/type`. */
export function listEventTypes(
  database: Queryable,
  filter: EventTypeFilter,
  wishes: PageWishes,
): Promise<ListPage<EventTypeRow>> {
  return readPage(
    database,
    {
      columns: `t.event_domain || '/' || t.event_type as name, t.event_domain, t.event_type, t.event_stream, t.delivery_lane,
        t.default_severity, t.active, t.description, t.changed_by, t.created_at, t.updated_at`,
      from: 'event_type_registry t',
      conditions: [
        ['t.event_domain = ?', filter.domain],
        ['t.event_stream = ?', filter.stream],
        ['t.delivery_lane = ?', filter.lane],
        ['t.active = ?', filter.active],
      ],
      // Neither part may hold a slash, so the joined name is as unique as the pair.
      key: `(t.event_domain || '/' || t.event_type) collate "C"`,
      keyType: 'text',
      keyColumn: 'name',
      descending: false,
    },
    wishes,
  );
}

/** What registering or disabling a type did. */
export interface EventTypeResult {
  readonly event_domain: string;
  readonly event_type: string;
  readonly status: string;
}

export function addEventType(
  database: Queryable,
  type: {
    readonly domain: string;
    readonly type: string;
    readonly stream: string;
    readonly lane: string;
    readonly severity?: string | undefined;
    readonly description?: string | undefined;
  },
): Promise<EventTypeResult> {
  const values = [type.domain, type.type, type.stream, type.lane, type.severity ?? null, type.description ?? null];
  return callForResult(database, 'select fn_iu_event_type_add($1, $2, $3, $4, $5, $6)', values);
}

export function disableEventType(database: Queryable, domain: string, type: string): Promise<EventTypeResult> {
  return callForResult(database, 'select fn_iu_event_type_disable($1, $2)', [domain, type]);
}
