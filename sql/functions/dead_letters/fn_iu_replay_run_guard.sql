-- fn_iu_replay_run_guard() returns trigger
--
-- Contract:  the history of replays stays true: what a run means and who began it never changes, and one that has ended stays as it is.
-- Arguments: none
-- Returns:   the row to write
-- Raises:    IU374 the change is refused
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_replay_run_guard() returns trigger
language plpgsql
set search_path from current
as $$
begin
  if old.state <> 'running'
     or (new.run_id, new.filter, new.until_attempt_id, new.rate_per_second, new.preview, new.reason, new.started_by, new.started_at)
        is distinct from
        (old.run_id, old.filter, old.until_attempt_id, old.rate_per_second, old.preview, old.reason, old.started_by, old.started_at) then
    raise exception using errcode = 'IU374', message = format('replay %s: only the progress of a running one is written', old.run_id);
  end if;
  return new;
end
$$;
