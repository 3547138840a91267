-- fn_iu_in_probe() returns boolean
--
-- Contract:  whether the current transaction was marked by fn_iu_probe_begin. A mark of another transaction is never visible.
-- Arguments: none
-- Returns:   true or false
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_in_probe() returns boolean
language plpgsql
stable
security definer
set search_path from current
as $$
begin
  return exists (select from iu_probe_mark where tx_id = pg_current_xact_id_if_assigned());
end
$$;
