-- fn_iu_delivery_cancel(uuid, text, text) returns jsonb
--
-- Contract:  takes a waiting delivery out of the queue for good, because a person decided so: an attempt cancelled stays. One that
--            is being sent is refused.
-- Arguments: p_event_id; p_route_code; p_reason: why, mandatory
-- Returns:   {event_id, route_code, attempt_no, status: cancelled}
-- Raises:    IU354 no such delivery waits, IU355 it is being sent, IU356 reason missing
-- Writes:    iu_route_delivery, iu_route_lane, iu_route_attempt
-- May call:  iu_operator
create or replace function fn_iu_delivery_cancel(p_event_id uuid, p_route_code text, p_reason text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_route iu_outbound_route;
  v_lane_token uuid;
  d iu_route_delivery;
begin
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU356', message = 'a delivery is cancelled with a reason', hint = 'add --reason TEXT';
  end if;
  select * into v_route from iu_outbound_route where route_code = p_route_code;
  -- The lane first, as a settle locks. One whose head is being sent keeps its lease: the settle gives it the next head.
  select l.lease_token into v_lane_token from iu_route_lane l join iu_route_delivery q using (route_id, lane_key) join event_outbox e on e.seq = q.event_seq
    where e.id = p_event_id and l.route_id = v_route.route_id for update of l;
  select q.* into d from iu_route_delivery q join event_outbox e on e.seq = q.event_seq
   where e.id = p_event_id and q.route_id = v_route.route_id for update of q;
  if not found then
    raise exception using errcode = 'IU354', message = format('no delivery of event %s to route %s is waiting', p_event_id, p_route_code),
      hint = 'iu delivery list shows what waits, iu event show ID what became of it';
  elsif d.lease_token is not null then
    raise exception using errcode = 'IU355', message = format('event %s is being sent to route %s right now', p_event_id, p_route_code),
      hint = 'wait until the send is settled; iu route pause CODE keeps the next one from starting';
  end if;
  delete from iu_route_delivery q where q.event_seq = d.event_seq and q.route_id = d.route_id;
  insert into iu_route_attempt (event_seq, route_id, attempt_no, route_version, event_ref, route_kind, route_code, status, decision, reason,
                                idempotency_key, failure_detail)
  values (d.event_seq, d.route_id, d.attempt_no + 1, v_route.version, d.event_ref, 'outbound', v_route.route_code, 'cancelled', 'cancelled',
          'by_person', d.delivery_key, left(session_user || ': ' || p_reason, 500));
  if d.lane_key is not null and v_lane_token is null then
    perform fn_iu_lane_refresh(array[d.route_id], array[d.lane_key]);
  end if;
  return jsonb_build_object('event_id', p_event_id, 'route_code', p_route_code, 'attempt_no', d.attempt_no + 1, 'status', 'cancelled');
end
$$;
