-- fn_iu_delivery_claim(text, integer, integer, text, boolean, bigint[], integer[], integer, bigint) returns setof iu_claimed
--
-- Contract:  leases due deliveries to a runner and counts the attempt, before anything is sent. Judges everything again: gates
--            (under the shared lock, so that who closes one can wait), deployment and cluster, each route. Routes are taken in
--            turn, the one that waited longest first, and each gets its share of what is asked for, so that one with a million
--            waiting does not keep the others waiting; a route that another runner claims from right now is left out. First settles
--            a lease that ran out. Payloads of more than p_most_bytes together are not handed out: what comes behind them is given back
--            unsent, but for the first.
-- Arguments: p_runner_id: unique a process; p_limit: 1..1000; p_lease_seconds: 5..600; p_deployment: IU_DEPLOYMENT of the runner;
--            p_in_database: true = targets in the database, false = all others; p_route_ids, p_rooms: most to claim of these
--            routes; p_room: most of every other; p_most_bytes: of all payloads together, null = whatever they have
-- Returns:   a row a delivery, in order of event; or one row whose hold says why nothing may be claimed
-- Raises:    IU353 runner not named, IU301, IU302
-- Writes:    iu_route_delivery, iu_route_lane, iu_route_lease, iu_route_flow, iu_route_approval, and as fn_iu_delivery_settle for a
--            lease that ran out
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_delivery_claim(p_runner_id text, p_limit integer, p_lease_seconds integer, p_deployment text,
  p_in_database boolean default false, p_route_ids bigint[] default '{}', p_rooms integer[] default '{}', p_room integer default 1000,
  p_most_bytes bigint default null)
returns setof iu_claimed
language plpgsql
volatile
security definer
set search_path from current
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  v_left integer := least(greatest(coalesce(p_limit, 100), 1), 1000);
  -- One by one from each of 1,000 routes, a claim of 500 took 316 ms; the others have their turn with the next claims.
  v_least constant integer := 8;
  v_until timestamptz;
  v_token uuid := gen_random_uuid();
  v_hold text;
  v_held iu_claimed;
  v_candidates bigint[];
  v_rooms integer[];
  v_at integer;
  v_allow record;
  v_pick record;
  v_over_routes bigint[];
  v_over_seqs bigint[];
begin
  perform fn_iu_require_read_committed();
  if nullif(btrim(p_runner_id), '') is null then
    raise exception using errcode = 'IU353', message = 'a runner claims under a name';
  end if;
  -- Until the end of this transaction, for fn_iu_delivery_disown.
  perform pg_advisory_xact_lock_shared(hashtextextended('iu_core claims of ' || p_runner_id, 0));
  -- Before anything else is locked: who drains a gate waits for passes, and they may wait for what the sweep locks.
  if not fn_iu_in_probe() then
    perform pg_advisory_xact_lock_shared(fn_iu_gate_lock_key());
  end if;
  perform fn_iu_delivery_sweep();
  v_hold := fn_iu_delivery_hold(p_deployment);
  if v_hold is not null then
    v_held.hold := v_hold;
    return next v_held;
    return;
  end if;
  v_until := clock_timestamp() + make_interval(secs => least(greatest(coalesce(p_lease_seconds, 60), 5), 600));
  select array_agg(c.route_id order by c.claimed_at nulls first, c.route_id), array_agg(c.room order by c.claimed_at nulls first, c.route_id)
    into v_candidates, v_rooms
    from (select o.route_id, f.claimed_at, coalesce(b.room, p_room) as room
            from iu_outbound_route o
            join iu_route_flow f using (route_id)
            left join unnest(p_route_ids, p_rooms) as b (route_id, room) using (route_id)
           where o.enabled and not o.dry_run and o.removed_at is null and f.paused_at is null
             and (f.breaker = 'closed' or f.breaker_until <= clock_timestamp())
             and (o.target_kind in ('sql_function', 'table')) = p_in_database and coalesce(b.room, p_room) > 0
             and (exists (select from iu_route_delivery d where d.route_id = o.route_id and d.lane_key is null
                             and d.due_at >= coalesce(f.due_from, '-infinity') and d.due_at <= clock_timestamp() and d.lease_token is null)
                  or exists (select from iu_route_lane l where l.route_id = o.route_id
                             and l.due_at >= coalesce(f.lane_due_from, '-infinity') and l.due_at <= clock_timestamp() and l.lease_token is null)
                  or f.due_from is not null and clock_timestamp() not between f.looked_at and f.look_at)) c;
  for v_at in 1 .. coalesce(cardinality(v_candidates), 0) loop
    exit when v_left <= 0;
    perform from iu_route_flow where route_id = v_candidates[v_at] for update skip locked;
    continue when not found;
    -- A clock that went back is a reason too.
    if exists (select from iu_route_flow f where f.route_id = v_candidates[v_at]
                  and f.due_from is not null and clock_timestamp() not between f.looked_at and f.look_at) then
      perform fn_iu_delivery_look(v_candidates[v_at]);
    end if;
    v_allow := fn_iu_delivery_allowance(v_candidates[v_at],
      least(v_rooms[v_at], v_left, greatest(v_least, ceil(v_left::numeric / (cardinality(v_candidates) - v_at + 1))::integer)), v_until);
    continue when v_allow.allowed <= 0;
    v_pick := fn_iu_delivery_pick(v_candidates[v_at], v_allow.approval_id, v_allow.allowed, v_allow.uncounted, v_token);
    continue when cardinality(v_pick.event_seqs) = 0;
    insert into iu_route_lease (lease_token, route_id, route_code, route_version, approval_id, runner_id, event_seqs, unsettled, claimed_at, lease_until)
    select v_token, route_id, route_code, v_allow.route_version, v_allow.approval_id, p_runner_id, v_pick.event_seqs, cardinality(v_pick.event_seqs), clock_timestamp(), v_until
      from iu_outbound_route where route_id = v_candidates[v_at];
    update iu_route_flow
       set claimed_at = clock_timestamp(), tokens = greatest(tokens - cardinality(v_pick.event_seqs), 0),
           breaker = case breaker when 'open' then 'half_open' else breaker end,
           breaker_until = case when breaker <> 'closed' then v_until end,
           -- So many dead entries are read in a millisecond or two. What commits now was due when it was written: 2 s for it to commit in.
           picked = picked + cardinality(v_pick.event_seqs),
           due_from = case when due_from is not null or picked >= 5000 then greatest(due_from, least(v_pick.due_from, clock_timestamp() - interval '2 s')) end,
           lane_due_from = case when due_from is not null or picked >= 5000
                                then greatest(lane_due_from, least(v_pick.lane_due_from, clock_timestamp() - interval '2 s')) end,
           looked_at = case when due_from is null and picked >= 5000 then clock_timestamp() else looked_at end,
           look_at = case when due_from is null and picked >= 5000 then clock_timestamp() + interval '10 s' else look_at end
     where route_id = v_candidates[v_at];
    if v_pick.first_sends > 0 then
      update iu_route_approval set events_used = events_used + v_pick.first_sends where approval_id = v_allow.approval_id;
    end if;
    v_left := v_left - cardinality(v_pick.event_seqs);
  end loop;
  if p_most_bytes is not null then
    select array_agg(s.route_id), array_agg(s.event_seq) into v_over_routes, v_over_seqs
      from (select z.route_id, z.event_seq, sum(z.bytes) over w as bytes, row_number() over w as at
              from (select l.route_id, q.event_seq,
                           -- one that is not compressed need not be read to be measured
                           case when pg_column_compression(e.safe_payload) is null then pg_column_size(e.safe_payload) else octet_length(e.safe_payload::text) end as bytes
                      from iu_route_lease l
                     cross join unnest(l.event_seqs) as q (event_seq)
                      join event_outbox e on e.seq = q.event_seq
                     where l.lease_token = v_token) z
            window w as (order by z.event_seq, z.route_id)) s
     where s.bytes > p_most_bytes and s.at > 1;
    if v_over_seqs is not null then
      v_at := cardinality(v_over_seqs);
      perform fn_iu_delivery_settle(p_runner_id, array_fill(v_token, array[v_at]), v_over_routes, v_over_seqs, array_fill('released'::text, array[v_at]),
        array_fill(null::integer, array[v_at]), array_fill(null::text, array[v_at]), array_fill(null::text, array[v_at]),
        array_fill(false, array[v_at]), array_fill(null::integer, array[v_at]), array_fill(false, array[v_at]));
    end if;
  end if;
  return query
    select null::text, v_token, d.route_id, l.route_version, d.event_seq, d.attempt_no, d.delivery_key, e.id, e.event_domain, e.event_type,
           e.event_stream, e.event_severity, e.event_subject_table, e.event_subject_ref, e.canonical_address, e.actor_ref, e.source_system,
           e.correlation_id, e.payload_classification, e.occurred_at, coalesce(x.payload, e.safe_payload)
      from iu_route_lease l
     cross join unnest(l.event_seqs) as q (event_seq)
     -- each by its key: a session that planned this for a short queue paired all with all
     cross join lateral (select i.* from iu_route_delivery i where i.route_id = l.route_id and i.event_seq = q.event_seq and i.lease_token = v_token offset 0) d
     cross join lateral (select i.* from event_outbox i where i.seq = q.event_seq offset 0) e
      left join iu_event_edit x on x.edit_id = d.edit_id
     where l.lease_token = v_token
     order by d.event_seq, d.route_id;
end
$$;
