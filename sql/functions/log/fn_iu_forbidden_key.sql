-- fn_iu_forbidden_key(text) returns text
--
-- Contract:  finds a key that an event may not carry, at any depth, whatever its case (fn_iu_forbidden_key_pattern).
-- Arguments: p_payload: text of a jsonb value
-- Returns:   the first such key as written, or null
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_forbidden_key(p_payload text) returns text
language sql
immutable
set search_path from current
as $$
  select (regexp_match(p_payload collate "C", fn_iu_forbidden_key_pattern(), 'i'))[1]
$$;
