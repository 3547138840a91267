-- fn_iu_replay_preview(jsonb, integer) returns jsonb
--
-- Contract:  what a replay by this filter would touch, and about how long it would take; writes nothing. Start the replay with its
--            until_attempt_id, and it means just what was shown. The filters of routes are tried on the 10,000 oldest of those pairs.
-- Arguments: p_filter: as for fn_iu_replay_candidates; p_rate_per_second: the cap the replay would have, null = none
-- Returns:   {pairs, events, by_route: [{route_code, target_kind, target (redacted), would_be: by the route alone, pairs, filter_tried: how
--            many of them its filter was tried on, with the payload as corrected; null = it has none, filter_no, filter_failed: how many of
--            those it says no to, or raises for, already_sent, delivery_waiting, per_second: the slowest of cap, the route's own rate and what it sent lately; null
--            = nothing limits it that is known, held_by: of a live one, why nothing of it is sent now, as fn_iu_delivery_holds}],
--            already_sent, delivery_waiting: pairs with a delivery in the queue: they are left alone, estimated_seconds: until the slowest
--            route has sent everything, null = unknown, until_attempt_id}
-- Raises:    IU344
-- Writes:    nothing
-- May call:  iu_operator, iu_reader
create or replace function fn_iu_replay_preview(p_filter jsonb, p_rate_per_second integer default null) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_result jsonb;
begin
  with candidate as materialized (
    select c.*,
           exists (select from iu_route_delivery d where d.event_seq = c.event_seq and d.route_id = c.route_id) as waits,
           exists (select from iu_route_attempt a where a.event_seq = c.event_seq and a.route_id = c.route_id and a.status = 'sent') as was_sent
      from fn_iu_replay_candidates(p_filter) c
  ), recent as materialized (
    -- how fast each route sent within the last 10 minutes, as far as the last 10,000 attempts show
    select t.route_id, (count(*) - 1) / extract(epoch from max(t.started_at) - min(t.started_at)) as per_second
      from (select * from iu_route_attempt order by attempt_id desc limit 10000) t
     where t.status = 'sent' and t.started_at > clock_timestamp() - interval '10 minutes'
     group by t.route_id
    having count(*) >= 10 and max(t.started_at) > min(t.started_at)
  ), grouped as (
    select c.route_id, c.route_code, count(*) as pairs, count(*) filter (where c.was_sent) as already_sent,
           count(*) filter (where c.waits) as delivery_waiting
      from candidate c group by c.route_id, c.route_code
  ), tried as (
    select t.route_id, count(*) as tried, count(*) filter (where s.outcome = 'skipped/filtered') as filtered,
           count(*) filter (where s.outcome like 'failed/%') as failed
      from (select r as route, c.event_seq, c.route_id
              from candidate c join fn_iu_judged_routes() r using (route_id)
             where r.filter is not null and r.verdict <> 'disabled' and not c.waits
             order by c.event_seq, c.route_id limit 10000) t
     cross join lateral (
       select fn_iu_route_shadow(case when x.payload is null then e else jsonb_populate_record(e, jsonb_build_object('safe_payload', x.payload)) end,
                t.route) as outcome
         from event_outbox e
         left join lateral (select x.payload from iu_event_edit x where x.event_seq = t.event_seq and x.route_id = t.route_id
                             order by x.edit_id desc limit 1) x on true
        where e.seq = t.event_seq offset 0) s
     group by t.route_id
  ), judged as (
    select g.route_code, o.target_kind, fn_iu_route_request(o.target_kind, o.target_ref, o.target_config) ->> 'target' as target,
           coalesce(r.verdict, case when g.route_id = 0 then 'decided by the routes of today' else 'skipped: route removed' end) as would_be,
           g.pairs, t.tried as filter_tried, t.filtered as filter_no, t.failed as filter_failed, g.already_sent, g.delivery_waiting,
           round(case when r.verdict = 'live' then least(p_rate_per_second, o.rate_per_second, n.per_second) else p_rate_per_second end, 3) as per_second,
           case when r.verdict = 'live' then h.hold end as held_by
      from grouped g
      left join fn_iu_judged_routes() r using (route_id)
      left join iu_outbound_route o using (route_id)
      left join recent n using (route_id)
      left join tried t using (route_id)
      left join fn_iu_delivery_holds() h using (route_id)
  )
  select jsonb_build_object(
    'pairs', (select count(*) from candidate), 'events', (select count(distinct event_seq) from candidate),
    'by_route', coalesce((select jsonb_agg(to_jsonb(j) order by j.route_code) from judged j), '[]'),
    'delivery_waiting', (select count(*) from candidate where waits),
    'already_sent', (select count(*) from candidate where was_sent),
    'estimated_seconds', (select ceil(greatest(max((j.pairs - j.delivery_waiting) / nullif(j.per_second, 0)), sum(j.pairs) / p_rate_per_second)) from judged j),
    'until_attempt_id', (select coalesce(max(attempt_id), 0)::text from iu_route_attempt))
    into v_result;
  return v_result;
end
$$;
