-- fn_iu_closed_gate() returns text
--
-- Contract:  which gate keeps this transaction from deciding anything; the master is named first. Takes the gates' lock shared
--            before it reads them, until the end of the transaction, so that who closes one can wait for it; a probe's
--            transaction, which cannot commit, takes none.
-- Arguments: none
-- Returns:   master_gate_closed or worker_gate_closed; null when both are open
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_closed_gate() returns text
language plpgsql
volatile
set search_path from current
as $$
begin
  if not fn_iu_in_probe() then
    perform pg_advisory_xact_lock_shared(fn_iu_gate_lock_key());
  end if;
  return case when not fn_iu_core_routes_enabled() then 'master_gate_closed'
              when not fn_iu_route_worker_enabled() then 'worker_gate_closed' end;
end
$$;
