-- fn_iu_delivery_unopened() returns table (route_id, route_code, by_all, runners, reason)
--
-- Contract:  live routes whose target a runner that beat lately (one of a timer has stopped since) could not open, because a secret or
--            a file is not there for it, or its configuration cannot work. Such a runner leaves the deliveries of the route to the
--            others. A runner that has not come upon a route yet counts as one that can, until it has claimed of it; one that something
--            holds altogether does not count.
-- Arguments: none
-- Returns:   a row a route; by_all: no runner that delivers can open it; runners: how many cannot; reason: of the one that said it last
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_delivery_unopened() returns table (route_id bigint, route_code text, by_all boolean, runners integer, reason text)
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_alive timestamptz := clock_timestamp() - make_interval(secs => fn_iu_setting_number('iu_core.health_max_silence_seconds', 120, 1, 86400));
begin
  return query
    select r.route_id, r.route_code,
           not exists (select from iu_route_worker_heartbeat o
                        where o.last_beat_at > v_alive and o.state in ('running', 'stopped') and not o.unopened_routes ? r.route_id::text),
           count(*)::integer, (array_agg(format('%s, on %s', u.value, h.host) order by h.last_beat_at desc))[1]
      from iu_route_worker_heartbeat h
     cross join lateral jsonb_each_text(h.unopened_routes) u
      join iu_outbound_route r on r.route_id = u.key::bigint
     where h.last_beat_at > v_alive and r.enabled and not r.dry_run and r.removed_at is null
     group by r.route_id;
end
$$;
