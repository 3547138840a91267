-- fn_iu_tree_birth() returns trigger
--
-- Contract:  gives new units their row of iu_tree_path and their contains relation, in one statement for any number of units. A batch may
--            hold parents and children in any order.
-- Arguments: none
-- Returns:   null (statement trigger)
-- Raises:    IU620 deeper than 128 levels
-- Writes:    iu_tree_path, iu_relation
-- May call:  nobody, it is a trigger
create or replace function fn_iu_tree_birth() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
  with recursive down as (
    select n.id, coalesce(p.root_unit_id, n.id) as root, coalesce(p.path_ids, '{}') || n.id as path
      from new_units n
      left join iu_tree_path p on p.unit_id = n.parent_or_container_ref
     where n.parent_or_container_ref is null or p.unit_id is not null
    union all
    select n.id, d.root, d.path || n.id from down d join new_units n on n.parent_or_container_ref = d.id
     where cardinality(d.path) <= 128
  )
  insert into iu_tree_path (unit_id, root_unit_id, path_ids, depth)
  select id, root, path, cardinality(path) - 1 from down;
  insert into iu_relation (relation_type, from_unit_id, to_unit_id, sibling_rank, valid_from, created_by)
  -- valid from the same moment as the unit and its first version
  select 'contains', n.parent_or_container_ref, n.id, n.sibling_rank, n.created_at, n.created_by
    from new_units n where n.parent_or_container_ref is not null;
  return null;
exception when check_violation then
  raise exception using errcode = 'IU620', message = 'a unit would stand deeper than 128 levels', hint = 'hang it higher up';
end
$$;
