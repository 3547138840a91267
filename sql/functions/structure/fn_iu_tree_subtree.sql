-- fn_iu_tree_subtree(uuid, integer) returns table (unit_id uuid, parent_id uuid, depth integer, ...)
--
-- Contract:  a unit and everything below it in reading order: siblings by rank, pieces below their unit.
-- Arguments: p_unit_id: the unit; p_levels: how many levels below it, null = all
-- Returns:   as fn_iu_tree_ancestors; depth counts from the document
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_tree_subtree(p_unit_id uuid, p_levels integer default null)
returns table (unit_id uuid, parent_id uuid, depth integer, canonical_address text, section_code text, title text, lifecycle_status text,
               version_id uuid)
language plpgsql
set search_path from current
as $$
#variable_conflict use_column
begin
  return query
  with recursive top as (
    select t.* from iu_tree_path t where t.unit_id = p_unit_id
  ), member as materialized (
    -- one range of the index: every path that begins with that of the unit
    select t.unit_id, t.depth, t.path_ids, u.parent_or_container_ref as parent_id, u.canonical_address, u.section_code,
           u.identity_profile ->> 'title' as title, u.lifecycle_status, u.version_anchor_ref as version_id, u.sibling_rank
      from top
     cross join lateral (
       select r.* from iu_tree_path r
        where r.root_unit_id = top.root_unit_id and r.path_ids >= top.path_ids
          and r.path_ids < top.path_ids || 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid
          and (p_levels is null or r.depth <= top.depth + p_levels)
       offset 0) t
     -- by key, one by one: with stale statistics a join reads all units for the few of this one
     cross join lateral (select i.* from information_unit i where i.id = t.unit_id offset 0) u
  ), ordered as (
    select m.unit_id, array[]::text[] collate "C" as ranks from member m where m.unit_id = p_unit_id
    union all
    select m.unit_id, o.ranks || m.sibling_rank from ordered o join member m on m.parent_id = o.unit_id
  )
  select m.unit_id, m.parent_id, m.depth, m.canonical_address, m.section_code, m.title, m.lifecycle_status, m.version_id
    from ordered o join member m on m.unit_id = o.unit_id
   order by o.ranks;
end
$$;
