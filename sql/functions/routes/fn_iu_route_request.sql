-- fn_iu_route_request(text, text, jsonb) returns jsonb
--
-- Contract:  the part of a request that a route fixes for every event, redacted: kind, target without user info and query, names of
--            extra headers. It is the same for all events of a version, so it is built once a pass and not per event.
-- Arguments: p_target_kind, p_target_ref, p_target_config: of the route
-- Returns:   {kind, target, headers?}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_route_request(p_target_kind text, p_target_ref text, p_target_config jsonb) returns jsonb
language plpgsql
immutable
set search_path from current
as $$
begin
  return jsonb_strip_nulls(jsonb_build_object(
    'kind', p_target_kind,
    'target', regexp_replace(regexp_replace(p_target_ref, '^([A-Za-z][A-Za-z0-9+.-]*://)[^/@]*@', E'\\1'), '[?#].*$', ''),
    'headers', case when jsonb_typeof(p_target_config -> 'headers') = 'object'
                    then (select jsonb_agg(key order by key) from jsonb_object_keys(p_target_config -> 'headers') as key) end));
end
$$;
