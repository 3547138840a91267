-- fn_iu_route_remove(text, text) returns jsonb
--
-- Contract:  takes a route out of use for good: it matches nothing any more, its row, history and attempts stay, its code is never
--            used again. Refused while deliveries of it wait. Waits for running passes and replays, which may be queueing one by what they
--            read of the route before.
-- Arguments: p_route_code; p_reason: why, mandatory
-- Returns:   {route_code, removed_at}
-- Raises:    IU337 no such route, IU338 reason missing, IU339 deliveries are waiting
-- Writes:    iu_outbound_route or iu_sql_event_route, iu_route_history
-- May call:  iu_operator
create or replace function fn_iu_route_remove(p_route_code text, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_waiting bigint;
  v_removed timestamptz;
begin
  -- exclusively, as who drains a gate: what held it shared has committed, what comes reads the route as removed
  if not fn_iu_in_probe() then
    perform pg_advisory_xact_lock(fn_iu_gate_lock_key());
  end if;
  perform fn_iu_route_set_enabled(p_route_code, false, p_reason);
  select count(*) into v_waiting from iu_route_delivery d join iu_outbound_route r using (route_id) where r.route_code = p_route_code;
  if v_waiting > 0 then
    raise exception using errcode = 'IU339', message = format('route %s has %s waiting deliveries', p_route_code, v_waiting),
      hint = 'let them settle or cancel them first';
  end if;
  update iu_outbound_route set removed_at = clock_timestamp() where route_code = p_route_code returning removed_at into v_removed;
  if not found then
    update iu_sql_event_route set removed_at = clock_timestamp(), updated_at = clock_timestamp()
     where route_code = p_route_code returning removed_at into v_removed;
  end if;
  return jsonb_build_object('route_code', p_route_code, 'removed_at', v_removed);
end
$$;
