-- fn_iu_owned_domains(text) returns text[]
--
-- Contract:  the domains that a cursor with scope '*' must leave to others.
-- Arguments: p_event_domain: the scope of the asking cursor
-- Returns:   the owned domains for '*', else an empty array
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_owned_domains(p_event_domain text) returns text[]
language plpgsql
stable
set search_path from current
as $$
begin
  return (select coalesce(array_agg(event_domain), '{}') from iu_route_worker_cursor where p_event_domain = '*' and event_domain <> '*');
end
$$;
