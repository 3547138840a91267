// The fixture of the user's own database is what the documents say, so that adoption is tested against the real thing.
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { TestDatabase } from '../support/database.js';
import { createLegacyDatabase, legacyCounts } from '../support/legacy-database.js';

let db: TestDatabase;

beforeAll(async () => {
  db = await createLegacyDatabase();
});

afterAll(() => db.drop());

const rows = async (sql: string) => (await db.pool.query(sql)).rows;
const codeOf = (sql: string) =>
  db.pool.query(sql).then(
    () => 'ok',
    (error: { code: string }) => error.code,
  );
const columnsOf = (table: string) =>
  rows(
    `select attname as name, attnotnull as mandatory from pg_attribute where attrelid = '${table}'::regclass and attnum > 0 order by attnum`,
  );

it('has a log of 16 columns without seq and tx_id, three of them nullable', async () => {
  const columns = await columnsOf('event_outbox');
  expect(columns).toHaveLength(16);
  expect(columns.map((column) => column.name)).not.toContain('seq');
  expect(columns.map((column) => column.name)).not.toContain('tx_id');
  expect(columns.filter((column) => !column.mandatory).map((column) => column.name)).toEqual([
    'event_severity',
    'event_subject_ref',
    'correlation_id',
  ]);
});

it('has the documented numbers of rows, all events system/alert', async () => {
  for (const [table, count] of Object.entries(legacyCounts)) {
    expect(await rows(`select count(*)::int as n from ${table}`)).toEqual([{ n: count }]);
  }
  expect(await rows('select distinct event_domain, event_type from event_outbox')).toEqual([
    { event_domain: 'system', event_type: 'alert' },
  ]);
});

it('has 19 unit columns, every unit anchored to its newest version', async () => {
  expect(await columnsOf('information_unit')).toHaveLength(19);
  expect(
    await rows(`select count(*)::int as n from information_unit u join unit_version v on v.id = u.version_anchor_ref and v.unit_id = u.id
                 where u.content_anchor_ref = v.id::text and v.content_hash = encode(sha256(convert_to(v.body, 'UTF8')), 'hex')
                   and not exists (select from unit_version l where l.unit_id = u.id and l.version_seq > v.version_seq)`),
  ).toEqual([{ n: 158 }]);
});

it('refuses what the original refuses: an unregistered type, a domain off the list, a second immediate event of one subject', async () => {
  const insert = (domain: string, type: string, ref: string) =>
    codeOf(`insert into event_outbox (event_domain, event_type, event_stream, delivery_lane, event_subject_table, event_subject_ref,
                                      canonical_address, actor_ref, source_system)
            values ('${domain}', '${type}', 'alert', 'immediate', 'system_issue', ${ref}, 'a', 'b', 'c')`);
  expect(await insert('system', 'unknown', 'null')).toBe('P0001');
  await rows(`insert into event_type_registry values ('piece', 'cut', 'alert', 'immediate')`);
  expect(await insert('piece', 'cut', 'null')).toBe('23514');
  expect(await insert('system', 'alert', `'1'`)).toBe('23505');
  expect(await insert('system', 'alert', 'null')).toBe('ok');
});
