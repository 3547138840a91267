import type pg from 'pg';

/** Anything that runs a query. */
export type Queryable = pg.Pool | pg.ClientBase;

/** One condition of a list: SQL with `?` for its value. A condition whose value is undefined is left out. */
export type Condition = readonly [sql: string, value: string | number | boolean | readonly string[] | undefined];

/** From when on, and before when. */
export interface Period {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** A list may be narrowed to a period of one of its times. */
export function within(column: string, { since, until }: Period): Condition[] {
  return [
    [`${column} >= ?::timestamptz`, since],
    [`${column} < ?::timestamptz`, until],
  ];
}

/** What a list is made of. SQL comes from this folder only, values travel as parameters. */
export interface ListQuery {
  /** Columns, as `select` has them. */
  readonly columns: string;
  readonly from: string;
  /** Values for the `?` in `from`, in order. */
  readonly fromValues?: readonly unknown[];
  readonly conditions: readonly Condition[];
  /**
   * SQL expression that orders the list and its type; unique, so that pages neither skip nor repeat a row. Of a pair it is `(a, b)`, and
   * the key of a row is written `a.b`.
   */
  readonly key: string;
  readonly keyType: 'bigint' | 'text' | 'uuid' | 'bigint pair';
  /** Names of the columns that hold the key: two for a pair, with a dot between them. */
  readonly keyColumn: string;
  readonly descending: boolean;
}

/** Which page of a list. */
export interface PageWishes {
  readonly limit: number;
  /** Value of the key of the last row seen; undefined for the first page. */
  readonly after?: string | undefined;
}

/** One page: rows with all values as PostgreSQL writes them, and the key to go on from (null on the last page). */
export interface ListPage<Row> {
  readonly items: Row[];
  readonly next: string | null;
}

/** Reads one page by keyset: its cost does not grow with its place in the list. */
export async function readPage<Row extends object>(
  database: Queryable,
  query: ListQuery,
  wishes: PageWishes,
): Promise<ListPage<Row>> {
  const values: unknown[] = [];
  const place = (sql: string, value: unknown) => {
    values.push(value);
    return sql.replace('?', () => `$${values.length}`);
  };
  const from = (query.fromValues ?? []).reduce<string>((sql, value) => place(sql, value), query.from);
  const comparison = query.descending ? '<' : '>';
  const given: Condition[] = [...query.conditions];
  if (wishes.after !== undefined) {
    const after =
      query.keyType === 'bigint pair'
        ? `(select (p.key)[1]::bigint, (p.key)[2]::bigint from string_to_array(?, '.') as p (key))`
        : `?::${query.keyType}`;
    given.push([`${query.key} ${comparison} ${after}`, wishes.after]);
  }
  const where = given.filter(([, value]) => value !== undefined).map(([sql, value]) => place(sql, value));
  const text = [
    `select ${query.columns} from ${from}`,
    where.length === 0 ? '' : `where ${where.join(' and ')}`,
    `order by ${ordered(query)} ${place('limit ?', wishes.limit + 1)}`,
  ].join(' ');
  const rows = (await database.query(text, values)).rows.map(isoTimes) as Row[];
  const items = rows.slice(0, wishes.limit);
  const last = items.at(-1) as Readonly<Record<string, unknown>> | undefined;
  const key = query.keyColumn.split('.').map((name) => String(last?.[name]));
  return { items, next: rows.length > wishes.limit && last !== undefined ? key.join('.') : null };
}

/** The parts of a pair one by one: an index gives that order, and not the one of a row. */
function ordered(query: ListQuery): string {
  const parts = query.keyType === 'bigint pair' ? query.key.replace(/[()]/g, '').split(',') : [query.key];
  return parts.map((part) => `${part} ${query.descending ? 'desc' : 'asc'}`).join(', ');
}

/** A timestamp of the database (text) as ISO 8601 with all its digits, in the zone of its session; anything else unchanged. */
export function isoTime<Value>(value: Value): Value | string {
  if (typeof value !== 'string') return value;
  const match = /^(\d{4,}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2}(?:\.\d+)?)([+-]\d{2})(:\d{2})?$/.exec(value);
  if (match === null) return value;
  const [, day, time, hours, minutes = ':00'] = match;
  return `${day}T${time}${hours === '+00' && minutes === ':00' ? 'Z' : `${hours}${minutes}`}`;
}

const timeName = /_(at|until)$/;

/** A row with its timestamps (columns named `..._at` or `..._until`) as ISO 8601. */
export function isoTimes(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [name, timeName.test(name) ? isoTime(value) : value]),
  );
}

/** The same at every depth: for documents that functions return. */
export function isoTimesDeep(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(isoTimesDeep);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, timeName.test(name) ? isoTime(inner) : isoTimesDeep(inner)]),
  );
}

/**
 * Runs a function that returns one jsonb document. Ids stand in it as strings and counts as small numbers, so reading it
 * as JSON loses nothing; undefined when the function returned null.
 */
export async function callForDocument<Document>(
  database: Queryable,
  text: string,
  values: readonly unknown[],
): Promise<Document | undefined> {
  const row = (await database.query(text, [...values])).rows[0];
  const document: unknown = row === undefined ? null : Object.values(row)[0];
  if (typeof document !== 'string') return undefined;
  return isoTimesDeep(JSON.parse(document)) as Document;
}

/** The same for a function that never returns null. */
export async function callForResult<Document>(
  database: Queryable,
  text: string,
  values: readonly unknown[],
): Promise<Document> {
  const document = await callForDocument<Document>(database, text, values);
  if (document === undefined) throw new TypeError('a function that promises a document returned null');
  return document;
}
