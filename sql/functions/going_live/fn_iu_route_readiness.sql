-- fn_iu_route_readiness(text) returns jsonb
--
-- Contract:  judges whether the present version of a route may be asked to go live, as fn_iu_routes_readiness does for several.
-- Arguments: p_route_code: an outbound route
-- Returns:   {route_code, version, ready, judged_at, items: [{item, passed, evidence, action}]}; action is null where it passed
-- Raises:    IU337 no such route, IU436 an inbound route, IU302 on a standby
-- Writes:    nothing
-- May call:  iu_operator, iu_approver, iu_reader
create or replace function fn_iu_route_readiness(p_route_code text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
  return fn_iu_routes_readiness(array[p_route_code]) -> 0;
end
$$;
