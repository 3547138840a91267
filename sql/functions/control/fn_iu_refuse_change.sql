-- fn_iu_refuse_change() returns trigger
--
-- Contract:  refuses update, delete and truncate of an append-only table (P9). Two functions may: the prune deletes, the redaction
--            updates. Each names itself and its transaction in a setting, which alone opens nothing: current_user has to be
--            iu_owner, whom nobody logs in as, so that the statement comes out of a function of ours. Invoker on purpose.
-- Arguments: none
-- Returns:   null, for the prune and the redaction (statement trigger)
-- Raises:    IU310 the table is append-only
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_refuse_change() returns trigger
language plpgsql
set search_path from current
as $$
begin
  if current_user = 'iu_owner' and current_setting('iu_core.governed', true) =
       (case tg_op when 'DELETE' then 'prune ' when 'UPDATE' then 'redact ' end) || pg_current_xact_id_if_assigned()::text then
    return null;
  end if;
  raise exception using errcode = 'IU310',
    message = format('%s is append-only: %s refused', tg_table_name, lower(tg_op collate "C")),
    hint = 'what happened stays; a correction is a new row (replay, resolve, roll back)';
end
$$;
