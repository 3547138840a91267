import type { DeliveryEvent } from './delivery.js';

/** W3C trace context: version, trace id, parent id, flags; version ff and ids of zeros mean nothing. */
const traceparentForm = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})$/;

/** What a trace is about and whether it is recorded. */
interface TraceOrigin {
  /** 32 hexadecimal digits */
  readonly traceId: string;
  /** 16 hexadecimal digits: the span of whoever emitted. */
  readonly spanId: string;
  readonly flags: string;
}

/**
 * The trace an event belongs to: the one of its correlation id when that is a traceparent, otherwise one made of the event's id,
 * so that every attempt on every route, and every process that looks at the event, finds the same.
 */
function traceOriginOf(event: Pick<DeliveryEvent, 'id' | 'correlationId'>): TraceOrigin {
  const given = event.correlationId === null ? null : traceparentForm.exec(event.correlationId);
  const [, traceId, spanId, flags] = given ?? [];
  if (traceId !== undefined && spanId !== undefined && flags !== undefined) return { traceId, spanId, flags };
  const digits = event.id.replaceAll('-', '').toLowerCase();
  const ofEvent = /^[0-9a-f]{32}$/.test(digits) && !/^0+$/.test(digits) ? digits : '1'.padStart(32, '0');
  const ofSpan = ofEvent.slice(16);
  return { traceId: ofEvent, spanId: /^0+$/.test(ofSpan) ? '1'.padStart(16, '0') : ofSpan, flags: '01' };
}

/** `traceparent` of the emission; the same for every attempt. Stands in the body. */
export function originTraceparent(event: Pick<DeliveryEvent, 'id' | 'correlationId'>): string {
  const { traceId, spanId, flags } = traceOriginOf(event);
  return `00-${traceId}-${spanId}-${flags}`;
}

/** `traceparent` of one attempt: the same trace, the span of this attempt (16 hexadecimal digits, not all zero). Goes into the header. */
export function attemptTraceparent(origin: string, spanId: string): string {
  return `${origin.slice(0, 36)}${spanId}${origin.slice(52)}`;
}
