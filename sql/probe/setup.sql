-- Setup: marks this transaction as a probe, which then cannot commit, opens the gates for it alone, and makes a domain, two event
-- types, a worker and a route of its own. Inserts only: nothing that exists is locked or changed.
do $probe$
declare
  v_marker text := fn_iu_probe_begin('iu probe');
  v_refused text := 'accepted';
begin
  perform set_config('iu_core.probe_state.marker', v_marker, true);
  perform set_config('iu_core.probe.routes_master_enabled', 'true', true);
  perform set_config('iu_core.probe.route_worker_enabled', 'true', true);
  perform set_config('iu_core.probe.delivery_enabled', 'false', true);
  insert into event_type_registry (event_domain, event_type, event_stream, delivery_lane)
  values (v_marker, 'probe_dry_run', 'update', 'immediate'), (v_marker, 'probe_forged', 'update', 'immediate');
  perform fn_iu_route_worker_register(v_marker, v_marker, 'now');
  perform fn_iu_route_add(jsonb_build_object('route_code', v_marker || '.dry_run', 'event_domain', v_marker, 'event_type', 'probe_dry_run',
                                             'target_kind', 'workflow', 'target_ref', 'probe'));
  perform fn_iu_route_set_enabled(v_marker || '.dry_run', true, 'iu probe');
  begin
    set constraints trg_iu_probe_commit_guard immediate;
  exception when sqlstate 'IU320' then
    v_refused := 'IU320';
  end;
  perform set_config('iu_core.probe_state.rows', jsonb_build_array(
    jsonb_build_object('scenario', 'setup', 'what', 'this transaction cannot commit', 'expected', 'IU320', 'got', v_refused))::text, true);
end
$probe$;
