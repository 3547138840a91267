-- H: each gate closed alone, and both: the pass says so and changes nothing; the master is named first. Only this transaction sees them.
do $probe$
declare
  v_marker text := current_setting('iu_core.probe_state.marker');
  v_floor bigint := current_setting('iu_core.probe_state.floor')::bigint;
  v_before bigint;
  v_after bigint;
  v_worker jsonb;
  v_master jsonb;
  v_both jsonb;
  v_letter bigint;
  v_replay jsonb;
begin
  perform fn_iu_emit(v_marker, 'probe_dry_run', 'iu_probe', v_marker || '-held', '{}', p_source_system => 'iu_probe');
  select count(*) into v_before from iu_route_attempt where event_seq > v_floor and route_code like v_marker || '%';
  select max(dead_letter_id) into v_letter from iu_route_dead_letter where route_code = v_marker || '.failing';
  perform set_config('iu_core.probe.route_worker_enabled', 'false', true);
  v_worker := fn_iu_route_worker_run(v_marker, 100);
  v_replay := fn_iu_route_dead_letter_replay(v_letter);
  perform set_config('iu_core.probe.routes_master_enabled', 'false', true);
  v_both := fn_iu_route_worker_run(v_marker, 100);
  perform set_config('iu_core.probe.route_worker_enabled', 'true', true);
  v_master := fn_iu_route_worker_run(v_marker, 100);
  select count(*) into v_after from iu_route_attempt where event_seq > v_floor and route_code like v_marker || '%';
  perform set_config('iu_core.probe_state.rows', jsonb_build_array(
    jsonb_build_object('scenario', 'H', 'what', 'worker gate closed', 'expected', 'worker_gate_closed', 'got', v_worker ->> 'status'),
    jsonb_build_object('scenario', 'H', 'what', 'replay with the worker gate closed', 'expected', 'worker_gate_closed', 'got', v_replay ->> 'status'),
    jsonb_build_object('scenario', 'H', 'what', 'master gate closed', 'expected', 'master_gate_closed', 'got', v_master ->> 'status'),
    jsonb_build_object('scenario', 'H', 'what', 'both closed', 'expected', 'master_gate_closed', 'got', v_both ->> 'status'),
    jsonb_build_object('scenario', 'H', 'what', 'decisions meanwhile', 'expected', '0', 'got', (v_after - v_before)::text))::text, true);
end
$probe$;
