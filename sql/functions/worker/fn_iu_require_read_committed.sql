-- fn_iu_require_read_committed() returns void
--
-- Contract:  each statement of a pass needs a snapshot of its own, and it writes: so READ COMMITTED on a primary only.
-- Arguments: none
-- Returns:   nothing
-- Raises:    IU301 other isolation level, IU302 read-only node or transaction
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_require_read_committed() returns void
language plpgsql
volatile
set search_path from current
as $$
begin
  if pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' then
    raise exception using errcode = 'IU302', message = 'this node or transaction is read-only: a pass runs on the primary',
      hint = 'connect to the primary';
  end if;
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using errcode = 'IU301',
      message = format('a pass needs READ COMMITTED, this transaction is %s', upper(current_setting('transaction_isolation') collate "C")),
      hint = 'a snapshot that is kept for the whole transaction would hide commits from the window; start it with BEGIN ISOLATION LEVEL READ COMMITTED';
  end if;
end
$$;
