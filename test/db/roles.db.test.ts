import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { grantedRoles, readGrants } from '../support/grants.js';

interface Callable {
  readonly name: string;
  readonly call: string;
}

interface Relation {
  readonly name: string;
  readonly qualified: string;
  readonly column: string;
  readonly isTable: boolean;
}

let db: TestDatabase;
let functions: Callable[] = [];
let relations: Relation[] = [];

beforeAll(async () => {
  db = await createTestDatabase();
  functions = (
    await db.pool.query<Callable>(
      `select p.proname as name,
              format('%s %I.%I(%s)', case p.prokind when 'p' then 'call' else 'select' end, current_schema(), p.proname, (select string_agg(format('null::%s', t::regtype), ', ' order by n)
                                                           from unnest(p.proargtypes) with ordinality a (t, n))) as call
         from pg_proc p where p.pronamespace = quote_ident(current_schema())::regnamespace
        order by p.proname, p.oid`,
    )
  ).rows;
  relations = (
    await db.pool.query<Relation>(
      `select c.relname as name, format('%I.%I', current_schema(), c.relname) as qualified, a.attname as column, c.relkind in ('r', 'p') as "isTable"
         from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum = 1
        where c.relnamespace = quote_ident(current_schema())::regnamespace and c.relkind in ('r', 'p', 'v') order by 1`,
    )
  ).rows;
});

afterAll(() => db.drop());

/** What the server says to one statement, always rolled back: `ok` or the code, with the message of a refusal. */
async function attempt(client: pg.Client, sql: string): Promise<{ code: string; message: string }> {
  await client.query("begin; set local statement_timeout = '3s'; set local lock_timeout = '1s'");
  try {
    await client.query(sql);
    return { code: 'ok', message: '' };
  } catch (error) {
    const { code = '', message = '' } = error as { code?: string; message?: string };
    return { code, message };
  } finally {
    await client.query('rollback');
  }
}

const rolesTried = [...grantedRoles, 'nobody'] as const;

describe.each(rolesTried)('a login with the rights of %s', (role) => {
  let client: pg.Client;

  beforeAll(async () => {
    client = role === 'nobody' ? await db.as() : await db.as(role);
    // so that nobody is refused by the objects themselves and not already at the schema
    const { rows } = await client.query('select quote_ident(session_user) as me');
    await db.pool.query(`grant usage on schema ${pg.escapeIdentifier(db.schema)} to ${rows[0].me}`);
  });

  it('may call exactly the functions that are granted', async () => {
    const granted = new Set(
      readGrants().flatMap((row) => (row.kind === 'function' && row.roles.includes(role) ? [row.object] : [])),
    );
    const wrong: string[] = [];
    for (const { name, call } of functions) {
      const { code, message } = await attempt(client, call);
      // a function that runs, or fails inside for its null arguments, was callable; one that lacks a right inside is not
      const refused = code === '42501';
      if (refused === granted.has(name))
        wrong.push(`${name}: ${granted.has(name) ? 'granted' : 'not granted'}, server says ${code} ${message}`);
    }
    expect(wrong).toEqual([]);
  });

  it('may read and write exactly the tables and views that are granted', async () => {
    const granted = new Set(
      readGrants().flatMap((row) =>
        row.kind === 'relation' && row.roles.includes(role) ? [`${row.privilege} ${row.object}`] : [],
      ),
    );
    const wrong: string[] = [];
    for (const { name, qualified, column, isTable } of relations) {
      const statements: Record<string, string> = { select: `select * from ${qualified} limit 0` };
      if (isTable) {
        statements.insert = `insert into ${qualified} default values`;
        statements.update = `update ${qualified} set "${column}" = default`;
        statements.delete = `delete from ${qualified}`;
        statements.truncate = `truncate ${qualified}`;
      }
      for (const [privilege, sql] of Object.entries(statements)) {
        const { code, message } = await attempt(client, sql);
        const refused = code === '42501' && (message.endsWith(`table ${name}`) || message.endsWith(`view ${name}`));
        const may = granted.has(`${privilege} ${name}`);
        if (refused === may)
          wrong.push(`${privilege} ${name}: ${may ? 'granted' : 'not granted'}, server says ${code} ${message}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('may create nothing in the schema and become no owner', async () => {
    expect((await attempt(client, `create table ${'"'}${db.schema}${'"'}.mine (id integer)`)).code).toBe('42501');
    expect((await attempt(client, 'set role iu_owner')).code).toBe('42501');
  });
});

describe('the roles', () => {
  it('cannot log in, own no superpower, and only iu_migrator may become iu_owner', async () => {
    const { rows } = await db.pool.query(
      `select rolname, rolcanlogin or rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls as power,
              rolname <> 'iu_owner' and pg_has_role(rolname, 'iu_owner', 'MEMBER') as becomes_owner
         from pg_roles where rolname in ('iu_owner', 'iu_migrator', 'iu_emitter', 'iu_worker', 'iu_operator', 'iu_approver', 'iu_reader', 'iu_core_pruner')
        order by 1`,
    );
    expect(rows.filter((row) => row.power)).toEqual([]);
    expect(rows.filter((row) => row.becomes_owner).map((row) => row.rolname)).toEqual(['iu_migrator']);
    expect(rows).toHaveLength(8);
  });

  it('leave no function to PUBLIC, and every function pins its search_path', async () => {
    const { rows } = await db.pool.query(
      `select p.oid::regprocedure::text as name from pg_proc p where pronamespace = quote_ident(current_schema())::regnamespace
          and (has_function_privilege('public', p.oid, 'execute')
               -- a procedure that commits cannot pin one
               or p.prokind <> 'p' and not coalesce(p.proconfig @> array['search_path=' || quote_ident(current_schema()) || ', pg_temp'], false))`,
    );
    expect(rows).toEqual([]);
  });
});
