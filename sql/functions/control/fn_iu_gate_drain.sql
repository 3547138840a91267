-- fn_iu_gate_drain(integer) returns boolean
--
-- Contract:  waits until every pass and claim that read the gates before this call has ended. Call it in a transaction of its own
--            after a closing has committed: when it returns true nothing more is decided or claimed under the old gates.
-- Arguments: p_wait_milliseconds: longest wait, 1..600000
-- Returns:   true when drained, false when somebody still runs after the wait
-- Raises:    nothing
-- Writes:    nothing (takes and gives back an advisory lock)
-- May call:  iu_operator
create or replace function fn_iu_gate_drain(p_wait_milliseconds integer default 10000) returns boolean
language plpgsql
set search_path from current
as $$
begin
  perform set_config('lock_timeout', least(greatest(p_wait_milliseconds, 1), 600000) || 'ms', true);
  begin
    perform pg_advisory_xact_lock(fn_iu_gate_lock_key());
  exception when lock_not_available then
    return false;
  end;
  return true;
end
$$;
