-- fn_iu_core_routes_enabled() returns boolean
--
-- Contract:  whether the master gate is open.
-- Arguments: none
-- Returns:   true only when open
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_core_routes_enabled() returns boolean
language plpgsql
volatile
set search_path from current
as $$
begin
  return fn_iu_gate_open('iu_core.routes_master_enabled');
end
$$;
