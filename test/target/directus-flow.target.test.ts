import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { verifyWebhook } from '../../src/client/index.js';
import { openDirectusFlow } from '../../src/deliver/directus-flow/target.js';
import { aDelivery } from '../support/delivery.js';
import { type Sink, type SinkBehaviour, startSink } from '../support/sink.js';
import { describeTargetConformance } from '../support/target-conformance.js';
import { aRoute, surroundings, testSecret } from '../support/webhook.js';

const flow = '6f1c7f0e-3a52-4d0e-9b54-5a0f6c1d2e3f';

function opened(targetRef: string, targetConfig: Record<string, unknown> = {}) {
  return openDirectusFlow(
    aRoute({ targetKind: 'directus_flow', targetRef, targetConfig }),
    surroundings({ environment: { HOOK_SECRET: testSecret, TOKEN: 'Bearer abc' } }),
  );
}

const behaviours = {
  accept: { kind: 'answer', status: 200, body: '[1]' },
  // What a server up to 11.3 says about a flow that failed.
  refuse: { kind: 'answer', status: 200, body: '{"code":"FORBIDDEN","status":403}' },
  hang: { kind: 'never' },
} satisfies Record<string, SinkBehaviour>;

describeTargetConformance('directus_flow', async () => {
  const sink = await startSink();
  const gone = await startSink();
  await gone.close();
  return {
    open: () => opened(`${sink.origin}/flows/trigger/${flow}`),
    openUnreachable: () => opened(gone.origin, { flow_id: flow }),
    behave: (behaviour) => sink.behave(behaviours[behaviour]),
    received: () =>
      sink.requests.map((request) => ({
        deliveryId: request.headers['webhook-id'] ?? '',
        bodyText: request.body.toString('utf8'),
        testMark: request.headers['iu-test'],
      })),
    openConnections: () => sink.openConnections,
    close: () => sink.close(),
  };
});

describe('directus_flow', () => {
  let sink: Sink;
  beforeEach(async () => {
    sink = await startSink();
    sink.behave(behaviours.accept);
  });
  afterEach(() => sink.close());

  it('triggers the flow of its address, or of its base and id, with the headers of the route', async () => {
    for (const [targetRef, config] of [
      [`${sink.origin}/flows/trigger/${flow}`, {}],
      [`${sink.origin}/flows/trigger/${flow}`, { flow_id: flow }],
      [sink.origin, { flow_id: flow }],
      [`${sink.origin}/`, { flow_id: flow }],
    ] as const) {
      const target = await opened(targetRef, { ...config, headers: { authorization: 'env:TOKEN' } });
      expect(await target.send(aDelivery(), 2_000)).toEqual({ status: 'sent', detail: '200' });
      await target.close();
    }
    expect(sink.requests.map((request) => request.path)).toEqual(Array(4).fill(`/flows/trigger/${flow}`));
    expect(sink.requests[0]?.headers).toMatchObject({ authorization: 'Bearer abc' });
    expect(sink.requests[0]?.headers).not.toHaveProperty('webhook-signature');
    // Directus reads a body by exactly this type.
    expect(sink.requests[0]?.headers['content-type']).toBe('application/json; charset=utf-8');
  });

  it('is signed when it has a secret', async () => {
    const target = await opened(sink.origin, { flow_id: flow, secrets: 'env:HOOK_SECRET' });
    await target.send(aDelivery(), 2_000);
    const { headers = {}, body = Buffer.alloc(0) } = sink.requests[0] ?? {};
    expect(verifyWebhook(headers, body, testSecret).type).toBe('orders.order_paid');
    await target.close();
  });

  it.each([
    ['no flow', 'https://receiver.test', {}],
    ['a flow that is no uuid', 'https://receiver.test/flows/trigger/mine', {}],
    ['two flows', `https://receiver.test/flows/trigger/${flow}`, { flow_id: flow.replace('6', '7') }],
    ['a query after the base', 'https://receiver.test/?a=1', { flow_id: flow }],
    ['an unknown key', 'https://receiver.test', { flow_id: flow, wait: true }],
    ['another meaning of a duplicate', 'https://receiver.test', { flow_id: flow, on_duplicate: 'ignore' }],
  ])('with %s is refused', async (_what, targetRef, config) => {
    await expect(opened(targetRef, config)).rejects.toMatchObject({ code: 'IU454' });
  });

  it('calls a duplicate sent only when the route says so', async () => {
    sink.behave({ kind: 'answer', status: 200, body: '{"code":"RECORD_NOT_UNIQUE","status":400}' });
    const strict = await opened(sink.origin, { flow_id: flow });
    expect(await strict.send(aDelivery(), 2_000)).toMatchObject({ status: 'failed', failureCode: 'flow_failed' });
    const lenient = await opened(sink.origin, { flow_id: flow, on_duplicate: 'sent' });
    expect(await lenient.send(aDelivery(), 2_000)).toEqual({ status: 'sent', detail: '200 already stored' });
    await strict.close();
    await lenient.close();
  });

  it('calls an answer without data sent only when the route says so', async () => {
    sink.behave({ kind: 'answer', status: 204 });
    const strict = await opened(sink.origin, { flow_id: flow });
    expect(await strict.send(aDelivery(), 2_000)).toMatchObject({ status: 'unknown', failureCode: 'flow_unclear' });
    const lenient = await opened(sink.origin, { flow_id: flow, on_empty: 'sent' });
    expect(await lenient.send(aDelivery(), 2_000)).toEqual({ status: 'sent', detail: '204 without data' });
    await strict.close();
    await lenient.close();
  });

  it('tells what 403 may mean and tries again', async () => {
    sink.behave({
      kind: 'answer',
      status: 403,
      body: '{"errors":[{"message":"no","extensions":{"code":"FORBIDDEN"}}]}',
    });
    const target = await opened(sink.origin, { flow_id: flow });
    const outcome = await target.send(aDelivery(), 2_000);
    expect(outcome).toMatchObject({
      status: 'failed',
      failureCode: 'http_403',
      failureDetail: expect.stringContaining('inactive'),
    });
    expect(outcome).not.toHaveProperty('permanent');
    await target.close();
  });
});
