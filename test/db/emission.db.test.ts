// What the log takes and refuses, on every way in.
import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { openSessions } from '../support/sessions.js';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
});

afterAll(() => db.drop());

/** SQLSTATE and message of a refusal, or `stored`. */
async function outcome(sql: string, values: unknown[] = [], client: pg.Pool | pg.Client = db.pool): Promise<string> {
  try {
    await client.query(sql, values);
    return 'stored';
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return `${code} ${message}`;
  }
}

const emitPayload = (payload: string) =>
  outcome(`select * from fn_iu_emit('iu', 'version_applied', 'unit', '1', $1::jsonb)`, [payload]);
const plainColumns =
  'event_domain, event_type, event_subject_table, event_subject_ref, canonical_address, actor_ref, source_system';
const count = async (table: string) => (await db.pool.query(`select count(*)::int as n from ${table}`)).rows[0].n;

describe('a plain insert', () => {
  it('gets stream, lane, actor, address and times filled, and tx_id and seq whatever was supplied', async () => {
    const { rows } = await db.pool.query(
      `insert into event_outbox (seq, tx_id, event_domain, event_type, event_subject_table, canonical_address, actor_ref, source_system,
                                 event_stream, delivery_lane, occurred_at, created_at, id)
       overriding system value values (-5, '3', 'iu', 'unit_created', 'unit', null, null, 'app', null, null, null, null, null)
       returning *, tx_id = pg_current_xact_id() as own_transaction, actor_ref = session_user as own_actor`,
    );
    expect(rows[0]).toMatchObject({
      event_stream: 'birth',
      delivery_lane: 'delayed',
      canonical_address: '',
      own_actor: true,
      own_transaction: true,
      payload_classification: 'safe_metadata',
      safe_payload: '{}',
    });
    expect(BigInt(rows[0].seq)).toBeGreaterThan(0n);
    expect(rows[0].id).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('takes the default severity of the registry only when it has none', async () => {
    await db.pool.query(`select fn_iu_event_type_add('shop', 'order_late', 'alert', 'immediate', 'high')`);
    const { rows } = await db.pool.query(
      `insert into event_outbox (${plainColumns}, event_severity)
       values ('shop', 'order_late', 'orders', '1', '', 'a', 'shop', null), ('shop', 'order_late', 'orders', '2', '', 'a', 'shop', 'low')
       returning event_severity`,
    );
    expect(rows.map((row) => row.event_severity)).toEqual(['high', 'low']);
  });

  it('is refused with a code and without values when a column is wrong', async () => {
    const insert = (column: string, value: string) =>
      outcome(
        `insert into event_outbox (event_domain, event_type, event_subject_table, source_system, ${column})
         values ('iu', 'version_applied', 'unit', 'app', ${value})`,
      );
    expect(await insert('event_stream', `'birth'`)).toMatch(/^IU103 /);
    expect(await insert('delivery_lane', `'delayed'`)).toMatch(/^IU103 /);
    expect(await insert('payload_classification', `'public'`)).toMatch(/^IU108 /);
    expect(await insert('payload_classification', 'null')).toMatch(/^IU108 /);
    expect(await insert('safe_payload', 'null')).toMatch(/^IU104 /);
    expect(await insert('event_subject_ref', `repeat('x', 1025)`)).toMatch(/^IU112 /);
    expect(await insert('event_subject_ref', `repeat('x', 1024)`)).toBe('stored');
    expect(await insert('correlation_id', `repeat('x', 2049)`)).toMatch(/^IU112 /);
    expect(
      await outcome(
        `insert into event_outbox (event_domain, event_type, source_system) values ('iu', 'version_applied', 'app')`,
      ),
    ).toMatch(/^IU110 event_subject_table is mandatory/);
  });
});

describe('the registry of event types', () => {
  it('refuses unregistered and disabled types by name and takes a type back that is enabled again', async () => {
    const emit = () => outcome(`select * from fn_iu_emit('shop', 'order_paid', 'orders', '1')`);
    expect(await emit()).toBe('IU101 event type shop/order_paid is not registered');
    await db.pool.query(`select fn_iu_event_type_add('shop', 'order_paid')`);
    expect(await emit()).toBe('stored');
    await db.pool.query(`select fn_iu_event_type_disable('shop', 'order_paid')`);
    expect(await emit()).toBe('IU102 event type shop/order_paid is disabled');
    const { rows } = await db.pool.query(`select fn_iu_event_type_add('shop', 'order_paid')->>'status' as status`);
    expect(rows[0].status).toBe('enabled');
    expect(await emit()).toBe('stored');
  });

  it('refuses another stream for a known type, malformed names, and disabling what is not there', async () => {
    expect(await outcome(`select fn_iu_event_type_add('iu', 'version_applied', 'birth')`)).toMatch(/^IU103 /);
    expect(await outcome(`select fn_iu_event_type_add('a b', 'x')`)).toMatch(/^IU113 /);
    expect(await outcome(`select fn_iu_event_type_add('a', 'x', 'nowhere')`)).toMatch(/^IU113 /);
    expect(await outcome(`select fn_iu_event_type_disable('iu', 'nothing')`)).toMatch(/^IU101 /);
  });
});

describe('the payload rules', () => {
  const forbidden = [
    'body',
    'content',
    'raw',
    'vector',
    'embedding',
    'secret',
    'token',
    'password',
    'ssn',
    'personal_data',
  ];

  it.each(forbidden)('refuse the key %s at any depth and in any case', async (key) => {
    const mixed = [...key].map((letter, index) => (index % 2 === 0 ? letter.toUpperCase() : letter)).join('');
    for (const payload of [
      { [key]: 1 },
      { a: 1, [mixed]: null },
      { a: [[{ b: { [key.toUpperCase()]: {} } }]] },
      { a: ['x', { z: 0, [key]: [] }] },
    ]) {
      expect(await emitPayload(JSON.stringify(payload))).toMatch(new RegExp(`^IU107 .*forbidden key ${key}$`, 'i'));
    }
    expect(await emitPayload(`{"\\u00${key.charCodeAt(0).toString(16)}${key.slice(1)}": 1}`)).toMatch(/^IU107 /);
  });

  it.each(forbidden)('take values and keys that only look like the key %s', async (key) => {
    for (const payload of [
      { a: key, b: `"${key}": 1`, c: ` "${key}": `, d: `{"${key}": 1}` },
      { [`x"${key}`]: 1, [`${key}"`]: 1, [`{"${key}": `]: 1, [` "${key}`]: 1 },
      { [`${key}_`]: 1, [`_${key}`]: 1, [`${key} `]: 1, [` ${key}`]: 1, [`\\"${key}`]: 1, '\\': key },
      { list: [key, ` "`, key, `: `], [`${key}: `]: `\\`, '': key },
    ]) {
      expect(await emitPayload(JSON.stringify(payload))).toBe('stored');
    }
  });

  it('never repeat a value in the refusal', async () => {
    const refusal = await emitPayload('{"password": "hunter2-very-secret"}');
    expect(refusal).toMatch(/^IU107/);
    expect(refusal).not.toContain('hunter2');
  });

  it('refuse anything but an object', async () => {
    for (const payload of ['[]', '1', '"{"', 'null', 'true']) expect(await emitPayload(payload)).toMatch(/^IU104 /);
  });

  it('take 64 levels and refuse 65', async () => {
    const arrays = (levels: number) => `{"a": ${'['.repeat(levels - 1)}${']'.repeat(levels - 1)}}`;
    const objects = (levels: number) => `${'{"a": '.repeat(levels - 1)}{}${'}'.repeat(levels - 1)}`;
    for (const nest of [arrays, objects]) {
      expect(await emitPayload(nest(64))).toBe('stored');
      expect(await emitPayload(nest(65))).toMatch(/^IU106 /);
    }
    expect(await emitPayload(objects(64).replace('{}', '{"a": 1}'))).toBe('stored');
  });

  it('limit the size of the stored text to the byte, by the setting, and never under 4096', async () => {
    const sized = (bytes: number) => JSON.stringify({ a: 'x'.repeat(bytes - 9) }).replace(':', ': ');
    expect(await emitPayload(sized(1_048_576))).toBe('stored');
    expect(await emitPayload(sized(1_048_577))).toMatch(/^IU105 .* 1048577 bytes, the limit is 1048576$/);
    await db.pool.query(`insert into dot_config (key, value) values ('iu_core.max_payload_bytes', '5000')`);
    expect(await emitPayload(sized(5000))).toBe('stored');
    expect(await emitPayload(sized(5001))).toMatch(/^IU105 /);
    await db.pool.query(`update dot_config set value = '10' where key = 'iu_core.max_payload_bytes'`);
    expect(await emitPayload(sized(4096))).toBe('stored');
    expect(await emitPayload(sized(4097))).toMatch(/^IU105 /);
    await db.pool.query(`delete from dot_config where key = 'iu_core.max_payload_bytes'`);
  });
});

describe('a dedupe key', () => {
  const emit = `select event_id, event_seq, is_new from fn_iu_emit('iu', 'version_applied', 'unit', $2, p_dedupe_key => $1)`;

  it('emits once and gives later callers the first event', async () => {
    const first = (await db.pool.query(emit, ['once', '1'])).rows[0];
    const second = (await db.pool.query(emit, ['once', '1'])).rows[0];
    expect(first.is_new).toBe(true);
    expect(second).toEqual({ ...first, is_new: false });
  });

  it('belongs to one type and subject', async () => {
    await db.pool.query(emit, ['mine', '1']);
    expect(await outcome(emit, ['mine', '2'])).toMatch(/^IU111 /);
  });

  it('makes a concurrent caller wait, who gets the first event when that commits and his own when it aborts', async () => {
    const { a, b } = await openSessions(db, 'a', 'b');
    for (const end of ['commit', 'rollback']) {
      await a.run('begin');
      const [mine] = await a.run(emit, [`race ${end}`, '1']);
      const waiting = b.start(emit, [`race ${end}`, '1']);
      await waiting.blocked();
      await a.run(end);
      const [theirs] = await waiting.done;
      expect(theirs?.is_new).toBe(end === 'rollback');
      expect(theirs?.event_id === mine?.event_id).toBe(end === 'commit');
    }
    const { rows } = await db.pool.query(
      `select count(*)::int as n from iu_event_dedupe where dedupe_key like 'race %'`,
    );
    expect(rows[0].n).toBe(2);
  });
});

describe('the emission switch', () => {
  it('counts a suppressed event on every way in, still refuses a wrong one, and keeps no dedupe key', async () => {
    await db.pool.query(`update dot_config set value = 'false' where key = 'iu_core.emission_enabled'`);
    const before = await count('event_outbox');
    const { rows } = await db.pool.query(
      `select * from fn_iu_emit('iu', 'version_applied', 'unit', '1', p_dedupe_key => 'suppressed')`,
    );
    expect(rows).toEqual([{ event_id: null, event_seq: null, is_new: false, suppressed: true }]);
    const plain = await db.pool.query(
      `insert into event_outbox (${plainColumns}) select 'iu', 'version_applied', 'unit', i::text, '', 'a', 'app' from generate_series(1, 3) i`,
    );
    expect(plain.rowCount).toBe(0);
    expect(await emitPayload('{"raw": 1}')).toMatch(/^IU107 /);
    expect(await count('event_outbox')).toBe(before);
    expect((await db.pool.query('select suppressed::int from v_iu_suppressed_event')).rows).toEqual([
      { suppressed: 4 },
    ]);
    await db.pool.query(`update dot_config set value = 'true' where key = 'iu_core.emission_enabled'`);
    const again = await db.pool.query(
      `select is_new from fn_iu_emit('iu', 'version_applied', 'unit', '1', p_dedupe_key => 'suppressed')`,
    );
    expect(again.rows).toEqual([{ is_new: true }]);
  });

  it.each(['FALSE', 'off', '', null])('records while its value is %j', async (value) => {
    await db.pool.query(`update dot_config set value = $1 where key = 'iu_core.emission_enabled'`, [value]);
    const { rows } = await db.pool.query(`select suppressed from fn_iu_emit('iu', 'version_applied', 'unit', '1')`);
    expect(rows).toEqual([{ suppressed: false }]);
  });
});

describe('the rights of an emitter', () => {
  it('are enough to emit, and not to insert, read, forge or change the log', async () => {
    const emitter = await db.as('iu_emitter');
    expect(await outcome(`select * from fn_iu_emit('iu', 'version_applied', 'unit', '1')`, [], emitter)).toBe('stored');
    expect(
      await outcome(
        `insert into event_outbox (${plainColumns}) values ('iu', 'version_applied', 'unit', '1', '', 'a', 'app')`,
        [],
        emitter,
      ),
    ).toMatch(/^42501 /);
    expect(await outcome('select * from event_outbox', [], emitter)).toMatch(/^42501 /);
    expect(await outcome(`select setval('event_outbox_seq_seq', 1)`, [], emitter)).toMatch(/^42501 /);
    expect(
      await outcome(`insert into event_type_registry (event_domain, event_type) values ('x', 'y')`, [], emitter),
    ).toMatch(/^42501 /);
  });
});

describe('the wake-up', () => {
  it('is not attached by default, rings once a statement when attached, and goes again', async () => {
    const listener = await db.connect();
    const rings: string[] = [];
    listener.on('notification', (message) => rings.push(`${message.channel}${message.payload ?? ''}`));
    await listener.query('listen iu_event_outbox');
    const insertTen = () =>
      db.pool.query(
        `insert into event_outbox (${plainColumns}) select 'iu', 'version_applied', 'unit', i::text, '', 'a', 'app' from generate_series(1, 10) i`,
      );
    const enable = async (on: boolean) =>
      (await db.pool.query('select fn_iu_wakeup_enable($1) as changed', [on])).rows[0].changed;
    await insertTen();
    await listener.query('select 1');
    expect(rings).toEqual([]);
    expect([await enable(true), await enable(true)]).toEqual([true, false]);
    await insertTen();
    await listener.query('select 1');
    expect(rings).toEqual(['iu_event_outbox']);
    expect([await enable(false), await enable(false)]).toEqual([true, false]);
    await insertTen();
    await listener.query('select 1');
    expect(rings).toHaveLength(1);
  });
});
