-- D: the cursor is set back; the pass sees the three events again and decides nothing twice.
do $probe$
declare
  v_marker text := current_setting('iu_core.probe_state.marker');
  v_pass jsonb;
  v_seen integer := 0;
  v_written integer := 0;
  v_attempts integer;
begin
  perform fn_iu_route_worker_rewind(v_marker, 'iu probe');
  loop
    v_pass := fn_iu_route_worker_run(v_marker, 100);
    v_seen := v_seen + coalesce((v_pass ->> 'seen')::integer, 0);
    v_written := v_written + coalesce((v_pass ->> 'attempts_written')::integer, 0);
    exit when (v_pass ->> 'window_complete')::boolean is not false;
  end loop;
  select count(*) into v_attempts from iu_route_attempt
   where event_seq > current_setting('iu_core.probe_state.floor')::bigint and route_code like v_marker || '%';
  perform set_config('iu_core.probe_state.rows', jsonb_build_array(
    jsonb_build_object('scenario', 'D', 'what', 'rewind and pass: seen/written', 'expected', '3/0', 'got', format('%s/%s', v_seen, v_written)),
    jsonb_build_object('scenario', 'D', 'what', 'audit rows', 'expected', '3', 'got', v_attempts::text))::text, true);
end
$probe$;
