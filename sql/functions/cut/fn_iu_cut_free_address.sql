-- fn_iu_cut_free_address(text) returns text
--
-- Contract:  an address for a new unit: the one asked for, or with @2, @3 … when a unit, deprecated too, ever had it. A piece that
--            comes back after its unit was deprecated is a new unit: what was deprecated stays as it was, and its history is told
--            apart from the new one's.
-- Arguments: p_address: canonical address of the piece
-- Returns:   the first free form
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter
create or replace function fn_iu_cut_free_address(p_address text) returns text
language sql
stable
security definer
set search_path from current
as $$
  select candidate
    from (select 1 as form, p_address as candidate
           union all
          select form, p_address || '@' || form from generate_series(2, 10000) as form) as possible
   where not exists (select from information_unit where canonical_address = candidate)
   order by form
   limit 1
$$;
