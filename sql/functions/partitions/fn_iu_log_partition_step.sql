-- fn_iu_log_partition_step(text) returns jsonb
--
-- Contract:  the next step on the way of a plain log to a partitioned one, each a transaction of its own that can be repeated: bound (a
--            constraint says which numbers the first partition has; new rows are checked), checked (the rows that are there are read once,
--            while writers go on), partitioned (the swap). Each waits 300 ms at most for a lock that holds writers, and three seconds
--            for one that does not, and then leaves everything as it was; only
--            the swap holds writers, for the moment in which tables change names. What is in the way is said before anything is touched. The first
--            partition has room for a while; fn_iu_log_partition_tend, or the next pass, makes the others.
-- Arguments: p_reason: why, mandatory
-- Returns:   {step: bound|checked|partitioned, end_seq of the first partition, milliseconds: that the swap held writers}
-- Raises:    IU870 it is partitioned already, IU871 something hangs on the log that cannot come along, IU872 reason missing, IU875 as
--            fn_iu_log_partition_swap; 55P03 when it would have to wait; IU301, IU302
-- Writes:    iu_log_partition, iu_route_worker_cursor, iu_deployment (DDL on event_outbox)
-- May call:  iu_operator
create or replace function fn_iu_log_partition_step(p_reason text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
set lock_timeout = '300ms'
as $$
declare
  s record;
  v_checked boolean;
  v_end bigint;
  v_began timestamptz;
begin
  perform fn_iu_log_partition_hold(p_reason);
  select * into s from fn_iu_log_partition_state();
  if s.form = 'partitioned' then
    raise exception using errcode = 'IU870', message = 'the log is partitioned already', hint = 'iu log partition plan shows it';
  end if;
  perform fn_iu_log_partition_refuse();
  if s.form = 'plain' then
    -- two partitions' worth of numbers, so that the way there can take its time
    v_end := (s.last_seq / s.events + 3) * s.events + 1;
    execute format('alter table event_outbox add constraint iu_log_first_partition_chk check (seq < %s) not valid', v_end);
    return jsonb_build_object('step', 'bound', 'end_seq', v_end::text);
  end if;
  select k.convalidated into v_checked from pg_constraint k
   where k.conrelid = 'event_outbox'::regclass and k.conname = 'iu_log_first_partition_chk';
  if not v_checked then
    alter table event_outbox validate constraint iu_log_first_partition_chk;
    return jsonb_build_object('step', 'checked', 'end_seq', s.end_seq::text);
  end if;
  v_began := clock_timestamp();
  perform fn_iu_log_partition_swap(p_reason);
  return jsonb_build_object('step', 'partitioned', 'end_seq', s.end_seq::text,
    'milliseconds', round(extract(epoch from clock_timestamp() - v_began) * 1000));
end
$$;
