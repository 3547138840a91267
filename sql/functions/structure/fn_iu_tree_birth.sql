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
  with recursive above as materialized (
    -- the parents that were there before, each looked up once: a join read all rows of iu_tree_path for a large batch
    select p.id, (select t.path_ids from iu_tree_path t where t.unit_id = p.id) as path
      from (select parent_or_container_ref as id from new_units where parent_or_container_ref is not null except select id from new_units) p
  ), down as (
    select n.id, n.id as root, array[n.id] as path from new_units n where n.parent_or_container_ref is null
    union all
    select n.id, a.path[1], a.path || n.id from above a join new_units n on n.parent_or_container_ref = a.id where a.path is not null
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
