-- fn_iu_cut_write_check(iu_cut_run) returns jsonb
--
-- Contract:  write verify: units, versions and events are what the plan said. Events are counted in the log by the transaction that
--            wrote everything; where recording was switched off when it wrote, they are suppressed, which the log counts itself.
-- Arguments: p_run: leg_b_recorded or failed_write_verify, its row locked
-- Returns:   as fn_iu_cut_said; code IU745 when it failed
-- Raises:    IU745 it failed again
-- Writes:    iu_cut_run, iu_cut_log
-- May call:  internal
create or replace function fn_iu_cut_write_check(p_run iu_cut_run) returns jsonb
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_plan record;
  v_steps bigint;
  v_events jsonb;
  v_expected jsonb;
  v_problems text[];
begin
  select count(*) filter (where fate in ('born', 'split', 'merged')) as born, count(*) filter (where fate = 'changed') as changed,
         count(*) filter (where fate = 'format') as format into v_plan
    from iu_cut_plan_piece where run_id = p_run.run_id;
  select count(*) into v_steps from iu_structure_event e join iu_cut_operation o on o.operation_id = e.operation_id
   where o.run_id = p_run.run_id and e.phase = 'apply';
  select coalesce(jsonb_object_agg(kind, events), '{}') into v_events
    from (select case when e.event_type like E'structure\\_%' then 'structure' else e.event_type end as kind, count(*) as events
            from event_outbox e where e.tx_id = p_run.apply_tx_id and e.event_domain = 'iu' group by 1) t;
  v_expected := jsonb_strip_nulls(jsonb_build_object('structure', nullif(v_steps, 0), 'unit_created', nullif(p_run.units_created, 0),
    'version_applied', nullif(p_run.units_revised, 0)));
  v_problems := array_remove(array[
    case when p_run.units_created <> v_plan.born + case when p_run.is_birth then 1 else 0 end
      then format('%s units made, %s planned', p_run.units_created, v_plan.born) end,
    case when p_run.units_revised < v_plan.changed then format('%s versions made, at least %s planned', p_run.units_revised, v_plan.changed) end,
    case when p_run.anchors_only <> v_plan.format then format('%s anchors without a version, %s planned', p_run.anchors_only, v_plan.format) end,
    case when v_steps <> (select count(*) from iu_cut_plan_step where run_id = p_run.run_id)
      then format('%s steps done, %s planned', v_steps, (select count(*) from iu_cut_plan_step where run_id = p_run.run_id)) end,
    case when v_events <> v_expected and exists (select from iu_cut_log l
        where l.run_id = p_run.run_id and l.to_state = 'cut_leg_a_committed' and l.detail ->> 'events_recorded' = 'true')
      then format('events %s, expected %s', v_events, v_expected) end,
    case when fn_iu_cut_digest(p_run.run_id, 'write') <> p_run.manifest #>> '{written,write_digest}' then 'the anchors are not what was recorded' end], null);
  if cardinality(v_problems) > 0 then
    if p_run.state = 'failed_write_verify' then
      raise exception using errcode = 'IU745', message = format('cut run %s: %s', p_run.run_id, array_to_string(v_problems, '; ')), hint = 'iu cut rollback';
    end if;
    return fn_iu_cut_stop(p_run, 'failed_write_verify', 'IU745', jsonb_build_object('problems', to_jsonb(v_problems)));
  end if;
  update iu_cut_run set state = 'write_verified', actor_ref = p_run.actor_ref, detail = jsonb_build_object('events', v_events)
   where run_id = p_run.run_id returning * into p_run;
  return fn_iu_cut_said(p_run);
end
$$;
