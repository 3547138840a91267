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
      select p.id, p.parent_or_container_ref from up join information_unit p on p.id = up.parent_or_container_ref
    )
    select coalesce(array_agg(id order by id), '{}') from up where parent_or_container_ref is null
  );
end
$$;
