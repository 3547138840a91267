-- fn_iu_log_partition_direct() returns trigger
--
-- Contract:  refuses every statement that names a partition of the log. What comes through event_outbox does not fire it, except TRUNCATE,
--            which event_outbox refuses before.
-- Arguments: none
-- Returns:   never
-- Raises:    IU119
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_log_partition_direct() returns trigger
language plpgsql
set search_path from current
as $$
begin
  raise exception using errcode = 'IU119',
    message = format('%s is a partition of the log: %s refused', tg_table_name, lower(tg_op collate "C")),
    hint = 'insert into event_outbox; what was logged stays as it was';
end
$$;
