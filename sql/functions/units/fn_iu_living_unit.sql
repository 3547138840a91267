-- fn_iu_living_unit(text) returns information_unit
--
-- Contract:  finds a unit by address and locks its row (for no key update), so that what follows, its event included, comes after
--            everything that others did to it.
-- Arguments: p_canonical_address: the unit
-- Returns:   the row as it is now
-- Raises:    IU205 no such unit, IU206 the unit is not alive
-- Writes:    nothing (row lock)
-- May call:  internal
create or replace function fn_iu_living_unit(p_canonical_address text) returns information_unit
language plpgsql
set search_path from current
as $$
declare
  v_unit information_unit;
begin
  select * into v_unit from information_unit where canonical_address = p_canonical_address for no key update;
  if not found then
    raise exception using errcode = 'IU205', message = format('there is no unit %s', quote_nullable(left(p_canonical_address, 200)));
  end if;
  if v_unit.lifecycle_status not in ('draft', 'enacted') or v_unit.deleted_at is not null then
    raise exception using errcode = 'IU206', message = format('unit %s is %s', v_unit.canonical_address,
        case when v_unit.deleted_at is not null then 'deleted' else v_unit.lifecycle_status end),
      hint = 'only draft and enacted units change; make a new unit';
  end if;
  perform fn_iu_stamp(v_unit.updated_at);
  return v_unit;
end
$$;
