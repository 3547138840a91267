-- fn_iu_log_partition_ahead(boolean) returns integer
--
-- Contract:  makes partitions until as many numbers are left as should be. A pass asks it each time, so that whoever decides events also
--            makes room for them, with Node and without; when enough are left it only looks. Never part of an emission: a writer that had
--            to make its own place would wait for every other one. A jump of the sequence gets one partition, however long.
-- Arguments: p_quiet: a failure is a warning, because a pass may not stop for it; health says how much room is left
-- Returns:   partitions made
-- Raises:    55P03 when the log is being changed and p_quiet is false
-- Writes:    iu_log_partition (DDL on event_outbox)
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_log_partition_ahead(p_quiet boolean default false) returns integer
language plpgsql
volatile
security definer
set search_path from current
set lock_timeout = '300ms'
as $$
declare
  s record;
  v_end bigint;
  v_made integer := 0;
begin
  if (select c.relkind from pg_class c where c.oid = 'event_outbox'::regclass) <> 'p' then
    return 0;
  end if;
  select * into s from fn_iu_log_partition_state();
  if s.numbers_left >= s.wanted or fn_iu_in_probe()
     or not pg_try_advisory_xact_lock(hashtextextended('iu_core log partition ' || current_schema(), 0)) then
    return 0;
  end if;
  begin
    -- again, now that nobody else makes one
    select * into s from fn_iu_log_partition_state();
    while s.end_seq - s.last_seq - 1 < s.wanted loop
      v_end := greatest(s.end_seq + s.events, s.last_seq + s.events);
      perform fn_iu_log_partition_make(s.end_seq, v_end);
      s.end_seq := v_end;
      v_made := v_made + 1;
    end loop;
  exception when others then
    if not p_quiet then
      raise;
    end if;
    raise warning 'no partition of the log was made: %', sqlerrm;
    return 0;
  end;
  return v_made;
end
$$;
