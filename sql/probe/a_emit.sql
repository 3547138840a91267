-- A: three events by the real emitter, each recorded once and as one decided log row.
do $probe$
declare
  v_marker text := current_setting('iu_core.probe_state.marker');
  v_new integer := 0;
  v_event record;
  v_rows integer;
begin
  for v_at in 1 .. 3 loop
    select * into v_event from fn_iu_emit(v_marker, 'probe_dry_run', 'iu_probe', v_marker || '-' || v_at,
      jsonb_build_object('number', v_at), p_source_system => 'iu_probe');
    v_new := v_new + (v_event.is_new and not v_event.suppressed)::integer;
  end loop;
  select count(*) into v_rows from event_outbox
   where seq > current_setting('iu_core.probe_state.floor')::bigint and event_domain = v_marker and tx_id = pg_current_xact_id();
  perform set_config('iu_core.probe_state.rows', jsonb_build_array(
    jsonb_build_object('scenario', 'A', 'what', 'emit 3 events: new', 'expected', '3', 'got', v_new::text),
    jsonb_build_object('scenario', 'A', 'what', 'rows in the log', 'expected', '3', 'got', v_rows::text))::text, true);
end
$probe$;
