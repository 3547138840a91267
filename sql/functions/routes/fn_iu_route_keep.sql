-- fn_iu_route_keep() returns trigger
--
-- Contract:  a route is removed by fn_iu_route_remove and stays as a row: its attempts name it.
-- Arguments: none
-- Returns:   never
-- Raises:    IU334 routes are removed, not deleted
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_route_keep() returns trigger
language plpgsql
set search_path from current
as $$
begin
  raise exception using errcode = 'IU334', message = format('%s: routes are removed, not deleted', tg_table_name),
    hint = 'iu route remove CODE --reason TEXT';
end
$$;
