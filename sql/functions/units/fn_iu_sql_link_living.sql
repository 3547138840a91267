-- fn_iu_sql_link_living() returns trigger
--
-- Contract:  a living link is made on a living unit only. Locks the row of the unit (for no key update), as everything that ends a unit does:
--            either this waits and sees the unit ended, or the end waits and sees the link.
-- Arguments: none
-- Returns:   the new row
-- Raises:    IU206 the unit is not alive
-- Writes:    nothing (row lock)
-- May call:  nobody, it is a trigger
create or replace function fn_iu_sql_link_living() returns trigger
language plpgsql
security definer
set search_path from current
as $$
declare
  v_unit record;
begin
  select u.canonical_address, u.lifecycle_status, u.deleted_at into v_unit from information_unit u where u.id = new.unit_id for no key update;
  -- without a unit the foreign key refuses
  if v_unit.deleted_at is not null or v_unit.lifecycle_status not in ('draft', 'enacted') then
    raise exception using errcode = 'IU206', message = format('unit %s is %s', v_unit.canonical_address,
        case when v_unit.deleted_at is not null then 'deleted' else v_unit.lifecycle_status end),
      hint = 'link the unit that took its place: iu unit lineage';
  end if;
  return new;
end
$$;
