-- fn_iu_schema() returns text
--
-- Contract:  the schema IU Core is installed in, whatever the caller's search_path is: for procedures, which cannot pin one because
--            they commit.
-- Arguments: none
-- Returns:   its name
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_schema() returns text
language sql
stable
set search_path from current
as $$
  select current_schema()::text
$$;
