-- fn_iu_failure_signature(text, text, text) returns text
--
-- Contract:  failures of one cause on one route share it: quoted values, and words with a digit in them (numbers, ids of requests), in
--            the message do not count.
-- Arguments: p_route_code, p_failure_code, p_failure_detail: of the failure
-- Returns:   12 hex digits
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_operator, iu_reader
create or replace function fn_iu_failure_signature(p_route_code text, p_failure_code text, p_failure_detail text) returns text
language sql
immutable
set search_path from current
as $$
  select left(md5(p_route_code || '|' || p_failure_code || '|' || regexp_replace(regexp_replace(coalesce(p_failure_detail, ''),
    '"[^"]*"|''[^'']*''', '?', 'g'), E'[0-9a-f]{8}-[0-9a-f-]{27}|\\w*[0-9]\\w*', '#', 'g')), 12)
$$;
