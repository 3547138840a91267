import { randomUUID } from 'node:crypto';
import type { Delivery, DeliveryEvent } from '../../src/contract/delivery/delivery.js';

/** Numbers that a JavaScript number would change: 2^53 + 1, more than a double holds, 30 digits, and a string with everything. */
export const touchyPayloadText =
  '{"big": 9007199254740993, "huge": 1e400, "text": "é 😀 \\" \\\\ \\n \u2028", "exact": 0.123456789012345678901234567890}';

/** A delivery of an event with a new id; what a test cares about is said in the overrides. */
export function aDelivery(
  overrides: Partial<Omit<Delivery, 'event'>> & { readonly event?: Partial<DeliveryEvent> } = {},
): Delivery {
  const { event, ...rest } = overrides;
  const id = event?.id ?? randomUUID();
  return {
    deliveryId: `shop_hook:${id}`,
    attemptNo: 2,
    test: false,
    ...rest,
    event: {
      id,
      seq: '9007199254740993',
      domain: 'orders',
      type: 'order_paid',
      stream: 'update',
      severity: 'info',
      subjectTable: 'orders',
      subjectRef: '4711',
      canonicalAddress: 'orders/4711',
      actorRef: 'alice',
      sourceSystem: 'shop',
      correlationId: null,
      classification: 'safe_metadata',
      occurredAt: '2026-01-31T12:00:00.123456Z',
      payloadText: touchyPayloadText,
      ...event,
    },
  };
}
