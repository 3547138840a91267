-- fn_iu_ladder_log(integer, text, text) returns void
--
-- Contract:  writes a step of the ladder that changes no setting to the gate log.
-- Arguments: p_level; p_what: disable or enable; p_reason
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    iu_gate_log
-- May call:  internal
create or replace function fn_iu_ladder_log(p_level integer, p_what text, p_reason text) returns void
language sql
volatile
set search_path from current
as $$
  insert into iu_gate_log (config_key, operation, new_value, reason, changed_by, application_name, changed_at)
  values ('ladder level ' || p_level, 'update', p_what, p_reason, session_user, current_setting('application_name', true), clock_timestamp())
$$;
