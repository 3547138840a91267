import { CloudEvent, HTTP } from 'cloudevents';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cloudEventBody,
  cloudEventContentType,
  cloudEventSource,
  sequenceText,
  splitCloudEvent,
} from '../../src/contract/delivery/cloud-event.js';
import { attemptTraceparent, originTraceparent } from '../../src/contract/delivery/traceparent.js';
import { aDelivery, touchyPayloadText } from '../support/delivery.js';

const route = { deployment: 'shop production', routeCode: 'shop_hook' };
const parsed = (body: string) =>
  HTTP.toEvent({ headers: { 'content-type': cloudEventContentType }, body }) as CloudEvent;

describe('body of a delivery', () => {
  it('is a valid CloudEvent for the reference library, with every attribute', () => {
    const delivery = aDelivery({ event: { correlationId: 'order-4711', payloadText: '{"a": [1, null]}' } });
    const event = parsed(cloudEventBody(delivery, route));
    expect(event).toBeInstanceOf(CloudEvent);
    expect(event.validate()).toBe(true);
    const { time, ...attributes } = event.toJSON() as Record<string, unknown>;
    expect(attributes).toEqual({
      specversion: '1.0',
      id: delivery.event.id,
      source: '/iu-core/shop%20production',
      type: 'orders.order_paid',
      subject: '4711',
      datacontenttype: 'application/json',
      stream: 'update',
      severity: 'info',
      subjecttable: 'orders',
      address: 'orders/4711',
      actor: 'alice',
      sourcesystem: 'shop',
      correlationid: 'order-4711',
      classification: 'safe_metadata',
      sequence: '00009007199254740993',
      routecode: 'shop_hook',
      deliveryid: delivery.deliveryId,
      traceparent: originTraceparent(delivery.event),
      data: { a: [1, null] },
    });
    expect(time).toBe('2026-01-31T12:00:00.123Z');
    expect(cloudEventBody(delivery, route)).toContain('"time":"2026-01-31T12:00:00.123456Z"');
  });

  it('leaves out what is null or empty, and marks a test', () => {
    const bare = aDelivery({ test: true, event: { subjectRef: null, severity: null, canonicalAddress: '' } });
    const body = cloudEventBody(bare, route);
    const { attributes } = splitCloudEvent(body) ?? {};
    expect(attributes).not.toHaveProperty('subject');
    expect(attributes).not.toHaveProperty('severity');
    expect(attributes).not.toHaveProperty('address');
    expect(attributes).not.toHaveProperty('correlationid');
    expect(attributes?.iutest).toBe(true);
    expect(
      parsed(cloudEventBody(aDelivery({ ...bare, event: { ...bare.event, payloadText: '{}' } }), route)).validate(),
    ).toBe(true);
    expect(splitCloudEvent(cloudEventBody(aDelivery(), route))?.attributes).not.toHaveProperty('iutest');
  });

  it('has only attribute names that CloudEvents allows', () => {
    const delivery = aDelivery({ test: true, event: { correlationId: 'x' } });
    const names = Object.keys(splitCloudEvent(cloudEventBody(delivery, route))?.attributes ?? {});
    expect(names.filter((name) => !/^[a-z0-9]{1,20}$/.test(name))).toEqual([]);
  });

  it('is the same in every attempt', () => {
    const delivery = aDelivery();
    expect(cloudEventBody({ ...delivery, attemptNo: 9 }, route)).toBe(cloudEventBody(delivery, route));
  });

  it('carries any payload and any text of an event unchanged, and a receiver finds both', () => {
    // Texts that look like the seam itself are among them.
    const tricky = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(',"data":', '","data":{', '\\","data":', '}'),
    );
    fc.assert(
      fc.property(fc.json(), tricky, tricky, tricky, (payloadText, subjectRef, actorRef, correlationId) => {
        const event = { payloadText, subjectRef, actorRef, correlationId };
        const delivery = aDelivery({ event });
        const parts = splitCloudEvent(cloudEventBody(delivery, route));
        expect(parts?.payloadText).toBe(payloadText);
        expect(parts?.attributes.subject ?? '').toBe(subjectRef);
        expect(parts?.attributes.actor ?? '').toBe(actorRef);
        expect(parts?.attributes.correlationid ?? '').toBe(correlationId);
      }),
      { numRuns: 2_000 },
    );
  });

  it('carries numbers that JavaScript cannot hold', () => {
    expect(cloudEventBody(aDelivery(), route).endsWith(`,"data":${touchyPayloadText}}`)).toBe(true);
  });

  it('is not taken for one when it is something else', () => {
    for (const text of [
      '',
      '{}',
      '[]',
      '{"data":1}',
      'x,"data":1}',
      '[1,"data":1}',
      '{"a":1,"data":1',
      '{"a":"\u0000,"data":1}',
    ]) {
      expect(splitCloudEvent(text)).toBeUndefined();
    }
  });

  it('numbers events so that the later text is the greater', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
        fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
        (left, right) => {
          expect(sequenceText(`${left}`) < sequenceText(`${right}`)).toBe(left < right);
        },
      ),
    );
  });

  it('has a source that is a URI reference whatever the deployment is called', () => {
    expect(cloudEventSource('a/b c?#ü')).toBe('/iu-core/a%2Fb%20c%3F%23%C3%BC');
  });
});

describe('trace of a delivery', () => {
  const id = '0198a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b';

  it('is the one in the correlation id when that is a traceparent', () => {
    const given = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00';
    expect(originTraceparent({ id, correlationId: given })).toBe(given);
    expect(attemptTraceparent(given, 'b7ad6b7169203331')).toBe(
      '00-4bf92f3577b34da6a3ce929d0e0e4736-b7ad6b7169203331-00',
    );
  });

  it('is made of the id of the event otherwise, the same every time', () => {
    const expected = '00-0198a1b2c3d47e5f8a9b0c1d2e3f4a5b-8a9b0c1d2e3f4a5b-01';
    for (const correlationId of [
      null,
      '',
      'order-1',
      '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
      '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01',
      'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
      '00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01',
      '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\n',
    ]) {
      expect(originTraceparent({ id, correlationId })).toBe(expected);
    }
  });

  it('is valid even of ids that are no event', () => {
    for (const odd of ['00000000-0000-0000-0000-000000000000', 'test', '']) {
      expect(originTraceparent({ id: odd, correlationId: null })).toMatch(
        /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01$/,
      );
    }
  });
});
