-- fn_iu_gate_open(text) returns boolean
--
-- Contract:  whether a gate is open (P5): exactly one row, value exactly 'true', time limit not passed by clock_timestamp. All else
--            is closed. In a probe a transaction-local value iu_core.probe.KEY decides instead of the row.
-- Arguments: p_key: the gate's key in dot_config
-- Returns:   true only when open
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_gate_open(p_key text) returns boolean
language plpgsql
security definer
set search_path from current
as $$
declare
  v_open boolean;
begin
  if nullif(current_setting('iu_core.probe.' || replace(p_key, 'iu_core.', ''), true), '') is not null and fn_iu_in_probe() then
    return current_setting('iu_core.probe.' || replace(p_key, 'iu_core.', ''), true) = 'true';
  end if;
  select count(*) = 1 and bool_and(coalesce(value = 'true', false) and coalesce(open_until > clock_timestamp(), true))
    into v_open
    from dot_config
   where key = p_key;
  return coalesce(v_open, false);
end
$$;
