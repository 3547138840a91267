-- F: the filter is repaired, and one of the dead letters is replayed: decided in dry-run as its second attempt, and resolved.
do $probe$
declare
  v_marker text := current_setting('iu_core.probe_state.marker');
  v_letter bigint;
  v_replay jsonb;
  v_again jsonb;
  v_left text;
begin
  update iu_outbound_route set filter = null where route_code = v_marker || '.failing';
  update iu_outbound_route set enabled = true where route_code = v_marker || '.failing' and not enabled;
  select min(dead_letter_id) into v_letter from iu_route_dead_letter where route_code = v_marker || '.failing';
  v_replay := fn_iu_route_dead_letter_replay(v_letter);
  v_again := fn_iu_route_dead_letter_replay(v_letter);
  select count(*) filter (where resolved_at is not null) || ' resolved, ' || count(*) filter (where resolved_at is null) || ' open' into v_left
    from iu_route_dead_letter where route_code = v_marker || '.failing';
  perform set_config('iu_core.probe_state.rows', jsonb_build_array(
    jsonb_build_object('scenario', 'F', 'what', 'replay: status decision resolved attempt', 'expected', 'replayed dry_run true 2',
      'got', concat_ws(' ', v_replay ->> 'status', v_replay ->> 'decision', v_replay ->> 'resolved', v_replay ->> 'attempt_no')),
    jsonb_build_object('scenario', 'F', 'what', 'replay of the same again', 'expected', 'already_resolved', 'got', v_again ->> 'status'),
    jsonb_build_object('scenario', 'F', 'what', 'dead letters', 'expected', '1 resolved, 2 open', 'got', v_left))::text, true);
end
$probe$;
