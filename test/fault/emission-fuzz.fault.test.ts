// At least 10,000 hostile payloads: what is stored is exactly what PostgreSQL's own jsonb makes of the text, what is not stored was
// refused with a code. Batches of 250 a statement; each payload in a sub-transaction of its own.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let db: TestDatabase;
const tally = new Map<string, number>();

beforeAll(async () => {
  db = await createTestDatabase();
  // The oracle: text before the log saw it, and what became of it.
  await db.pool.query(`
    create table fuzz (n bigint generated always as identity primary key, given text, event_id uuid, code text);
    create function fuzz_emit(p_texts text[]) returns void language plpgsql as $$
    declare
      v_text text;
      v_id uuid;
    begin
      foreach v_text in array p_texts loop
        begin
          select event_id into v_id from fn_iu_emit('iu', 'version_applied', 'unit', '1', v_text::jsonb);
          insert into fuzz (given, event_id) values (v_text, v_id);
        exception when others then
          insert into fuzz (given, code) values (v_text, sqlstate);
        end;
      end loop;
    end $$`);
});

afterAll(() => db.drop());

const forbiddenKeys = [
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
const randomCase = (word: string) =>
  fc
    .array(fc.boolean(), { minLength: word.length, maxLength: word.length })
    .map((upper) => [...word].map((letter, index) => (upper[index] ? letter.toUpperCase() : letter)).join(''));
const hostileText = fc.oneof(
  fc.constantFrom(
    '',
    '"',
    '\\',
    '\\"',
    '": ',
    '{"body": 1}',
    ' "body": ',
    '\r\n',
    '\u202e\u2066',
    '😀',
    'e\u0301',
    'é',
    '\u2028',
    '﷽',
    '\u007f',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }).filter((text) => !text.includes('\u0000')),
  fc.constantFrom(...forbiddenKeys),
  fc.constantFrom(...forbiddenKeys).map((key) => `{"${key}": "`),
);
const hostileKey = fc.oneof(
  fc.constantFrom(
    '__proto__',
    'constructor',
    'toString',
    'x"body',
    'body"',
    'body ',
    ' body',
    'bod',
    'bodyy',
    '"',
    '\\',
    'TOKENS',
    'ſecret',
  ),
  hostileText.filter((text) => !forbiddenKeys.includes(text.toLowerCase())),
);
/** Numbers as text: what a JavaScript number would lose. */
const hostileNumber = fc.constantFrom(
  '9007199254740993',
  '1e400',
  '-1e400',
  '1e1000',
  '1e131071',
  '1e131072',
  '0.1e-16383',
  '-0',
  '1.50',
  '123456789012345678901234567890.12345678901234567890',
  '1E+2',
  '1e999999',
);
const scalar = fc.oneof(
  hostileText.map((text) => JSON.stringify(text)),
  hostileNumber,
  fc.constantFrom('null', 'true', 'false', '{}', '[]'),
);
const { tree } = fc.letrec<{ tree: string }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    scalar,
    fc.array(tie('tree'), { maxLength: 3 }).map((items) => `[${items.join(',')}]`),
    // duplicate keys on purpose: the last one wins, as in jsonb
    fc
      .array(fc.tuple(hostileKey, tie('tree')), { maxLength: 3 })
      .map((pairs) => `{${pairs.map(([key, value]) => `${JSON.stringify(key)} :${value}`).join(' , ')}}`),
  ),
}));
const object = fc.tuple(hostileKey, tree).map(([key, value]) => `{${JSON.stringify(key)}:${value}}`);
const levels = fc.constantFrom(1, 2, 30, 62, 63, 64, 65, 66, 200, 5000);
const nested = fc
  .tuple(levels, fc.boolean())
  .map(([depth, arrays]) =>
    arrays
      ? `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
      : `${'{"a":'.repeat(depth - 1)}{}${'}'.repeat(depth - 1)}`,
  );
const withForbiddenKey = fc
  .tuple(fc.constantFrom(...forbiddenKeys).chain(randomCase), scalar, fc.nat({ max: 40 }), fc.boolean(), fc.boolean())
  .map(([key, value, depth, escaped, arrays]) => {
    const written = escaped ? `\\u00${key.charCodeAt(0).toString(16)}${key.slice(1)}` : key;
    const [open, close] = arrays ? ['[{"z":1},', ']'] : ['{"k":', '}'];
    return `{"a":${open.repeat(depth)}{"q":"x","${written}":${value}}${close.repeat(depth)}}`;
  });
const notJson = fc.oneof(
  fc.constantFrom(
    '{"a":"\\u0000"}',
    '{"\\u0000":1}',
    '{"a":"\\ud800"}',
    '{"a":"\\udc00\\ud800"}',
    '{"a":"\\ud800x"}',
    '{',
    '',
    '{"a":01}',
    '{"a":1,}',
    "{'a':1}",
    '{"a":NaN}',
    '[1]',
    '"x"',
    '7',
    'null',
  ),
  fc.string({ unit: 'binary', maxLength: 20 }).filter((text) => !text.includes('\u0000')),
);
const payload = fc.oneof(
  { weight: 6, arbitrary: object },
  { weight: 2, arbitrary: withForbiddenKey },
  { weight: 1, arbitrary: nested },
  { weight: 1, arbitrary: notJson },
);

async function fuzz(texts: readonly string[]): Promise<void> {
  // Lone surrogates cannot even be sent as UTF-8; as \u escapes they are part of notJson.
  await db.pool.query('select fuzz_emit($1)', [texts.map((text) => text.replace(/\p{Surrogate}/gu, '?'))]);
}

/** Nothing stored wrongly, nothing refused without reason, nothing left without a decision; counts per outcome. */
async function judge(): Promise<void> {
  // Sub-transactions around the oracle too, because the cast itself refuses some texts.
  await db.pool.query(`
    create or replace function fuzz_text(p_text text) returns text language plpgsql as $$
    begin
      return p_text::jsonb::text;
    exception when others then
      return null;
    end $$`);
  const { rows: wrong } = await db.pool.query(`
    select f.n, f.code, left(f.given, 200) as given, left(o.safe_payload::text, 200) as stored
      from fuzz f left join event_outbox o on o.id = f.event_id
     where (f.event_id is not null and o.safe_payload::text is distinct from fuzz_text(f.given))
        or (f.code is null) = (f.event_id is null)
        or (f.code is not null and f.code !~ '^(IU10[4-7]|22P02|22P05|22003|54001)$')
        or (f.code ~ '^IU' and fuzz_text(f.given) is null)
     limit 5`);
  expect(wrong).toEqual([]);
  // The rules once more, by another way than the log's: recursion over the parsed value instead of a pattern over its text.
  const { rows: broken } = await db.pool.query(
    `with recursive node as (
       select f.n, 1 as depth, o.safe_payload::jsonb as value, null::text as key from fuzz f join event_outbox o on o.id = f.event_id
       union all
       select node.n, node.depth + 1, child.value, child.key
         from node cross join lateral (
           select e.key, e.value from jsonb_each(case when jsonb_typeof(node.value) = 'object' then node.value else '{}' end) e
           union all
           select null, a.value from jsonb_array_elements(case when jsonb_typeof(node.value) = 'array' then node.value else '[]' end) a
         ) child
     )
     select n, depth, key from node
      where lower(key collate "C") = any ($1) or (depth > 64 and jsonb_typeof(value) in ('object', 'array')) limit 5`,
    [forbiddenKeys],
  );
  expect(broken).toEqual([]);
  const { rows: refused } = await db.pool.query(`
    select n, left(given, 200) as given from fuzz
     where code = 'IU107' and lower(fuzz_text(given) collate "C") !~ '"(${forbiddenKeys.join('|')})": ' limit 5`);
  expect(refused).toEqual([]);
  const { rows: counts } = await db.pool.query(
    `select coalesce(code, 'stored') as outcome, count(*)::int as n from fuzz group by 1`,
  );
  for (const { outcome, n } of counts) tally.set(outcome, n);
}

it('stores none of 10,000 generated payloads wrongly and refuses the others with a code', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(payload, { minLength: 250, maxLength: 250, size: 'max' }), (texts) => fuzz(texts)),
    { numRuns: 42, endOnFailure: true },
  );
  await judge();
  const total = [...tally.values()].reduce((sum, n) => sum + n, 0);
  expect(total).toBeGreaterThanOrEqual(10_000);
  for (const outcome of ['stored', 'IU104', 'IU106', 'IU107', '22P02', '22P05'])
    expect(tally.get(outcome)).toBeGreaterThan(50);
});

it('decides sizes to the byte and depths far beyond the limit', async () => {
  await db.pool.query('truncate fuzz');
  await db.pool.query(`insert into dot_config (key, value) values ('iu_core.max_payload_bytes', '6000')`);
  const sized = (bytes: number, letter: string) => {
    const width = Buffer.byteLength(letter);
    const fill = bytes - 9;
    return `{"a": "${letter.repeat(Math.floor(fill / width))}${'x'.repeat(fill % width)}"}`;
  };
  const sizes = [4095, 4096, 4097, 5999, 6000, 6001, 6002];
  const texts = sizes.flatMap((bytes) => ['x', 'é', '😀', 'e\u0301'].map((letter) => sized(bytes, letter)));
  await fuzz(texts);
  await db.pool.query(`delete from dot_config where key = 'iu_core.max_payload_bytes'`);
  await fuzz([`{"a":1e131071}`, `{"a":[${Array(9).fill('1e131071').join(',')}]}`]);
  for (const depth of [65, 5000, 100_000]) await fuzz([`{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`]);
  const { rows } = await db.pool.query(`select coalesce(code, 'stored') as outcome from fuzz order by n`);
  const outcomes = rows.map((row) => row.outcome);
  expect(outcomes.slice(0, texts.length)).toEqual(
    sizes.flatMap((bytes) => Array(4).fill(bytes <= 6000 ? 'stored' : 'IU105')),
  );
  // 14 bytes of text are 131,079 bytes of jsonb; nine of them are over 1 MiB
  expect(outcomes.slice(texts.length)).toEqual(['stored', 'IU105', 'IU106', 'IU106', '54001']);
});

it('stops no pass: every stored hostile event is decided', async () => {
  await db.pool.query(
    `update dot_config set value = 'true' where key in ('iu_core.routes_master_enabled', 'iu_core.route_worker_enabled')`,
  );
  await db.pool.query(
    `update iu_outbound_route set enabled = true, filter = '$.a[*] > 1' where route_code = 'iu.version_applied.workflow'`,
  );
  const events = (await db.pool.query('select count(*)::int as n from event_outbox')).rows[0].n;
  let seen = 0;
  for (let pass = 0; pass < 40; pass += 1) {
    const { rows } = await db.pool.query('select fn_iu_route_worker_run(p_batch_limit => 1000) as result');
    const result = JSON.parse(rows[0].result);
    expect(result).toMatchObject({ status: 'ran', dead_lettered: 0 });
    seen += Number(result.seen);
    if (seen >= events) break;
  }
  const { rows } = await db.pool.query('select count(distinct event_seq)::int as n from iu_route_attempt');
  expect(rows[0].n).toBe(events);
});
