-- fn_iu_route_worker_enabled() returns boolean
--
-- Contract:  whether the worker gate is open.
-- Arguments: none
-- Returns:   true only when open
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_route_worker_enabled() returns boolean
language plpgsql
volatile
set search_path from current
as $$
begin
  return fn_iu_gate_open('iu_core.route_worker_enabled');
end
$$;
