-- fn_iu_route_set_paused(text, boolean, text) returns jsonb
--
-- Contract:  pauses the deliveries of a route, or lets them go on. Events are decided and queued meanwhile, nothing is dropped.
--            Resuming closes the breaker and forgets the failures that led to a pause.
-- Arguments: p_route_code; p_paused; p_reason: why, mandatory
-- Returns:   {route_code, paused, waiting}
-- Raises:    IU337 no such route, IU338 reason missing
-- Writes:    iu_route_flow, iu_gate_log
-- May call:  iu_operator
create or replace function fn_iu_route_set_paused(p_route_code text, p_paused boolean, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_route_id bigint;
begin
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU338', message = 'a route is paused or resumed with a reason', hint = 'add --reason TEXT';
  end if;
  select route_id into v_route_id from iu_outbound_route where route_code = p_route_code and removed_at is null;
  if not found then
    raise exception using errcode = 'IU337', message = format('there is no route %s', quote_literal(p_route_code)),
      hint = 'iu route list shows the routes';
  end if;
  update iu_route_flow
     set paused_at = case when p_paused then coalesce(paused_at, clock_timestamp()) end,
         paused_by = case when p_paused then session_user end, pause_reason = case when p_paused then p_reason end,
         breaker = case when p_paused then breaker else 'closed' end, breaker_until = case when p_paused then breaker_until end,
         breaker_seconds = case when p_paused then breaker_seconds else 0 end,
         failures_in_row = case when p_paused then failures_in_row else 0 end,
         failing_since = case when p_paused then failing_since end
   where route_id = v_route_id;
  insert into iu_gate_log (config_key, operation, new_value, reason, changed_by, application_name, changed_at)
  values ('route ' || p_route_code, 'update', case when p_paused then 'paused' else 'resumed' end, p_reason, session_user,
          current_setting('application_name', true), clock_timestamp());
  return jsonb_build_object('route_code', p_route_code, 'paused', p_paused,
    'waiting', (select count(*) from iu_route_delivery where route_id = v_route_id));
end
$$;
