-- fn_iu_config_log() returns trigger
--
-- Contract:  logs each change of a setting whose key starts with iu_core., whoever makes it and however. Definer, so that nobody
--            needs the right to write the log.
-- Arguments: none
-- Returns:   null (after trigger)
-- Raises:    nothing
-- Writes:    iu_gate_log
-- May call:  nobody, it is a trigger
create or replace function fn_iu_config_log() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
  if coalesce(new.key, old.key) like E'iu\\_core.%' then
    insert into iu_gate_log (config_key, operation, old_value, new_value, reason, open_until, changed_by, application_name, changed_at)
    values (coalesce(new.key, old.key), lower(tg_op collate "C"), old.value, new.value, new.reason, new.open_until, session_user,
            current_setting('application_name', true), clock_timestamp());
  end if;
  return null;
end
$$;
