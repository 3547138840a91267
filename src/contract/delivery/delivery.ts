/** An event as a delivery carries it. Ids, times and the payload are PostgreSQL's own text: nothing is parsed on the way. */
export interface DeliveryEvent {
  /** uuid */
  readonly id: string;
  /** int8 as text; greater for a later event of the same subject. */
  readonly seq: string;
  readonly domain: string;
  readonly type: string;
  readonly stream: string;
  readonly severity: string | null;
  readonly subjectTable: string;
  /** null: about nothing in particular, unordered. */
  readonly subjectRef: string | null;
  readonly canonicalAddress: string;
  readonly actorRef: string;
  readonly sourceSystem: string;
  readonly correlationId: string | null;
  readonly classification: string;
  /** RFC 3339 in UTC with all digits, `2026-01-31T12:00:00.123456Z`. */
  readonly occurredAt: string;
  /** jsonb as PostgreSQL writes it. 2^53 + 1 and 1e400 stand in it as they were stored. */
  readonly payloadText: string;
}

/** One send of one event to the target of one route. */
export interface Delivery {
  /** Stable over every attempt of this (event, route); what a receiver dedupes by. No dot, ASCII, fit for a header. */
  readonly deliveryId: string;
  /** Number of this attempt in the audit; the decision is 1. */
  readonly attemptNo: number;
  readonly event: DeliveryEvent;
  /** True for `iu route test-send`: marked as such in headers and body, about no recorded event. */
  readonly test: boolean;
}

/**
 * What became of a send. Never guessed: `failed` only when the target certainly did not take it (it answered no, or was never
 * reached), `unknown` when bytes were written and no full answer came.
 */
export type SendOutcome =
  | {
      readonly status: 'sent';
      /** What the target said, short and for people: `200`, `stream EVENTS seq 17`. No payload. */
      readonly detail: string;
    }
  | {
      readonly status: 'failed';
      /** Machine-friendly, from the list of the target kind: `http_503`, `connect_refused`, `address_refused`. */
      readonly failureCode: string;
      /** Untrusted text of the target is cut and cleaned before it gets here; never a secret or a payload. */
      readonly failureDetail: string;
      /** True: trying again cannot help (the target refuses this very event), so it is dead-lettered at once. */
      readonly permanent?: boolean;
      /** What the target asked for, in seconds; bounded by the database. */
      readonly retryAfterSeconds?: number;
      /** The target is gone for good (HTTP 410): the route is paused and the event kept. */
      readonly pauseRoute?: boolean;
      /** This process could not even try, because it cannot read a secret: says nothing about the target, another one may be able to. */
      readonly notTried?: boolean;
    }
  | { readonly status: 'unknown'; readonly failureCode: string; readonly failureDetail: string };

/** `route_code:event_id[#n]` as a receiver sees it. A Standard Webhooks id has no dot; a route code never has a `~`, so nothing collides. */
export function deliveryIdOf(deliveryKey: string): string {
  return deliveryKey.replaceAll('.', '~');
}
