import type { Delivery } from './delivery.js';
import { originTraceparent } from './traceparent.js';

/** Media type of a CloudEvent in structured mode. */
export const cloudEventContentType = 'application/cloudevents+json; charset=utf-8';

/** What is the same for every event of a route. */
export interface CloudEventRoute {
  readonly deployment: string;
  readonly routeCode: string;
}

/** `source` of every event of a deployment: a URI reference. */
export function cloudEventSource(deployment: string): string {
  return `/iu-core/${encodeURIComponent(deployment)}`;
}

/** How `sequence` writes the seq of an event: so wide that comparing texts compares numbers (int8 has 19 digits). */
export function sequenceText(seq: string): string {
  return seq.padStart(20, '0');
}

/**
 * The body of a delivery: a CloudEvent 1.0 in structured JSON mode, put together by concatenation, so that `data` is the payload's
 * own text byte for byte. `data` comes last and nothing nested comes before it: a receiver finds the payload by the first `,"data":`.
 *
 * `id` is the id of the event, not of the delivery: CloudEvents asks that source and id name one event, and two routes that lead to
 * one receiver bring him the same event. What he dedupes by, one a route, is `deliveryid` (and the header `webhook-id`).
 *
 * `traceparent` is the one of the emission (a caller who has it already gives it). The body of an event is the same in every attempt. What is null or empty is left out: CloudEvents has neither.
 */
export function cloudEventBody(
  delivery: Delivery,
  route: CloudEventRoute,
  traceparent: string = originTraceparent(delivery.event),
): string {
  const { event } = delivery;
  return (
    `{"specversion":"1.0","id":"${event.id}","source":${JSON.stringify(cloudEventSource(route.deployment))}` +
    `,"type":${JSON.stringify(`${event.domain}.${event.type}`)}` +
    attribute('subject', event.subjectRef) +
    `,"time":"${event.occurredAt}","datacontenttype":"application/json"` +
    attribute('stream', event.stream) +
    attribute('severity', event.severity) +
    attribute('subjecttable', event.subjectTable) +
    attribute('address', event.canonicalAddress) +
    attribute('actor', event.actorRef) +
    attribute('sourcesystem', event.sourceSystem) +
    attribute('correlationid', event.correlationId) +
    attribute('classification', event.classification) +
    `,"sequence":"${sequenceText(event.seq)}"` +
    attribute('routecode', route.routeCode) +
    attribute('deliveryid', delivery.deliveryId) +
    `,"traceparent":"${traceparent}"` +
    (delivery.test ? ',"iutest":true' : '') +
    `,"data":${event.payloadText}}`
  );
}

function attribute(name: string, value: string | null): string {
  return value === null || value === '' ? '' : `,"${name}":${JSON.stringify(value)}`;
}

const dataMark = ',"data":';

/**
 * Takes a body of `cloudEventBody` apart without reading the payload. Undefined when it is none.
 *
 * A quotation mark inside a JSON string is escaped, so the first `,"data":` is the key: before it stand only texts and `true`.
 */
export function splitCloudEvent(
  body: string,
): { readonly attributes: Readonly<Record<string, unknown>>; readonly payloadText: string } | undefined {
  const mark = body.indexOf(dataMark);
  if (mark < 0 || !body.endsWith('}')) return undefined;
  let attributes: unknown;
  try {
    attributes = JSON.parse(`${body.slice(0, mark)}}`);
  } catch {
    return undefined;
  }
  if (typeof attributes !== 'object' || attributes === null || Array.isArray(attributes)) return undefined;
  return {
    attributes: attributes as Record<string, unknown>,
    payloadText: body.slice(mark + dataMark.length, -1),
  };
}
