import type { ClientBase } from 'pg';
import type { TreeFacts, UnitSample } from '../contract/adoption/catalog.js';
import type { JournalEntry } from './adoption-journal.js';
import { quoteIdentifier } from './session.js';

const none: UnitSample = { count: 0, addresses: [] };

/** Where there is no tree, or where it is ours already. */
export const noTree: TreeFacts = {
  parents: false,
  ranksAreOurs: false,
  circular: none,
  buried: none,
  tooDeep: none,
  inCollections: none,
};

/**
 * Everything that is reached from a unit without parent is a tree; of the living rest, who comes back to himself going up stands in a circle, and
 * who stands below such a one belongs to it. `union` ends every walk. Parents that are not there are counted with the foreign key.
 */
const treeText = (units: string, deleted: string): string => `with recursive unit as materialized (
    select id, parent_or_container_ref as parent, canonical_address as address, unit_kind as kind, ${deleted} is not null as gone from ${units}
  ), down as (
    select id, kind, 0 as depth, kind = 'collection' as in_collection from unit where parent is null and not gone
    union all
    select u.id, u.kind, d.depth + 1, d.depth = 0 and d.in_collection from down d join unit u on u.parent = d.id where not u.gone
  ), lost as (
    select u.id, u.parent, u.address from unit u
     where not u.gone and u.parent is not null and exists (select from unit p where p.id = u.parent)
       and not exists (select from down d where d.id = u.id)
  ), up as (
    select l.id as unit, l.parent as above from lost l
    union
    select up.unit, p.parent from up join lost p on p.id = up.above
  ), found as (
    select case when exists (select from up where up.unit = l.id and (up.above = l.id
                               or exists (select from up o where o.unit = up.above and o.above = up.above))) then 'circular'
                when exists (select from up join unit a on a.id = up.above where up.unit = l.id and a.gone) then 'buried' end as problem, l.address
      from lost l
    union all
    select case when d.depth > 127 then 'tooDeep' else 'inCollections' end, (select address from unit u where u.id = d.id)
      from down d where d.depth > 127 or (d.depth = 1 and d.in_collection)
  )
  select problem, count(*)::int as count, to_jsonb((array_agg(address order by address collate "C"))[1:5])::text as addresses
    from found where problem is not null group by problem`;

/** The tree of the units that are there, where `parent_or_container_ref` is. Nothing is written. */
export async function readTreeFacts(
  client: ClientBase,
  schema: string,
  columns: readonly string[],
  journal: readonly JournalEntry[],
): Promise<TreeFacts> {
  if (['id', 'parent_or_container_ref', 'canonical_address', 'unit_kind'].some((name) => !columns.includes(name))) {
    return noTree;
  }
  const units = `${quoteIdentifier(schema)}.information_unit`;
  const { rows } = await client.query(
    `select exists (select from ${units} where parent_or_container_ref is not null) as parents`,
  );
  const made = journal.some(
    ({ step, back }) => step === 'columns information_unit' && JSON.stringify(back).includes('sibling_rank'),
  );
  const ranksAreOurs = made || !columns.includes('sibling_rank');
  if (!rows[0].parents) return { ...noTree, ranksAreOurs };
  const found = await client.query(
    treeText(units, columns.includes('deleted_at') ? 'deleted_at' : 'null::timestamptz'),
  );
  const samples = new Map<string, UnitSample>(
    found.rows.map(({ problem, count, addresses }) => [problem, { count, addresses: JSON.parse(addresses) }]),
  );
  const of = (problem: string) => samples.get(problem) ?? none;
  return {
    parents: true,
    ranksAreOurs,
    circular: of('circular'),
    buried: of('buried'),
    tooDeep: of('tooDeep'),
    inCollections: of('inCollections'),
  };
}

// as fn_iu_rank_from_integer writes them, which is not there yet; four digits are more siblings than anybody has
const digit = (power: number): string =>
  `substr('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', (place / ${62 ** power} % 62)::int + 1, 1)`;
const digits = (width: number): string => Array.from({ length: width }, (_, at) => digit(width - 1 - at)).join(' || ');
const widths = [1, 2, 3, 4];
const firstOf = (width: number): number => widths.slice(0, width - 1).reduce((sum, one) => sum + 62 ** one, 0);
const rankCases = widths
  .map((width) => {
    const text = digits(width).replaceAll('place', `(place - ${firstOf(width)})`);
    return `when place < ${firstOf(width) + 62 ** width} then '${String.fromCharCode(96 + width)}' || ${text}`;
  })
  .join('\n         ');

const crowded = `select parent_or_container_ref as parent, count(*) as children from information_unit
  where parent_or_container_ref is not null group by 1 having count(*) > count(distinct sibling_rank)`;

/** Ranks of siblings: parents whose children share one, and the statement that ranks the children of some of them anew. */
export const siblingRanks = {
  missing: `select exists (${crowded}) as missing`,
  silence: 'set local session_replication_role = replica',
  fill: `with crowded as (${crowded}), chosen as (
    select parent from (select parent, sum(children) over (order by parent) - children as before from crowded) c where before < 5000
  ), placed as (
    select id, row_number() over (partition by parent_or_container_ref
             order by sort_order nulls last, canonical_address collate "C", created_at, id) - 1 as place
      from information_unit where parent_or_container_ref in (select parent from chosen)
  ), ranked as (
    select id, case ${rankCases} end as rank from placed
  )
  update information_unit u set sibling_rank = r.rank from ranked r where u.id = r.id and u.sibling_rank <> r.rank`,
} as const;
