-- fn_iu_gate_drain(integer, text) returns boolean
--
-- Contract:  waits until everything that read the gate before this call has ended. Call it in a transaction of its own after a closing
--            has committed: when it returns true nothing more is decided, claimed, applied or cut under the old gate.
-- Arguments: p_wait_milliseconds: longest wait, 1..600000; p_gate: key of the closed gate, with or without the prefix; null = whichever it
--            was: waits for structure operations and cuts too
-- Returns:   true when drained, false when somebody still runs after the wait
-- Raises:    nothing
-- Writes:    nothing (takes and gives back advisory locks)
-- May call:  iu_operator
create or replace function fn_iu_gate_drain(p_wait_milliseconds integer default 10000, p_gate text default null) returns boolean
language plpgsql
set search_path from current
as $$
declare
  v_ends_at timestamptz := clock_timestamp() + least(greatest(p_wait_milliseconds, 1), 600000) * interval '1 millisecond';
  v_key bigint;
begin
  foreach v_key in array case when p_gate is null then array[fn_iu_gate_lock_key(), fn_iu_gate_lock_key('structure_ops_enabled')]
                              else array[fn_iu_gate_lock_key(p_gate)] end loop
    perform set_config('lock_timeout', greatest(ceil(extract(epoch from v_ends_at - clock_timestamp()) * 1000), 1) || 'ms', true);
    begin
      perform pg_advisory_xact_lock(v_key);
    exception when lock_not_available then
      return false;
    end;
  end loop;
  return true;
end
$$;
