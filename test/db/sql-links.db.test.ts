// SQL links against the live catalog: what the owner of a linked object wrote is never run, and what is gone is said to be gone.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { callJson, codeOfCall, planSteps, type Runs } from '../support/structure.js';

let db: TestDatabase;

beforeAll(async () => {
  db = await createTestDatabase();
  await db.pool.query(`select fn_iu_create('linked', 'text', 'tester')`);
});

afterAll(() => db.drop());

type Link = Record<string, unknown> & { object_kind: string };

async function link(by: Runs, columns: Link): Promise<string> {
  const names = Object.keys(columns);
  const { rows } = await by.query(
    `insert into iu_sql_link (unit_id, link_role, idempotency_key, ${names.join(', ')})
     select id, 'about', gen_random_uuid()::text, ${names.map((_, index) => `$${index + 1}`).join(', ')}
       from information_unit where canonical_address = 'linked' returning id`,
    Object.values(columns),
  );
  return rows[0].id;
}

const validate = (by: Runs, id: string, accept = false) =>
  callJson<{ status: string }>(by, 'fn_iu_sql_link_validate($1, $2)', [id, accept]);

describe('the validation of an SQL link', () => {
  it('runs no code of whoever owns the object with the rights of iu_owner', async () => {
    const emitter = await db.as('iu_emitter');
    const operator = await db.as('iu_operator');
    const { login } = (await emitter.query('select current_user as login')).rows[0];
    await db.pool.query(`create schema theirs authorization ${login}`);
    await emitter.query(`
      create sequence theirs.runs;
      create function theirs.spy() returns boolean language sql security definer as $$ select nextval('theirs.runs') > 0 $$;
      create type theirs.key as enum ('one');
      create function theirs.key_text(theirs.key) returns text language sql security definer as $$ select nextval('theirs.runs')::text $$;
      create function theirs.key_json(theirs.key) returns json language sql security definer as $$ select to_json(nextval('theirs.runs')) $$;
      create cast (theirs.key as text) with function theirs.key_text(theirs.key);
      create cast (theirs.key as json) with function theirs.key_json(theirs.key);
      create table theirs.policed (id integer primary key);
      insert into theirs.policed values (1);
      alter table theirs.policed enable row level security;
      create policy spy on theirs.policed using (theirs.spy());
      create table theirs.typed (id theirs.key primary key, other theirs.key);
      insert into theirs.typed values ('one', 'one');
      create view theirs.directus_collections as select 'typed'::text as collection, theirs.spy() as spied;
      grant usage on schema theirs to public;
      grant select on all tables in schema theirs to public;
      grant execute on all functions in schema theirs to public`);
    const row = { object_kind: 'row', object_schema: 'theirs' };
    const policed = await link(emitter, { ...row, object_name: 'policed', row_pk: '{"id": 1}' });
    const typed = await link(emitter, { ...row, object_name: 'typed', row_pk: '{"id": "one"}' });
    const collection = await link(emitter, {
      object_kind: 'directus_collection',
      object_schema: 'theirs',
      collection_name: 'typed',
    });
    expect(await validate(operator, policed)).toMatchObject({ status: 'missing' });
    expect(await validate(operator, typed, true)).toMatchObject({ status: 'valid' });
    expect(await validate(operator, collection, true)).toMatchObject({ status: 'valid' });
    const { rows } = await db.pool.query('select is_called from theirs.runs');
    expect(rows).toEqual([{ is_called: false }]);
    // and the row itself is read: another value is drift, a row that goes is missing
    await db.pool.query('update theirs.typed set other = null');
    expect(await validate(operator, typed)).toMatchObject({ status: 'drifted' });
    await db.pool.query('delete from theirs.typed');
    expect(await validate(operator, typed)).toMatchObject({ status: 'missing' });
  });

  it('sees a constraint that comes or goes', async () => {
    await db.pool.query('create table constrained (id integer not null, amount integer)');
    const id = await link(db.pool, { object_kind: 'table', object_name: 'constrained' });
    await validate(db.pool, id, true);
    await db.pool.query('alter table constrained add constraint positive check (amount > 0)');
    expect(await validate(db.pool, id, true)).toMatchObject({ status: 'valid' });
    await db.pool.query('alter table constrained drop constraint positive');
    expect(await validate(db.pool, id)).toMatchObject({ status: 'drifted' });
  });
});

describe('v_iu_sql_link_resolved', () => {
  it('says of each kind whether the object is there, also of an identity that no server can read', async () => {
    await db.pool.query(`
      create table there (id integer);
      create function there_changed() returns trigger language plpgsql as $$ begin return new; end $$;
      create trigger there_trigger before insert on there for each row execute function there_changed()`);
    const on = { object_name: 'there' };
    const links: [Link, boolean][] = [
      [{ object_kind: 'trigger', ...on, trigger_name: 'there_trigger' }, true],
      [{ object_kind: 'trigger', ...on, trigger_name: 'gone' }, false],
      [{ object_kind: 'column', ...on, metadata: '{"column_name": "id"}' }, true],
      [{ object_kind: 'column', ...on, metadata: '{"column_name": "gone"}' }, false],
      [{ object_kind: 'table', ...on }, true],
      [{ object_kind: 'view', ...on }, false],
      [{ object_kind: 'function', function_identity: 'there_changed()' }, true],
      [{ object_kind: 'function', function_identity: 'there_changed' }, false],
      [{ object_kind: 'function', function_identity: 'there_changed(gone_type)' }, false],
    ];
    const reader = await db.as('iu_reader');
    for (const [columns, exists] of links) {
      const id = await link(db.pool, columns);
      const { rows } = await reader.query('select object_exists from v_iu_sql_link_resolved where link_id = $1', [id]);
      expect({ ...columns, exists: rows[0]?.object_exists }).toEqual({ ...columns, exists });
      expect((await validate(db.pool, id)).status === 'missing').toBe(!exists);
    }
  });
});

describe('an SQL link of a unit whose life ends', () => {
  it('is in the way until it is retired, or left for review, below the unit too', async () => {
    for (const [address, parent] of [
      ['ending', null],
      ['ending/a', 'ending'],
      ['ending/a/b', 'ending/a'],
    ]) {
      await db.pool.query(`select fn_iu_create($1, 'text', 'tester', $2)`, [address, parent]);
    }
    const id = await link(db.pool, { object_kind: 'table', object_name: 'dot_config' });
    await db.pool.query(`update iu_sql_link set unit_id = fn_iu_unit_ref('ending/a/b') where id = $1`, [id]);
    const end = (link_policy?: 'manual_review') =>
      planSteps(db.pool, [
        {
          operation_type: 'deprecate_piece',
          unit: 'ending/a',
          dependants: 'deprecate',
          ...(link_policy === undefined ? {} : { link_policy }),
        },
      ]);
    expect(await codeOfCall(end())).toBe('IU611');
    expect((await end('manual_review')).impact).toMatchObject({ reviews: [{ what: 'sql_link', link_id: id }] });
    const operator = await db.as('iu_operator');
    const retire = (reason: string) => callJson(operator, 'fn_iu_sql_link_retire($1, $2, $3)', [id, 'ann', reason]);
    expect(await codeOfCall(retire(' '))).toBe('IU216');
    expect(await retire('no longer about it')).toMatchObject({ status: 'retired', link_id: id });
    expect(await retire('again')).toMatchObject({ status: 'unchanged' });
    expect(await codeOfCall(end())).toBe('ok');
  });
});
