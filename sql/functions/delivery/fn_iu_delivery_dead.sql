-- fn_iu_delivery_dead(iu_route_delivery, text, text, text) returns void
--
-- Contract:  the end of a delivery that no try is left for: its dead letter with the whole event. The row of the queue and the
--            attempt are the caller's matter. An ordered route with on_dead_letter = hold keeps the lane of the subject until the
--            letter is resolved.
-- Arguments: p_delivery: with the number of its last attempt; p_route_code; p_failure_code; p_failure_detail
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    iu_route_dead_letter
-- May call:  internal
create or replace function fn_iu_delivery_dead(p_delivery iu_route_delivery, p_route_code text, p_failure_code text, p_failure_detail text)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
  insert into iu_route_dead_letter (event_seq, event_ref, route_id, route_code, attempt_no, idempotency_key, event_snapshot, failure_code,
                                    failure_detail, failure_signature)
  select p_delivery.event_seq, p_delivery.event_ref, p_delivery.route_id, p_route_code, p_delivery.attempt_no,
         p_delivery.delivery_key || '@' || p_delivery.attempt_no, to_jsonb(e), p_failure_code, p_failure_detail,
         fn_iu_failure_signature(p_route_code, p_failure_code, p_failure_detail)
    from event_outbox e where e.seq = p_delivery.event_seq;
end
$$;
