-- fn_iu_lane_refresh(bigint[], text[]) returns void
--
-- Contract:  after a head was settled, rescheduled, released or cancelled: gives its lane the next head and its due time, or takes
--            the empty lane away; a held lane stays as it is. Never due in the past: lanes take turns, whatever waits behind them,
--            and a claim need not look back. The caller holds the locks of these lanes since an earlier statement, so this one sees every
--            delivery whose wake-up it could miss.
-- Arguments: p_route_ids, p_lane_keys: of one length, one element a lane
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    iu_route_lane
-- May call:  internal
create or replace function fn_iu_lane_refresh(p_route_ids bigint[], p_lane_keys text[]) returns void
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
  with lane as materialized (
    select g.route_id, g.lane_key, h.event_seq, h.due_at
      from (select distinct route_id, lane_key from unnest(p_route_ids, p_lane_keys) as u (route_id, lane_key)) g
      left join lateral (select d.event_seq, d.due_at from iu_route_delivery d
                          where d.route_id = g.route_id and d.lane_key = g.lane_key order by d.event_seq limit 1) h on true
  ), gone as (
    delete from iu_route_lane l using lane n where l.route_id = n.route_id and l.lane_key = n.lane_key and n.event_seq is null and l.due_at < 'infinity'
  )
  update iu_route_lane l
     set head_seq = n.event_seq, due_at = greatest(n.due_at, clock_timestamp()), lease_token = null
    from lane n
   where l.route_id = n.route_id and l.lane_key = n.lane_key and n.event_seq is not null and l.due_at < 'infinity';
end
$$;
