-- fn_iu_tree_at_version(uuid, integer) returns table (unit_id uuid, parent_id uuid, depth integer, ...)
--
-- Contract:  the document of a unit as it stood when a version of that unit was written.
-- Arguments: p_unit_id: the unit; p_version_seq: number of the version
-- Returns:   as fn_iu_tree_at; nothing when there is no such version
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_operator, iu_approver, iu_reader
create or replace function fn_iu_tree_at_version(p_unit_id uuid, p_version_seq integer)
returns table (unit_id uuid, parent_id uuid, depth integer, canonical_address text, section_code text, lifecycle_status text,
               version_id uuid, version_seq integer, enacted_seq integer)
language sql
set search_path from current
as $$
  with recursive moment as (
    select v.created_at from unit_version v where v.unit_id = p_unit_id and v.version_seq = p_version_seq
  ), up as (
    select p_unit_id as id, 0 as level
    union all
    select r.from_unit_id, up.level + 1 from up cross join moment m
     cross join lateral (
       select a.from_unit_id from iu_relation a
        where a.to_unit_id = up.id and a.relation_type = 'contains' and a.attributes ->> 'collection' is null
          and a.valid_from <= m.created_at and (a.valid_to is null or a.valid_to > m.created_at)
       offset 0) r
     where up.level < 128
  )
  select a.* from moment m cross join lateral fn_iu_tree_at((select id from up order by level desc limit 1), m.created_at) a
$$;
