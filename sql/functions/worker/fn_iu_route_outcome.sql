-- fn_iu_route_outcome(event_outbox, iu_judged_route) returns record
--
-- Contract:  what one judged route decides about one event, for whoever decides one at a time: the next attempt of a pair, and the shadow
--            run of a changed route. fn_iu_route_decide says the same for a whole batch; the table of cases and a property test compare them.
-- Arguments: p_event; p_route: as fn_iu_judged_routes gives it; all null = a route that was removed
-- Returns:   status: no_match, skipped, dry_run or queued; reason
-- Raises:    whatever the filter raises
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_route_outcome(p_event event_outbox, p_route iu_judged_route, out status text, out reason text)
language plpgsql
stable
set search_path from current
as $$
begin
  if p_route.route_id is null then
    status := 'skipped';
    reason := 'route_removed';
  -- fn_iu_pattern_matches written out: three calls cost more than everything else here.
  elsif not (p_event.event_domain like replace(replace(p_route.event_domain, '_', E'\\_'), '*', '%')
             and p_event.event_type like replace(replace(p_route.event_type, '_', E'\\_'), '*', '%')
             and p_event.event_stream like replace(replace(p_route.event_stream, '_', E'\\_'), '*', '%')) then
    status := 'no_match';
  elsif p_route.verdict = 'disabled' then
    status := 'skipped';
    reason := p_route.reason;
  elsif p_route.filter is not null and not coalesce(jsonb_path_match(p_event.safe_payload, p_route.filter,
      jsonb_build_object('domain', p_event.event_domain, 'type', p_event.event_type, 'stream', p_event.event_stream,
                         'severity', p_event.event_severity, 'subject_table', p_event.event_subject_table,
                         'subject_ref', p_event.event_subject_ref)), false) then
    status := 'skipped';
    reason := 'filtered';
  elsif p_route.verdict = 'live' and p_route.canary_share < 1
      and fn_iu_route_canary(p_route.route_code, p_event.event_subject_table, p_event.event_subject_ref, p_event.id) >= p_route.canary_share then
    status := 'dry_run';
    reason := 'outside_canary';
  else
    status := case p_route.verdict when 'live' then 'queued' else 'dry_run' end;
    reason := p_route.reason;
  end if;
end
$$;
