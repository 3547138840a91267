-- fn_iu_document_of(uuid[]) returns uuid[]
--
-- Contract:  the documents (units without parent) that these units live in now, each once, in the order in which they are locked.
-- Arguments: p_unit_ids: units
-- Returns:   ids of documents, ascending; a unit on a cycle has none
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_document_of(p_unit_ids uuid[]) returns uuid[]
language plpgsql
set search_path from current
as $$
begin
  -- plpgsql, which keeps its plan: as an SQL function it is planned again in every call
  return (
    with recursive up as (
      select u.id, u.parent_or_container_ref from information_unit u where u.id = any (p_unit_ids)
      union
      -- by key, one by one: a join with all units was taken for cheaper up to some 20,000 of them, at every level
      select p.id, p.parent_or_container_ref
        from up
       cross join lateral (select i.id, i.parent_or_container_ref from information_unit i where i.id = up.parent_or_container_ref offset 0) p
    )
    select coalesce(array_agg(id order by id), '{}') from up where parent_or_container_ref is null
  );
end
$$;
