-- fn_iu_cut_piece_units(bigint) returns table (ordinal integer, unit_id uuid, fate text)
--
-- Contract:  the unit of each piece of a plan: by id, or by the address under which the plan makes it.
-- Arguments: p_run_id
-- Returns:   one row a piece; unit_id null when there is no such unit
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_piece_units(p_run_id bigint) returns table (ordinal integer, unit_id uuid, fate text)
language sql
stable
set search_path from current
as $$
  select p.ordinal, coalesce(p.unit_id, (select u.id from information_unit u where u.canonical_address = p.address and u.deleted_at is null)), p.fate
    from iu_cut_plan_piece p where p.run_id = p_run_id
$$;
