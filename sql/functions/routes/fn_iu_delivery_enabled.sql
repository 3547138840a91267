-- fn_iu_delivery_enabled() returns boolean
--
-- Contract:  whether the delivery gate is open.
-- Arguments: none
-- Returns:   true only when open
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_delivery_enabled() returns boolean
language plpgsql
volatile
set search_path from current
as $$
begin
  return fn_iu_gate_open('iu_core.delivery_enabled');
end
$$;
