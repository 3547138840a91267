-- fn_iu_delivery_cancel_many(text, timestamptz, bigint, text, integer) returns jsonb
--
-- Contract:  takes waiting deliveries of a route out of the queue for good, the oldest events first, because a person decided so: an
--            attempt cancelled of each stays. What is being sent, or is locked right now, is left alone. Call it again with the returned until_event_seq until
--            remaining is 0; each call is one transaction.
-- Arguments: p_route_code; p_created_before: only queued before then, null = all; p_until_event_seq: only up to this event, null = what
--            waits now; p_reason: why, mandatory; p_limit: 0 (only count) to 1000
-- Returns:   {route_code, cancelled, remaining: not cancelled here, those that somebody took meanwhile too (counted up to 10,001), until_event_seq}
-- Raises:    IU337 no such route, IU356 reason missing
-- Writes:    iu_route_delivery, iu_route_lane, iu_route_attempt
-- May call:  iu_operator
create or replace function fn_iu_delivery_cancel_many(p_route_code text, p_created_before timestamptz, p_until_event_seq bigint, p_reason text,
  p_limit integer default 100) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_route iu_outbound_route;
  v_limit integer := least(greatest(coalesce(p_limit, 100), 0), 1000);
  v_until bigint := p_until_event_seq;
  v_seqs bigint[];
  v_locked bigint[];
  v_lanes text[];
  v_count integer;
begin
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU356', message = 'a delivery is cancelled with a reason', hint = 'add --reason TEXT';
  end if;
  select * into v_route from iu_outbound_route where route_code = p_route_code;
  if not found then
    raise exception using errcode = 'IU337', message = format('there is no route %s', quote_literal(p_route_code)),
      hint = 'iu route list shows the routes';
  end if;
  v_until := coalesce(v_until, (select max(event_seq) from iu_route_delivery where route_id = v_route.route_id), 0);
  select coalesce(array_agg(d.event_seq), '{}') into v_seqs from (
    select d.event_seq from iu_route_delivery d
     where d.route_id = v_route.route_id and d.lease_token is null and d.event_seq <= v_until
       and (p_created_before is null or d.created_at < p_created_before)
     order by d.event_seq limit v_limit + 10001) d;
  -- Lanes before deliveries, both in order, as a settle locks. All of them, whatever their lease: a settle that gives a lane its next
  -- head waits until that is gone. Of a lane whose head is being sent after the lock the settle looks after the rest.
  select array_agg(k.lane_key) filter (where k.lease_token is null) into v_lanes from (
    select l.lane_key, l.lease_token from iu_route_lane l
     where l.route_id = v_route.route_id
       and l.lane_key in (select d.lane_key from iu_route_delivery d where d.route_id = v_route.route_id and d.event_seq = any (v_seqs[1:v_limit]))
     order by l.lane_key for update) k;
  -- Never waits here: a claim locks in order of due time.
  select coalesce(array_agg(k.event_seq), '{}') into v_locked from (
    select d.event_seq from iu_route_delivery d
     where d.route_id = v_route.route_id and d.event_seq = any (v_seqs[1:v_limit]) and d.lease_token is null
     order by d.event_seq for update skip locked) k;
  with gone as (
    delete from iu_route_delivery d
     where d.route_id = v_route.route_id and d.event_seq = any (v_locked)
    returning d.*
  )
  insert into iu_route_attempt (event_seq, route_id, attempt_no, route_version, event_ref, route_kind, route_code, status, decision, reason,
                                idempotency_key, failure_detail)
  select g.event_seq, g.route_id, g.attempt_no + 1, v_route.version, g.event_ref, 'outbound', v_route.route_code, 'cancelled', 'cancelled',
         'by_person', g.delivery_key, left(session_user || ': ' || p_reason, 500)
    from gone g order by g.event_seq;
  get diagnostics v_count = row_count;
  if v_lanes is not null then
    perform fn_iu_lane_refresh(array_fill(v_route.route_id, array[cardinality(v_lanes)]), v_lanes);
  end if;
  return jsonb_build_object('route_code', v_route.route_code, 'cancelled', v_count, 'remaining', least(cardinality(v_seqs) - v_count, 10001),
    'until_event_seq', v_until::text);
end
$$;
