-- fn_iu_route_redecide(bigint, bigint, boolean) returns jsonb
--
-- Contract:  decides one (event, route) again by today's route, as the next attempt. Locks the decision row, so that two replays of
--            one pair give two numbers in order; refused while a delivery of it waits. The delivery id stays, unless asked for a new
--            one. A payload that was corrected for this pair (iu_event_edit) is what the filter judges and what is sent, under the id
--            of that correction. Gates are the caller's matter.
-- Arguments: p_event_seq; p_route_id: 0 = the event as a whole: routes that have no decision for it get one; p_new_id
-- Returns:   {status: replayed|delivery_waiting|no_decision|redacted, decision, reason, attempt_no, edit_id}
-- Raises:    nothing of its own
-- Writes:    iu_route_attempt, iu_route_delivery, iu_route_lane, iu_route_dead_letter
-- May call:  internal
create or replace function fn_iu_route_redecide(p_event_seq bigint, p_route_id bigint, p_new_id boolean) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_first iu_route_attempt;
  v_event event_outbox;
  v_route iu_judged_route;
  v_routes iu_judged_route[];
  v_no integer;
  v_status text;
  v_reason text;
  v_key text;
  v_count record;
  v_message text;
  v_lane text;
  v_edit record;
begin
  select * into v_first from iu_route_attempt where event_seq = p_event_seq and route_id = p_route_id and attempt_no = 1 for update;
  if not found then
    return jsonb_build_object('status', 'no_decision');
  end if;
  if exists (select from iu_route_delivery where event_seq = p_event_seq and route_id = p_route_id) then
    return jsonb_build_object('status', 'delivery_waiting');
  end if;
  select * into strict v_event from event_outbox where seq = p_event_seq;
  if v_event.safe_payload ? 'iu_redacted' then
    -- what is left of it would be sent as if it were the event
    return jsonb_build_object('status', 'redacted');
  end if;
  if p_route_id = 0 then
    select array_agg(r order by r.route_id) into v_routes from fn_iu_judged_routes() r
     where fn_iu_pattern_matches(r.event_domain, v_event.event_domain) and fn_iu_pattern_matches(r.event_type, v_event.event_type)
       and fn_iu_pattern_matches(r.event_stream, v_event.event_stream)
       and not exists (select from iu_route_attempt a where a.event_seq = p_event_seq and a.route_id = r.route_id);
    if v_routes is null then
      return jsonb_build_object('status', 'replayed', 'decision', 'skipped', 'reason', 'no_route', 'attempt_no', 1, 'written', 0);
    end if;
    select * into v_count from fn_iu_route_decide_isolated(
      array[row(v_event.seq, v_event.id, v_event.event_domain, v_event.event_type, v_event.event_stream)::iu_event_key],
      v_routes, null);
    return jsonb_build_object('status', 'replayed', 'decision', case when v_count.written > 0 then 'decided' else 'skipped' end,
      'reason', case when v_count.written = 0 then 'no_route' end, 'attempt_no', 1, 'written', v_count.written);
  end if;
  select max(attempt_no) + 1 into v_no from iu_route_attempt where event_seq = p_event_seq and route_id = p_route_id;
  select * into v_route from fn_iu_judged_routes() r where r.route_id = p_route_id;
  select x.edit_id, x.attempt_no, x.payload into v_edit from iu_event_edit x
   where x.event_seq = p_event_seq and x.route_id = p_route_id order by x.edit_id desc limit 1;
  v_event.safe_payload := coalesce(v_edit.payload, v_event.safe_payload);
  v_key := v_first.idempotency_key || case when p_new_id then '#' || v_no else coalesce('#' || v_edit.attempt_no, '') end;
  begin
    select o.status, o.reason into v_status, v_reason from fn_iu_route_outcome(v_event, v_route) o;
    if v_status = 'no_match' then
      v_reason := v_status;
      v_status := 'skipped';
    end if;
    insert into iu_route_attempt (event_seq, route_id, attempt_no, route_version, event_ref, route_kind, route_code, status, decision, reason,
                                  idempotency_key, payload_snapshot)
    values (p_event_seq, p_route_id, v_no, v_route.version, v_event.id, 'outbound', v_first.route_code, v_status, v_status, v_reason, v_key,
            case when v_status = 'dry_run' then v_route.request end);
    if v_status = 'queued' then
      insert into iu_route_delivery (event_seq, event_ref, route_id, attempt_no, delivery_key, edit_id, lane_key)
      values (p_event_seq, v_event.id, p_route_id, v_no, v_key, v_edit.edit_id,
              case when v_route.ordering = 'subject' then v_event.event_subject_table || ':' || v_event.event_subject_ref end)
      returning lane_key into v_lane;
      if v_lane is not null then
        perform fn_iu_lane_wake(array[p_route_id], array[v_lane], array[p_event_seq]);
      end if;
    end if;
  exception when others then
    get stacked diagnostics v_status = returned_sqlstate, v_message = message_text;
    if left(v_status, 2) in ('40', '53', '55', '57', '58', 'XX') then
      raise;
    end if;
    v_reason := v_status;
    perform fn_iu_route_fail(p_event_seq, v_route, v_no, null, v_status, v_message);
    v_status := 'failed';
  end;
  return jsonb_build_object('status', 'replayed', 'decision', v_status, 'reason', v_reason, 'attempt_no', v_no, 'edit_id', v_edit.edit_id::text);
end
$$;
