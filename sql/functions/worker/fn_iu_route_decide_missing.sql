-- fn_iu_route_decide_missing(iu_route_worker_cursor, text, bigint, text) returns jsonb
--
-- Contract:  decides every committed event in scope that has no decision, found by anti-join and not by snapshots: the way back
--            after a restore, and at a hand-over. In parts of 5,000, in order of seq. At a hand-over only what was visible at its
--            beginning: what commits between two parts is the taking worker's, or two events of one subject could turn round. After a
--            restore the base's snapshot says nothing about what was written here since, whose transaction ids may be lower than those
--            of the former cluster; above the base's floor an event is not the base's, whatever its id.
-- Arguments: p_cursor: names the worker, base and scope; p_event_domain: the domain to look at ('*' as for cursors);
--            p_after_seq: events up to it are left alone; p_kind: of the run record
-- Returns:   {seen, attempts_written, dead_lettered}
-- Raises:    as fn_iu_route_decide_isolated
-- Writes:    iu_route_attempt, iu_route_delivery, iu_route_dead_letter, iu_route_run
-- May call:  internal
create or replace function fn_iu_route_decide_missing(p_cursor iu_route_worker_cursor, p_event_domain text, p_after_seq bigint, p_kind text)
returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_excluded text[] := fn_iu_owned_domains(p_event_domain);
  v_base pg_snapshot := (p_cursor.base_snapshot::text)::pg_snapshot;
  v_now pg_snapshot := fn_iu_snapshot_without_self();
  v_at bigint := p_after_seq;
  v_events iu_event_key[];
  v_routes iu_judged_route[];
  v_route_snapshot pg_snapshot;
  v_history bigint;
  v_run_id bigint;
  v_count record;
  v_started timestamptz;
  v_seen bigint := 0;
  v_written bigint := 0;
  v_dead bigint := 0;
begin
  select coalesce(array_agg(r), '{}'), pg_current_snapshot(), (select coalesce(max(history_id), 0) from iu_route_history)
    into v_routes, v_route_snapshot, v_history
    from fn_iu_judged_routes() r;
  loop
    v_started := clock_timestamp();
    select array_agg(row(m.seq, m.id, m.event_domain, m.event_type, m.event_stream)::iu_event_key order by m.seq) into v_events
      from (select e.seq, e.id, e.event_domain, e.event_type, e.event_stream
              from event_outbox e
             where e.seq > v_at
               and (not pg_visible_in_snapshot(e.tx_id, v_base) or p_kind = 'rebase' and e.seq > p_cursor.base_floor_seq)
               and (p_kind = 'rebase' or pg_visible_in_snapshot(e.tx_id, v_now))
               and (p_event_domain = '*' and e.event_domain <> all (v_excluded) or e.event_domain = p_event_domain)
               and not exists (select from iu_route_attempt a where a.event_seq = e.seq and a.attempt_no = 1)
             order by e.seq
             limit 5000) m;
    exit when v_events is null;
    v_run_id := nextval(pg_get_serial_sequence('iu_route_run', 'run_id'));
    select * into v_count from fn_iu_route_decide_isolated(v_events, v_routes, v_run_id);
    v_at := v_events[array_length(v_events, 1)].seq;
    v_seen := v_seen + array_length(v_events, 1);
    v_written := v_written + v_count.written;
    v_dead := v_dead + v_count.dead_lettered;
    insert into iu_route_run (run_id, worker_name, kind, started_at, finished_at, seen, attempts_written, deliveries_queued, skipped, dead_lettered,
                              window_complete, first_seq, last_seq, route_snapshot, route_tx_id, route_history_id, tool)
    overriding system value
    values (v_run_id, p_cursor.worker_name, p_kind, v_started, clock_timestamp(), array_length(v_events, 1), v_count.written, v_count.queued,
            v_count.skipped, v_count.dead_lettered, true, v_events[1].seq, v_at, v_route_snapshot, pg_current_xact_id(), v_history,
            current_setting('application_name', true));
  end loop;
  return jsonb_build_object('seen', v_seen, 'attempts_written', v_written, 'dead_lettered', v_dead);
end
$$;
