-- fn_iu_going_live_reason(text) returns void
--
-- Contract:  every step of going live and back has a reason, for whoever reads the history later.
-- Arguments: p_reason
-- Returns:   nothing
-- Raises:    IU423 the reason is missing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_going_live_reason(p_reason text) returns void
language plpgsql
immutable
set search_path from current
as $$
begin
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU423', message = 'a step of going live has a reason', hint = 'add --reason TEXT (--note TEXT to approve)';
  end if;
end
$$;
