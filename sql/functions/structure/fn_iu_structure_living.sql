-- fn_iu_structure_living(text) returns information_unit
--
-- Contract:  the living unit that a step names, its row locked so that revisions and enactments wait.
-- Arguments: p_ref: address or id
-- Returns:   the row
-- Raises:    IU206 not alive, IU601 no such unit
-- Writes:    nothing (row lock)
-- May call:  internal
create or replace function fn_iu_structure_living(p_ref text) returns information_unit
language plpgsql
set search_path from current
as $$
declare
  v_unit information_unit;
  -- not in the condition below: a volatile function there would be called for every unit
  v_id uuid := fn_iu_unit_ref(p_ref);
begin
  select * into v_unit from fn_iu_living_unit((select canonical_address from information_unit where id = v_id));
  return v_unit;
end
$$;
