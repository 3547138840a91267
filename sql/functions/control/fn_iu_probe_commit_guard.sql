-- fn_iu_probe_commit_guard() returns trigger
--
-- Contract:  makes the commit of a probe transaction impossible.
-- Arguments: none
-- Returns:   never
-- Raises:    IU320 a probe transaction cannot commit
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_probe_commit_guard() returns trigger
language plpgsql
set search_path from current
as $$
begin
  raise exception using errcode = 'IU320',
    message = 'a probe transaction cannot commit',
    hint = 'end it with ROLLBACK; the probe leaves nothing behind';
end
$$;
