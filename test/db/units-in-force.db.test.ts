// What is in force neither ends nor changes its title behind everybody's back.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { callJson, codeOfCall, type Runs } from '../support/structure.js';

let db: TestDatabase;
let emitter: Runs;
let operator: Runs;

beforeAll(async () => {
  db = await createTestDatabase();
  emitter = await db.as('iu_emitter');
  operator = await db.as('iu_operator');
});

afterAll(() => db.drop());

const create = (address: string, parent: string | null = null) =>
  db.pool.query('select fn_iu_create($1, $1, $2, $3)', [address, 'tester', parent]);
const enact = (address: string) => db.pool.query(`select fn_iu_enact($1, 'me', 'R1')`, [address]);
const link = (address: string) =>
  db.pool.query(
    `insert into iu_sql_link (unit_id, link_role, object_kind, object_name, idempotency_key)
     select id, 'about', 'table', 'some_table', gen_random_uuid()::text from information_unit where canonical_address = $1 returning id`,
    [address],
  );
const statusOf = async (address: string) =>
  (
    await db.pool.query('select lifecycle_status, deleted_at from information_unit where canonical_address = $1', [
      address,
    ])
  ).rows[0];
const typesOf = async (address: string) =>
  (
    await db.pool.query('select event_type from event_outbox where canonical_address = $1 order by seq', [address])
  ).rows.map((row) => row.event_type);
const titleOf = async (address: string) =>
  (
    await db.pool.query(
      `select identity_profile ->> 'title' as title from information_unit where canonical_address = $1`,
      [address],
    )
  ).rows[0].title;

describe('the end of a unit', () => {
  const deprecate = (by: Runs, address: string, rest = '') =>
    codeOfCall(callJson(by, `fn_iu_deprecate($1, 'mallory', 'no reason'${rest})`, [address]));

  it('of what is in force takes an operator or a review, also below what is a draft; of drafts neither', async () => {
    for (const name of ['end', 'end/a', 'end/b']) await create(name, name === 'end' ? null : 'end');
    await create('end/a/1', 'end/a');
    for (const name of ['end/a/1', 'end/b']) await enact(name);
    expect(await deprecate(emitter, 'end/b')).toBe('IU207');
    expect(await deprecate(emitter, 'end/b', `, p_review_decision_id => ' '`)).toBe('IU207');
    expect(await deprecate(emitter, 'end/a', ', true')).toBe('IU207');
    expect(await statusOf('end/a')).toMatchObject({ lifecycle_status: 'draft' });
    expect(await statusOf('end/b')).toMatchObject({ lifecycle_status: 'enacted' });
    expect(await deprecate(emitter, 'end/b', `, p_review_decision_id => 'R2'`)).toBe('ok');
    expect(await deprecate(operator, 'end/a/1')).toBe('ok');
    expect(await deprecate(emitter, 'end', ', true')).toBe('ok');
  });

  it('is refused while a living SQL link stands on it or on what would end with it', async () => {
    for (const name of ['linked', 'linked/a']) await create(name, name === 'linked' ? null : 'linked');
    const { rows } = await link('linked/a');
    expect(await deprecate(operator, 'linked/a')).toBe('IU611');
    expect(await deprecate(operator, 'linked', ', true')).toBe('IU611');
    const remove = () => codeOfCall(callJson(operator, `fn_iu_soft_delete('linked/a', 'me', 'a mistake')`));
    expect(await remove()).toBe('IU611');
    expect(await statusOf('linked/a')).toEqual({ lifecycle_status: 'draft', deleted_at: null });
    await operator.query('select fn_iu_sql_link_retire($1, $2, $3)', [rows[0].id, 'me', 'gone']);
    expect(await remove()).toBe('ok');
    expect(await deprecate(operator, 'linked', ', true')).toBe('ok');
  });
});

describe('a title', () => {
  const retitle = (body: string, title: string) =>
    callJson(emitter, 'fn_iu_revise($1, $2, $3, p_title => $4)', ['titled', body, 'em', title]);

  it('of a draft changes with an event, of what is in force with a new version, which tells what it was', async () => {
    await create('titled');
    expect(await retitle('titled', 'One')).toMatchObject({ status: 'retitled', version_seq: 1 });
    expect(await retitle('titled', 'One')).toMatchObject({ status: 'unchanged' });
    expect(await typesOf('titled')).toEqual(['unit_created', 'unit_retitled']);
    await enact('titled');
    expect(await codeOfCall(retitle('titled', 'Another title'))).toBe('IU220');
    expect(await retitle('titled', 'One')).toMatchObject({ status: 'unchanged' });
    expect(await titleOf('titled')).toBe('One');
    expect(await retitle('new text', 'Another title')).toMatchObject({ status: 'revised', version_seq: 2 });
    expect(await codeOfCall(retitle('new text', 'A third'))).toBe('IU220');
    expect(await titleOf('titled')).toBe('Another title');
    const { rows } = await db.pool.query(
      `select content_profile ->> 'title_before' as title_before from unit_version v join information_unit u on u.id = v.unit_id
        where u.canonical_address = 'titled' order by version_seq`,
    );
    expect(rows).toEqual([{ title_before: null }, { title_before: 'One' }]);
    expect((await typesOf('titled')).slice(2)).toEqual(['version_enacted', 'version_applied']);
  });
});
