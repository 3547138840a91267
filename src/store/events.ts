import type {
  EventOutboxRow,
  FnIuEmitRow,
  IuOutboundRouteRow,
  IuRouteAttemptRow,
  IuRouteDeliveryRow,
} from './catalog.generated.js';
import type { DeadLetterRow } from './dead-letters.js';
import {
  callForDocument,
  isoTimes,
  type ListPage,
  type PageWishes,
  type Period,
  type Queryable,
  readPage,
  within,
} from './listing.js';
import type { Columns } from './rows.js';

/** One event of a list, without its payload. */
export type EventRow = Pick<
  EventOutboxRow,
  | 'seq'
  | 'id'
  | 'event_domain'
  | 'event_type'
  | 'event_stream'
  | 'delivery_lane'
  | 'event_severity'
  | 'event_subject_table'
  | 'event_subject_ref'
  | 'canonical_address'
  | 'actor_ref'
  | 'correlation_id'
  | 'source_system'
  | 'occurred_at'
  | 'created_at'
>;

/** Which events a list shows. */
export interface EventFilter extends Period {
  readonly domain?: string | undefined;
  readonly type?: string | undefined;
  readonly stream?: string | undefined;
  readonly subjectTable?: string | undefined;
  readonly subjectRef?: string | undefined;
  readonly actor?: string | undefined;
  readonly correlation?: string | undefined;
  /** True: only those that no worker has decided yet. */
  readonly undecided?: boolean | undefined;
  readonly oldestFirst?: boolean | undefined;
}

/** Events by seq, newest first unless asked otherwise. */
export function listEvents(database: Queryable, filter: EventFilter, wishes: PageWishes): Promise<ListPage<EventRow>> {
  return readPage(
    database,
    {
      columns: `e.seq, e.id, e.event_domain, e.event_type, e.event_stream, e.delivery_lane, e.event_severity,
        e.event_subject_table, e.event_subject_ref, e.canonical_address, e.actor_ref, e.correlation_id, e.source_system,
        e.occurred_at, e.created_at`,
      from: 'event_outbox e',
      conditions: [
        ['e.event_domain = ?', filter.domain],
        ['e.event_type = ?', filter.type],
        ['e.event_stream = ?', filter.stream],
        ['e.event_subject_table = ?', filter.subjectTable],
        ['e.event_subject_ref = ?', filter.subjectRef],
        ['e.actor_ref = ?', filter.actor],
        ['e.correlation_id = ?', filter.correlation],
        ...within('e.created_at', filter),
        ['?::boolean and e.seq in (select u.event_seq from v_iu_event_undecided u)', filter.undecided],
      ],
      key: 'e.seq',
      keyType: 'bigint',
      keyColumn: 'seq',
      descending: filter.oldestFirst !== true,
    },
    wishes,
  );
}

/** The whole row of an event; `safe_payload` is the database's own text. */
export type StoredEvent = EventRow & Pick<EventOutboxRow, 'tx_id' | 'payload_classification' | 'safe_payload'>;

/** One attempt within a story. */
export interface StoryAttempt
  extends Pick<
    IuRouteAttemptRow,
    | 'attempt_id'
    | 'attempt_no'
    | 'route_code'
    | 'route_version'
    | 'status'
    | 'reason'
    | 'delivered'
    | 'failure_code'
    | 'failure_detail'
    | 'started_at'
    | 'run_id'
  > {
  readonly route_id: number;
  /** The route is gone for good: nothing can be sent by it any more. */
  readonly route_removed: boolean;
}

/** One dead letter within a story. */
export interface StoryDeadLetter
  extends Omit<
    DeadLetterRow,
    'dead_letter_id' | 'event_seq' | 'event_ref' | 'event_domain' | 'event_type' | 'event_subject_ref'
  > {
  readonly dead_letter_id: number;
}

/** One waiting delivery within a story. */
export interface StoryDelivery
  extends Pick<IuRouteDeliveryRow, 'attempt_no' | 'due_at' | 'sends'>,
    Pick<IuOutboundRouteRow, 'route_code'> {
  readonly route_id: number;
  readonly lease_until: string | null;
}

/** What `fn_iu_event_story` tells. */
export interface EventStory {
  readonly event: StoredEvent;
  readonly state: 'undecided' | 'decided' | 'before_base' | 'without_owner';
  readonly worker_name: string | null;
  readonly attempts: readonly StoryAttempt[];
  readonly dead_letters: readonly StoryDeadLetter[];
  readonly deliveries: readonly StoryDelivery[];
}

/** The id of the event with this seq; undefined when there is none. */
export async function eventIdOfSeq(database: Queryable, seq: string): Promise<string | undefined> {
  const result = await database.query('select id from event_outbox where seq = $1', [seq]);
  return result.rows[0]?.id;
}

/** The story of one event; undefined when there is no such event. */
export function eventStory(database: Queryable, eventId: string): Promise<EventStory | undefined> {
  return callForDocument(database, 'select fn_iu_event_story($1)', [eventId]);
}

/** What an emission carries. The payload is JSON text and stays text. */
export interface Emission {
  readonly domain: string;
  readonly type: string;
  readonly subjectTable: string | null;
  readonly subjectRef: string | null;
  readonly payloadText: string;
  readonly canonicalAddress?: string | undefined;
  readonly actor?: string | undefined;
  readonly correlation?: string | undefined;
  readonly sourceSystem?: string | undefined;
  readonly severity?: string | undefined;
  readonly classification?: string | undefined;
  readonly occurredAt?: string | undefined;
  readonly dedupeKey?: string | undefined;
}

/** What became of an emission. */
export type EmissionResult = Columns<FnIuEmitRow, 'is_new' | 'suppressed', 'event_id' | 'event_seq'>;

/** Records one event through `fn_iu_emit`, the way of applications. */
export async function emitEvent(database: Queryable, emission: Emission): Promise<EmissionResult> {
  const result = await database.query(
    `select event_id, event_seq, is_new, suppressed
       from fn_iu_emit($1, $2, $3, $4, $5::jsonb, $6, $7, $8, $9, $10, $11, $12::timestamptz, $13)`,
    [
      emission.domain,
      emission.type,
      emission.subjectTable,
      emission.subjectRef,
      emission.payloadText,
      emission.canonicalAddress ?? null,
      emission.actor ?? null,
      emission.correlation ?? null,
      emission.sourceSystem ?? 'iu_core',
      emission.severity ?? null,
      emission.classification ?? 'safe_metadata',
      emission.occurredAt ?? null,
      emission.dedupeKey ?? null,
    ],
  );
  return isoTimes(result.rows[0]) as unknown as EmissionResult;
}
