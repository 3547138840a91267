-- fn_iu_route_of(text, boolean) returns iu_outbound_route
--
-- Contract:  the outbound route of a code, on request locked: first its row in iu_route_flow, as a claim and a settle do, then the
--            route, so that nobody waits in a circle.
-- Arguments: p_route_code; p_lock: true to change it
-- Returns:   the route
-- Raises:    IU337 no such route or removed, IU436 an inbound route
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_route_of(p_route_code text, p_lock boolean) returns iu_outbound_route
language plpgsql
volatile
set search_path from current
as $$
declare
  v_route iu_outbound_route;
begin
  select * into v_route from iu_outbound_route where route_code = p_route_code and removed_at is null;
  if not found then
    if exists (select from iu_sql_event_route where route_code = p_route_code) then
      raise exception using errcode = 'IU436', message = format('route %s is inbound: it captures and never sends', p_route_code),
        hint = 'only an outbound route goes live';
    end if;
    raise exception using errcode = 'IU337', message = format('there is no route %s', quote_literal(p_route_code)),
      hint = 'iu route list shows the routes';
  end if;
  if p_lock then
    perform from iu_route_flow where route_id = v_route.route_id for update;
    select * into strict v_route from iu_outbound_route where route_id = v_route.route_id for no key update;
  end if;
  return v_route;
end
$$;
