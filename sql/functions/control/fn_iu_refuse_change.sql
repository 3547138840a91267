-- fn_iu_refuse_change() returns trigger
--
-- Contract:  refuses update, delete and truncate of an append-only table (P9).
-- Arguments: none
-- Returns:   never
-- Raises:    IU310 the table is append-only
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_refuse_change() returns trigger
language plpgsql
set search_path from current
as $$
begin
  raise exception using errcode = 'IU310',
    message = format('%s is append-only: %s refused', tg_table_name, lower(tg_op)),
    hint = 'what happened stays; a correction is a new row (replay, resolve, roll back)';
end
$$;
