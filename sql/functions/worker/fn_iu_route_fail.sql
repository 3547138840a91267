-- fn_iu_route_fail(bigint, iu_judged_route, integer, bigint, text, text) returns boolean
--
-- Contract:  writes a failed attempt and its dead letter with the whole event, unless this attempt exists already. A live ordered route
--            with on_dead_letter = hold keeps the lane of the subject, as after a send: also what waits there from before, until the
--            letter is resolved.
-- Arguments: p_event_seq; p_route: null when the event itself could not be resolved; p_attempt_no; p_run_id;
--            p_failure_code: SQLSTATE; p_failure_detail: the message, cut to 500 characters
-- Returns:   true when written
-- Raises:    nothing
-- Writes:    iu_route_attempt, iu_route_dead_letter, iu_route_lane
-- May call:  internal
create or replace function fn_iu_route_fail(p_event_seq bigint, p_route iu_judged_route, p_attempt_no integer, p_run_id bigint,
  p_failure_code text, p_failure_detail text) returns boolean
language plpgsql
set search_path from current
as $$
declare
  v_event event_outbox;
  v_code text := coalesce((p_route).route_code, '-');
  -- Messages of data exceptions quote the value that was wrong; a missing key (2203A) is named, it is no value (P15).
  v_detail text := left(case when p_failure_code like '22%' and p_failure_code <> '2203A'
                             then regexp_replace(p_failure_detail, '"[^"]*("|$)', '"..."', 'g') else p_failure_detail end, 500);
  v_written bigint;
begin
  select * into strict v_event from event_outbox where seq = p_event_seq;
  insert into iu_route_attempt (event_seq, route_id, attempt_no, route_version, run_id, event_ref, route_kind, route_code, status, decision,
                                reason, idempotency_key, failure_code, failure_detail)
  values (p_event_seq, coalesce((p_route).route_id, 0), p_attempt_no, (p_route).version, p_run_id, v_event.id, 'outbound', v_code, 'failed',
          'failed', p_failure_code, v_code || ':' || v_event.id, p_failure_code, v_detail)
  on conflict (event_seq, route_id, attempt_no) do nothing
  returning attempt_id into v_written;
  if v_written is null then
    return false;
  end if;
  insert into iu_route_dead_letter (event_seq, event_ref, route_id, route_code, attempt_no, idempotency_key, event_snapshot, failure_code,
                                    failure_detail, failure_signature)
  values (p_event_seq, v_event.id, coalesce((p_route).route_id, 0), v_code, p_attempt_no,
          v_code || ':' || v_event.id || case when p_attempt_no > 1 then '#' || p_attempt_no else '' end,
          to_jsonb(v_event), p_failure_code, v_detail, fn_iu_failure_signature(v_code, p_failure_code, v_detail));
  insert into iu_route_lane (route_id, lane_key, head_seq, due_at)
  select r.route_id, v_event.event_subject_table || ':' || v_event.event_subject_ref, p_event_seq, 'infinity'
    from iu_outbound_route r
   where r.route_id = (p_route).route_id and (p_route).verdict = 'live' and r.ordering = 'subject' and r.on_dead_letter = 'hold'
     and v_event.event_subject_table || ':' || v_event.event_subject_ref is not null
  on conflict (route_id, lane_key) do update set due_at = 'infinity';
  return true;
end
$$;
