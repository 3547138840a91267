-- fn_iu_route_history_write() returns trigger
--
-- Contract:  keeps every state of a route, so that an attempt can name the version that decided it and the certificate can say
--            which routes a pass could see.
-- Arguments: none
-- Returns:   null (after trigger)
-- Raises:    nothing
-- Writes:    iu_route_history
-- May call:  nobody, it is a trigger
create or replace function fn_iu_route_history_write() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
  insert into iu_route_history (route_id, route_code, version, event_domain, event_type, event_stream, removed, route, tx_id,
                                changed_by, changed_at)
  values (new.route_id, new.route_code, new.version, new.event_domain, new.event_type, new.event_stream, new.removed_at is not null,
          to_jsonb(new), pg_current_xact_id(), session_user, clock_timestamp());
  return null;
end
$$;
