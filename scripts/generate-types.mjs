// TypeScript types of the catalog, for scripts/generate.mjs. Whatever would lose digits as a JS number travels as text.

const scalar = {
  bool: 'boolean',
  int2: 'number',
  int4: 'number',
  oid: 'number',
  float4: 'number',
  float8: 'number',
  bytea: 'Uint8Array',
};

function camel(name) {
  return name.replace(/(?:^|_)([a-z0-9])/g, (_, letter) => letter.toUpperCase());
}

function typeOf(type) {
  if (type.labels) return type.labels.map((label) => `'${label}'`).join(' | ');
  if (type.name === 'void') return 'null';
  if (type.name.startsWith('_')) return `readonly (${scalar[type.name.slice(1)] ?? 'string'} | null)[]`;
  return scalar[type.name] ?? 'string';
}

const relationQuery = `
  select c.relname as relation, c.relkind as kind,
         json_agg(json_build_object('name', a.attname, 'nullable', not a.attnotnull, 'type', json_build_object('name', t.typname,
           'labels', (select json_agg(enumlabel order by enumsortorder) from pg_enum where enumtypid = t.oid)))
           order by a.attname collate "C") as columns
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    join pg_type t on t.oid = a.atttypid
   where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
   group by c.oid order by c.relname collate "C"`;

const functionQuery = `
  select p.proname as name, p.pronargs - p.pronargdefaults as required, p.proretset as set,
         (p.proargmodes is not null and 't' = any (p.proargmodes)) as returns_table,
         (select json_build_object('name', typname, 'relation', (select relname from pg_class where oid = typrelid and relkind in ('r', 'v')))
            from pg_type where oid = p.prorettype) as result,
         (select json_agg(json_build_object('name', coalesce(p.proargnames[n], '$' || n), 'mode', coalesce(p.proargmodes[n], 'i'),
                   'type', (select json_build_object('name', typname) from pg_type
                             where oid = coalesce(p.proallargtypes[n], p.proargtypes[n - 1]))) order by n)
            from generate_series(1, coalesce(cardinality(p.proallargtypes), p.pronargs)) n) as arguments
    from pg_proc p
   where p.pronamespace = 'public'::regnamespace and p.prokind = 'f' and p.prorettype <> 'trigger'::regtype
   order by p.proname collate "C", p.pronargs, oidvectortypes(p.proargtypes) collate "C"`;

function functionType(row, number) {
  const all = row.arguments ?? [];
  const inputs = all.filter((argument) => argument.mode === 'i' || argument.mode === 'v');
  const args = inputs.map(
    (argument, at) =>
      `${argument.name.replace(/^\$/, 'argument')}${at < row.required ? '' : '?'}: ${typeOf(argument.type)} | null`,
  );
  const columns = all.filter((argument) => argument.mode === 't' || argument.mode === 'o');
  let result = `${typeOf(row.result)}${row.result.name === 'void' ? '' : ' | null'}`;
  if (columns.length > 0)
    result = `{ ${columns.map((column) => `${column.name}: ${typeOf(column.type)} | null`).join('; ')} }`;
  else if (row.result.relation) result = `${camel(row.result.relation)}Row`;
  if (row.set) result = `readonly (${result})[]`;
  const name = number > 1 ? `${row.name}_${number}` : row.name;
  return `  readonly ${name}: {\n    readonly args: { ${args.join('; ')} };\n    readonly result: ${result};\n  };`;
}

/** The text of src/store/catalog.generated.ts. */
export async function catalogTypes(client) {
  const relations = (await client.query(relationQuery)).rows;
  const functions = (await client.query(functionQuery)).rows;
  const rows = relations.map(({ relation, kind, columns }) => {
    const fields = columns.map(
      ({ name, nullable, type }) => `  readonly ${name}: ${typeOf(type)}${nullable ? ' | null' : ''};`,
    );
    const what = kind === 'v' || kind === 'm' ? 'view' : 'table';
    return `/** A row of the ${what} ${relation}. */\nexport interface ${camel(relation)}Row {\n${fields.join('\n')}\n}\n`;
  });
  const count = new Map();
  const types = functions.map((row) => {
    count.set(row.name, (count.get(row.name) ?? 0) + 1);
    return functionType(row, count.get(row.name));
  });
  return `// Written by scripts/generate.mjs from the catalog. Do not edit: npm run generate
//
// int8, numeric, xid8, timestamps, json and jsonb are PostgreSQL's own text.

${rows.join('\n')}
/** Row type by relation. */
export interface CatalogRelations {
${relations.map(({ relation }) => `  readonly ${relation}: ${camel(relation)}Row;`).join('\n')}
}

/** Argument and result types by function; an overload has its number behind the name. */
export interface CatalogFunctions {
${types.join('\n')}
}
`;
}
