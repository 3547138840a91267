-- fn_iu_ladder_disable(integer, text) returns jsonb
--
-- Contract:  one step of the disable ladder. 0: worker gate closed (passes and replays stop; events are recorded and wait).
--            1: master gate closed (the same for every worker and claim). 2: every route disabled, remembered for the way back (events
--            met meanwhile are decided skipped and can be revived). 3: the capture triggers on unit_version and iu_sql_link disabled
--            (their events are not recorded: the last resort). Each level does only its own step.
-- Arguments: p_level: 0..3; p_reason: why, mandatory
-- Returns:   {level, did, stops, leaves_running}
-- Raises:    IU404 unknown level, IU402 reason missing, IU406 a table is in use
-- Writes:    dot_config, or iu_outbound_route and iu_sql_event_route, or the triggers; iu_gate_log
-- May call:  iu_operator
create or replace function fn_iu_ladder_disable(p_level integer, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_count bigint;
  v_more bigint;
begin
  perform fn_iu_gate_reason_check(p_reason);
  case p_level
    when 0 then
      perform fn_iu_gate_set('iu_core.route_worker_enabled', false, p_reason);
      return jsonb_build_object('level', 0, 'did', 'worker gate closed', 'stops', 'passes and replays',
        'leaves_running', 'recording of events, which wait; deliveries that are queued already (the delivery gate stops those)');
    when 1 then
      perform fn_iu_gate_set('iu_core.routes_master_enabled', false, p_reason);
      return jsonb_build_object('level', 1, 'did', 'master gate closed', 'stops', 'every pass, replay and claim',
        'leaves_running', 'recording of events; events and deliveries wait until the gate opens');
    when 2 then
      -- the flow before the route, as everybody locks them
      perform from iu_route_flow f join iu_outbound_route r using (route_id) where r.enabled order by f.route_id for update of f;
      update iu_outbound_route set enabled = false, ladder_disabled = true, note = p_reason where enabled;
      get diagnostics v_count = row_count;
      update iu_sql_event_route set enabled = false, ladder_disabled = true, updated_at = clock_timestamp() where enabled;
      get diagnostics v_more = row_count;
      perform fn_iu_ladder_log(2, 'disable', p_reason);
      return jsonb_build_object('level', 2, 'did', format('%s routes disabled', v_count + v_more), 'stops', 'every route and its deliveries',
        'leaves_running', 'recording and passes: events met now are decided skipped and can be revived; deliveries wait');
    when 3 then
      perform fn_iu_ladder_capture(false, p_reason);
      return jsonb_build_object('level', 3, 'did', 'capture triggers disabled', 'stops', 'events of new versions and of SQL links: they are not recorded',
        'leaves_running', 'emission by applications and by governed functions, passes, routes');
    else
      raise exception using errcode = 'IU404', message = 'the ladder has the levels 0 to 3', hint = 'iu disable --help tells what each stops';
  end case;
end
$$;
