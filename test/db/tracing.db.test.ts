import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { context, propagation, SpanKind, trace } from '@opentelemetry/api';
import { InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startTracing } from '../../src/cli/tracing-sdk.js';
import { brokerMessage } from '../../src/deliver/broker/message.js';
import type { Target } from '../../src/deliver/target.js';
import { openTargetOf } from '../../src/deliver/targets.js';
import { sendSpanId, tracedTarget } from '../../src/deliver/tracing.js';
import { brokerRoute, brokerSurroundings } from '../support/broker-route.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { aDelivery } from '../support/delivery.js';
import { liveRoute, prepareDelivery, startRunner } from '../support/delivery-queue.js';
import { domain, drain } from '../support/race.js';
import { waitFor } from '../support/wait.js';

const exporter = new InMemorySpanExporter();

describe('the trace of an event', () => {
  let db: TestDatabase;
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  beforeAll(() => provider.register());
  afterAll(async () => {
    await provider.shutdown();
    for (const api of [trace, context, propagation]) api.disable();
  });
  beforeEach(async () => {
    exporter.reset();
    db = await createTestDatabase();
    await prepareDelivery(db);
  });
  afterEach(() => db.drop());

  it('goes from the emission over the send to the receipt, without payload, subject or secret', async () => {
    const tracer = trace.getTracer('application');
    const receiver = createServer((request, response) => {
      request.resume().on('end', () => {
        const parent = propagation.extract(context.active(), request.headers);
        tracer.startSpan('receive', { kind: SpanKind.CONSUMER }, parent).end();
        response.end('ok');
      });
    });
    await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
    await liveRoute(db, 'crm', { target_ref: `${address}/hook`, target_config: { signing: 'none' } });
    const emission = tracer.startSpan('order paid');
    const carrier: Record<string, string> = {};
    propagation.inject(trace.setSpan(context.active(), emission), carrier);
    await db.pool.query(
      `select fn_iu_emit($1, 'changed', 'customer', 'canary-subject', '{"n": "canary-payload"}', p_correlation_id => $2)`,
      [domain, carrier.traceparent],
    );
    emission.end();
    await drain(db.pool);
    const { runner, stop } = startRunner(
      db,
      undefined,
      {},
      {
        openTarget: (route) =>
          openTargetOf(route, { environment: {}, allow: ['127.0.0.1'], deployment: 'test', log: () => {} }),
      },
    );
    await waitFor(() => runner.state.sent === 1);
    await stop();
    await new Promise((resolve) => receiver.close(resolve));
    const spans = exporter.getFinishedSpans();
    const [emitted, sent, received] = ['order paid', 'send crm', 'receive'].map((name) =>
      spans.find((span) => span.name === name),
    );
    expect(new Set(spans.map((span) => span.spanContext().traceId)).size).toBe(1);
    expect(sent?.parentSpanContext?.spanId).toBe(emitted?.spanContext().spanId);
    expect(received?.parentSpanContext?.spanId).toBe(sent?.spanContext().spanId);
    expect(sent?.kind).toBe(SpanKind.PRODUCER);
    expect(sent?.attributes).toMatchObject({
      'messaging.destination.name': 'crm',
      'iu.event_type': 'race/changed',
      'iu.attempt': 2,
      'iu.status': 'sent',
    });
    expect(JSON.stringify([sent?.attributes, sent?.events, sent?.status])).not.toContain('canary');
  });

  it('goes with the message of a broker too', async () => {
    let header: string | undefined;
    const target: Target = {
      send: async (delivery) => {
        const { headers } = brokerMessage(
          delivery,
          brokerRoute('nats', 'nats://127.0.0.1:4222', {}),
          brokerSurroundings,
        );
        header = headers.find(([name]) => name === 'traceparent')?.[1];
        return { status: 'sent', detail: 'seq 1' };
      },
      check: async () => [],
      close: async () => {},
    };
    await tracedTarget(target, { routeCode: 'r', targetKind: 'nats' }).send(aDelivery(), 1000);
    expect(header?.slice(36, 52)).toBe(exporter.getFinishedSpans()[0]?.spanContext().spanId);
  });

  it('says of a send that failed only which failure it was', async () => {
    const failing = {
      send: async () =>
        ({ status: 'failed', failureCode: 'http_503', failureDetail: 'canary of the receiver' }) as const,
      check: async () => [],
      close: async () => {},
    };
    await tracedTarget(failing, { routeCode: 'r', targetKind: 'webhook' }).send(aDelivery(), 1000);
    const [span] = exporter.getFinishedSpans();
    expect(span?.status.message).toBe('http_503');
    expect(JSON.stringify([span?.attributes, span?.status, span?.events])).not.toContain('canary');
  });
});

describe('tracing', () => {
  const silent = { warn: () => {}, info: () => {} };

  it('records nothing and gives no span id while no SDK is registered', async () => {
    let id: string | undefined = 'unset';
    const target = tracedTarget(
      {
        send: async () => {
          id = sendSpanId(`00-${'1'.padStart(32, '0')}-${'1'.padStart(16, '0')}-01`);
          return { status: 'sent', detail: '200' };
        },
        check: async () => [],
        close: async () => {},
      },
      { routeCode: 'r', targetKind: 'webhook' },
    );
    expect(await target.send(aDelivery(), 1000)).toMatchObject({ status: 'sent' });
    expect(id).toBeUndefined();
    expect(await startTracing({}, '1', silent)).toBeUndefined();
    const disabled = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' };
    expect(await startTracing(disabled, '1', silent)).toBeUndefined();
  });

  it('sends spans to the collector that the environment names, and the last ones when it ends', async () => {
    const bodies: string[] = [];
    const collector = createServer((request, response) => {
      let text = '';
      request.on('data', (part: Buffer) => {
        text += part.toString('latin1');
      });
      request.on('end', () => {
        bodies.push(`${request.url} ${text}`);
        response.end('{}');
      });
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    const endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/`;
    const stop = await startTracing(
      { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_SERVICE_NAME: 'orders' },
      '1.2.3',
      silent,
    );
    const target = {
      send: async () => ({ status: 'sent', detail: '200' }) as const,
      check: async () => [],
      close: async () => {},
    };
    await tracedTarget(target, { routeCode: 'crm', targetKind: 'webhook' }).send(aDelivery(), 1000);
    await stop?.();
    for (const api of [trace, context, propagation]) api.disable();
    collector.closeAllConnections();
    await new Promise((resolve) => collector.close(resolve));
    expect(bodies.join('\n')).toMatch(/^\/v1\/traces /);
    expect(bodies.join('\n')).toContain('send crm');
    expect(bodies.join('\n')).toContain('orders');
  });
});
