-- E: the guard refuses a live flag without an approval; a live flag whose approval is gone decides dry_run/not_approved and queues
-- nothing; the seam raises for it; a filter that fails gives a failed attempt and a dead letter for each event, and stops nobody.
do $probe$
declare
  v_marker text := current_setting('iu_core.probe_state.marker');
  v_floor bigint := current_setting('iu_core.probe_state.floor')::bigint;
  v_route bigint;
  v_approval bigint;
  v_pass jsonb;
  v_seen integer := 0;
  v_dead integer;
  v_refused text := 'accepted';
  v_seam text := 'delivered';
  v_forged text;
  v_failed text;
  v_queued integer;
begin
  v_route := (fn_iu_route_add(jsonb_build_object('route_code', v_marker || '.forged', 'event_domain', v_marker, 'event_type', 'probe_forged',
    'target_kind', 'table', 'target_ref', 'iu_probe_nowhere')) ->> 'route_id')::bigint;
  begin
    update iu_outbound_route set enabled = true, dry_run = false where route_id = v_route;
  exception when sqlstate 'IU410' or check_violation then
    v_refused := 'refused';
  end;
  insert into iu_route_approval (route_id, route_version, requested_by, approved_by, approved_at)
  values (v_route, 1, 'iu probe requester', 'iu probe approver', clock_timestamp()) returning approval_id into v_approval;
  update iu_outbound_route set enabled = true, dry_run = false, approval_id = v_approval where route_id = v_route;
  update iu_route_approval set revoked_at = clock_timestamp(), revoked_by = 'iu probe' where approval_id = v_approval;
  begin
    perform fn_iu_route_deliver(v_marker || '.forged', gen_random_uuid(), '{}');
  exception when sqlstate 'IU410' then
    v_seam := 'IU410';
  end;
  perform fn_iu_route_add(jsonb_build_object('route_code', v_marker || '.failing', 'event_domain', v_marker, 'event_type', 'probe_forged',
    'filter', 'strict $.absent', 'target_kind', 'workflow', 'target_ref', 'probe'));
  perform fn_iu_route_set_enabled(v_marker || '.failing', true, 'iu probe');
  for v_at in 1 .. 3 loop
    perform fn_iu_emit(v_marker, 'probe_forged', 'iu_probe', v_marker || '-forged-' || v_at, '{}', p_source_system => 'iu_probe');
  end loop;
  loop
    v_pass := fn_iu_route_worker_run(v_marker, 100);
    v_seen := v_seen + coalesce((v_pass ->> 'seen')::integer, 0);
    exit when (v_pass ->> 'window_complete')::boolean is not false;
  end loop;
  select count(*) into v_dead from iu_route_dead_letter where route_code = v_marker || '.failing';
  select count(*) || ' ' || coalesce(min(status || '/' || reason), '-') into v_forged
    from iu_route_attempt where event_seq > v_floor and route_code = v_marker || '.forged';
  select count(*) || ' ' || coalesce(min(status), '-') into v_failed
    from iu_route_attempt where event_seq > v_floor and route_code = v_marker || '.failing';
  select count(*) into v_queued from iu_route_delivery where route_id = v_route;
  perform set_config('iu_core.probe_state.rows', jsonb_build_array(
    jsonb_build_object('scenario', 'E', 'what', 'live flag without an approval', 'expected', 'refused', 'got', v_refused),
    jsonb_build_object('scenario', 'E', 'what', 'seam for a route that is not live', 'expected', 'IU410', 'got', v_seam),
    jsonb_build_object('scenario', 'E', 'what', 'pass: status seen/dead-lettered', 'expected', 'ran 3/3',
      'got', format('%s %s/%s', v_pass ->> 'status', v_seen, v_dead)),
    jsonb_build_object('scenario', 'E', 'what', 'forged live route', 'expected', '3 dry_run/not_approved', 'got', v_forged),
    jsonb_build_object('scenario', 'E', 'what', 'failing filter', 'expected', '3 failed', 'got', v_failed),
    jsonb_build_object('scenario', 'E', 'what', 'deliveries queued', 'expected', '0', 'got', v_queued::text))::text, true);
end
$probe$;
