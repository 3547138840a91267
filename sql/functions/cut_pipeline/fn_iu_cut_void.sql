-- fn_iu_cut_void(bigint, text, text) returns jsonb
--
-- Contract:  gives up a run that has written nothing: its label and its document are free again, what it recorded stays readable.
-- Arguments: p_run_id; p_reason: why, mandatory; p_actor
-- Returns:   as fn_iu_cut_said
-- Raises:    IU216, IU707, IU730 it has written, IU740 no reason
-- Writes:    iu_cut_run, iu_cut_log
-- May call:  iu_operator
create or replace function fn_iu_cut_void(p_run_id bigint, p_reason text, p_actor text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_run iu_cut_run := fn_iu_cut_claim(p_run_id, p_actor);
begin
  if v_run.state = 'voided_by_person' then
    return fn_iu_cut_said(v_run);
  end if;
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU740', message = 'giving up a run has a reason', hint = 'add --reason TEXT';
  end if;
  if v_run.apply_tx_id is not null or not fn_iu_cut_may_follow(v_run.state, 'voided_by_person') then
    raise exception using errcode = 'IU730', message = format('cut run %s is %s: it has written', p_run_id, v_run.state),
      hint = case when v_run.state ~ '^voided_' then 'it was rolled back: there is nothing left of it'
                  else format('iu cut rollback %s --actor NAME --approval REFERENCE', p_run_id) end;
  end if;
  update iu_cut_run set state = 'voided_by_person', actor_ref = p_actor, finished_at = clock_timestamp(), detail = jsonb_build_object('reason', p_reason)
   where run_id = p_run_id returning * into v_run;
  return fn_iu_cut_said(v_run);
end
$$;
