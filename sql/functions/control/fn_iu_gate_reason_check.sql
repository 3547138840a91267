-- fn_iu_gate_reason_check(text) returns void
--
-- Contract:  a gate, a level of the ladder and whatever else stops or starts something is changed with a reason.
-- Arguments: p_reason
-- Returns:   nothing
-- Raises:    IU402 reason missing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_gate_reason_check(p_reason text) returns void
language plpgsql
immutable
set search_path from current
as $$
begin
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU402', message = 'a gate is opened or closed with a reason', hint = 'add --reason TEXT';
  end if;
end
$$;
