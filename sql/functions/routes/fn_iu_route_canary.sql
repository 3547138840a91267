-- fn_iu_route_canary(text, text, text, uuid) returns numeric
--
-- Contract:  where a subject stands between 0 and 1 for the canary of a route: delivered are those below its share. The same
--            subject always stands at the same place; another route has other first subjects. canaryPosition in src/contract says
--            the same.
-- Arguments: p_route_code; p_subject_table, p_subject_ref: of the event, a null ref is unordered and stands by its own; p_event_id
-- Returns:   0 up to, not including, 1
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_route_canary(p_route_code text, p_subject_table text, p_subject_ref text, p_event_id uuid) returns numeric
language sql
immutable
set search_path from current
as $$
  select ('x' || left(md5(p_route_code || ':' || coalesce(p_subject_table || ':' || p_subject_ref, p_event_id::text)), 8))::bit(32)::bigint / 4294967296.0
$$;
