import { randomUUID } from 'node:crypto';
import type { Delivery } from '../contract/delivery/delivery.js';
import type { DeliveryRoute } from '../store/delivery-session.js';
import type { Queryable } from '../store/listing.js';
import { type TargetTry, tryTarget } from '../store/test-send.js';
import type { TargetSurroundings } from './target.js';
import { openTargetOf } from './targets.js';

/** How a test send ended. */
export interface TestSend extends TargetTry {
  readonly deliveryId: string;
  readonly milliseconds: number;
}

/** Longest wait for the target; its own deadline may be shorter. */
const deadlineMilliseconds = 30_000;

/**
 * Sends one event that is marked as a test and stands in no log to the target of a route, whatever mode the route is in. A target
 * in the database is called and everything it did is undone.
 */
export async function sendTest(
  database: Queryable,
  route: DeliveryRoute,
  surroundings: TargetSurroundings,
): Promise<TestSend> {
  const delivery = testDelivery(route.route_code);
  const startedAt = performance.now();
  const outcome = await (route.target_kind === 'sql_function' || route.target_kind === 'table'
    ? tryTarget(database, route.target_kind, route.target_ref, rowText(delivery))
    : send(route, delivery, surroundings));
  return { ...outcome, deliveryId: delivery.deliveryId, milliseconds: Math.round(performance.now() - startedAt) };
}

async function send(route: DeliveryRoute, delivery: Delivery, surroundings: TargetSurroundings): Promise<TargetTry> {
  const target = await openTargetOf(route, surroundings);
  try {
    const outcome = await target.send(delivery, deadlineMilliseconds);
    return outcome.status === 'sent'
      ? { passed: true, code: null, detail: outcome.detail }
      : { passed: false, code: outcome.failureCode, detail: outcome.failureDetail };
  } finally {
    await target.close();
  }
}

function testDelivery(routeCode: string): Delivery {
  const id = randomUUID();
  return {
    deliveryId: `test-${id}`,
    attemptNo: 1,
    test: true,
    event: {
      id,
      seq: '0',
      domain: 'iu',
      type: 'test_send',
      stream: 'health',
      severity: null,
      subjectTable: 'iu_outbound_route',
      subjectRef: routeCode,
      canonicalAddress: '',
      actorRef: 'iu route test-send',
      sourceSystem: 'iu_core',
      correlationId: null,
      classification: 'safe_metadata',
      occurredAt: new Date().toISOString(),
      payloadText: '{"test": true}',
    },
  };
}

/** The event as a target in the database gets it: columns of the log, and that it is a test. */
function rowText({ deliveryId, event }: Delivery): string {
  return JSON.stringify({
    id: event.id,
    event_domain: event.domain,
    event_type: event.type,
    event_stream: event.stream,
    event_subject_table: event.subjectTable,
    event_subject_ref: event.subjectRef,
    safe_payload: { test: true },
    occurred_at: event.occurredAt,
    delivery_id: deliveryId,
    test: true,
  });
}
