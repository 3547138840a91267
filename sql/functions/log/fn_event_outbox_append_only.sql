-- fn_event_outbox_append_only() returns trigger
--
-- Contract:  what was logged stays as it was. Invoker on purpose: current_user is then the one who really deletes, and only
--            iu_core_pruner, owner of the retention function, may.
-- Arguments: none
-- Returns:   null (statement trigger), for a delete by iu_core_pruner
-- Raises:    IU109 update, delete or truncate of the log
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_event_outbox_append_only() returns trigger
language plpgsql
set search_path from current
as $$
begin
  if tg_op = 'DELETE' and current_user = 'iu_core_pruner' then
    return null;
  end if;
  raise exception using errcode = 'IU109',
    message = format('%s is append-only: %s refused', tg_table_name, lower(tg_op)),
    hint = 'a correction is a new event; old events leave through governed retention only';
end
$$;
