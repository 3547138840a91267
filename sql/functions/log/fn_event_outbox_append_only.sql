-- fn_event_outbox_append_only() returns trigger
--
-- Contract:  what was logged stays as it was. Only the prune deletes and only a redaction updates, as in fn_iu_refuse_change. Invoker
--            on purpose: current_user is then the one who really writes, and iu_owner is nobody's login.
-- Arguments: none
-- Returns:   null (statement trigger), for the prune and the redaction
-- Raises:    IU109 update, delete or truncate of the log
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_event_outbox_append_only() returns trigger
language plpgsql
set search_path from current
as $$
begin
  if tg_table_name = 'event_outbox' and current_user = 'iu_owner' and current_setting('iu_core.governed', true) =
       (case tg_op when 'DELETE' then 'prune ' when 'UPDATE' then 'redact ' end) || pg_current_xact_id_if_assigned()::text then
    return null;
  end if;
  raise exception using errcode = 'IU109',
    message = format('%s is append-only: %s refused', tg_table_name, lower(tg_op collate "C")),
    hint = 'a correction is a new event; old events leave through governed retention only';
end
$$;
