-- fn_iu_delivery_pick(bigint, integer, uuid) returns record
--
-- Contract:  leases at most so many due deliveries of a route: unordered ones in order of due time, then the heads of due lanes.
--            Each takes its attempt number here. The caller has locked the flow row, so no other claim picks from this route; plans
--            are pinned, because the statistics of a queue are always stale. Looks no further back than the route's due_from.
-- Arguments: p_route_id; p_limit; p_lease_token
-- Returns:   event_seqs, first_sends: how many of them were never sent before; due_from, lane_due_from: nothing that was due before
--            waits, in the snapshot of this call
-- Raises:    nothing
-- Writes:    iu_route_delivery, iu_route_lane
-- May call:  internal
create or replace function fn_iu_delivery_pick(p_route_id bigint, p_limit integer, p_lease_token uuid, out event_seqs bigint[], out first_sends integer,
  out due_from timestamptz, out lane_due_from timestamptz)
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_sort = off
set jit = off
as $$
declare
  v_now timestamptz := clock_timestamp();
  v_from timestamptz;
  v_lane_from timestamptz;
  v_heads bigint[];
  v_first integer;
begin
  select coalesce(f.due_from, '-infinity'), coalesce(f.lane_due_from, '-infinity') into v_from, v_lane_from from iu_route_flow f where f.route_id = p_route_id;
  with picked as materialized (
    select d.event_seq, d.due_at from iu_route_delivery d
     where d.route_id = p_route_id and d.lane_key is null and d.due_at >= v_from and d.due_at <= v_now and d.lease_token is null
     order by d.due_at, d.event_seq
     limit p_limit
  ), leased as (
    update iu_route_delivery d set lease_token = p_lease_token, attempt_no = d.attempt_no + 1, sends = d.sends + 1
      from picked p where d.event_seq = p.event_seq and d.route_id = p_route_id and d.lease_token is null
    returning d.event_seq, d.sends, p.due_at
  )
  select coalesce(array_agg(event_seq order by event_seq), '{}'), count(*) filter (where sends = 1), max(due_at)
    into event_seqs, first_sends, due_from from leased;
  if cardinality(event_seqs) = p_limit then
    lane_due_from := '-infinity';
    return;
  end if;
  due_from := v_now;
  with picked as materialized (
    select l.lane_key, l.due_at from iu_route_lane l
     where l.route_id = p_route_id and l.due_at >= v_lane_from and l.due_at <= v_now and l.lease_token is null
     order by l.due_at
     limit p_limit - cardinality(event_seqs) for update skip locked
  ), lane as (
    update iu_route_lane l set lease_token = p_lease_token from picked p where l.route_id = p_route_id and l.lane_key = p.lane_key
    returning l.head_seq, p.due_at
  ), leased as (
    update iu_route_delivery d set lease_token = p_lease_token, attempt_no = d.attempt_no + 1, sends = d.sends + 1
      from lane where d.event_seq = lane.head_seq and d.route_id = p_route_id and d.lease_token is null
    returning d.event_seq, d.sends
  )
  select coalesce(array_agg(event_seq order by event_seq), '{}'), count(*) filter (where sends = 1),
         case when (select count(*) from lane) = p_limit - cardinality(event_seqs) then (select max(due_at) from lane) else v_now end
    into v_heads, v_first, lane_due_from from leased;
  event_seqs := event_seqs || v_heads;
  first_sends := first_sends + v_first;
end
$$;
