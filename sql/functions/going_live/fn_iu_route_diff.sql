-- fn_iu_route_diff(text, jsonb, timestamptz, integer) returns jsonb
--
-- Contract:  a shadow run: what a changed route would decide differently about events of the past. Both are decided now, by
--            fn_iu_route_outcome; nothing is written. A disabled route is looked at as if it were enabled, and the change as if it had the
--            approval of today (voids_approval says that it would not): the question is what the change does to the events. Looks at the
--            newest million events of the log at most, and at p_limit that match before or after.
-- Arguments: p_route_code; p_changes: as in fn_iu_route_change; p_since: events recorded since, null = however old; p_limit: most
--            events to decide, 1 to 100,000
-- Returns:   {route_code, version, voids_approval, examined, complete, differ, first_seq, last_seq,
--            changes: [{from, to, events}], samples: [{event_id, event_seq, from, to}], at most ten a change}; from and to are
--            no_match or status/reason
-- Raises:    as fn_iu_route_changed; IU337 no such route, IU422 the limit is refused, IU436 inbound
-- Writes:    nothing
-- May call:  iu_operator
create or replace function fn_iu_route_diff(p_route_code text, p_changes jsonb, p_since timestamptz default null, p_limit integer default 10000)
returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_route iu_outbound_route := fn_iu_route_of(p_route_code, false);
  v_changed iu_outbound_route := fn_iu_route_changed(v_route, p_changes);
  v_old iu_judged_route;
  v_new iu_judged_route;
  v_result jsonb;
begin
  if p_limit is null or p_limit not between 1 and 100000 then
    raise exception using errcode = 'IU422', message = 'the number of events to look at is 1 to 100,000', hint = 'iu route diff --help';
  end if;
  select * into strict v_old from fn_iu_judged_routes() j where j.route_id = v_route.route_id;
  v_old.verdict := case v_old.verdict when 'disabled' then 'dry_run' else v_old.verdict end;
  v_old.reason := case v_old.reason when 'route_disabled' then null else v_old.reason end;
  v_new := v_old;
  v_new.event_domain := v_changed.event_domain;
  v_new.event_type := v_changed.event_type;
  v_new.event_stream := v_changed.event_stream;
  v_new.filter := v_changed.filter;
  with one as materialized (
    select e.event, e.seq, e.id
      from (select o as event, o.* from event_outbox o order by o.seq desc limit 1000000) e
     -- fn_iu_pattern_matches written out, and no join: the log is read from its end and the reading stops at the limit.
     where (p_since is null or e.created_at >= p_since)
       and (e.event_domain like replace(replace(v_old.event_domain, '_', E'\\_'), '*', '%')
            and e.event_type like replace(replace(v_old.event_type, '_', E'\\_'), '*', '%')
            and e.event_stream like replace(replace(v_old.event_stream, '_', E'\\_'), '*', '%')
         or e.event_domain like replace(replace(v_new.event_domain, '_', E'\\_'), '*', '%')
            and e.event_type like replace(replace(v_new.event_type, '_', E'\\_'), '*', '%')
            and e.event_stream like replace(replace(v_new.event_stream, '_', E'\\_'), '*', '%'))
     order by e.seq desc
     limit p_limit
  ), decided as materialized (
    select seq, id, fn_iu_route_shadow(event, v_old) as before, fn_iu_route_shadow(event, v_new) as after from one
  ), difference as (
    select *, row_number() over (partition by before, after order by seq desc) as place from decided where before <> after
  )
  select jsonb_build_object(
    'route_code', v_route.route_code, 'version', v_route.version,
    'voids_approval', fn_iu_route_approval_state(v_route.route_id, v_route.version, v_route.approval_id) <> 'missing' and to_jsonb(v_changed) <> to_jsonb(v_route),
    'examined', (select count(*) from decided), 'complete', (select count(*) < p_limit from decided)
      -- an event beyond the newest million that is meant too
      and not coalesce((select p_since is null or o.created_at >= p_since from event_outbox o order by o.seq desc offset 1000000 limit 1), false),
    'differ', (select count(*) from difference),
    'first_seq', (select min(seq)::text from decided), 'last_seq', (select max(seq)::text from decided),
    'changes', coalesce((select jsonb_agg(jsonb_build_object('from', c.before, 'to', c.after, 'events', c.events) order by c.events desc, c.before, c.after)
                           from (select before, after, count(*) as events from difference group by 1, 2) c), '[]'),
    'samples', coalesce((select jsonb_agg(jsonb_build_object('event_id', id, 'event_seq', seq::text, 'from', before, 'to', after) order by before, after, seq desc)
                           from difference where place <= 10), '[]'))
    into v_result;
  return v_result;
end
$$;
