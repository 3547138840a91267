-- fn_iu_delivery_look(bigint) returns void
--
-- Contract:  looks at the whole queue of a route whose claims begin at due_from, and moves that back to what it finds before it: what
--            a transaction that took long committed with an older due time. Where the look costs nothing, because vacuum could take
--            the dead entries away, claims begin at the beginning again. The next look comes after 10 s, or 20 times what this one
--            took, at most 60 s. The caller has locked the flow row.
-- Arguments: p_route_id
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    iu_route_flow
-- May call:  internal
create or replace function fn_iu_delivery_look(p_route_id bigint) returns void
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $$
declare
  v_started timestamptz := clock_timestamp();
  v_due timestamptz;
  v_lane_due timestamptz;
  v_took interval;
begin
  select d.due_at into v_due from iu_route_delivery d
   where d.route_id = p_route_id and d.lane_key is null and d.lease_token is null order by d.due_at limit 1;
  select l.due_at into v_lane_due from iu_route_lane l
   where l.route_id = p_route_id and l.lease_token is null order by l.due_at limit 1;
  v_took := clock_timestamp() - v_started;
  if v_took < interval '2 milliseconds' then
    update iu_route_flow set picked = 0, due_from = null, lane_due_from = null, looked_at = null, look_at = null where route_id = p_route_id;
  else
    update iu_route_flow
       set due_from = least(due_from, v_due, clock_timestamp()), lane_due_from = least(lane_due_from, v_lane_due, clock_timestamp()), looked_at = clock_timestamp(),
           look_at = clock_timestamp() + least(greatest(interval '10 seconds', 20 * v_took), interval '60 seconds')
     where route_id = p_route_id;
  end if;
end
$$;
