-- fn_iu_health_watch_beat(text, text, integer, boolean, text[]) returns jsonb
--
-- Contract:  a watchdog says that it has just looked at health and what it saw, so that others notice when it stops looking.
-- Arguments: p_watcher: its name; p_host; p_every_seconds: how often it means to look; p_healthy; p_reasons: codes, without messages
-- Returns:   {watcher, healthy, looked_at}
-- Raises:    IU863 the name or the interval is refused
-- Writes:    iu_health_watch
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_health_watch_beat(p_watcher text, p_host text, p_every_seconds integer, p_healthy boolean, p_reasons text[])
returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_row iu_health_watch;
begin
  if coalesce(p_watcher, '') !~ '^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$' or coalesce(p_every_seconds, 0) not between 1 and 86400 then
    raise exception using errcode = 'IU863', message = 'a watchdog has a name of letters, digits, dot, dash, at or underscore, and looks every 1 to 86400 s',
      hint = 'iu health --help';
  end if;
  insert into iu_health_watch as w (watcher, host, every_seconds, healthy, reasons, recorded_by)
  values (p_watcher, left(p_host, 255), p_every_seconds, p_healthy, coalesce(p_reasons, '{}'), session_user)
  on conflict (watcher) do update
    set host = excluded.host, every_seconds = excluded.every_seconds, healthy = excluded.healthy, reasons = excluded.reasons,
        recorded_by = excluded.recorded_by, looked_at = clock_timestamp(),
        changed_at = case when w.reasons = excluded.reasons then w.changed_at else clock_timestamp() end
  returning * into v_row;
  return jsonb_build_object('watcher', v_row.watcher, 'healthy', v_row.healthy, 'looked_at', v_row.looked_at);
end
$$;
