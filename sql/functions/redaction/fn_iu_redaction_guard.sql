-- fn_iu_redaction_guard() returns trigger
--
-- Contract:  two people, also for who writes the table himself: a redaction moves requested, approved, applied, or to rejected, and
--            never back; what was asked for never changes.
-- Arguments: none
-- Returns:   the row
-- Raises:    IU896 the change is refused, IU895 one person for both
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_redaction_guard() returns trigger
language plpgsql
set search_path from current
as $$
begin
  if tg_op = 'INSERT' then
    if new.state <> 'requested' or new.requested_by <> session_user then
      raise exception using errcode = 'IU896', message = 'a redaction begins as a request of the one who is logged in';
    end if;
    return new;
  end if;
  if (old.redaction_id, old.subject_kind, old.subject_ref, old.reason, old.legal_ref, old.requested_by, old.requested_at)
       is distinct from (new.redaction_id, new.subject_kind, new.subject_ref, new.reason, new.legal_ref, new.requested_by, new.requested_at)
     or (old.state, new.state) not in (('requested', 'approved'), ('requested', 'rejected'), ('approved', 'rejected'), ('approved', 'applied'))
     or old.state = 'approved' and (old.approved_by, old.approved_at) is distinct from (new.approved_by, new.approved_at)
     or new.state = 'approved' and new.approved_by is distinct from session_user::text then
    raise exception using errcode = 'IU896', message = format('redaction %s: refused to change what was said', old.redaction_id);
  end if;
  if new.state = 'approved' and new.approved_by = new.requested_by then
    raise exception using errcode = 'IU895', message = 'the one who asked for a redaction cannot approve it';
  end if;
  return new;
end
$$;
