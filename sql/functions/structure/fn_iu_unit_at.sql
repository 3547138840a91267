-- fn_iu_unit_at(text, timestamptz) returns table (unit_id uuid, canonical_address text, ...)
--
-- Contract:  what was at an address at a moment. The address is a canonical one, or the document's followed by the numbers below it
--            (DOC/2/5: the piece numbered 5 in the piece numbered 2), which names different units at different times.
-- Arguments: p_address: the address; p_at: the moment
-- Returns:   unit_id, canonical_address, number_path, lifecycle_status, version_id, version_seq
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_operator, iu_approver, iu_reader
create or replace function fn_iu_unit_at(p_address text, p_at timestamptz)
returns table (unit_id uuid, canonical_address text, number_path text, lifecycle_status text, version_id uuid, version_seq integer)
language sql
set search_path from current
as $$
  with recursive document as (
    -- the documents whose address begins this one, and the document of the unit that has it as canonical address
    select u.id, u.canonical_address from information_unit u
     where u.parent_or_container_ref is null and u.deleted_at is null
       and (u.canonical_address = p_address or starts_with(p_address, u.canonical_address || '/'))
    union
    select r.id, r.canonical_address from information_unit u
      join iu_tree_path t on t.unit_id = u.id join information_unit r on r.id = t.root_unit_id
     where u.canonical_address = p_address
  ), standing as (
    select a.*, d.canonical_address as document_address from document d cross join lateral fn_iu_tree_at(d.id, p_at) a
  ), numbered as (
    select s.unit_id, s.document_address as number_path from standing s where s.depth = 0
    union all
    select s.unit_id, n.number_path || coalesce('/' || s.section_code, '') from numbered n join standing s on s.parent_id = n.unit_id
  )
  select s.unit_id, s.canonical_address, n.number_path, s.lifecycle_status, s.version_id, s.version_seq
    from standing s join numbered n on n.unit_id = s.unit_id
   where s.canonical_address = p_address
      or (n.number_path = p_address and s.section_code is not null and s.lifecycle_status in ('draft', 'enacted'))
$$;
