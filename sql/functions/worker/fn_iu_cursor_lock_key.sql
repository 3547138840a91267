-- fn_iu_cursor_lock_key() returns bigint
--
-- Contract:  the advisory lock key of this installation's cursor registry: registrations and transfers take it one after the other.
--            Passes do not take it; they are held by the row locks of their cursors.
-- Arguments: none
-- Returns:   one key for each schema of a database
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cursor_lock_key() returns bigint
language plpgsql
stable
set search_path from current
as $$
begin
  return hashtextextended('iu_core cursors of schema ' || current_schema(), 0);
end
$$;
