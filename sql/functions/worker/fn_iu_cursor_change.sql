-- fn_iu_cursor_change(text) returns void
--
-- Contract:  how every change of a cursor by a person begins: with a reason, and one after the other. The lock comes before the gates and
--            the rows of cursors. A prune holds it shared while it judges and deletes: it must not judge by a cursor as it was before.
--            A probe's transaction, which cannot commit, takes no lock.
-- Arguments: p_reason: why
-- Returns:   nothing
-- Raises:    IU301, IU302, IU307 reason missing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cursor_change(p_reason text) returns void
language plpgsql
volatile
set search_path from current
as $$
begin
  perform fn_iu_require_read_committed();
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU307', message = 'a cursor is changed with a reason', hint = 'add --reason TEXT';
  end if;
  if not fn_iu_in_probe() then
    perform pg_advisory_xact_lock(fn_iu_cursor_lock_key());
  end if;
end
$$;
