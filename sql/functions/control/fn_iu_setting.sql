-- fn_iu_setting(text, text) returns text
--
-- Contract:  reads a setting of dot_config. Volatile, so that inside a longer transaction each call sees what has been committed.
-- Arguments: p_key: the key; p_default: the value when the key is missing, null, or has more than one row
-- Returns:   the value or the default
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_worker, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_setting(p_key text, p_default text) returns text
language plpgsql
security definer
set search_path from current
as $$
declare
  v_value text;
begin
  select case when count(*) = 1 then max(value) end into v_value from dot_config where key = p_key;
  return coalesce(v_value, p_default);
end
$$;
