-- fn_iu_route_flow_birth() returns trigger
--
-- Contract:  gives a new route its row in iu_route_flow.
-- Arguments: none
-- Returns:   null (after trigger)
-- Raises:    nothing
-- Writes:    iu_route_flow
-- May call:  nobody, it is a trigger
create or replace function fn_iu_route_flow_birth() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
  insert into iu_route_flow (route_id) values (new.route_id);
  return null;
end
$$;
