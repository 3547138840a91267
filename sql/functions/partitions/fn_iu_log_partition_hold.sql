-- fn_iu_log_partition_hold(text) returns void
--
-- Contract:  how every change of the form of the log begins: with a reason, keeping everybody else from changing the log until the
--            transaction ends, and holding up no writer. Waits longer than the locks that do hold writers: the server calls autovacuum off
--            only for who has waited for deadlock_timeout, a second unless told otherwise.
-- Arguments: p_reason: mandatory
-- Returns:   nothing
-- Raises:    IU872 reason missing, IU301, IU302; 55P03 when somebody else is at it for three seconds
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_log_partition_hold(p_reason text) returns void
language plpgsql
volatile
set search_path from current
set lock_timeout = '3s'
as $$
begin
  perform fn_iu_require_read_committed();
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU872', message = 'the form of the log is changed for a reason', hint = 'add --reason TEXT';
  end if;
  lock table event_outbox in share update exclusive mode;
end
$$;
