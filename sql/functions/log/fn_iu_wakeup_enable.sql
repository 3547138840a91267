-- fn_iu_wakeup_enable(boolean) returns boolean
--
-- Contract:  attaches or detaches the wake-up trigger of the log. Off by default: NOTIFY in every producer transaction cost 33 to 76 %
--            of its throughput, and the worker polls every few milliseconds under load anyway. Takes a short exclusive lock on
--            event_outbox; set lock_timeout before it on a busy server.
-- Arguments: p_enabled: true attaches, false detaches
-- Returns:   true when something changed
-- Raises:    nothing
-- Writes:    nothing (DDL on event_outbox)
-- May call:  iu_operator
create or replace function fn_iu_wakeup_enable(p_enabled boolean) returns boolean
language plpgsql
security definer
set search_path from current
as $$
declare
  v_attached boolean := exists (select from pg_trigger where tgrelid = 'event_outbox'::regclass and tgname = 'trg_iu_wakeup');
begin
  if p_enabled is null or p_enabled = v_attached then
    return false;
  end if;
  if p_enabled then
    create trigger trg_iu_wakeup after insert on event_outbox for each statement execute function fn_iu_wakeup();
  else
    drop trigger trg_iu_wakeup on event_outbox;
  end if;
  return true;
end
$$;
