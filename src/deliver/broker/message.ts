import { randomBytes } from 'node:crypto';
import { cloudEventBody, cloudEventContentType } from '../../contract/delivery/cloud-event.js';
import type { Delivery } from '../../contract/delivery/delivery.js';
import { attemptTraceparent, originTraceparent } from '../../contract/delivery/traceparent.js';
import type { TargetRoute, TargetSurroundings } from '../target.js';
import { sendSpanId } from '../tracing.js';

/** A delivery as a message of a broker: the body of a webhook, and its headers under the same names where they mean the same. */
export interface BrokerMessage {
  readonly body: Buffer;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** A CloudEvent in structured mode; `iu-delivery-id` is what a receiver dedupes by. */
export function brokerMessage(delivery: Delivery, route: TargetRoute, surroundings: TargetSurroundings): BrokerMessage {
  const { event, deliveryId } = delivery;
  const trace = originTraceparent(event);
  const { deployment } = surroundings;
  const headers: [string, string][] = [
    ['content-type', cloudEventContentType],
    ['iu-delivery-id', deliveryId],
    ['iu-attempt', String(delivery.attemptNo)],
    ['iu-sequence', event.seq],
    // The 64 bits of a span; all zero comes once in 2^64.
    ['traceparent', attemptTraceparent(trace, sendSpanId(trace) ?? randomBytes(8).toString('hex'))],
  ];
  if (delivery.test) headers.push(['iu-test', 'true']);
  return { body: Buffer.from(cloudEventBody(delivery, { deployment, routeCode: route.routeCode }, trace)), headers };
}
