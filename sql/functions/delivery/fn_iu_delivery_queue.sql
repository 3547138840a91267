-- fn_iu_delivery_queue(integer) returns table (route_id, waiting, due_at, oldest_at)
--
-- Contract:  what waits for each route, for health and a scrape: never more than so many of a route and of its lanes are read. Where
--            claims of a route begin at due_from, this begins there too, and behind the head of each lane, or the dead entries that
--            an old snapshot keeps in the indexes would all be read; what a long transaction committed before due_from is seen
--            when a claim has looked back. Nobody claims for two minutes: from the beginning.
-- Arguments: p_bound: a count stops above it
-- Returns:   a row a route: waiting, not leased (p_bound + 1 = more than p_bound); due_at: the first one that is not leased; oldest_at: when
--            the oldest of those read, tried again or being sent was queued. And a row of route 0 with the oldest_at of all that waits, by the order of events,
--            where the queue can be read from its beginning. Where it cannot, the heads of the lanes of ordered routes are read besides: the
--            oldest up to p_bound lanes of a route, whatever waits behind each. No index says it at once for more: entries in the order of
--            age die at the end where the oldest is looked for, and what an old snapshot keeps of them would all be read
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_delivery_queue(p_bound integer) returns table (route_id bigint, waiting bigint, due_at timestamptz, oldest_at timestamptz)
language sql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
  -- Ordered as their indexes are, and sorting is off: or statistics of yesterday make a count read the whole queue.
  with leased as materialized (
    select l.route_id, e.event_seq from iu_route_lease l cross join unnest(l.event_seqs) as e (event_seq)
  ), flow as materialized (
    select f.route_id, case when b.is_bounded then f.due_from end as due_from, case when b.is_bounded then f.lane_due_from end as lane_due_from
      from iu_route_flow f
     cross join lateral (select clock_timestamp() between f.looked_at and f.look_at + interval '2 minutes' as is_bounded) b
  ), bounded as materialized (
    select exists (select from flow f where f.due_from is not null) as is_any
  )
  select 0, 0, null::timestamptz, (select min(q.created_at) from (select d.created_at from iu_route_delivery d order by d.event_seq, d.route_id limit 1000) q)
   where not (select b.is_any from bounded b)
  union all
  select f.route_id, least(u.waiting + o.waiting, p_bound + 1), least(u.due_at, n.due_at), least(u.oldest_at, o.oldest_at, h.oldest_at, t.oldest_at, s.oldest_at)
    from flow f
   cross join lateral (
     select count(*) as waiting, min(q.due_at) as due_at, min(q.created_at) as oldest_at
       from (select d.due_at, d.created_at from iu_route_delivery d
              where d.route_id = f.route_id and d.lane_key is null and d.due_at >= coalesce(f.due_from, '-infinity') and d.lease_token is null
              order by d.due_at limit p_bound + 1) q) u
   cross join lateral (
     select count(*) as waiting, min(q.created_at) as oldest_at
       from ((select d.created_at from iu_route_delivery d
               where f.lane_due_from is null and d.route_id = f.route_id and d.lane_key is not null and d.lease_token is null
               order by d.lane_key limit p_bound + 1)
             union all
             (select d.created_at
                from ((select l.lane_key, l.head_seq from iu_route_lane l
                        where f.lane_due_from is not null and l.route_id = f.route_id and l.due_at >= f.lane_due_from and l.lease_token is null
                        order by l.due_at limit p_bound + 1)
                      union all
                      (select l.lane_key, l.head_seq from leased e
                         join iu_route_delivery h on h.event_seq = e.event_seq and h.route_id = e.route_id
                         join iu_route_lane l on l.route_id = h.route_id and l.lane_key = h.lane_key
                        where f.lane_due_from is not null and e.route_id = f.route_id)) l
                join iu_route_delivery d on d.route_id = f.route_id and d.lane_key = l.lane_key and d.event_seq >= l.head_seq and d.lease_token is null
               limit p_bound + 1)) q) o
   cross join lateral (
     -- those of a leased lane are younger than its head, which is being sent
     select min(d.created_at) as oldest_at
       from (select l.lane_key, l.head_seq from iu_route_lane l
              where (select b.is_any from bounded b) and l.route_id = f.route_id and l.due_at >= coalesce(f.lane_due_from, '-infinity')
                and l.lease_token is null
              order by l.due_at limit p_bound + 1) l
      cross join lateral (
        select d.created_at from iu_route_delivery d
         where d.route_id = f.route_id and d.lane_key = l.lane_key and d.event_seq >= l.head_seq order by d.event_seq limit 1) d) h
   cross join lateral (
     select (select l.due_at from iu_route_lane l
              where l.route_id = f.route_id and l.due_at >= coalesce(f.lane_due_from, '-infinity') and l.lease_token is null
              order by l.due_at limit 1) as due_at) n
   cross join lateral (
     select min(q.created_at) as oldest_at
       from (select d.created_at from iu_route_delivery d
              where d.route_id = f.route_id and d.counted_by is not null order by d.counted_by, d.due_at limit p_bound + 1) q) t
   cross join lateral (
     select min(d.created_at) as oldest_at from leased e join iu_route_delivery d on d.event_seq = e.event_seq and d.route_id = e.route_id
      where e.route_id = f.route_id) s
$$;
