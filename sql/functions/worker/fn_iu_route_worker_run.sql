-- fn_iu_route_worker_run(text, integer) returns jsonb
--
-- Contract:  one pass: decides the next batch of a worker's window. Decisions, cursor and run record commit together or not at all
--            (P4). Locks the cursor row only (held by another: busy), never an event. Gates are read under a shared advisory lock,
--            so that who closes one can wait until no pass runs under the old value.
-- Arguments: p_worker_name; p_batch_limit: events, 1..10000, others are taken as the nearest
-- Returns:   {status, worker_name, seen, attempts_written, deliveries_queued, skipped, dead_lettered, window_complete,
--            cursor_created_at, cursor_event_id, cursor_seq}; status ran, busy, master_gate_closed, worker_gate_closed,
--            cluster_changed or unregistered. seen 0 with window_complete: nothing is undecided that had committed before the pass
-- Raises:    IU301 isolation level, IU302 read-only node; 42501 a policy of row security would hide rows
-- Writes:    iu_route_attempt, iu_route_delivery, iu_route_dead_letter, iu_route_run, iu_route_worker_cursor, and as
--            fn_iu_log_partition_ahead
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_route_worker_run(p_worker_name text default 'iu_outbound_default', p_batch_limit integer default 100)
returns jsonb
language plpgsql
security definer
set search_path from current
set row_security = off
as $$
declare
  v_closed text;
  v_limit integer := least(greatest(coalesce(p_batch_limit, 100), 1), 10000);
  v_started timestamptz := clock_timestamp();
  c iu_route_worker_cursor;
  v_mark record;
  v_identity record;
  v_routes iu_judged_route[];
  v_route_snapshot pg_snapshot;
  v_history bigint;
  v_batch record;
  v_events iu_event_key[];
  v_count record;
  v_seen integer;
  v_fresh boolean;
  v_run_id bigint;
  v_last event_outbox;
  v_result jsonb;
begin
  perform fn_iu_require_read_committed();
  v_closed := fn_iu_closed_gate();
  if v_closed is not null then
    return jsonb_build_object('status', v_closed, 'worker_name', p_worker_name);
  end if;
  -- Before the row lock, which assigns an xid.
  select * into v_mark from fn_iu_log_mark();
  select * into c from iu_route_worker_cursor where worker_name = p_worker_name for update skip locked;
  if not found then
    return jsonb_build_object('worker_name', p_worker_name, 'status',
      case when exists (select from iu_route_worker_cursor where worker_name = p_worker_name) then 'busy' else 'unregistered' end);
  end if;
  select * into v_identity from fn_iu_cluster_identity();
  if (c.system_identifier, c.database_oid, c.log_oid) is distinct from
     (v_identity.system_identifier, v_identity.database_oid, v_identity.log_oid) then
    return jsonb_build_object('status', 'cluster_changed', 'worker_name', p_worker_name);
  end if;
  perform fn_iu_log_partition_ahead(true);
  -- Twice when the window of an earlier pass turns out to have nothing left: then the next one is looked at at once.
  loop
    v_fresh := c.open_snapshot is null;
    if v_fresh then
      c := fn_iu_window_open(c, v_mark.floor_seq, v_mark.highest_xid);
    end if;
    select * into v_batch from fn_iu_window_batch(c, v_limit, fn_iu_owned_domains(c.event_domain));
    v_seen := coalesce(array_length(v_batch.events, 1), 0);
    exit when v_fresh or v_seen > 0 or not v_batch.complete;
    c.done_snapshot := c.open_snapshot;
    c.done_floor_seq := c.open_floor_seq;
    c.open_snapshot := null;
  end loop;
  if v_seen > 0 then
    -- One statement reads the routes and the snapshot they were read with, so that the whole batch is decided by one state of them.
    select coalesce(array_agg(r), '{}'), pg_current_snapshot(), (select coalesce(max(history_id), 0) from iu_route_history)
      into v_routes, v_route_snapshot, v_history
      from fn_iu_judged_routes() r;
    v_run_id := nextval(pg_get_serial_sequence('iu_route_run', 'run_id'));
    v_events := v_batch.events;
    if v_events[1].seq <= c.rewound_seq then
      -- Looked at before: what has a decision is left alone, or a route that came later would get events of the past.
      select coalesce(array_agg(e order by e.seq), '{}') into v_events from unnest(v_batch.events) e
       where e.seq > c.rewound_seq or not exists (select from iu_route_attempt a where a.event_seq = e.seq and a.attempt_no = 1);
    end if;
    select * into v_count from fn_iu_route_decide_isolated(v_events, v_routes, v_run_id);
    insert into iu_route_run (run_id, worker_name, kind, started_at, finished_at, seen, attempts_written, deliveries_queued, skipped, dead_lettered,
                              window_complete, first_seq, last_seq, route_snapshot, route_tx_id, route_history_id, tool)
    overriding system value
    values (v_run_id, p_worker_name, 'pass', v_started, clock_timestamp(), v_seen, v_count.written, v_count.queued, v_count.skipped,
            v_count.dead_lettered, v_batch.complete, v_batch.events[1].seq, v_batch.events[v_seen].seq, v_route_snapshot,
            pg_current_xact_id(), v_history, current_setting('application_name', true));
    select * into v_last from event_outbox where seq = v_batch.events[v_seen].seq;
  else
    select 0 as written, 0 as queued, 0 as skipped, 0 as dead_lettered into v_count;
  end if;
  v_result := jsonb_build_object('status', 'ran', 'worker_name', p_worker_name, 'seen', v_seen, 'attempts_written', v_count.written,
    'deliveries_queued', v_count.queued, 'skipped', v_count.skipped, 'dead_lettered', v_count.dead_lettered,
    'window_complete', v_batch.complete,
    'cursor_created_at', case when v_seen > 0 then v_last.created_at else c.last_created_at end,
    'cursor_event_id', case when v_seen > 0 then v_last.id else c.last_event_id end,
    'cursor_seq', case when v_seen > 0 then v_last.seq else c.last_event_seq end::text);
  update iu_route_worker_cursor
     set done_snapshot = case when v_batch.complete then c.open_snapshot else c.done_snapshot end,
         done_floor_seq = case when v_batch.complete then c.open_floor_seq else c.done_floor_seq end,
         open_snapshot = case when not v_batch.complete then c.open_snapshot end,
         open_floor_seq = case when not v_batch.complete then c.open_floor_seq end,
         open_ceil_seq = case when not v_batch.complete then c.open_ceil_seq end,
         phase = v_batch.phase, position_seq = v_batch.position_seq,
         last_event_id = case when v_seen > 0 then v_last.id else c.last_event_id end,
         last_created_at = case when v_seen > 0 then v_last.created_at else c.last_created_at end,
         last_event_seq = case when v_seen > 0 then v_last.seq else c.last_event_seq end,
         events_seen = c.events_seen + v_seen, attempts_written = c.attempts_written + v_count.written,
         dead_lettered = c.dead_lettered + v_count.dead_lettered, passes = c.passes + 1,
         last_run_at = clock_timestamp(), last_run_summary = v_result
   where worker_name = p_worker_name;
  return v_result;
end
$$;
