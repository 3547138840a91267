// Row types of the catalog, for scripts/generate.mjs. Whatever would lose digits as a JS number travels as text.

const scalar = {
  bool: 'boolean',
  int2: 'number',
  int4: 'number',
  oid: 'number',
  float4: 'number',
  float8: 'number',
  bytea: 'Uint8Array',
};

function typeOf(name) {
  if (name.startsWith('_')) return `readonly (${scalar[name.slice(1)] ?? 'string'} | null)[]`;
  return scalar[name] ?? 'string';
}

// Of functions those that somebody besides the owner may call. Types of the schema itself, and arrays of them, arrive as text.
const typeName = `case when t.typnamespace = 'pg_catalog'::regnamespace then t.typname else 'text' end`;

const rowQuery = `
  select * from (
    select case when c.relkind in ('v', 'm') then 'view' else 'table' end as kind, c.relname as name,
           json_agg(json_build_object('name', a.attname, 'nullable', not a.attnotnull, 'type', ${typeName}) order by a.attname collate "C") as columns
      from pg_class c
      join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      join pg_type t on t.oid = a.atttypid
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
     group by c.oid
    union all
    select 'function', p.proname,
           json_agg(json_build_object('name', p.proargnames[n], 'nullable', true, 'type', ${typeName}) order by p.proargnames[n] collate "C")
      from pg_proc p
      cross join unnest(p.proallargtypes) with ordinality as argument (type, n)
      join pg_type t on t.oid = argument.type
     where p.pronamespace = 'public'::regnamespace and p.prokind = 'f' and p.proargmodes[n] in ('o', 't')
       and exists (select from aclexplode(p.proacl) as g where g.grantee <> p.proowner)
     group by p.oid) r
   order by kind = 'function', kind = 'view', name collate "C"`;

function rowType({ kind, name, columns }) {
  const title = name.replace(/(?:^|_)([a-z0-9])/g, (_, letter) => letter.toUpperCase());
  const fields = columns.map(
    (column) => `  readonly ${column.name}: ${typeOf(column.type)}${column.nullable ? ' | null' : ''};`,
  );
  return `/** A row of the ${kind} ${name}. */\nexport interface ${title}Row {\n${fields.join('\n')}\n}\n`;
}

/** The text of src/store/catalog.generated.ts. */
export async function catalogTypes(client) {
  const { rows } = await client.query(rowQuery);
  return `// Written by scripts/generate.mjs from the catalog. Do not edit: npm run generate
//
// int8, numeric, xid8, timestamps, json and jsonb are PostgreSQL's own text. Of a view or function the catalog does not say what is never null.

${rows.map(rowType).join('\n')}`;
}
