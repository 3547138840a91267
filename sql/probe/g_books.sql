-- G: the books: attempts by route and status, nothing undecided, and a health that names the open dead letters.
do $probe$
declare
  v_marker text := current_setting('iu_core.probe_state.marker');
  v_floor bigint := current_setting('iu_core.probe_state.floor')::bigint;
  v_counts text;
  v_undecided integer;
  v_open integer;
  v_health jsonb;
begin
  select string_agg(format('%s %s', status, n), ', ' order by status) into v_counts
    from (select status, count(*) as n from iu_route_attempt where event_seq > v_floor and route_code like v_marker || '%' group by status) s;
  select count(*) into v_undecided from event_outbox e
   where e.seq > v_floor and e.event_domain = v_marker
     and not exists (select from iu_route_attempt a where a.event_seq = e.seq);
  select count(*) into v_open from v_iu_route_dead_letter_open where route_code = v_marker || '.failing';
  v_health := fn_iu_route_worker_health(v_marker);
  perform set_config('iu_core.probe_state.rows', jsonb_build_array(
    jsonb_build_object('scenario', 'G', 'what', 'attempts by status', 'expected', 'dry_run 7, failed 3', 'got', v_counts),
    jsonb_build_object('scenario', 'G', 'what', 'events without a decision', 'expected', '0', 'got', v_undecided::text),
    jsonb_build_object('scenario', 'G', 'what', 'open dead letters in the view', 'expected', '2', 'got', v_open::text),
    jsonb_build_object('scenario', 'G', 'what', 'health: seen, reason', 'expected', '9 dead_letters_open',
      'got', concat_ws(' ', v_health ->> 'events_seen_total',
        jsonb_path_query_first(v_health, '$.reasons[*].code ? (@ == "dead_letters_open")') #>> '{}')))::text, true);
end
$probe$;
