-- fn_iu_log_partition_ahead(boolean) returns integer
--
-- Contract:  makes partitions until as many numbers are left as should be. A pass asks it each time, so that whoever decides events also
--            makes room for them, with Node and without; when enough are left it only looks. Never part of an emission: a writer that had
--            to make its own place would wait for every other one. A jump of the sequence gets one partition, however long;
--            what is missing between partitions is filled.
-- Arguments: p_quiet: a failure is a warning, because a pass may not stop for it; health says how much room is left
-- Returns:   partitions made
-- Raises:    IU876 a detached partition is in the way, 55P03 when the log is being changed; neither when p_quiet
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
  v_from bigint;
  v_end bigint;
  v_detached text;
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
    perform fn_iu_log_partition_missing();
    select * into s from fn_iu_log_partition_state();
    while s.numbers_left < s.wanted loop
      select coalesce(max(a.to_seq) filter (where a.to_seq <= s.end_seq), s.end_seq),
             least(greatest(s.end_seq, s.last_seq) + s.events, min(a.from_seq) filter (where a.from_seq > s.end_seq))
        into v_from, v_end from fn_iu_log_partition_attached() a;
      select string_agg(p.partition_name, ', ') into v_detached from iu_log_partition p
       where p.gone_at is null and p.to_seq > v_from and coalesce(p.from_seq < v_end, true)
         and p.partition_name not in (select a.partition_name from fn_iu_log_partition_attached() a);
      if v_detached is not null then
        raise exception using errcode = 'IU876', message = format('no partition can be made from %s on, where %s belongs, which is not attached', v_from, v_detached),
          hint = 'attach it again with the bounds that iu_log_partition has, or drop it if its events may be lost';
      end if;
      perform fn_iu_log_partition_make(v_from, v_end);
      v_made := v_made + 1;
      select * into s from fn_iu_log_partition_state();
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
