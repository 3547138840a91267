-- fn_iu_pattern_matches(text, text) returns boolean
--
-- Contract:  '*' matches everything, a trailing * a prefix, anything else only itself. The rule of matchesPattern in src/contract.
-- Arguments: p_pattern: of a route; p_value: of an event
-- Returns:   true when it matches
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_pattern_matches(p_pattern text, p_value text) returns boolean
language sql
immutable
set search_path from current
as $$
  select p_pattern = '*' or p_pattern = p_value
      or (right(p_pattern, 1) = '*' and starts_with(p_value, left(p_pattern, -1)))
$$;
