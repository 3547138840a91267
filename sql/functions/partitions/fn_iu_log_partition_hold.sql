-- fn_iu_log_partition_hold() returns void
--
-- Contract:  keeps everybody else from changing the log until the transaction ends, and holds up no writer. Waits longer than the locks that do
--            hold writers: the server calls autovacuum off only for who has waited for deadlock_timeout, a second unless told otherwise.
-- Arguments: none
-- Returns:   nothing
-- Raises:    55P03 when somebody else is at it for three seconds
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_log_partition_hold() returns void
language plpgsql
volatile
set search_path from current
set lock_timeout = '3s'
as $$
begin
  lock table event_outbox in share update exclusive mode;
end
$$;
