-- B: a pass decides the three events in dry-run, one audit row each, and the cursor moves to the third.
do $probe$
declare
  v_marker text := current_setting('iu_core.probe_state.marker');
  v_floor bigint := current_setting('iu_core.probe_state.floor')::bigint;
  v_pass jsonb;
  v_seen integer := 0;
  v_written integer := 0;
  v_other integer := 0;
  v_attempts text;
  v_last uuid;
begin
  loop
    v_pass := fn_iu_route_worker_run(v_marker, 100);
    v_seen := v_seen + coalesce((v_pass ->> 'seen')::integer, 0);
    exit when (v_pass ->> 'window_complete')::boolean is not false;
  end loop;
  -- Routes of this installation that match every domain decide these events too: only the probe's own count here.
  select count(*), count(*) filter (where status <> 'dry_run') into v_written, v_other
    from iu_route_attempt where event_seq > v_floor and route_code like v_marker || '%';
  select count(*) || ' ' || coalesce(min(status), '-') || ' ' || coalesce(min(replace(route_code, v_marker, 'probe')), '-') into v_attempts
    from iu_route_attempt where event_seq > v_floor and route_code like v_marker || '%';
  select id into v_last from event_outbox where seq > v_floor and event_domain = v_marker order by seq desc limit 1;
  perform set_config('iu_core.probe_state.rows', jsonb_build_array(
    jsonb_build_object('scenario', 'B', 'what', 'pass: status seen/written/not dry_run', 'expected', 'ran 3/3/0',
      'got', format('%s %s/%s/%s', v_pass ->> 'status', v_seen, v_written, v_other)),
    jsonb_build_object('scenario', 'B', 'what', 'audit', 'expected', '3 dry_run probe.dry_run', 'got', v_attempts),
    jsonb_build_object('scenario', 'B', 'what', 'cursor at the third event', 'expected', 'true',
      'got', coalesce((v_pass ->> 'cursor_event_id') = v_last::text, false)::text))::text, true);
end
$probe$;
