-- fn_iu_lane_wake(bigint[], text[], bigint[]) returns void
--
-- Contract:  after deliveries of ordered routes were inserted: makes or finds their lanes, in sorted order, so that two passes
--            cannot deadlock. The lock of the update is what prevents a lost wake-up: a settle that is about to take an empty lane
--            away holds it until it has committed, and then this makes a new one. An older event (a replay) becomes the head of a
--            lane that is neither leased nor held.
-- Arguments: p_route_ids, p_lane_keys, p_event_seqs: of one length, one element a delivery; null arrays do nothing
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    iu_route_lane
-- May call:  internal
create or replace function fn_iu_lane_wake(p_route_ids bigint[], p_lane_keys text[], p_event_seqs bigint[]) returns void
language plpgsql
volatile
set search_path from current
as $$
begin
  if p_route_ids is null then
    return;
  end if;
  insert into iu_route_lane as l (route_id, lane_key, head_seq, due_at)
  select d.route_id, d.lane_key, min(d.event_seq), clock_timestamp()
    from unnest(p_route_ids, p_lane_keys, p_event_seqs) as d (route_id, lane_key, event_seq)
   group by d.route_id, d.lane_key
   order by d.route_id, d.lane_key
  on conflict (route_id, lane_key) do update
     set head_seq = case when l.lease_token is null and l.due_at < 'infinity' then least(l.head_seq, excluded.head_seq) else l.head_seq end,
         due_at = case when l.lease_token is null and l.due_at < 'infinity' and excluded.head_seq < l.head_seq then excluded.due_at else l.due_at end;
end
$$;
