-- fn_iu_setting_number(text, numeric, numeric, numeric) returns numeric
--
-- Contract:  reads a numeric setting. Garbage counts as the default; a value outside the bounds is taken as the nearest bound.
-- Arguments: p_key: the key; p_default, p_least, p_most: default and bounds, in the unit that the key's name carries
-- Returns:   the number
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_worker, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_setting_number(p_key text, p_default numeric, p_least numeric, p_most numeric) returns numeric
language plpgsql
security definer
set search_path from current
as $$
declare
  v_value text := fn_iu_setting(p_key, null);
begin
  if v_value is null or v_value !~ E'^[0-9]{1,15}(\\.[0-9]{1,6})?$' then
    return p_default;
  end if;
  return least(greatest(v_value::numeric, p_least), p_most);
end
$$;
