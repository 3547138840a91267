-- fn_iu_cut_prepare(iu_cut_run) returns jsonb
--
-- Contract:  the next step of a planned run before gate 1: judge the backup, probe what the write will need, wait for the approval. A
--            demo installation is not asked for a backup.
-- Arguments: p_run: cutplan_ok, pre_write_backup_taken or grants_probed, its row locked
-- Returns:   as fn_iu_cut_said
-- Raises:    IU736 a gate is closed or an event type switched off, IU737 no fresh backup
-- Writes:    iu_cut_run, iu_cut_log
-- May call:  internal
create or replace function fn_iu_cut_prepare(p_run iu_cut_run) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_missing text;
  v_detail jsonb := '{}';
  v_next text;
begin
  case p_run.state
  when 'cutplan_ok' then
    v_next := 'pre_write_backup_taken';
    v_detail := jsonb_build_object('backup', fn_iu_cut_backup(p_run.run_id));
  when 'pre_write_backup_taken' then
    v_next := 'grants_probed';
    v_missing := concat_ws(', ',
      case when not fn_iu_gate_open('iu_core.autocut_enabled') then 'the gate iu_core.autocut_enabled is closed' end,
      case when not p_run.is_birth and not fn_iu_structure_ops_enabled() then 'the gate iu_core.structure_ops_enabled is closed' end,
      (select 'the event types ' || string_agg(t, ', ') || ' are switched off'
         from unnest(array['unit_created', 'version_applied', 'version_enacted', 'structure_child_added', 'structure_piece_split',
                           'structure_pieces_merged', 'structure_piece_deprecated', 'structure_op_applied', 'structure_piece_renumbered']) t
        where not exists (select from event_type_registry r where r.event_domain = 'iu' and r.event_type = t and r.active)
       having count(*) > 0));
    if v_missing <> '' then
      raise exception using errcode = 'IU736', message = format('cut run %s cannot be written: %s', p_run.run_id, v_missing),
        hint = 'iu gate open autocut_enabled, iu gate open structure_ops_enabled, each with --reason TEXT';
    end if;
  when 'grants_probed' then
    v_next := 'awaiting_cut_authorization';
  end case;
  update iu_cut_run set state = v_next, actor_ref = p_run.actor_ref, detail = v_detail where run_id = p_run.run_id returning * into p_run;
  return fn_iu_cut_said(p_run);
end
$$;
