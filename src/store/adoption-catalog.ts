import type { ClientBase } from 'pg';
import {
  adoptableTables,
  type OtherObjects,
  type ReferencingKey,
  type TableFacts,
} from '../contract/adoption/catalog.js';
import { errorCode } from './failure.js';
import { quoteIdentifier } from './session.js';

/** Columns by their numbers, in that order, as JSON. */
const columnNames = (table: string, numbers: string) =>
  `(select coalesce(jsonb_agg(a.attname order by u.at), '[]') from unnest(${numbers}::int2[]) with ordinality u (number, at)
      join pg_attribute a on a.attrelid = ${table} and a.attnum = u.number)`;

const deferral = `case when not k.condeferrable then '' when k.condeferred then 'DEFERRABLE INITIALLY DEFERRED' else 'DEFERRABLE' end`;

/** A name as the server writes it. */
const name = '("([^"]|"")+"|[^". ]+)';

// what its columns say as text stands for it: no expressions, and equal is what is the same
const isPlainUnique = `x.indisunique and x.indexprs is null and x.indnatts = x.indnkeyatts and not x.indnullsnotdistinct
      and (select m.amname from pg_am m where m.oid = i.relam) = 'btree'
      and not exists (select from unnest(x.indclass::oid[]) o join pg_opclass p on p.oid = o where not p.opcdefault)
      and not exists (select from unnest(x.indcollation::oid[]) o join pg_collation l on l.oid = o where not l.collisdeterministic)`;

// One row a table, everything as JSON; $1 is the oid of the schema, $2 the tables.
const factsText = `
select c.relname as "table", pg_get_userbyid(c.relowner)::text as owner,
  greatest(c.reltuples, 0)::bigint::text as rows, pg_total_relation_size(c.oid)::text as bytes,
  coalesce((select jsonb_agg(jsonb_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod), 'notNull', a.attnotnull,
      'identity', a.attidentity,
      'collation', (select l.collname from pg_collation l where l.oid = a.attcollation and l.collname <> 'default'),
      'defaultText', pg_get_expr(d.adbin, d.adrelid)) order by a.attnum)
    from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
   where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped), '[]') as columns,
  coalesce((select jsonb_agg(jsonb_build_object('name', k.conname, 'type', k.contype, 'validated', k.convalidated,
      'columns', ${columnNames('k.conrelid', 'k.conkey')}, 'deferral', ${deferral},
      'definition', case when k.contype in ('p', 'u') then pg_get_constraintdef(k.oid)
        else regexp_replace(pg_get_constraintdef(k.oid), '(pg_temp_\\d+|' || quote_ident(n.nspname) || ')\\.', '', 'g') end) order by k.conname)
    from pg_constraint k where k.conrelid = c.oid and k.contype in ('p', 'u', 'c', 'f')), '[]') as constraints,
  coalesce((select jsonb_agg(jsonb_build_object('name', i.relname, 'unique', x.indisunique, 'valid', x.indisvalid and x.indisready,
      'tail', regexp_replace(pg_get_indexdef(i.oid), '^CREATE (UNIQUE )?INDEX ${name} ON (ONLY )?(${name}\\.)?${name} USING ', 'USING '),
      'definition', pg_get_indexdef(i.oid), 'predicate', pg_get_expr(x.indpred, x.indrelid),
      'tablespace', (select t.spcname from pg_tablespace t where t.oid = i.reltablespace),
      'keyColumns', case when ${isPlainUnique} then ${columnNames('x.indrelid', 'x.indkey')} end,
      'ofConstraint', exists (select from pg_constraint k where k.conindid = i.oid and k.conrelid = c.oid and k.contype in ('p', 'u')),
      'columns', (select coalesce(jsonb_agg(a.attname), '[]') from pg_attribute a where a.attrelid = c.oid and a.attnum = any (x.indkey)))
      order by i.relname)
    from pg_index x join pg_class i on i.oid = x.indexrelid where x.indrelid = c.oid), '[]') as indexes,
  coalesce((select jsonb_agg(jsonb_build_object('name', t.tgname, 'enabled', t.tgenabled, 'onUpdate', t.tgtype::int & 16 <> 0) order by t.tgname)
    from pg_trigger t where t.tgrelid = c.oid and not t.tgisinternal), '[]') as triggers,
  coalesce((select jsonb_agg(w.rulename order by w.rulename) from pg_rewrite w where w.ev_class = c.oid and w.rulename <> '_RETURN'), '[]') as rules,
  coalesce((select jsonb_agg(h.inhrelid::regclass::text order by h.inhrelid::regclass::text) from pg_inherits h where h.inhparent = c.oid and c.relkind = 'r'), '[]') as children,
  exists (select from pg_publication_tables t join pg_publication p using (pubname) where (p.pubupdate or p.pubdelete)
    and t.schemaname = n.nspname and t.tablename = c.relname) as published, c.relreplident as "replicaIdentity", c.relpersistence = 'u' as unlogged, c.relrowsecurity or c.relforcerowsecurity as "rowSecurity", c.relkind = 'p' as partitioned,
  coalesce((select jsonb_agg(q.relname order by q.relname) from pg_depend d join pg_class q on q.oid = d.objid and q.relkind = 'S'
    where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid and d.deptype in ('a', 'i')), '[]') as sequences,
  coalesce((select jsonb_agg(distinct pg_get_userbyid(x.grantee)) from (
      select (aclexplode(c.relacl)).* union all
      select (aclexplode(a.attacl)).* from pg_attribute a where a.attrelid = c.oid and not a.attisdropped) x
     where x.privilege_type = 'INSERT' and x.grantee <> 0 and x.grantee <> c.relowner), '[]') as inserters
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relnamespace = $1 and c.relkind in ('r', 'p') and c.relname = any ($2)
order by array_position($2, c.relname::text)`;

type FactsRow = {
  readonly [Key in Exclude<keyof TableFacts, 'rowSecurity' | 'partitioned' | 'unlogged' | 'published'>]: string;
} & {
  readonly published: boolean;
  readonly rowSecurity: boolean;
  readonly unlogged: boolean;
  readonly partitioned: boolean;
};

function factsOf(row: FactsRow): TableFacts {
  const { table, owner, rows, bytes, replicaIdentity } = row;
  const json = (text: string) => JSON.parse(text);
  return {
    table,
    owner,
    rows,
    bytes,
    replicaIdentity,
    rules: json(row.rules),
    children: json(row.children),
    columns: json(row.columns),
    constraints: json(row.constraints),
    indexes: json(row.indexes),
    triggers: json(row.triggers),
    inserters: json(row.inserters),
    sequences: json(row.sequences),
    rowSecurity: row.rowSecurity,
    unlogged: row.unlogged,
    published: row.published,
    partitioned: row.partitioned,
  };
}

async function readFacts(client: ClientBase, oid: string, tables: readonly string[]): Promise<Map<string, TableFacts>> {
  const { rows } = await client.query<FactsRow>(factsText, [oid, tables]);
  return new Map(rows.map((row) => [row.table, factsOf(row)]));
}

/** Above this many rows the planner's estimate does; below it counting takes less than a second. */
const mostCountedRows = 5_000_000;

/** The tables as they are. Rows are counted where that is cheap, so that a table that was never analysed has its number. */
export async function readFoundTables(
  client: ClientBase,
  schema: string,
  tables: readonly string[],
): Promise<Map<string, TableFacts>> {
  const place = (await client.query('select oid::text as oid from pg_namespace where nspname = $1', [schema])).rows[0];
  if (place === undefined) return new Map();
  const found = await readFacts(client, place.oid, tables);
  for (const [table, facts] of found) {
    if (Number(facts.rows) > mostCountedRows) continue;
    const name = `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
    const { rows } = await client.query(`select count(*)::text as rows from ${name}`);
    found.set(table, { ...facts, rows: rows[0].rows });
  }
  return found;
}

/**
 * The same tables as this version makes them: the statements run with temporary tables in a transaction that is rolled back, so
 * that the server itself writes both sides of a comparison in the same words.
 */
export async function readWantedTables(
  client: ClientBase,
  schema: string,
  statements: readonly string[],
  tables: readonly string[],
): Promise<Map<string, TableFacts>> {
  await client.query('begin');
  try {
    // the schema behind it is for event triggers of theirs, which look there for their tables
    await client.query(`set local search_path = pg_temp, ${quoteIdentifier(schema)}`);
    for (const statement of statements) await client.query(statement);
    const { rows } = await client.query('select pg_my_temp_schema()::text as oid');
    return await readFacts(client, rows[0].oid, tables);
  } finally {
    await client.query('rollback');
  }
}

// $1 schema, $2 names of functions, $3 of relations and types, $4 of tables that are ours or can be taken over, $5 of the latter
const othersText = `
with place as (select oid from pg_namespace where nspname = $1)
select
  coalesce((select jsonb_agg(jsonb_build_object('name', p.proname, 'signature',
      p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')') order by p.proname)
    from pg_proc p, place where p.pronamespace = place.oid and p.proname = any ($2) and p.prokind in ('f', 'p')
     and pg_get_userbyid(p.proowner) <> 'iu_owner'), '[]') as functions,
  coalesce((select jsonb_agg(jsonb_build_object('kind', case c.relkind when 'v' then 'view' when 'm' then 'view' when 'S' then 'sequence' when 'c' then 'type'
      when 'i' then 'index' when 'f' then 'foreign table' else 'table' end, 'name', c.relname) order by c.relname)
    from pg_class c, place where c.relnamespace = place.oid
     and (c.relname = any ($3) or c.relname = any ($5) and c.relkind not in ('r', 'p'))
     and pg_get_userbyid(c.relowner) <> 'iu_owner'), '[]') as relations,
  coalesce((select jsonb_agg(c.relname order by c.relname) from pg_class c, place
    where c.relnamespace = place.oid and c.relkind in ('r', 'p') and c.relname <> all ($4)), '[]') as tables,
  coalesce((select jsonb_agg(r.rolname order by r.rolname) from pg_roles r
    where r.rolcanlogin and not r.rolsuper and has_schema_privilege(r.oid, (select oid from place), 'create')), '[]') as creators,
  coalesce((select jsonb_agg(format('%s, which calls %s', e.evtname, p.oid::regprocedure) order by e.evtname)
    from pg_event_trigger e join pg_proc p on p.oid = e.evtfoid
   where e.evtenabled in ('O', 'A') and not p.prosecdef and not exists (select from pg_depend d
     where d.classid = 'pg_event_trigger'::regclass and d.objid = e.oid and d.deptype = 'e')), '[]') as "eventTriggers"`;

/** Objects of our names that somebody else made, and what holds the log. */
export async function readOtherObjects(
  client: ClientBase,
  schema: string,
  names: {
    readonly functions: readonly string[];
    readonly relations: readonly string[];
    readonly tables: readonly string[];
  },
): Promise<OtherObjects> {
  const values = [schema, names.functions, names.relations, names.tables, adoptableTables];
  const row = (await client.query(othersText, values)).rows[0];
  return {
    functions: JSON.parse(row.functions),
    relations: JSON.parse(row.relations),
    referencingLog: await readReferencingKeys(client, schema),
    reachingKeys: (await client.query(reachingText, [schema, adoptableTables])).rows,
    tables: JSON.parse(row.tables),
    creators: JSON.parse(row.creators),
    eventTriggers: JSON.parse(row.eventTriggers),
    directusRelations: await readDirectusRelations(client, schema),
  };
}

/** Where Directus keeps its tables in this schema: the relations in which it joins the log. */
async function readDirectusRelations(client: ClientBase, schema: string): Promise<string[]> {
  const table = `${quoteIdentifier(schema)}.directus_relations`;
  const columns = `select count(*) = 3 as known from pg_attribute where attrelid = to_regclass($1)
    and attname in ('many_collection', 'many_field', 'one_collection')`;
  if (!(await client.query(columns, [table])).rows[0].known) return [];
  const text = `select many_collection || '.' || many_field as name from ${table} where one_collection = 'event_outbox' order by 1`;
  return (await client.query(text)).rows.map(({ name }) => name);
}

// partitions inherit a key from their parent, which alone can be altered; $1 schema
const referencingText = `
select format('%I.%I', n.nspname, c.relname) as "table", k.conname as name, k.convalidated as validated, i.relname as index,
  ${columnNames('k.confrelid', 'k.confkey')} as "refersTo",
  regexp_replace(regexp_replace(pg_get_constraintdef(k.oid), ' NOT VALID$', ''), '(' || quote_ident($1) || ')\\.', '', 'g') as definition,
  obj_description(k.oid, 'pg_constraint') as comment, c.relkind = 'p' as partitioned,
  pg_has_role(current_user, c.relowner, 'usage') as alterable
from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace join pg_class i on i.oid = k.conindid
where k.contype = 'f' and k.conparentid = 0
  and k.confrelid = (select l.oid from pg_class l join pg_namespace p on p.oid = l.relnamespace where p.nspname = $1 and l.relname = 'event_outbox')
order by 1, 2`;

// straight or by way of cascades in other tables; $1 schema, $2 tables that are taken over
const reachingText = `
with recursive ours as (
  select c.oid, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = any ($2)
), key as (
  select k.*, coalesce(pg_partition_root(k.conrelid), k.conrelid) as of_table, coalesce(pg_partition_root(k.confrelid), k.confrelid) as on_table
    from pg_constraint k where k.contype = 'f' and k.confdeltype in ('c', 'n', 'd') and k.conparentid = 0
), deleted (table_oid) as (
  select oid from ours where relname = 'event_outbox'
  union select key.of_table from deleted join key on key.on_table = deleted.table_oid where key.confdeltype = 'c'
)
select format('%I.%I', n.nspname, c.relname) as "table", key.conname as name,
  regexp_replace(pg_get_constraintdef(key.oid), '(' || quote_ident($1) || ')\\.', '', 'g') as definition
from deleted join key on key.on_table = deleted.table_oid join pg_class c on c.oid = key.conrelid join pg_namespace n on n.oid = c.relnamespace
where key.of_table in (select oid from ours) order by 1, 2`;

/** Foreign keys on the log as they are. */
export async function readReferencingKeys(client: ClientBase, schema: string): Promise<ReferencingKey[]> {
  const { rows } = await client.query<ReferencingKey & { readonly refersTo: string }>(referencingText, [schema]);
  return rows.map((row) => ({ ...row, refersTo: JSON.parse(row.refersTo) }));
}

/** True when the log has this primary key again, and the unique key on `id` that an adoption made is gone. */
export async function logHasKey(
  client: ClientBase,
  schema: string,
  key: { readonly name: string; readonly definition: string },
): Promise<boolean> {
  const text = `select bool_or(conname = $2 and pg_get_constraintdef(oid) = $3) is true
      and not bool_or(conname = 'event_outbox_id_key') as back
    from pg_constraint where conrelid = to_regclass($1) and contype in ('p', 'u')`;
  const values = [`${quoteIdentifier(schema)}.event_outbox`, key.name, key.definition];
  return (await client.query(text, values)).rows[0].back;
}

/** Rows that break a rule that is not there yet, counted; text, '0' when none. */
export async function countViolations(
  client: ClientBase,
  schema: string,
  table: string,
  rule: { readonly type: string; readonly definition: string },
): Promise<string> {
  const name = `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;
  const text = violationText(name, schema, rule);
  if (text === undefined) return '0';
  try {
    return (await client.query(text)).rows[0].rows;
  } catch (error) {
    // a column of the rule is not there yet: what its default fills cannot break it. Or its collation, which is in the way by itself, knows no patterns
    if (['42703', '0A000'].includes(errorCode(error) ?? '')) return '0';
    throw error;
  }
}

function violationText(
  name: string,
  schema: string,
  rule: { readonly type: string; readonly definition: string },
): string | undefined {
  const check = /^CHECK \(([\s\S]*)\)$/.exec(rule.definition);
  if (rule.type === 'c' && check !== null) {
    return `select count(*)::text as rows from ${name} where not (${check[1]})`;
  }
  const foreign = /^FOREIGN KEY \((\w+)\) REFERENCES (\w+)\((\w+)\)/.exec(rule.definition);
  if (rule.type === 'f' && foreign !== null) {
    const [, column, target, key] = foreign;
    return `select count(*)::text as rows from ${name} a where a.${column} is not null
      and not exists (select from ${quoteIdentifier(schema)}.${target} b where b.${key} = a.${column})`;
  }
  const unique = /^(?:UNIQUE|PRIMARY KEY) \(([\w, ]+)\)/.exec(rule.definition);
  if (unique !== null) {
    const columns = unique[1];
    const given = (columns ?? '')
      .split(', ')
      .map((column) => `${column} is not null`)
      .join(' and ');
    return `select coalesce(sum(n), 0)::text as rows from (
      select count(*) as n from ${name} where ${given} group by ${columns} having count(*) > 1) d`;
  }
  return undefined;
}

/** Facts that decide single steps. `start` is the first number of a new event; rows below nothing are not numbered yet. */
export async function readAdoptionState(
  client: ClientBase,
  schema: string,
): Promise<{
  readonly superuser: boolean;
  readonly unnumbered: boolean;
  readonly openGates: readonly string[];
}> {
  const quoted = quoteIdentifier(schema);
  const has = async (table: string, column: string) =>
    ((
      await client.query(
        'select from pg_attribute where attrelid = to_regclass($1) and attname = $2 and not attisdropped',
        [`${quoted}.${table}`, column],
      )
    ).rowCount ?? 0) > 0;
  const exists = async (text: string) => (await client.query(`select exists (${text}) as found`)).rows[0].found;
  const { rows } = await client.query('select rolsuper as superuser from pg_roles where rolname = current_user');
  const gates = (await has('dot_config', 'value'))
    ? await client.query(
        `select key from ${quoted}.dot_config where value = 'true' and key in ('iu_core.routes_master_enabled',
          'iu_core.route_worker_enabled', 'iu_core.delivery_enabled', 'iu_core.structure_ops_enabled', 'iu_core.autocut_enabled') order by key`,
      )
    : { rows: [] };
  return {
    openGates: gates.rows.map((row) => row.key),
    superuser: rows[0].superuser,
    unnumbered:
      (await has('event_outbox', 'seq')) && (await exists(`select from ${quoted}.event_outbox where seq = 0`)),
  };
}

/** True when the worker of domain iu is registered and has not run yet. */
export async function workerIsFresh(client: ClientBase, schema: string): Promise<boolean> {
  const table = `${quoteIdentifier(schema)}.iu_route_worker_cursor`;
  if (!(await client.query('select to_regclass($1) is not null as there', [table])).rows[0].there) return false;
  const text = `select exists (select from ${table} where worker_name = 'iu_outbound_default' and passes = 0) as fresh`;
  return (await client.query(text)).rows[0].fresh;
}

/** Tables of ours that are there although none of our changes has made them. */
export async function foreignTables(client: ClientBase, schema: string): Promise<string[]> {
  const text = `select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = $1 and c.relkind in ('r', 'p') and c.relname = any ($2)
      and not (pg_get_userbyid(c.relowner) = 'iu_owner' and case c.relname when 'dot_config' then '002_control'
        when 'information_unit' then '004_units' when 'unit_version' then '004_units' else '003_log' end in (select change from applied))
    order by 1`;
  const registry = `${quoteIdentifier(schema)}.iu_migration`;
  const { rows } = await client.query('select to_regclass($1) is not null as there', [registry]);
  const applied = rows[0].there ? `select change from ${registry}` : 'select null::text as change where false';
  return (await client.query(`with applied as (${applied}) ${text}`, [schema, adoptableTables])).rows.map(
    (row) => row.name,
  );
}
