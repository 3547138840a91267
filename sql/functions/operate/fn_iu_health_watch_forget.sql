-- fn_iu_health_watch_forget(text) returns boolean
--
-- Contract:  a watchdog that is gone for good is missed no longer.
-- Arguments: p_watcher: its name
-- Returns:   true when there was one of this name
-- Raises:    nothing
-- Writes:    iu_health_watch
-- May call:  iu_operator
create or replace function fn_iu_health_watch_forget(p_watcher text) returns boolean
language plpgsql
security definer
set search_path from current
as $$
begin
  delete from iu_health_watch where watcher = p_watcher;
  return found;
end
$$;
