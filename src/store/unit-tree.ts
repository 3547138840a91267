import { isoTime, isoTimes, type Queryable } from './listing.js';

/** One unit of a tree in reading order. */
export interface TreeRow {
  readonly unit_id: string;
  readonly depth: number;
  readonly canonical_address: string;
  readonly section_code: string | null;
  readonly lifecycle_status: string;
}

/** A unit and everything below it, now or as its document stood at a moment. */
export async function readUnitTree(
  database: Queryable,
  unit: string,
  wishes: { readonly levels?: number | undefined; readonly at?: string | undefined },
): Promise<TreeRow[]> {
  const columns = 'unit_id, depth, canonical_address, section_code, lifecycle_status';
  const text =
    wishes.at === undefined
      ? `select ${columns} from fn_iu_tree_subtree(fn_iu_unit_ref($1), $2)`
      : `select ${columns} from fn_iu_tree_at(fn_iu_unit_ref($1), $3) where $2::int is null or depth <= $2`;
  const values = wishes.at === undefined ? [unit, wishes.levels ?? null] : [unit, wishes.levels ?? null, wishes.at];
  return (await database.query(text, values)).rows;
}

/** One relation of a unit, seen from it. */
export interface LineageRow {
  readonly relation_id: string;
  readonly direction: 'earlier' | 'later';
  readonly relation_type: string;
  readonly related_address: string;
  readonly relation_status: string;
  readonly operation_id: string | null;
  readonly valid_from: string;
  readonly valid_to: string | null;
}

/** Where a unit's text came from and where it went, step by step as far as it is known. */
export async function readLineage(database: Queryable, unit: string, withRetired: boolean): Promise<LineageRow[]> {
  const found = await database.query(
    `with recursive line as (
       select l.* from v_iu_lineage l where l.unit_id = (select fn_iu_unit_ref($1)) and ($2 or l.relation_status = 'active')
       union
       select l.* from line b join v_iu_lineage l on l.unit_id = b.related_unit_id and l.direction = b.direction
        where $2 or l.relation_status = 'active'
     )
     select relation_id, direction, relation_type, related_address, relation_status, operation_id, valid_from, valid_to
       from line order by direction, relation_id, related_address`,
    [unit, withRetired],
  );
  return found.rows.map((row) => ({ ...row, valid_from: isoTime(row.valid_from), valid_to: isoTime(row.valid_to) }));
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
export async function readUnitHistory(database: Queryable, unit: string): Promise<UnitHistoryRow[]> {
  const found = await database.query(
    `with self as (select fn_iu_unit_ref($1) as id)
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
     ) happened order by happened_at, what`,
    [unit],
  );
  return found.rows.map((row) => isoTimes(row) as unknown as UnitHistoryRow);
}

/** What was at an address at a moment. */
export interface UnitAtRow {
  readonly unit_id: string;
  readonly canonical_address: string;
  readonly number_path: string | null;
  readonly lifecycle_status: string;
  readonly version_seq: number | null;
}

/** The units that an address, also one made of numbers, named at a moment. */
export async function readUnitAt(database: Queryable, address: string, at: string): Promise<UnitAtRow[]> {
  const text =
    'select unit_id, canonical_address, number_path, lifecycle_status, version_seq from fn_iu_unit_at($1, $2)';
  return (await database.query(text, [address, at])).rows;
}
