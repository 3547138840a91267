import {
  context,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import type { Delivery, SendOutcome } from '../contract/delivery/delivery.js';
import { originTraceparent } from '../contract/delivery/traceparent.js';
import type { Target, TargetRoute } from './target.js';

/**
 * The target with a span around each send, child of the emission: the trace of an event goes on here and, by the `traceparent` that
 * goes with it, at its receiver. Without an OpenTelemetry SDK in the process nothing is recorded. Attributes name the route, the event
 * and the outcome; never the payload, the subject or what the target said.
 */
export function tracedTarget(target: Target, route: Pick<TargetRoute, 'routeCode' | 'targetKind'>): Target {
  return {
    send: (delivery, deadlineMilliseconds) =>
      isRecorded()
        ? tracedSend(target, route, delivery, deadlineMilliseconds)
        : target.send(delivery, deadlineMilliseconds),
    check: () => target.check(),
    close: () => target.close(),
  };
}

const silence = new ProxyTracerProvider().getDelegate();

/** False while no SDK is registered: a span that nobody records takes 0.8 us a send. */
function isRecorded(): boolean {
  const provider = trace.getTracerProvider();
  return !(provider instanceof ProxyTracerProvider) || provider.getDelegate() !== silence;
}

/** Id of the span that sends now, for the `traceparent` of the request; undefined when none of this trace is recorded. */
export function sendSpanId(origin: string): string | undefined {
  const active = isRecorded() ? trace.getActiveSpan()?.spanContext() : undefined;
  return active !== undefined && active.traceId === origin.slice(3, 35) && /[1-9a-f]/.test(active.spanId)
    ? active.spanId
    : undefined;
}

async function tracedSend(
  target: Target,
  route: Pick<TargetRoute, 'routeCode' | 'targetKind'>,
  delivery: Delivery,
  deadlineMilliseconds: number,
): Promise<SendOutcome> {
  const origin = originTraceparent(delivery.event);
  const emission = trace.setSpanContext(ROOT_CONTEXT, {
    traceId: origin.slice(3, 35),
    spanId: origin.slice(36, 52),
    traceFlags: Number.parseInt(origin.slice(53), 16) & TraceFlags.SAMPLED,
    isRemote: true,
  });
  const span = trace.getTracer('iu-core').startSpan(
    `send ${route.routeCode}`,
    {
      kind: SpanKind.PRODUCER,
      attributes: {
        'messaging.operation.type': 'send',
        'messaging.message.id': delivery.deliveryId,
        'messaging.destination.name': route.routeCode,
        'iu.target_kind': route.targetKind,
        'iu.event_id': delivery.event.id,
        'iu.event_type': `${delivery.event.domain}/${delivery.event.type}`,
        'iu.attempt': delivery.attemptNo,
      },
    },
    emission,
  );
  if (!span.isRecording()) return target.send(delivery, deadlineMilliseconds);
  try {
    const outcome = await context.with(trace.setSpan(emission, span), () =>
      target.send(delivery, deadlineMilliseconds),
    );
    describe(span, outcome);
    return outcome;
  } catch (error) {
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'target_defect' });
    throw error;
  } finally {
    span.end();
  }
}

function describe(span: Span, outcome: SendOutcome): void {
  span.setAttribute('iu.status', outcome.status);
  if (outcome.status === 'sent') return;
  span.setAttribute('error.type', outcome.failureCode);
  span.setStatus({ code: SpanStatusCode.ERROR, message: outcome.failureCode });
}
