-- fn_iu_cut_living(uuid) returns table (position, unit_id, parent_id, canonical_address, version_id)
--
-- Contract:  the document and the living units below it in tree order: each before its children, siblings by rank. Living = neither
--            superseded, retired nor deprecated nor deleted, and every unit above it living too.
-- Arguments: p_document_id: the document unit
-- Returns:   one row a unit, without its text; nothing for an unknown document
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_living(p_document_id uuid)
returns table ("position" bigint, unit_id uuid, parent_id uuid, canonical_address text, version_id uuid)
language sql
stable
set search_path from current
set plan_cache_mode = force_generic_plan
-- units are looked up by key, one by one: with stale statistics a join paired all with all (9 s for 5,000 units)
set enable_seqscan = off
as $$
  -- ranks joined by a space, which is below every letter of a rank: compares as the list of them would, in half the time
  with recursive tree as (
    select u.id, u.parent_or_container_ref, u.canonical_address, u.version_anchor_ref, '' collate "C" as path
      from information_unit u
     where u.id = p_document_id and u.lifecycle_status in ('draft', 'enacted') and u.deleted_at is null
     union all
    select c.id, c.parent_or_container_ref, c.canonical_address, c.version_anchor_ref, t.path || ' ' || c.sibling_rank
      from tree t
     -- what is behind the fence goes by the parent alone: with a lifecycle beside it the planner read all units of that lifecycle for each parent
     cross join lateral (select u.* from information_unit u where u.parent_or_container_ref = t.id offset 0) c
     where c.lifecycle_status in ('draft', 'enacted') and c.deleted_at is null
  )
  select row_number() over (order by t.path), t.id, t.parent_or_container_ref, t.canonical_address, t.version_anchor_ref
    from tree t
   where t.version_anchor_ref is not null
   order by t.path
$$;
