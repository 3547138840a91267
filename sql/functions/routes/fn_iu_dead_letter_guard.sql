-- fn_iu_dead_letter_guard() returns trigger
--
-- Contract:  a dead letter changes once, when it is resolved, and only in its resolution (P9). A redaction overwrites its
--            copy of the payload, as in fn_iu_refuse_change.
-- Arguments: none
-- Returns:   the row to write
-- Raises:    IU340 already resolved, IU341 another column changed
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_dead_letter_guard() returns trigger
language plpgsql
set search_path from current
as $$
begin
  if current_user = 'iu_owner' and current_setting('iu_core.governed', true) = 'redact ' || pg_current_xact_id_if_assigned()::text then
    return new;
  end if;
  if old.resolved_at is not null then
    raise exception using errcode = 'IU340', message = format('dead letter %s is already resolved', old.dead_letter_id);
  end if;
  if to_jsonb(new) - '{resolved_at,resolved_by,resolution,resolution_note}'::text[]
     is distinct from to_jsonb(old) - '{resolved_at,resolved_by,resolution,resolution_note}'::text[] then
    raise exception using errcode = 'IU341', message = format('dead letter %s: only its resolution can be written', old.dead_letter_id);
  end if;
  return new;
end
$$;
