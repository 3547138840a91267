-- fn_iu_cut_await_lifecycle(iu_cut_run) returns jsonb
--
-- Contract:  puts a run whose write was verified before gate 2.
-- Arguments: p_run: write_verified, its row locked
-- Returns:   as fn_iu_cut_said
-- Raises:    nothing
-- Writes:    iu_cut_run, iu_cut_log
-- May call:  internal
create or replace function fn_iu_cut_await_lifecycle(p_run iu_cut_run) returns jsonb
language plpgsql
set search_path from current
as $$
begin
  update iu_cut_run set state = 'awaiting_lifecycle_authorization', actor_ref = p_run.actor_ref, detail = '{}'
   where run_id = p_run.run_id returning * into p_run;
  return fn_iu_cut_said(p_run);
end
$$;
