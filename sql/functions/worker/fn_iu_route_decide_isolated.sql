-- fn_iu_route_decide_isolated(iu_event_key[], iu_judged_route[], bigint) returns record
--
-- Contract:  decides a batch so that one event that raises cannot stop the others: the whole batch in one sub-transaction; if it raises, in
--            parts of at most 50; then event by event; then route by route. The culprit (event, route) gets a failed attempt and a dead
--            letter, the rest are decided. An event that has a decision already is left alone. Errors that are not the event's fault
--            (serialization, resources, locks, shutdown, input/output: classes 40, 53, 55, 57, 58, XX) are raised again, so that the pass
--            is repeated whole.
-- Arguments: p_events, p_routes, p_run_id: as for fn_iu_route_decide
-- Returns:   written, queued, skipped, dead_lettered
-- Raises:    errors that are not the event's fault
-- Writes:    iu_route_attempt, iu_route_delivery, iu_route_dead_letter
-- May call:  internal
create or replace function fn_iu_route_decide_isolated(p_events iu_event_key[], p_routes iu_judged_route[], p_run_id bigint,
  out written integer, out queued integer, out skipped integer, out dead_lettered integer)
language plpgsql
set search_path from current
as $$
declare
  v_count integer := coalesce(array_length(p_events, 1), 0);
  v_step integer := case when v_count > 50 then 50 else 1 end;
  v_at integer;
  v_part record;
  v_route iu_judged_route;
  v_matching iu_judged_route[];
  v_undecided iu_event_key[];
  v_state text;
  v_message text;
begin
  written := 0; queued := 0; skipped := 0; dead_lettered := 0;
  begin
    select * into v_part from fn_iu_route_decide(p_events, p_routes, p_run_id);
    written := v_part.written; queued := v_part.queued; skipped := v_part.skipped;
    return;
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
    if left(v_state, 2) in ('40', '53', '55', '57', '58', 'XX') then
      raise;
    end if;
  end;
  if v_state = '23505' then
    -- Somebody decided some of it before: an event that has a decision is left alone.
    select coalesce(array_agg(e order by e.seq), '{}') into v_undecided from unnest(p_events) e
     where not exists (select from iu_route_attempt a where a.event_seq = e.seq and a.attempt_no = 1);
    if cardinality(v_undecided) = v_count then
      raise exception using errcode = v_state, message = v_message;
    end if;
    select * into written, queued, skipped, dead_lettered from fn_iu_route_decide_isolated(v_undecided, p_routes, p_run_id);
    return;
  end if;
  if v_count > 1 then
    for v_at in 1 .. v_count by v_step loop
      select * into v_part from fn_iu_route_decide_isolated(p_events[v_at : v_at + v_step - 1], p_routes, p_run_id);
      written := written + v_part.written; queued := queued + v_part.queued;
      skipped := skipped + v_part.skipped; dead_lettered := dead_lettered + v_part.dead_lettered;
    end loop;
    return;
  end if;
  select array_agg(r order by r.route_id) into v_matching from unnest(p_routes) r
   where fn_iu_pattern_matches(r.event_domain, p_events[1].event_domain)
     and fn_iu_pattern_matches(r.event_type, p_events[1].event_type)
     and fn_iu_pattern_matches(r.event_stream, p_events[1].event_stream);
  if array_length(v_matching, 1) > 1 then
    foreach v_route in array v_matching loop
      select * into v_part from fn_iu_route_decide_isolated(p_events, array[v_route], p_run_id);
      written := written + v_part.written; queued := queued + v_part.queued;
      skipped := skipped + v_part.skipped; dead_lettered := dead_lettered + v_part.dead_lettered;
    end loop;
  elsif fn_iu_route_fail(p_events[1].seq, v_matching[1], 1, p_run_id, v_state, v_message) then
    written := 1; dead_lettered := 1;
  end if;
end
$$;
