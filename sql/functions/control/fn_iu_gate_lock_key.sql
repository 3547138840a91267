-- fn_iu_gate_lock_key() returns bigint
--
-- Contract:  the advisory lock key of this installation's gates. Each pass and claim holds it shared before it reads a gate; the
--            one who closed a gate takes it exclusively after his commit, so that when he has it nothing started before goes on.
-- Arguments: none
-- Returns:   one key for each schema of a database
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_gate_lock_key() returns bigint
language plpgsql
stable
set search_path from current
as $$
begin
  return hashtextextended('iu_core gates of schema ' || current_schema(), 0);
end
$$;
