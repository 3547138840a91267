-- fn_iu_tree_verify_part(uuid[]) returns text
--
-- Contract:  proves the part of the trees that an operation wrote: these units and everything below them. Every row obeys path(child) =
--            path(parent) || child, every child by adjacency is among the rows (none was left behind), the active contains relations and the
--            collection paths of the units say the same. A tree that was whole before is whole when this holds; fn_iu_tree_verify proves a
--            whole document without that assumption. Costs what moved, not what the document holds.
-- Arguments: p_unit_ids: units whose place was written; one whose birth was undone has no row left
-- Returns:   the first problem as a sentence, or null
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_tree_verify_part(p_unit_ids uuid[]) returns text
language sql
set search_path from current
as $$
  -- subqueries that look up one row each: as joins the planner would now and then read all units
  with top as materialized (
    select t.* from unnest(p_unit_ids) x (id) join iu_tree_path t on t.unit_id = x.id
  ), below as materialized (
    select distinct t.unit_id from top t cross join unnest(t.path_ids[1:t.depth]) a (id) join top on top.unit_id = a.id
  ), part as materialized (
    select t.unit_id, t.path_ids
      from top
     cross join lateral (
       select r.unit_id, r.path_ids from iu_tree_path r
        where r.root_unit_id = top.root_unit_id and r.path_ids >= top.path_ids
          and r.path_ids < top.path_ids || 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid
       offset 0) t
     where top.unit_id not in (select unit_id from below)
  ), collected as materialized (
    -- documents whose place in a collection was written, collections that moved, and everything in these
    select c.document_id as id
      from unnest(p_unit_ids) x (id)
      left join iu_collection_path own on own.document_id = x.id
     cross join lateral (
       select d.document_id from iu_collection_path d
        where d.path_ids >= coalesce(own.path_ids, array[x.id])
          and d.path_ids < coalesce(own.path_ids, array[x.id]) || 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid
       offset 0) c
    union select unnest(p_unit_ids)
  )
  (select format('%s: its path is not that of its parent and itself', p.unit_id)
     from part p
    where (select p.path_ids is distinct from
                  case when u.parent_or_container_ref is null then array[u.id]
                       else (select a.path_ids from iu_tree_path a where a.unit_id = u.parent_or_container_ref) || u.id end
                  or u.deleted_at is not null
             from information_unit u where u.id = p.unit_id) is not false
    limit 1)
  union all
  (select format('%s units stand below the moved ones, %s rows tell so', n.children, n.below)
     from (select coalesce(sum((select count(*) from information_unit c where c.parent_or_container_ref = p.unit_id and c.deleted_at is null)), 0)
                  as children,
                  count(*) - ((select count(*) from top) - (select count(*) from below)) as below
             from part p) n
    where n.children <> n.below)
  union all
  (select format('%s: the active contains relation says another place', u.canonical_address)
     from unnest(p_unit_ids) x (id)
     join information_unit u on u.id = x.id
     left join iu_relation r on r.to_unit_id = x.id and r.relation_type = 'contains' and r.relation_status = 'active'
     left join iu_collection_path c on c.document_id = x.id
    where (u.deleted_at is null) <> exists (select from iu_tree_path t where t.unit_id = x.id)
       or (u.deleted_at is not null and r.relation_id is not null)
       or (u.deleted_at is null
           and (r.from_unit_id is distinct from coalesce(u.parent_or_container_ref, c.collection_id)
                or (r.relation_id is not null and r.sibling_rank <> coalesce(c.sibling_rank, u.sibling_rank))
                or (u.parent_or_container_ref is not null and c.document_id is not null)))
    limit 1)
  union all
  (select format('%s: its collection path is not that of its collection and itself', c.document_id)
     from collected x
    cross join lateral (
      select e.* from iu_collection_path e where e.document_id = x.id
      union all
      select e.* from iu_collection_path e where e.collection_id = x.id
      offset 0) c
    where c.path_ids <> coalesce((select p.path_ids from iu_collection_path p where p.document_id = c.collection_id), array[c.collection_id])
                        || c.document_id
    limit 1)
  limit 1
$$;
