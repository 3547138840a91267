-- fn_uv_enacted_immut() returns trigger
--
-- Contract:  text, hash, number and origin of a version never change, drafts included; the profile is frozen with the enactment. A
--            redaction overwrites text and profile and leaves the hash of what was there; as in fn_iu_refuse_change.
-- Arguments: none
-- Returns:   the row to write
-- Raises:    IU211 a frozen column changes
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_uv_enacted_immut() returns trigger
language plpgsql
set search_path from current
as $$
begin
  if current_user = 'iu_owner' and current_setting('iu_core.governed', true) = 'redact ' || pg_current_xact_id_if_assigned()::text
     and new.content_hash = old.content_hash and new.version_seq = old.version_seq and new.unit_id = old.unit_id then
    return new;
  end if;
  if (new.id, new.unit_id, new.version_seq, new.content_hash, new.created_at, new.created_by)
     is distinct from (old.id, old.unit_id, old.version_seq, old.content_hash, old.created_at, old.created_by)
     or new.body <> old.body or new.redaction_id is distinct from old.redaction_id
     or (old.lifecycle_status <> 'draft' and (new.content_profile <> old.content_profile or new.enacted_at is distinct from old.enacted_at)) then
    raise exception using errcode = 'IU211', message = format('version %s of a unit never changes', old.version_seq),
      hint = 'a change is a new version: fn_iu_revise';
  end if;
  return new;
end
$$;
