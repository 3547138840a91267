import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Delivery, SendOutcome } from '../../src/contract/delivery/delivery.js';
import { openDirectusFlow } from '../../src/deliver/directus-flow/target.js';
import type { Target } from '../../src/deliver/target.js';
import { createEmptyDatabase, type TestDatabase } from '../support/database.js';
import { aDelivery } from '../support/delivery.js';
import {
  createFlow,
  type DirectusServer,
  directusVersion,
  type FlowOperation,
  startDirectus,
} from '../support/directus.js';
import { type Sink, startSink } from '../support/sink.js';
import { waitFor } from '../support/wait.js';
import { aRoute, surroundings } from '../support/webhook.js';

const folder = process.env.IU_TEST_DIRECTUS ?? '';
const deadline = 15_000;
/** 11.3.5 has neither the option *Error on Reject* nor the operation *Throw Error*. */
const isOld = directusVersion(folder) === '11.3.5';

let db: TestDatabase;
let directus: DirectusServer;
let sink: Sink;
const open: Target[] = [];

beforeAll(async () => {
  sink = await startSink();
  db = await createEmptyDatabase();
  directus = await startDirectus(folder, db.url);
  await directus.api('POST', '/collections', { collection: 'received_events', schema: {}, meta: {} });
  await directus.api('POST', '/fields/received_events', {
    field: 'delivery_id',
    type: 'string',
    schema: { is_unique: true },
    meta: {},
  });
  await directus.api('POST', '/fields/received_events', { field: 'subject', type: 'string', schema: {}, meta: {} });
  await directus.api('POST', '/fields/received_events', { field: 'payload', type: 'json', schema: {}, meta: {} });
}, 300_000);
afterAll(async () => {
  await directus?.stop();
  await db?.drop();
  await sink?.close();
});
afterEach(async () => {
  for (const target of open.splice(0)) await target.close();
});

const insert = (collection = 'received_events'): FlowOperation => ({
  type: 'item-create',
  options: {
    collection,
    permissions: '$full',
    payload: {
      delivery_id: '{{$trigger.body.deliveryid}}',
      subject: '{{$trigger.body.subject}}',
      payload: '{{$trigger.body.data}}',
    },
  },
});

async function targetOf(flow: string, config: Record<string, unknown> = {}): Promise<Target> {
  const target = await openDirectusFlow(
    aRoute({ targetKind: 'directus_flow', targetRef: `${directus.url}/flows/trigger/${flow}`, targetConfig: config }),
    surroundings({ environment: { SHOP_KEY: 'a-key' } }),
  );
  open.push(target);
  return target;
}

/** A flow is known a moment after it was made; until then Directus answers 403, which is tried again. */
async function sendWhenKnown(target: Target, delivery: Delivery): Promise<SendOutcome> {
  return waitFor(
    async () => {
      const outcome = await target.send(delivery, deadline);
      return outcome.status === 'failed' && outcome.failureCode === 'http_403' ? undefined : outcome;
    },
    { what: 'the flow to be known', intervalMilliseconds: 100 },
  );
}

const rowsOf = async (deliveryId: string) =>
  (
    await db.pool.query(
      'select delivery_id, subject, payload::text from public.received_events where delivery_id = $1',
      [deliveryId],
    )
  ).rows;

describe('Directus', () => {
  it('stores what a flow is sent, once, and a duplicate is failed or sent as the route says', async () => {
    const flow = await createFlow(directus, {}, [insert()]);
    const target = await targetOf(flow);
    const delivery = aDelivery({ event: { payloadText: '{"total": 12.5, "lines": [1, 2]}' } });
    expect(await sendWhenKnown(target, delivery)).toEqual({ status: 'sent', detail: '200' });
    expect(await rowsOf(delivery.deliveryId)).toEqual([
      { delivery_id: delivery.deliveryId, subject: '4711', payload: expect.stringMatching(/"total": ?12.5/) },
    ]);
    // It is answered with 200, which is why the body is read.
    expect(await target.send({ ...delivery, attemptNo: 3 }, deadline)).toMatchObject({
      status: 'failed',
      failureCode: 'flow_failed',
      failureDetail: expect.stringContaining('RECORD_NOT_UNIQUE'),
    });
    const lenient = await targetOf(flow, { on_duplicate: 'sent' });
    expect(await lenient.send({ ...delivery, attemptNo: 4 }, deadline)).toMatchObject({ status: 'sent' });
    expect(await rowsOf(delivery.deliveryId)).toHaveLength(1);
  });

  it('takes 100 at once, each once', async () => {
    const target = await targetOf(await createFlow(directus, {}, [insert()]), { max_connections: 16 });
    await sendWhenKnown(target, aDelivery({ event: { payloadText: '{}' } }));
    const deliveries = Array.from({ length: 100 }, () => aDelivery({ event: { payloadText: '{}' } }));
    const outcomes = await Promise.all(deliveries.map((delivery) => target.send(delivery, 60_000)));
    expect(outcomes.filter((outcome) => outcome.status !== 'sent')).toEqual([]);
    const ids = deliveries.map((delivery) => delivery.deliveryId);
    const { rows } = await db.pool.query(
      'select count(*)::int as count from public.received_events where delivery_id = any ($1)',
      [ids],
    );
    expect(rows).toEqual([{ count: 100 }]);
  });

  const refusedValue: FlowOperation = {
    type: 'item-create',
    options: { collection: 'received_events', permissions: '$full', payload: { id: 'not a number' } },
  };
  const unmet: FlowOperation = {
    type: 'condition',
    options: { filter: { $trigger: { body: { type: { _eq: 'other' } } } } },
  };
  const thrown: FlowOperation = { type: 'throw-error', options: { code: 'not-mine', status: '422', message: 'no' } };
  const script: FlowOperation = {
    type: 'exec',
    options: { code: 'module.exports = async () => { throw new Error("no"); }' },
  };

  const token: FlowOperation = {
    type: 'json-web-token',
    options: { operation: 'verify', token: 'none', secret: 'one' },
  };
  const request = (): FlowOperation => ({ type: 'request', options: { method: 'POST', url: `${sink.origin}/shop` } });

  it.each([
    ['a value that is refused', () => [refusedValue], 'flow_failed'],
    ['a condition that is not met', () => [unmet], 'flow_failed'],
    ['a condition that is not met, with an operation after it', () => [unmet, insert()], 'flow_failed'],
    ['a request that is answered with an error', () => [request()], 'flow_failed'],
    ['a token that is not valid', () => [token], 'flow_failed'],
    ['an error that is thrown', () => [thrown], isOld ? 'flow_unclear' : 'flow_failed'],
    ['a collection that is not there', () => [insert('not_there')], 'flow_unclear'],
    ['a script that fails', () => [script], 'flow_unclear'],
    ['no operation at all', () => [], 'flow_unclear'],
  ])('answers 2xx for %s, and the target never says sent', async (_what, operations, failureCode) => {
    sink.behave({ kind: 'answer', status: 502, body: 'no' });
    for (const returned of ['$last', '$all']) {
      const target = await targetOf(await createFlow(directus, { return: returned }, operations()));
      const outcome = await sendWhenKnown(target, aDelivery({ event: { payloadText: '{}' } }));
      expect([returned, outcome]).toMatchObject([
        returned,
        { failureCode, failureDetail: expect.stringMatching(/^20[04]/) },
      ]);
    }
  });

  it('is sent what a request of a flow was answered well for', async () => {
    sink.behave({ kind: 'answer', status: 201, body: '{"id":1}' });
    const target = await targetOf(await createFlow(directus, {}, [request()]));
    expect(await sendWhenKnown(target, aDelivery({ event: { payloadText: '{}' } }))).toEqual({
      status: 'sent',
      detail: '200',
    });
  });

  it('counts an event as sent that a condition drops when its reject path ends with data', async () => {
    const flow = await createFlow(directus, { error_on_reject: true }, [unmet, insert()]);
    const { id: dropped } = await directus.api<{ id: string }>('POST', '/operations', {
      flow,
      name: 'dropped',
      key: 'dropped',
      type: 'transform',
      position_x: 20,
      position_y: 20,
      options: { json: '{"dropped": true}' },
    });
    const [condition] = await directus.api<{ id: string }[]>(
      'GET',
      `/operations?filter[flow][_eq]=${flow}&filter[type][_eq]=condition`,
    );
    await directus.api('PATCH', `/operations/${condition?.id}`, { reject: dropped });
    const target = await targetOf(flow);
    const delivery = aDelivery({ event: { payloadText: '{}' } });
    await waitFor(async () => (await target.send(delivery, deadline)).status === 'sent', { what: 'the reject path' });
    expect(await rowsOf(delivery.deliveryId)).toEqual([]);
  });

  // Without 403, which is waited for as a flow that is not known yet.
  it.runIf(!isOld).each([
    ['a condition that is not met', unmet, { failureCode: 'http_400', permanent: true }],
    ['an error that is thrown', thrown, { failureCode: 'http_422', permanent: true }],
    ['a script that fails', script, { failureCode: 'http_500' }],
    ['a collection that is not there', insert('not_there'), { failureCode: 'http_500' }],
    ['a token that is not valid', token, { failureCode: 'http_500' }],
  ])('answers with the status of the error for %s under Error on Reject', async (_what, operation, outcome) => {
    const target = await targetOf(await createFlow(directus, { error_on_reject: true }, [operation]));
    const sent = await sendWhenKnown(target, aDelivery({ event: { payloadText: '{}' } }));
    expect(sent).toMatchObject({ status: 'failed', ...outcome });
    if (!('permanent' in outcome)) expect(sent).not.toHaveProperty('permanent');
  });

  it.runIf(!isOld)('knows a duplicate under Error on Reject, and a refusal looks like a flow that is off', async () => {
    const flow = await createFlow(directus, { error_on_reject: true }, [insert()]);
    const strict = await targetOf(flow);
    const delivery = aDelivery({ event: { payloadText: '{}' } });
    expect(await sendWhenKnown(strict, delivery)).toEqual({ status: 'sent', detail: '200' });
    expect(await strict.send({ ...delivery, attemptNo: 3 }, deadline)).toMatchObject({
      status: 'failed',
      failureCode: 'http_400',
      permanent: true,
    });
    const lenient = await targetOf(flow, { on_duplicate: 'sent' });
    expect(await lenient.send({ ...delivery, attemptNo: 4 }, deadline)).toEqual({
      status: 'sent',
      detail: '400 already stored',
    });
    expect(await rowsOf(delivery.deliveryId)).toHaveLength(1);
    const refused = await targetOf(await createFlow(directus, { error_on_reject: true }, [refusedValue]));
    expect(await refused.send(delivery, deadline)).toMatchObject({
      failureCode: 'http_403',
      failureDetail: expect.stringContaining('Error on Reject'),
    });
  });

  it('says 403 for a flow that is unknown or inactive, and the flow gets the event when it is switched on', async () => {
    const unknown = await targetOf('00000000-0000-4000-8000-000000000000');
    const delivery = aDelivery({ event: { payloadText: '{}' } });
    expect(await unknown.send(delivery, deadline)).toMatchObject({
      failureCode: 'http_403',
      failureDetail: expect.stringContaining('inactive'),
    });
    const flow = await createFlow(directus, {}, [insert()]);
    const target = await targetOf(flow);
    await sendWhenKnown(target, aDelivery({ event: { payloadText: '{}' } }));
    await directus.api('PATCH', `/flows/${flow}`, { status: 'inactive' });
    await waitFor(
      async () => (await target.send(aDelivery({ event: { payloadText: '{}' } }), deadline)).status === 'failed',
      {
        what: 'the flow to be off',
      },
    );
    expect(await target.send(delivery, deadline)).toMatchObject({ failureCode: 'http_403' });
    await directus.api('PATCH', `/flows/${flow}`, { status: 'active' });
    expect(await sendWhenKnown(target, { ...delivery, attemptNo: 3 })).toMatchObject({ status: 'sent' });
    expect(await rowsOf(delivery.deliveryId)).toHaveLength(1);
  });

  it('answers an asynchronous flow with 204 before it has run: unknown, or sent when the route says so', async () => {
    const flow = await createFlow(directus, { async: true }, [insert()]);
    const strict = await targetOf(flow);
    expect(await sendWhenKnown(strict, aDelivery({ event: { payloadText: '{}' } }))).toMatchObject({
      status: 'unknown',
      failureCode: 'flow_unclear',
    });
    const lenient = await targetOf(flow, { on_empty: 'sent' });
    expect(await lenient.send(aDelivery({ event: { payloadText: '{}' } }), deadline)).toEqual({
      status: 'sent',
      detail: '204 without data',
    });
  });

  it('lets a flow look at a header of the route, and stores nothing for who has not got it', async () => {
    const condition: FlowOperation = {
      type: 'condition',
      options: { filter: { $trigger: { headers: { 'x-shop-key': { _eq: 'a-key' } } } } },
    };
    const flow = await createFlow(directus, {}, [condition, insert()]);
    const delivery = aDelivery({ event: { payloadText: '{}' } });
    const stranger = await targetOf(flow);
    expect(await sendWhenKnown(stranger, delivery)).toMatchObject({ status: 'failed', failureCode: 'flow_failed' });
    expect(await rowsOf(delivery.deliveryId)).toEqual([]);
    const known = await targetOf(flow, { headers: { 'x-shop-key': 'env:SHOP_KEY' } });
    expect(await known.send(delivery, deadline)).toMatchObject({ status: 'sent' });
    expect(await rowsOf(delivery.deliveryId)).toHaveLength(1);
  });

  it('is looked at by check without running a flow', async () => {
    const target = await targetOf(await createFlow(directus, {}, [insert()]));
    const count = async () => (await db.pool.query('select count(*) from public.received_events')).rows[0];
    const before = await count();
    expect((await target.check()).filter((finding) => finding.severity === 'error')).toEqual([]);
    expect(await count()).toEqual(before);
  });
});
