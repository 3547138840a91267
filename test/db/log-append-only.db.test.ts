// The log is append-only for everybody, its owner and a superuser included; the trigger cannot be slept past by a replica session.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
  await db.pool.query(`select fn_iu_emit('iu', 'version_applied', 'unit', i::text) from generate_series(1, 5) i`);
});

afterAll(() => db.drop());

/** Runs statements in one transaction that is rolled back; the code of the first that fails, else `ok`. */
async function attempt(...statements: string[]): Promise<string> {
  const client = await db.pool.connect();
  try {
    await client.query('begin');
    for (const statement of statements) await client.query(statement);
    return 'ok';
  } catch (error) {
    return (error as { code: string }).code;
  } finally {
    await client.query('rollback');
    client.release();
  }
}

const writes = [
  `update event_outbox set actor_ref = 'x'`,
  'update event_outbox set actor_ref = actor_ref where false',
  'delete from event_outbox',
  'truncate event_outbox',
  `insert into event_outbox (seq, tx_id, event_domain, event_type, event_subject_table, source_system)
     overriding system value values (1, '1', 'iu', 'version_applied', 'unit', 'app') on conflict (seq) do update set actor_ref = 'x'`,
  'delete from iu_suppressed_event',
  'truncate iu_suppressed_event',
];

it.each(writes)('refuses to superuser, owner and replica session: %s', async (write) => {
  expect(await attempt(write)).toBe('IU109');
  expect(await attempt('set local role iu_owner', write)).toBe('IU109');
  expect(await attempt(`set local session_replication_role = 'replica'`, write)).toBe('IU109');
});

it('refuses deletes of iu_core_pruner and of who only says that he prunes: the prune itself is a function', async () => {
  await db.pool.query('grant select, update, delete, truncate on event_outbox to iu_core_pruner');
  for (const mark of ['prune', 'redact']) {
    const says = `select set_config('iu_core.governed', '${mark} ' || pg_current_xact_id(), true)`;
    for (const write of writes) {
      expect(await attempt('set local role iu_core_pruner', says, write), write).toMatch(/IU109|42501/);
      expect(await attempt(says, write), write).toBe('IU109');
    }
  }
  await db.pool.query('revoke all on event_outbox from iu_core_pruner');
});

it('validates and numbers rows that a replica session writes', async () => {
  const client = await db.pool.connect();
  try {
    await client.query('begin');
    await client.query(`set local session_replication_role = 'replica'`);
    const { rows } = await client.query(
      `insert into event_outbox (seq, tx_id, event_domain, event_type, event_subject_table, source_system)
       overriding system value values (7, '3', 'iu', 'version_applied', 'unit', 'app') returning seq, tx_id = pg_current_xact_id() as own`,
    );
    expect(rows).toEqual([{ seq: '6', own: true }]);
  } finally {
    await client.query('rollback');
    client.release();
  }
  expect(
    await attempt(
      `set local session_replication_role = 'replica'`,
      `insert into event_outbox (event_domain, event_type, event_subject_table, source_system) values ('no', 'type', 'unit', 'app')`,
    ),
  ).toBe('IU101');
});

it('gives rows of one transaction ascending seq after the xid was taken', async () => {
  const { rows } = await db.pool.query(
    `with made as (select * from fn_iu_emit('iu', 'version_applied', 'unit', 'a') union all select * from fn_iu_emit('iu', 'version_applied', 'unit', 'b'))
     select event_seq from made`,
  );
  expect(BigInt(rows[1].event_seq)).toBe(BigInt(rows[0].event_seq) + 1n);
  // Defaults are evaluated in order of columns: the xid first, then the seq.
  const { rows: columns } = await db.pool.query(
    `select attname, attidentity from pg_attribute where attrelid = 'event_outbox'::regclass and attname in ('seq', 'tx_id') order by attnum`,
  );
  expect(columns).toEqual([
    { attname: 'tx_id', attidentity: '' },
    { attname: 'seq', attidentity: 'a' },
  ]);
});
