-- fn_iu_set_updated_at() returns trigger
--
-- Contract:  stamps the time of the last change.
-- Arguments: none
-- Returns:   the row to write
-- Raises:    nothing
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_set_updated_at() returns trigger
language plpgsql
set search_path from current
as $$
begin
  new.updated_at := fn_iu_stamp(old.updated_at);
  return new;
end
$$;
