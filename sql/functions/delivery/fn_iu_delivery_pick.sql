-- fn_iu_delivery_pick(bigint, bigint, integer, integer, uuid) returns record
--
-- Contract:  leases at most so many due deliveries of a route: unordered ones in order of due time, then the heads of due lanes.
--            Each takes its attempt number here. The caller has locked the flow row, so no other claim picks from this route; plans
--            are pinned, because the statistics of a queue are always stale. Looks no further back than the route's due_from.
--            A lane whose head is gone, or not here yet, is not leased, or it would be for ever: it is given the head that there is.
--            Where the approval does not have an event left for each, what it has counted goes first, found by an index of its own, or a
--            million that are held would be read to find one that may be tried again.
-- Arguments: p_route_id; p_approval_id; p_limit; p_uncounted: at most so many that this approval has not counted yet; p_lease_token
-- Returns:   event_seqs, first_sends: how many of them the approval has not counted yet; due_from, lane_due_from: nothing that was due
--            before waits, in the snapshot of this call
-- Raises:    nothing
-- Writes:    iu_route_delivery, iu_route_lane
-- May call:  internal
create or replace function fn_iu_delivery_pick(p_route_id bigint, p_approval_id bigint, p_limit integer, p_uncounted integer, p_lease_token uuid,
  out event_seqs bigint[], out first_sends integer, out due_from timestamptz, out lane_due_from timestamptz)
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
  -- What is picked is leased by its place: joined by its key, a session that planned this for a short queue read the whole queue for each one
  -- (400 of 3,000 cost 2.4 million rows). Written so that no index of what is free answers, it is asked of the row alone.
  v_free constant uuid := '00000000-0000-0000-0000-000000000000';
  v_now timestamptz := clock_timestamp();
  v_from timestamptz;
  v_lane_from timestamptz;
  v_limit integer := p_limit;
  v_counted bigint[] := '{}';
  v_picked integer;
  v_heads bigint[];
  v_first integer;
  v_stale text[];
begin
  select coalesce(f.due_from, '-infinity'), coalesce(f.lane_due_from, '-infinity') into v_from, v_lane_from from iu_route_flow f where f.route_id = p_route_id;
  if p_uncounted < p_limit then
    -- A range and not an equality: only the index of what was counted has this order, and sorting is off.
    with picked as materialized (
      select d.ctid as place from iu_route_delivery d
       where d.route_id = p_route_id and d.counted_by between p_approval_id and p_approval_id and d.due_at <= v_now and d.lane_key is null
         and d.lease_token is null
       order by d.counted_by, d.due_at
       limit p_limit
    ), leased as (
      update iu_route_delivery d set lease_token = p_lease_token, attempt_no = d.attempt_no + 1, sends = d.sends + 1
        from picked p where d.ctid = p.place and coalesce(d.lease_token, v_free) = v_free
      returning d.event_seq
    )
    select coalesce(array_agg(event_seq), '{}') into v_counted from leased;
    with picked as materialized (
      select d.ctid as place, l.ctid as lane from iu_route_delivery d
        join iu_route_lane l on l.route_id = d.route_id and l.lane_key = d.lane_key
       where d.route_id = p_route_id and d.counted_by between p_approval_id and p_approval_id and d.due_at <= v_now and d.lease_token is null
         and l.head_seq = d.event_seq and l.due_at <= v_now and l.lease_token is null
       order by d.counted_by, d.due_at
       limit p_limit - cardinality(v_counted) for update of l skip locked
    ), leased as (
      update iu_route_delivery d set lease_token = p_lease_token, attempt_no = d.attempt_no + 1, sends = d.sends + 1
        from picked p where d.ctid = p.place and coalesce(d.lease_token, v_free) = v_free
      returning d.event_seq, p.lane
    ), lane as (
      update iu_route_lane l set lease_token = p_lease_token from leased h where l.ctid = h.lane
    )
    select v_counted || coalesce(array_agg(event_seq), '{}') into v_counted from leased;
    v_limit := least(p_limit - cardinality(v_counted), p_uncounted);
    if v_limit <= 0 then
      event_seqs := v_counted; first_sends := 0; due_from := '-infinity'; lane_due_from := '-infinity';
      return;
    end if;
  end if;
  with picked as materialized (
    select d.ctid as place, d.due_at from iu_route_delivery d
     where d.route_id = p_route_id and d.lane_key is null and d.due_at >= v_from and d.due_at <= v_now and d.lease_token is null
     order by d.due_at, d.event_seq
     limit v_limit
  ), leased as (
    update iu_route_delivery d set lease_token = p_lease_token, attempt_no = d.attempt_no + 1, sends = d.sends + 1
      from picked p where d.ctid = p.place and coalesce(d.lease_token, v_free) = v_free
    returning d.event_seq, d.counted_by, p.due_at
  )
  select v_counted || coalesce(array_agg(event_seq order by event_seq), '{}'), count(*) filter (where counted_by is distinct from p_approval_id), (select count(*) from picked), (select max(due_at) from picked)
    into event_seqs, first_sends, v_picked, due_from from leased;
  -- By what was picked: one of them may have been cancelled meanwhile, and more is due all the same.
  if v_picked = v_limit then
    lane_due_from := '-infinity';
    return;
  end if;
  due_from := v_now;
  with picked as materialized (
    select l.ctid as lane, l.lane_key, l.head_seq, l.due_at from iu_route_lane l
     where l.route_id = p_route_id and l.due_at >= v_lane_from and l.due_at <= v_now and l.lease_token is null
     order by l.due_at
     limit v_limit - v_picked for update skip locked
  ), head as materialized (
    select p.lane, p.lane_key, (select d.ctid from iu_route_delivery d where d.route_id = p_route_id and d.event_seq = p.head_seq) as place
      from picked p
  ), leased as (
    update iu_route_delivery d set lease_token = p_lease_token, attempt_no = d.attempt_no + 1, sends = d.sends + 1
      from head h where d.ctid = h.place and d.lane_key = h.lane_key and coalesce(d.lease_token, v_free) = v_free
    returning d.event_seq, d.counted_by, h.lane, h.lane_key
  ), lane as (
    update iu_route_lane l set lease_token = p_lease_token from leased h where l.ctid = h.lane
  )
  select coalesce(array_agg(event_seq order by event_seq), '{}'), count(*) filter (where counted_by is distinct from p_approval_id),
         case when (select count(*) from picked) = v_limit - v_picked then (select max(due_at) from picked) else v_now end,
         (select array_agg(p.lane_key) from picked p where p.lane_key <> all (array(select h.lane_key from leased h)))
    into v_heads, v_first, lane_due_from, v_stale from leased;
  if v_stale is not null then
    perform fn_iu_lane_refresh(array_fill(p_route_id, array[cardinality(v_stale)]), v_stale);
  end if;
  -- Somebody had these locked: the next claim must not begin behind them.
  lane_due_from := least(lane_due_from, (select l.due_at from iu_route_lane l
     where l.route_id = p_route_id and l.due_at >= v_lane_from and l.due_at <= v_now and l.lease_token is null order by l.due_at limit 1));
  event_seqs := event_seqs || v_heads;
  first_sends := first_sends + v_first;
end
$$;
