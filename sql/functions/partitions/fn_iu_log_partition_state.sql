-- fn_iu_log_partition_state() returns record
--
-- Contract:  where the log stands: one table or partitions, how many numbers are left until the last partition ends, and how many should
--            be; from what is attached, not from the books. A conversion that began and did not end leaves a bound on the plain log; it is told as end_seq too.
-- Arguments: none
-- Returns:   form plain|unfinished|partitioned; partitions; events: numbers in a partition; wanted: numbers that should be left after a look;
--            last_seq: the last number given out; end_seq: the first number after it without a place, null = no end; numbers_left
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_log_partition_state(out form text, out partitions integer, out events bigint, out wanted bigint, out last_seq bigint,
  out end_seq bigint, out numbers_left bigint)
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
  events := fn_iu_setting_number('iu_core.log_partition_events', 10000000, 100, 100000000000);
  wanted := events * fn_iu_setting_number('iu_core.log_partitions_ahead', 4, 2, 100);
  select s.last_value - (not s.is_called)::integer into last_seq from event_outbox_seq_seq s;
  if (select c.relkind from pg_class c where c.oid = 'event_outbox'::regclass) = 'p' then
    form := 'partitioned';
    with recursive attached as materialized (
      select a.from_seq, a.to_seq from fn_iu_log_partition_attached() a
    ), place (next_seq) as (
      select last_seq + 1
      union all
      select a.to_seq from place p join attached a on p.next_seq >= coalesce(a.from_seq, p.next_seq) and p.next_seq < a.to_seq
    )
    select (select count(*) from attached), max(p.next_seq) into partitions, end_seq from place p;
  else
    partitions := 0;
    select (regexp_match(pg_get_constraintdef(k.oid), E'< ''?(\\d+)'))[1]::bigint into end_seq
      from pg_constraint k where k.conrelid = 'event_outbox'::regclass and k.conname = 'iu_log_first_partition_chk';
    form := case when found then 'unfinished' else 'plain' end;
  end if;
  numbers_left := end_seq - last_seq - 1;
end
$$;
