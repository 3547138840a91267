-- fn_iu_ladder_enable(integer, text) returns jsonb
--
-- Contract:  the way back from one step of the disable ladder: opens the gate, enables just the routes that level 2 disabled, or
--            enables the capture triggers. A route comes back as it was: one that was live and is still validly approved sends
--            again, and the answer counts these; one whose approval is not valid any more comes back in dry-run.
-- Arguments: p_level: 0..3; p_reason: why, mandatory
-- Returns:   {level, did}
-- Raises:    IU404 unknown level, IU402 reason missing, IU406 a table is in use
-- Writes:    dot_config, or iu_outbound_route and iu_sql_event_route, or the triggers; iu_gate_log
-- May call:  iu_operator
create or replace function fn_iu_ladder_enable(p_level integer, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_count bigint;
  v_more bigint;
  v_live bigint;
begin
  perform fn_iu_gate_reason_check(p_reason);
  case p_level
    when 0 then
      perform fn_iu_gate_set('iu_core.route_worker_enabled', true, p_reason);
      return jsonb_build_object('level', 0, 'did', 'worker gate open');
    when 1 then
      perform fn_iu_gate_set('iu_core.routes_master_enabled', true, p_reason);
      return jsonb_build_object('level', 1, 'did', 'master gate open');
    when 2 then
      perform from iu_route_flow f join iu_outbound_route r using (route_id) where r.ladder_disabled order by f.route_id for update of f;
      with back as (
        update iu_outbound_route
           set enabled = true, ladder_disabled = false, note = p_reason,
               dry_run = dry_run or fn_iu_route_approval_state(route_id, version, approval_id) <> 'valid'
         where ladder_disabled and removed_at is null
        returning dry_run)
      select count(*), count(*) filter (where not dry_run) into v_count, v_live from back;
      update iu_sql_event_route set enabled = true, ladder_disabled = false, updated_at = clock_timestamp() where ladder_disabled and removed_at is null;
      get diagnostics v_more = row_count;
      perform fn_iu_ladder_log(2, 'enable', p_reason);
      return jsonb_build_object('level', 2, 'did', format('%s routes enabled, %s of them live', v_count + v_more, v_live));
    when 3 then
      perform fn_iu_ladder_capture(true, p_reason);
      return jsonb_build_object('level', 3, 'did', 'capture triggers enabled');
    else
      raise exception using errcode = 'IU404', message = 'the ladder has the levels 0 to 3', hint = 'iu enable --help tells what each starts';
  end case;
end
$$;
