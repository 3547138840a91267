-- fn_iu_forbidden_key_pattern() returns text
--
-- Contract:  a regular expression, whatever the case, for a key that an event may not carry, at any depth. jsonb prints a key as
--            `"key": ` after `{` or `, `, and inside its strings a quote is always escaped: an unescaped quote is a delimiter, so the
--            pattern finds exactly the keys. To be used with collation C, which folds ASCII only, the same on every server.
-- Arguments: none
-- Returns:   the pattern; a constant for the planner
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_forbidden_key_pattern() returns text
language sql
immutable
set search_path from current
as $$
  select '[{ ]"(body|content|raw|vector|embedding|secret|token|password|ssn|personal_data)": '
$$;
