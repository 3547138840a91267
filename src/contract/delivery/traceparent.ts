import type { DeliveryEvent } from './delivery.js';

/** W3C trace context: version, trace id, parent id, flags; version ff and ids of zeros mean nothing. */
const traceparentForm = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** 8-4-4-4-12 hexadecimal digits in lower case, as PostgreSQL writes a uuid. */
const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/**
 * `traceparent` of the emission, the same for every attempt on every route and in every process that looks at the event: the
 * correlation id when it is a traceparent, otherwise the digits of the event's id as trace and their second half as span, recorded.
 */
export function originTraceparent(event: Pick<DeliveryEvent, 'id' | 'correlationId'>): string {
  const given = event.correlationId === null ? null : traceparentForm.exec(event.correlationId);
  if (given !== null) return `00-${given[1]}-${given[2]}-${given[3]}`;
  const { id } = event;
  if (!uuidForm.test(id)) return noTraceparent;
  const span = `${id.slice(19, 23)}${id.slice(24)}`;
  // A uuid of version 1 to 8 never has a zero variant; the nil uuid has, and means nothing as a trace.
  return span === '0000000000000000'
    ? noTraceparent
    : `00-${id.slice(0, 8)}${id.slice(9, 13)}${id.slice(14, 18)}${span}-${span}-01`;
}

const noTraceparent = `00-${'1'.padStart(32, '0')}-${'1'.padStart(16, '0')}-01`;

/** `traceparent` of one attempt: the trace of the emission and the span of this attempt (16 hexadecimal digits, not all zero). */
export function attemptTraceparent(origin: string, spanId: string): string {
  return `${origin.slice(0, 36)}${spanId}${origin.slice(52)}`;
}
