-- fn_iu_forbidden_key(text) returns text
--
-- Contract:  finds a key that an event may not carry, at any depth, whatever its case. jsonb prints a key as `"key": ` after `{` or
--            `, `, and inside its strings a quote is always escaped: an unescaped quote is a delimiter, so the pattern finds exactly
--            the keys. Collation C folds ASCII only, the same on every server.
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
  select (regexp_match(p_payload collate "C",
    '[{ ]"(body|content|raw|vector|embedding|secret|token|password|ssn|personal_data)": ', 'i'))[1]
$$;
