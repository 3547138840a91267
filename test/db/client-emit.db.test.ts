// iu-core/client: emit inside the transaction of an application with a pg client of its own, parsers as pg ships them.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EventToEmit, emit, IuError } from '../../src/client/index.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let db: TestDatabase;
let application: pg.Client;

const order: EventToEmit = {
  domain: 'shop',
  type: 'order_paid',
  subjectTable: 'orders',
  subjectRef: '7',
  sourceSystem: 'shop',
};

beforeAll(async () => {
  db = await createTestDatabase();
  await db.pool.query(`select fn_iu_event_type_add('shop', 'order_paid')`);
  await db.pool.query('create table orders (id integer primary key, paid boolean)');
  await db.pool.query('insert into orders values (7, false)');
  application = new pg.Client({
    connectionString: await db.loginUrl('iu_emitter'),
    options: `-c search_path=${db.schema}`,
  });
  await application.connect();
  await db.pool.query('grant select, update on orders to iu_emitter');
});

afterAll(async () => {
  await application.end();
  await db.drop();
});

async function refusalOf(event: EventToEmit): Promise<IuError> {
  await application.query('begin');
  try {
    await emit(application, event);
  } catch (error) {
    if (error instanceof IuError) return error;
    throw error;
  } finally {
    await application.query('rollback');
  }
  throw new Error('emit was not refused');
}

async function storedText(eventId: string | null): Promise<string> {
  const { rows } = await db.pool.query('select safe_payload::text as text from event_outbox where id = $1', [eventId]);
  return rows[0]?.text;
}

describe('emit', () => {
  it('commits and rolls back together with the change it tells about', async () => {
    const pay = async (end: string) => {
      await application.query('begin');
      await application.query('update orders set paid = true where id = 7');
      const emitted = await emit(application, {
        ...order,
        payload: { amount: 12 },
        actorRef: 'till 3',
        correlationId: end,
      });
      await application.query(end);
      return emitted;
    };
    await pay('rollback');
    const kept = await pay('commit');
    expect(kept).toMatchObject({ isNew: true, suppressed: false });
    expect(kept.eventSeq).toMatch(/^[1-9][0-9]*$/);
    const { rows } = await db.pool.query(
      `select id, seq, correlation_id, actor_ref, source_system from event_outbox where event_domain = 'shop'`,
    );
    expect(rows).toEqual([
      { id: kept.eventId, seq: kept.eventSeq, correlation_id: 'commit', actor_ref: 'till 3', source_system: 'shop' },
    ]);
  });

  it('gives the first event for a known dedupe key', async () => {
    const first = await emit(application, { ...order, dedupeKey: 'order 7 paid' });
    expect(await emit(application, { ...order, dedupeKey: 'order 7 paid' })).toEqual({ ...first, isNew: false });
    await application.query('begin');
    await expect(emit(application, { ...order, subjectRef: '8', dedupeKey: 'order 7 paid' })).rejects.toMatchObject({
      code: 'IU111',
    });
    await application.query('rollback');
  });

  it('says when recording is switched off', async () => {
    await db.pool.query(`update dot_config set value = 'false' where key = 'iu_core.emission_enabled'`);
    expect(await emit(application, order)).toEqual({ eventId: null, eventSeq: null, isNew: false, suppressed: true });
    await db.pool.query(`update dot_config set value = 'true' where key = 'iu_core.emission_enabled'`);
  });

  it('passes payloadText through without reading it', async () => {
    const payloadText =
      '{"a": 9007199254740993, "b": 1.50, "c": 0.1234567890123456789012345678901234, "d": "\\u00e9\\ud83d\\ude00"}';
    const { eventId } = await emit(application, { ...order, payloadText });
    expect(await storedText(eventId)).toBe(
      '{"a": 9007199254740993, "b": 1.50, "c": 0.1234567890123456789012345678901234, "d": "é😀"}',
    );
  });

  it('serialises an object, dates and __proto__ keys included', async () => {
    const payload = JSON.parse('{"__proto__": {"a": 1}, "constructor": "x"}');
    const { eventId } = await emit(application, { ...order, payload: { ...payload, at: new Date(0), own: payload } });
    const text = await storedText(eventId);
    expect(text).toContain('"at": "1970-01-01T00:00:00.000Z"');
    expect(text).toContain('"own": {"__proto__": {"a": 1}, "constructor": "x"}');
  });

  it.each([
    ['undefined', { a: undefined }, 'payload.a is undefined'],
    ['NaN', { a: [1, Number.NaN] }, 'payload.a.1 is not a finite number'],
    ['infinity', { a: -Infinity }, 'payload.a is not a finite number'],
    ['a bigint', { a: { b: 1n } }, 'payload.a.b is a bigint'],
    ['an inexact integer', { a: 2 ** 53 }, 'payload.a is an integer that JavaScript does not hold exactly'],
    ['a function', { a: () => 1 }, 'payload.a is a function'],
    ['a Map', { a: new Map() }, 'payload.a is a Map or Set'],
    ['a null character', { a: 'x\u0000' }, 'payload.a has a character'],
    ['a lone surrogate', { a: '\ud800' }, 'payload.a has a character'],
  ])('refuses %s before the database sees it, naming the place', async (_, payload, message) => {
    const refusal = await refusalOf({ ...order, payload });
    expect(refusal.code).toBe('IU115');
    expect(refusal.message).toContain(message);
  });

  it('refuses a cycle as too deep, and wrong arguments by name', async () => {
    const cycle: Record<string, unknown> = {};
    cycle.again = cycle;
    expect((await refusalOf({ ...order, payload: cycle })).code).toBe('IU106');
    expect((await refusalOf({ ...order, domain: '' })).message).toContain('domain');
    expect((await refusalOf({ ...order, occurredAt: 'yesterday-ish' })).message).toContain('occurredAt');
    expect((await refusalOf({ ...order, payload: {}, payloadText: '{}' })).message).toContain('payloadText');
    expect((await refusalOf({ ...order, payload: [] as unknown as Record<string, unknown> })).message).toContain(
      'payload',
    );
  });

  it('refuses a key that it does not know, so that a misspelt dedupeKey is not dropped', async () => {
    const misspelt = { ...order, dedupe_key: 'order 7 paid' } as EventToEmit;
    expect(await refusalOf(misspelt)).toMatchObject({
      code: 'IU115',
      message: expect.stringMatching(/"dedupe_key" is no key of an event; the keys are .*dedupeKey/),
    });
  });

  it.each([
    ['IU101', { type: 'order_lost' }],
    ['IU104', { payloadText: '[]' }],
    ['IU107', { payload: { a: [{ Token: 'abc' }] } }],
    ['IU114', { payloadText: '{"a": hunter2' }],
    ['IU114', { payloadText: '{"a": "\\u0000 hunter2"}' }],
    ['IU114', { payloadText: '{"a": "\\ud800 hunter2"}' }],
    ['IU114', { payloadText: `${'['.repeat(200_000)}` }],
  ])('turns a refusal of the database into %s without a payload value', async (code, change) => {
    const refusal = await refusalOf({ ...order, ...change });
    expect(refusal.code).toBe(code);
    expect(JSON.stringify([refusal.message, refusal.details, String(refusal.cause)])).not.toContain('hunter2');
  });

  it('leaves other errors as they are', async () => {
    await application.query('begin');
    await application.query('select 1/0').catch(() => {});
    await expect(emit(application, order)).rejects.toMatchObject({ code: '25P02' });
    await application.query('rollback');
  });
});
