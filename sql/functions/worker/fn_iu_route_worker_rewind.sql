-- fn_iu_route_worker_rewind(text, text) returns jsonb
--
-- Contract:  goes back to the base of a cursor and decides what the certificate finds missing, and nothing else: events without a
--            decision by the routes of today; (event, route) pairs by that route as it is today, skipped when it is removed or no
--            longer means the event. Then passes look at every event again; up to rewound_seq they leave a decided event alone,
--            so that a route that came later gets nothing of the past (it had been queued for it). Obeys the gates as a pass does.
-- Arguments: p_worker_name; p_reason: why, mandatory
-- Returns:   {status: ran|master_gate_closed|worker_gate_closed, worker_name, rewound_to: base kind, events, pairs,
--            attempts_written, dead_lettered}
-- Raises:    IU306 no such worker, IU307 reason missing, IU301, IU302
-- Writes:    iu_route_attempt, iu_route_delivery, iu_route_dead_letter, iu_route_run, iu_route_worker_cursor
-- May call:  iu_operator
create or replace function fn_iu_route_worker_rewind(p_worker_name text, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
set row_security = off
as $$
declare
  v_closed text;
  c iu_route_worker_cursor;
  v_started timestamptz := clock_timestamp();
  v_missing record;
  v_routes iu_judged_route[];
  v_route iu_judged_route;
  v_route_snapshot pg_snapshot;
  v_history bigint;
  v_part record;
  v_count record;
  v_run_id bigint;
  v_written integer := 0;
  v_queued integer := 0;
  v_skipped integer := 0;
  v_dead integer := 0;
begin
  perform fn_iu_cursor_change(p_reason);
  v_closed := fn_iu_closed_gate();
  if v_closed is not null then
    return jsonb_build_object('status', v_closed, 'worker_name', p_worker_name);
  end if;
  select * into c from iu_route_worker_cursor where worker_name = p_worker_name for update;
  if not found then
    raise exception using errcode = 'IU306', message = format('there is no worker %s', quote_literal(p_worker_name)),
      hint = 'iu cursor list shows the workers';
  end if;
  select * into v_missing from fn_iu_route_missing(c, true);
  select coalesce(array_agg(r), '{}'), pg_current_snapshot(), (select coalesce(max(history_id), 0) from iu_route_history)
    into v_routes, v_route_snapshot, v_history
    from fn_iu_judged_routes() r;
  v_run_id := nextval(pg_get_serial_sequence('iu_route_run', 'run_id'));
  for v_part in
    select null::bigint as route_id, (x.n - 1) / 5000 as part, null::boolean as meant,
           array_agg(row(e.seq, e.id, e.event_domain, e.event_type, e.event_stream)::iu_event_key order by e.seq) as events
      from unnest(v_missing.event_seqs) with ordinality as x(seq, n) join event_outbox e using (seq)
     group by part
    union all
    select r.route_id, (x.n - 1) / 5000,
           r.removed_at is null and fn_iu_pattern_matches(r.event_domain, e.event_domain)
             and fn_iu_pattern_matches(r.event_type, e.event_type) and fn_iu_pattern_matches(r.event_stream, e.event_stream),
           array_agg(row(e.seq, e.id, e.event_domain, e.event_type, e.event_stream)::iu_event_key order by e.seq)
      from unnest(v_missing.pair_event_seqs, v_missing.pair_route_ids) with ordinality as x(seq, route_id, n)
      join event_outbox e using (seq)
      join iu_outbound_route r using (route_id)
     group by 1, 2, 3
     order by 2, 1
  loop
    if v_part.route_id is null then
      select * into v_count from fn_iu_route_decide_isolated(v_part.events, v_routes, v_run_id);
    else
      if v_part.meant then
        select * into strict v_route from unnest(v_routes) r where r.route_id = v_part.route_id;
      else
        select r.route_id, r.route_code, r.version, '*', '*', '*', null, 'disabled', 'route_disabled', r.ordering, null
          into strict v_route from iu_outbound_route r where r.route_id = v_part.route_id;
      end if;
      select * into v_count from fn_iu_route_decide_isolated(v_part.events, array[v_route], v_run_id);
    end if;
    v_written := v_written + v_count.written;
    v_queued := v_queued + v_count.queued;
    v_skipped := v_skipped + v_count.skipped;
    v_dead := v_dead + v_count.dead_lettered;
  end loop;
  insert into iu_route_run (run_id, worker_name, kind, started_at, finished_at, seen, attempts_written, deliveries_queued, skipped, dead_lettered,
                            window_complete, first_seq, last_seq, route_snapshot, route_tx_id, route_history_id, tool)
  overriding system value
  values (v_run_id, p_worker_name, 'revive', v_started, clock_timestamp(), cardinality(v_missing.event_seqs) + cardinality(v_missing.pair_event_seqs),
          v_written, v_queued, v_skipped, v_dead, true, least(v_missing.event_seqs[1], v_missing.pair_event_seqs[1]),
          greatest(v_missing.event_seqs[cardinality(v_missing.event_seqs)], v_missing.pair_event_seqs[cardinality(v_missing.pair_event_seqs)]),
          v_route_snapshot, pg_current_xact_id(), v_history, current_setting('application_name', true));
  update iu_route_worker_cursor
     set done_snapshot = base_snapshot, done_floor_seq = base_floor_seq, open_snapshot = null, open_floor_seq = null, open_ceil_seq = null,
         phase = 1, position_seq = base_seq, rewound_seq = (select coalesce(max(seq), 0) from event_outbox),
         last_event_id = null, last_created_at = null, last_event_seq = null,
         attempts_written = attempts_written + v_written, dead_lettered = dead_lettered + v_dead,
         reconciled_snapshot = base_snapshot, reconciled_floor_seq = base_floor_seq
   where worker_name = p_worker_name;
  return jsonb_build_object('status', 'ran', 'worker_name', p_worker_name, 'rewound_to', c.base_kind, 'events', cardinality(v_missing.event_seqs),
    'pairs', cardinality(v_missing.pair_event_seqs), 'attempts_written', v_written, 'dead_lettered', v_dead);
end
$$;
