import type {
  FnIuTreeAncestorsRow,
  FnIuTreeAtRow,
  FnIuTreeSiblingsRow,
  FnIuTreeSubtreeRow,
  FnIuUnitAtRow,
  VIuLineageRow,
} from './catalog.generated.js';
import { isoTime, isoTimes, type ListPage, type PageWishes, type Queryable } from './listing.js';
import type { Columns } from './rows.js';

/**
 * One page of rows that have an order and no key: they are numbered in that order, and the number goes on. What is listed here only grows
 * at its end, or is a picture of a moment.
 */
async function readNumbered<Row>(
  database: Queryable,
  query: { readonly select: string; readonly order: string; readonly values: readonly unknown[] },
  wishes: PageWishes,
): Promise<ListPage<Row>> {
  const after = Number(wishes.after ?? 0);
  const [from, limit] = [query.values.length + 1, query.values.length + 2];
  const text = `select * from (${query.select}) listed ${query.order} offset $${from} limit $${limit}`;
  const { rows } = await database.query(text, [...query.values, after, wishes.limit + 1]);
  const items = rows.slice(0, wishes.limit).map((row) => {
    const { valid_from: since, valid_to: until } = row;
    return {
      ...isoTimes(row),
      ...(since === undefined ? {} : { valid_from: isoTime(since), valid_to: isoTime(until) }),
    } as Row;
  });
  return { items, next: rows.length > wishes.limit ? String(after + wishes.limit) : null };
}

/** One unit of a tree in reading order. */
export interface TreeRow
  extends Columns<FnIuTreeSubtreeRow, 'unit_id' | 'depth' | 'canonical_address' | 'lifecycle_status', 'section_code'> {
  /** Of a moment only: the version that was the last one written then, maybe a draft. */
  readonly version_seq?: FnIuTreeAtRow['version_seq'];
  /** Of a moment only: the version in force then; null of a unit that was not in force. */
  readonly enacted_seq?: FnIuTreeAtRow['enacted_seq'];
}

/** Which part of a tree, and when. */
export interface TreeWishes extends PageWishes {
  readonly levels?: number | undefined;
  /** As it stood at that moment. */
  readonly at?: string | undefined;
  /** The whole document of the unit, as it stood when this version of the unit was written. */
  readonly ofVersion?: number | undefined;
}

/** A unit and everything below it, now or as it stood at a moment. */
export async function readUnitTree(database: Queryable, unit: string, wishes: TreeWishes): Promise<ListPage<TreeRow>> {
  const columns = 'unit_id, depth, canonical_address, section_code, lifecycle_status';
  const now = `select ${columns} from fn_iu_tree_subtree(fn_iu_unit_ref($1), $2)`;
  const then = (call: string) =>
    `select ${columns}, version_seq, enacted_seq from ${call} where $2::int is null or depth <= $2`;
  const past =
    wishes.ofVersion !== undefined
      ? { select: then('fn_iu_tree_at_version(fn_iu_unit_ref($1), $3)'), value: wishes.ofVersion }
      : wishes.at !== undefined
        ? { select: then('fn_iu_tree_at(fn_iu_unit_ref($1), $3)'), value: wishes.at }
        : undefined;
  const values = [unit, wishes.levels ?? null, ...(past === undefined ? [] : [past.value])];
  return readNumbered(database, { select: past?.select ?? now, order: '', values }, wishes);
}

/** A unit above another one; depth 0 is the document. */
export type AncestorRow = Columns<
  FnIuTreeAncestorsRow,
  'unit_id' | 'depth' | 'canonical_address' | 'lifecycle_status',
  'section_code' | 'title'
>;

/** The units above a unit, from the document down to its parent. */
export async function readAncestors(database: Queryable, unitId: string): Promise<AncestorRow[]> {
  const text = `select unit_id, depth, canonical_address, section_code, title, lifecycle_status
    from fn_iu_tree_ancestors($1) order by depth`;
  return (await database.query(text, [unitId])).rows;
}

/** A unit among its siblings, which are counted from 1. */
export type SiblingRow = Columns<
  FnIuTreeSiblingsRow,
  'unit_id' | 'sibling_order' | 'canonical_address' | 'lifecycle_status' | 'is_self',
  'section_code' | 'title'
>;

/** A unit and its siblings in their order; of a document the documents of its collection. */
export function readSiblings(database: Queryable, unit: string, wishes: PageWishes): Promise<ListPage<SiblingRow>> {
  const select = `select unit_id, sibling_order, canonical_address, section_code, title, lifecycle_status, is_self
    from fn_iu_tree_siblings(fn_iu_unit_ref($1))`;
  return readNumbered(database, { select, order: 'order by sibling_order', values: [unit] }, wishes);
}

/** One relation of a unit or, some steps away, of one that it is related to. `canonical_address` is the unit, one step nearer, that has it. */
export interface LineageRow
  extends Columns<
    VIuLineageRow,
    | 'relation_id'
    | 'direction'
    | 'relation_type'
    | 'related_address'
    | 'canonical_address'
    | 'relation_status'
    | 'actor_ref'
    | 'valid_from',
    'operation_id' | 'valid_to'
  > {
  readonly direction: 'earlier' | 'later';
}

/** Where a unit's text came from and where it went, step by step as far as it is known. */
export function readLineage(
  database: Queryable,
  unit: string,
  wishes: PageWishes & { readonly withRetired?: boolean | undefined; readonly direction?: string | undefined },
): Promise<ListPage<LineageRow>> {
  const select = `with recursive line as (
       select l.* from v_iu_lineage l where l.unit_id = (select fn_iu_unit_ref($1)) and ($2 or l.relation_status = 'active')
       union
       select l.* from line b cross join lateral (
         select v.* from v_iu_lineage v where v.unit_id = b.related_unit_id and v.direction = b.direction and ($2 or v.relation_status = 'active')
         offset 0) l
     )
     select relation_id, direction, relation_type, related_address, canonical_address, relation_status, operation_id, actor_ref, valid_from, valid_to
       from line where $3::text is null or direction = $3`;
  const values = [unit, wishes.withRetired === true, wishes.direction ?? null];
  return readNumbered(
    database,
    { select, order: 'order by direction, relation_id, related_address, canonical_address', values },
    wishes,
  );
}

/** One thing that happened to a unit. */
export interface UnitHistoryRow {
  readonly happened_at: string;
  readonly what: string;
  readonly detail: string | null;
  readonly by: string;
  readonly operation_id: string | null;
}

/** Everything that happened to a unit, oldest first: versions, lifecycle, places, numbers. */
export function readUnitHistory(
  database: Queryable,
  unit: string,
  wishes: PageWishes & { readonly what?: string | undefined },
): Promise<ListPage<UnitHistoryRow>> {
  const select = `with self as (select fn_iu_unit_ref($1) as id)
     select * from (
       select v.created_at as happened_at, 'version' as what, v.version_seq || ' ' || v.content_hash as detail, v.created_by as by, null::bigint as operation_id
         from self join unit_version v on v.unit_id = self.id
       union all
       select l.recorded_at, 'lifecycle', l.from_status || ' -> ' || l.to_status, l.actor, null from self join iu_lifecycle_log l on l.unit_id = self.id
       union all
       select r.valid_from, 'place', 'below ' || p.canonical_address, r.created_by, r.operation_ref
         from self join iu_relation r on r.to_unit_id = self.id and r.relation_type = 'contains' join information_unit p on p.id = r.from_unit_id
       union all
       select r.valid_from, 'number', coalesce(r.attributes ->> 'from', '-') || ' -> ' || coalesce(r.attributes ->> 'to', '-'), r.created_by, r.operation_ref
         from self join iu_relation r on r.from_unit_id = self.id and r.relation_type = 'renumbered_from'
     ) happened where $2::text is null or what = $2`;
  return readNumbered(
    database,
    { select, order: `order by happened_at, what = 'lifecycle', what, detail`, values: [unit, wishes.what ?? null] },
    wishes,
  );
}

/**
 * What was at an address at a moment. `version_seq` is the last version written then, maybe a draft; `enacted_seq` the one in force then,
 * null when it was not in force.
 */
export type UnitAtRow = Columns<
  FnIuUnitAtRow,
  'unit_id' | 'canonical_address' | 'lifecycle_status',
  'number_path' | 'version_seq' | 'enacted_seq'
>;

/** The units that an address, also one made of numbers, named at a moment. */
export async function readUnitAt(database: Queryable, address: string, at: string): Promise<UnitAtRow[]> {
  const text =
    'select unit_id, canonical_address, number_path, lifecycle_status, version_seq, enacted_seq from fn_iu_unit_at($1, $2)';
  return (await database.query(text, [address, at])).rows;
}

/** The id of the unit that an address or id names; refused when there is none. */
export async function unitIdOf(database: Queryable, unit: string): Promise<string> {
  const { rows } = await database.query('select fn_iu_unit_ref($1) as id', [unit]);
  return rows[0].id;
}
