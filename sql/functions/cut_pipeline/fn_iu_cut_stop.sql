-- fn_iu_cut_stop(iu_cut_run, text, text, jsonb) returns jsonb
--
-- Contract:  stops a run in a state that names why, and keeps it so: the refusal commits, unlike an error.
-- Arguments: p_run; p_state: stopped_REASON or failed_GATE; p_code: the error that tells about it; p_detail: what was found
-- Returns:   as fn_iu_cut_said, and code
-- Raises:    nothing
-- Writes:    iu_cut_run, iu_cut_log
-- May call:  internal
create or replace function fn_iu_cut_stop(p_run iu_cut_run, p_state text, p_code text, p_detail jsonb) returns jsonb
language plpgsql
set search_path from current
as $$
begin
  update iu_cut_run set state = p_state, actor_ref = p_run.actor_ref, detail = p_detail where run_id = p_run.run_id returning * into p_run;
  return fn_iu_cut_said(p_run) || jsonb_build_object('code', p_code);
end
$$;
