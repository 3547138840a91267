-- fn_iu_cut_approval_guard() returns trigger
--
-- Contract:  keeps approvals and decisions honest, whoever writes them: in the name of the session, and of an approval never by a login
--            that started, planned or decided the run.
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
  if new.approved_by <> session_user or not fn_iu_cut_may_approve(new.run_id, new.approved_by) then
    raise exception using errcode = 'IU732', message = 'an approval of a cut is refused: somebody else than who started, planned or decided gives it, in the name of the session',
      hint = 'iu cut approve, with a login of its own';
  end if;
  return new;
end
$$;
