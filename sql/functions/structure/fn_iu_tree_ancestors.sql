-- fn_iu_tree_ancestors(uuid) returns table (unit_id uuid, parent_id uuid, depth integer, ...)
--
-- Contract:  the units above a unit, from the document down to its parent.
-- Arguments: p_unit_id: the unit
-- Returns:   unit_id, parent_id, depth, canonical_address, section_code, title, lifecycle_status, version_id
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_tree_ancestors(p_unit_id uuid)
returns table (unit_id uuid, parent_id uuid, depth integer, canonical_address text, section_code text, title text, lifecycle_status text,
               version_id uuid)
language plpgsql
set search_path from current
as $$
#variable_conflict use_column
begin
  return query
  select u.id, u.parent_or_container_ref, (a.place - 1)::integer, u.canonical_address, u.section_code, u.identity_profile ->> 'title',
         u.lifecycle_status, u.version_anchor_ref
    from iu_tree_path t
   cross join unnest(t.path_ids) with ordinality as a (id, place)
    join information_unit u on u.id = a.id
   where t.unit_id = p_unit_id and a.place <= t.depth
   order by a.place;
end
$$;
