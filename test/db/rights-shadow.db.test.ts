// Definer functions run as the owner of everything. A login that shadows whatever a name could mean, in its own temporary schema and in front of
// its search path, gets the same answers as one that does not, and none of its code is run.
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { grantedRoles } from '../support/grants.js';
import { prepareRace } from '../support/race.js';

let db: TestDatabase;
/** Every function, called with nulls, and calls that get further. */
let calls: string[] = [];
let definers = 0;

const further = [
  `select fn_iu_emit('race', 'changed', 'thing', 's1', '{"a": 1}', p_dedupe_key => 'k')`,
  `select fn_iu_emit_event('race', 'changed', 's1', 'me', '{}')`,
  "select fn_iu_gate_set('delivery_enabled', true, 'test')",
  'select fn_iu_route_add(\'{"route_code": "x.y", "target_kind": "webhook", "target_ref": "https://sink.test/"}\')',
  "select fn_iu_route_set_enabled('iu.version_applied.workflow', true, 'test')",
  "select fn_iu_route_worker_run('race_worker', 10)",
  "select fn_iu_route_worker_reconcile('race_worker', true)",
  "select fn_iu_route_worker_rewind('race_worker', 'test')",
  "select jsonb_object_keys(fn_iu_route_worker_health('race_worker')) order by 1",
  "select fn_iu_route_worker_register('w2', 'other', 'now')",
  "select jsonb_object_keys(fn_iu_metrics('x', 0, 1)) order by 1",
  "select fn_iu_create('doc', 'document', 'Title', 'body', 'me', 'me')",
  "select fn_iu_source_pin('abc'::pg_catalog.bytea, 'text/markdown')",
  "select count(*) from fn_iu_delivery_claim('r', 10, 60, 'x', false)",
  "select fn_iu_replay_preview('{}')",
  "select fn_iu_prune_preview(30) - 'cutoff_at'",
  "select fn_iu_prune_start(30, 'test') - '{cutoff_at,run_id}'::pg_catalog._text",
  "select fn_iu_redaction_plan('event', '7d1f0a52-94c3-4c9e-8d5a-0b8f6c1b2e3d')",
  "select fn_iu_route_readiness('iu.version_applied.workflow') is null",
];

beforeAll(async () => {
  db = await createTestDatabase();
  await prepareRace(db.pool);
  const { rows } = await db.pool.query<{ call: string; definer: boolean }>(
    `select format('%s %I.%I(%s)', case p.prokind when 'p' then 'call' else 'select' end, current_schema(), p.proname,
                   (select string_agg(format('null::%s.%I', y.typnamespace::regnamespace, y.typname), ', ' order by n)
                      from unnest(p.proargtypes) with ordinality a (t, n) join pg_type y on y.oid = a.t)) as call,
            p.prosecdef as definer
       from pg_proc p where p.pronamespace = quote_ident(current_schema())::regnamespace and p.prorettype <> 'trigger'::regtype
        -- a procedure that commits cannot pin its path; it runs with the caller's own rights
        and (p.prokind <> 'p' or p.prosecdef)
      order by p.proname, p.oid`,
  );
  calls = [
    ...rows.map((row) => row.call),
    ...further.map((call) => call.replace(/fn_iu_/g, `${pg.escapeIdentifier(db.schema)}.fn_iu_`)),
  ];
  definers = rows.filter((row) => row.definer).length;
});
afterAll(() => db.drop());

/** Shadows every relation, type, function and the common operators and functions of the system. */
async function shadowEverything(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ sql: string }>(
    `select format('create temp table %I as select true as looted', c.relname) as sql
       from pg_class c where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'v')
     union all
     select format('create function pg_temp.%I(%s) returns boolean language plpgsql as %L', p.proname, oidvectortypes(p.proargtypes),
                   format('begin perform pg_catalog.set_config(''test.loot'', %L, false); return true; end', p.proname))
       from pg_proc p where p.pronamespace = $1::regnamespace and p.prokind = 'f' and p.prorettype <> 'trigger'::regtype
     union all
     select format('create function pg_temp.%I(%s) returns %s language plpgsql as %L', p.proname, oidvectortypes(p.proargtypes), p.prorettype::regtype,
                   format('begin perform pg_catalog.set_config(''test.loot'', %L, false); return null; end', p.proname))
       from pg_proc p where p.pronamespace = 'pg_catalog'::regnamespace and not p.proretset and p.prorettype <> 'void'::regtype and p.prokind = 'f' and p.provariadic = 0
        and p.proname in ('now', 'clock_timestamp', 'current_setting', 'set_config', 'pg_current_snapshot', 'pg_current_xact_id', 'sha256', 'encode',
                          'pg_advisory_xact_lock', 'pg_advisory_xact_lock_shared', 'pg_visible_in_snapshot', 'octet_length', 'replace', 'btrim')
     union all
     select format('create domain pg_temp.%I as integer check (value = 42)', t)
       from unnest('{text,jsonb,uuid,bigint,timestamptz,pg_snapshot,xid8,regclass,numeric}'::text[]) t`,
    [pg.escapeIdentifier(db.schema)],
  );
  for (const { sql } of rows) await client.query(sql);
  for (const [name, left, right] of [
    ['=', 'text', 'text'],
    ['=', 'bigint', 'bigint'],
    ['<>', 'text', 'text'],
    ['||', 'text', 'text'],
    ['->>', 'jsonb', 'text'],
    ['<', 'timestamptz', 'timestamptz'],
  ] as const) {
    const type = (word: string) => `pg_catalog.${word === 'bigint' ? 'int8' : word}`;
    const shadow = `pg_temp.loot_${left}_${right}`;
    await client.query(
      `create or replace function ${shadow}(${type(left)}, ${type(right)}) returns boolean language plpgsql as
         'begin perform pg_catalog.set_config(''test.loot'', ''operator'', false); return true; end'`,
    );
    await client.query(
      `create operator pg_temp.${name} (leftarg = ${type(left)}, rightarg = ${type(right)}, function = ${shadow})`,
    );
  }
  await client.query(`set search_path = pg_temp, pg_catalog, ${pg.escapeIdentifier(db.schema)}`);
  return rows.length;
}

/** What the server says to one call, always rolled back: the rows or the refusal, without what differs from call to call. */
async function answer(client: pg.Client, call: string): Promise<string> {
  await client.query("begin; set local statement_timeout = '5s'; set local lock_timeout = '1s'");
  try {
    const { rows } = await client.query({ text: call, rowMode: 'array' });
    return /now\(|clock|route_add|fn_iu_(emit|health|metrics|source_pin|create)|worker_(run|health)|prune|replay|blockers|catalog/.test(
      call,
    )
      ? `${rows.length} rows`
      : JSON.stringify(rows);
  } catch (error) {
    const { code = '', message = '' } = error as { code?: string; message?: string };
    return `${code} ${message.replace(/\d{4,}|[0-9a-f-]{36}/g, 'N')}`;
  } finally {
    await client.query('rollback');
  }
}

describe('a login that shadows every name', () => {
  it('gets the answers of any other login, and none of its code runs', async () => {
    const plain = await db.as(...grantedRoles);
    const shadowed = await db.as(...grantedRoles);
    expect(await shadowEverything(shadowed)).toBeGreaterThan(200);
    const wrong: string[] = [];
    for (const call of calls) {
      const expected = await answer(plain, call);
      const got = await answer(shadowed, call);
      const { rows } = await shadowed.query(
        "select pg_catalog.current_setting('test.loot', true) as loot, pg_catalog.set_config('test.loot', '', false)",
      );
      if (rows[0].loot) wrong.push(`${call}: ran ${rows[0].loot}`);
      if (got !== expected) wrong.push(`${call}: ${got} instead of ${expected}`);
    }
    expect(wrong).toEqual([]);
    expect(definers).toBeGreaterThan(50);
  });
});

describe('PUBLIC', () => {
  it('has no right to any table, view, sequence, column or function, and may not use the schema unless it is public', async () => {
    const { rows } = await db.pool.query(
      `select c.relname::text as name, a.privilege_type from pg_class c
        cross join lateral aclexplode(coalesce(c.relacl, acldefault((case c.relkind when 'S' then 's' else 'r' end)::"char", c.relowner))) a
        where c.relnamespace = quote_ident(current_schema())::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'S') and a.grantee = 0
       union all
       select attrelid::regclass || '.' || attname, a.privilege_type from pg_attribute cross join lateral aclexplode(attacl) a
        where attrelid in (select oid from pg_class where relnamespace = quote_ident(current_schema())::regnamespace) and a.grantee = 0
       union all
       select p.oid::regprocedure::text, a.privilege_type from pg_proc p
        cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        where p.pronamespace = quote_ident(current_schema())::regnamespace and a.grantee = 0
       union all
       select 'schema', a.privilege_type from pg_namespace n cross join lateral aclexplode(n.nspacl) a
        where n.nspname = current_schema() and a.grantee = 0 and (a.privilege_type = 'CREATE' or n.nspname <> 'public')`,
    );
    expect(rows).toEqual([]);
  });

  it('owns nothing: everything of ours belongs to iu_owner, and every definer function with it', async () => {
    const { rows } = await db.pool.query(
      `select relname::text as name from pg_class where relnamespace = quote_ident(current_schema())::regnamespace and relowner <> 'iu_owner'::regrole
       union all select oid::regprocedure::text from pg_proc where pronamespace = quote_ident(current_schema())::regnamespace and proowner <> 'iu_owner'::regrole`,
    );
    expect(rows).toEqual([]);
  });
});

describe('a function that does not pin its path', () => {
  it('would be noticed: a function that does not pin its path runs what stands in front', async () => {
    await db.pool.query(
      `create function fn_unpinned() returns boolean language plpgsql security definer as
         'begin return (select looted from iu_gate_log limit 1); end'`,
    );
    const shadowed = await db.as('iu_reader');
    await db.pool.query('grant execute on function fn_unpinned() to iu_reader');
    await shadowEverything(shadowed);
    expect(await answer(shadowed, `select ${pg.escapeIdentifier(db.schema)}.fn_unpinned()`)).toBe('[[true]]');
    await db.pool.query('drop function fn_unpinned()');
  });
});
