-- fn_iu_route_deliver(text, uuid, jsonb) returns void
--
-- Contract:  fails closed: a route that is not live delivers nothing (W6), and a live one delivers only through the claimed queue,
--            never by this call.
-- Arguments: p_route_code, p_event_ref, p_payload: as the earlier system called it
-- Returns:   never
-- Raises:    IU410 the route is not live, IU412 deliveries go through the queue
-- Writes:    nothing
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_route_deliver(p_route_code text, p_event_ref uuid, p_payload jsonb) returns void
language plpgsql
security definer
set search_path from current
as $$
begin
  if not exists (select from iu_outbound_route
                  where route_code = p_route_code and removed_at is null and enabled and not dry_run
                    and fn_iu_route_approval_state(route_id, version, approval_id) = 'valid') then
    raise exception using errcode = 'IU410', message = format('route %s is not live', quote_literal(p_route_code)),
      hint = 'a dry-run route delivers nothing';
  end if;
  raise exception using errcode = 'IU412', message = format('route %s delivers through its queue', quote_literal(p_route_code)),
    hint = 'the delivery step claims and sends; nothing is delivered by a direct call';
end
$$;
