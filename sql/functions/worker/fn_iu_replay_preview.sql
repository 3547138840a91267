-- fn_iu_replay_preview(jsonb) returns jsonb
--
-- Contract:  what a replay by this filter would touch; writes nothing. Give its until_attempt_id to fn_iu_replay, so that the replay
--            means just what was shown.
-- Arguments: p_filter: as for fn_iu_replay_candidates
-- Returns:   {pairs, events, by_route: [{route_code, pairs, would_be}], delivery_waiting, already_sent, until_attempt_id}
-- Raises:    IU344
-- Writes:    nothing
-- May call:  iu_operator, iu_reader
create or replace function fn_iu_replay_preview(p_filter jsonb) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_result jsonb;
begin
  with candidate as materialized (
    select c.*, coalesce(r.verdict, case when c.route_id = 0 then 'decided by the routes of today' else 'skipped: route removed' end) as would_be
      from fn_iu_replay_candidates(p_filter) c
      left join fn_iu_judged_routes() r using (route_id)
  )
  select jsonb_build_object(
    'pairs', (select count(*) from candidate), 'events', (select count(distinct event_seq) from candidate),
    'by_route', coalesce((select jsonb_agg(to_jsonb(g) order by g.route_code)
       from (select route_code, would_be, count(*) as pairs from candidate group by 1, 2) g), '[]'),
    'delivery_waiting', (select count(*) from candidate c join iu_route_delivery d using (event_seq, route_id)),
    'already_sent', (select count(*) from candidate c
                      where exists (select from iu_route_attempt a where a.event_seq = c.event_seq and a.route_id = c.route_id and a.status = 'sent')),
    'until_attempt_id', (select coalesce(max(attempt_id), 0)::text from iu_route_attempt))
    into v_result;
  return v_result;
end
$$;
