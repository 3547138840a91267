-- fn_iu_cut_approval_guard() returns trigger
--
-- Contract:  keeps approvals and decisions honest, whoever writes them: in the name of the session, and of an approval never by the login
--            that started the run.
-- Arguments: none
-- Returns:   the row to write
-- Raises:    IU732 the row is refused
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_cut_approval_guard() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
  if new.approved_by <> session_user or new.approved_by = (select created_by from iu_cut_run where run_id = new.run_id) then
    raise exception using errcode = 'IU732', message = 'an approval of a cut is refused: somebody else than its starter gives it, in the name of the session',
      hint = 'iu cut approve, with a login of its own';
  end if;
  return new;
end
$$;
