-- fn_iu_cut_advance(bigint, text) returns jsonb
--
-- Contract:  takes a run one state further, when nothing from outside is needed; otherwise it changes nothing and says what the run waits
--            for. Each step is one transaction of the caller, so a kill anywhere leaves a state from which the next call goes on. The
--            gate iu_core.autocut_enabled stops every step from the write on.
-- Arguments: p_run_id; p_actor: who
-- Returns:   as fn_iu_cut_said, moved: whether the state changed, and code when the run stopped or failed in this step
-- Raises:    IU216, IU707, IU744 the gate is closed, and whatever the step raises
-- Writes:    as the step
-- May call:  iu_operator
create or replace function fn_iu_cut_advance(p_run_id bigint, p_actor text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_run iu_cut_run := fn_iu_cut_claim(p_run_id, p_actor);
begin
  if fn_iu_cut_waits_for(v_run) is not null and v_run.state !~ '^failed_' or v_run.state = 'closeout_reported' or v_run.state ~ '^voided_' then
    return fn_iu_cut_said(v_run) || '{"moved": false}';
  end if;
  if v_run.state in ('cutplan_ok', 'pre_write_backup_taken', 'grants_probed') then
    return fn_iu_cut_prepare(v_run) || '{"moved": true}';
  end if;
  perform pg_advisory_xact_lock_shared(fn_iu_gate_lock_key('autocut_enabled'));
  if not fn_iu_gate_open('iu_core.autocut_enabled') then
    raise exception using errcode = 'IU744', message = 'the gate iu_core.autocut_enabled is closed',
      hint = 'iu gate open autocut_enabled --reason TEXT; the run goes on from where it is';
  end if;
  return '{"moved": true}' || case v_run.state
    when 'awaiting_cut_authorization' then fn_iu_cut_apply(v_run)
    when 'cut_leg_a_committed' then fn_iu_cut_structural_check(v_run)
    when 'failed_structural_verify' then fn_iu_cut_structural_check(v_run)
    when 'structural_verified' then fn_iu_cut_record(v_run)
    when 'leg_b_recorded' then fn_iu_cut_write_check(v_run)
    when 'failed_write_verify' then fn_iu_cut_write_check(v_run)
    when 'write_verified' then fn_iu_cut_await_lifecycle(v_run)
    when 'awaiting_lifecycle_authorization' then fn_iu_cut_enact(v_run)
    when 'lifecycle_enacted' then fn_iu_cut_bridge(v_run)
  end;
end
$$;
