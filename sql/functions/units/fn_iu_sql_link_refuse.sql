-- fn_iu_sql_link_refuse(uuid[]) returns void
--
-- Contract:  refuses to end units on which living SQL links stand, where nobody says what becomes of the links.
-- Arguments: p_units: their ids, rows locked by the caller
-- Returns:   nothing
-- Raises:    IU611 living SQL links
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_sql_link_refuse(p_units uuid[]) returns void
language plpgsql
set search_path from current
as $$
declare
  v_address text;
begin
  select min(u.canonical_address) into v_address
    from iu_sql_link l join information_unit u on u.id = l.unit_id
   where l.unit_id = any (p_units) and l.lifecycle_status in ('draft', 'enacted');
  if v_address is not null then
    raise exception using errcode = 'IU611', message = format('unit %s has living SQL links', v_address),
      hint = 'retire them first (iu link retire), or end the unit by a structure operation with a link_policy';
  end if;
end
$$;
