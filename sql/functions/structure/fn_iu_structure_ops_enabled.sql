-- fn_iu_structure_ops_enabled() returns boolean
--
-- Contract:  says whether structure operations may be applied and rolled back: gate iu_core.structure_ops_enabled.
-- Arguments: none
-- Returns:   true only while the gate is open
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_structure_ops_enabled() returns boolean
language plpgsql
security definer
set search_path from current
as $$
begin
  return fn_iu_gate_open('iu_core.structure_ops_enabled');
end
$$;
