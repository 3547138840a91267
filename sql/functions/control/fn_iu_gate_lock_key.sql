-- fn_iu_gate_lock_key(text) returns bigint
--
-- Contract:  the advisory lock key of this installation's gates. Each pass and claim, and with a key of their own each structure operation
--            and cut, holds it shared before it reads a gate; the one who closed a gate takes it exclusively after his commit, so that when
--            he has it nothing started before goes on. Two keys, because an operation on a large document takes minutes: with one, whoever
--            closed the gate of deliveries waited for it, and every pass behind him.
-- Arguments: p_gate: key of a gate, with or without the prefix
-- Returns:   one key for passes and claims and one for structure operations and cuts, in each schema of a database
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_gate_lock_key(p_gate text default 'iu_core.routes_master_enabled') returns bigint
language plpgsql
stable
set search_path from current
as $$
begin
  return hashtextextended(case when p_gate ~ E'^(iu_core\\.)?(structure_ops|autocut)_enabled$' then 'iu_core corpus gates of schema ' else 'iu_core gates of schema ' end
                          || current_schema(), 0);
end
$$;
