-- fn_iu_wakeup() returns trigger
--
-- Contract:  rings the worker's bell once per statement, whatever the number of events. A bell, never the event: the payload is empty.
-- Arguments: none
-- Returns:   null (statement trigger)
-- Raises:    nothing
-- Writes:    nothing (NOTIFY iu_event_outbox)
-- May call:  nobody, it is a trigger
create or replace function fn_iu_wakeup() returns trigger
language plpgsql
set search_path from current
as $$
begin
  perform pg_notify('iu_event_outbox', '');
  return null;
end
$$;
