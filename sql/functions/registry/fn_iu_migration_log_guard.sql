-- fn_iu_migration_log_guard() returns trigger
--
-- Contract:  what was done to this schema stays written down: the migration log is never updated, deleted or truncated.
-- Arguments: none
-- Returns:   trigger
-- Raises:    IU819 always
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_migration_log_guard() returns trigger
  language plpgsql
  set search_path from current
as $$
begin
  raise exception using errcode = 'IU819',
    message = format('%s of %s refused: the migration log is append-only', lower(tg_op collate "C"), tg_table_name),
    hint = 'it goes only with the whole installation: iu uninstall';
end
$$;
