-- fn_iu_log_partition_tend() returns jsonb
--
-- Contract:  looks after the partitions of the log: makes those that should be there, and drops those that a prune left empty and that lie
--            before the newest event. For a schedule (iu log partition tend, pg_cron) and after a prune; nothing to do on a plain log. A
--            drop locks writers out: 200 ms at most while it waits for running transactions, and about 250 ms for all that go in one call.
--            What did not go, goes next time. What somebody dropped by hand is booked as missing, what was detached is left alone.
--            Emptiness is looked at under a lock of its own: a transaction that wrote there and did not end holds it back.
-- Arguments: none; a transaction of its own, READ COMMITTED
-- Returns:   {form, made, dropped: [names], busy: [names] that are empty and stayed, reasons: [sentences] where it was not for a lock or time,
--            partitions, numbers_left}
-- Raises:    IU301, IU302; IU876 a detached partition is where one is to be made; 55P03 when somebody else changes the log at this moment
-- Writes:    iu_log_partition (DDL on event_outbox)
-- May call:  iu_worker, iu_operator, iu_core_pruner
create or replace function fn_iu_log_partition_tend() returns jsonb
language plpgsql
volatile
security definer
set search_path from current
set lock_timeout = '3s'
as $$
declare
  v_made integer;
  v_newest bigint;
  v_rows boolean;
  v_dropped text[] := '{}';
  v_busy text[] := '{}';
  v_reasons text[] := '{}';
  v_empty text[] := '{}';
  v_name text;
  v_locked timestamptz;
  r record;
  s record;
begin
  perform fn_iu_require_read_committed();
  perform fn_iu_log_partition_missing();
  v_made := fn_iu_log_partition_ahead();
  select max(seq) into v_newest from event_outbox;
  -- Nobody writes there any more, so a lock against writers of such a partition holds up nobody while its dead rows are read, and can be
  -- waited for until autovacuum is called off.
  for r in select p.partition_name from iu_log_partition p join fn_iu_log_partition_attached() a using (partition_name)
            where p.gone_at is null and p.to_seq <= v_newest order by p.to_seq loop
    execute format('select exists (select from %I)', r.partition_name) into v_rows;
    continue when v_rows;
    begin
      execute format('lock table %I in share mode', r.partition_name);
      execute format('select exists (select from %I)', r.partition_name) into v_rows;
      if not v_rows then
        v_empty := v_empty || r.partition_name;
      end if;
    exception when lock_not_available or deadlock_detected then
      v_busy := v_busy || r.partition_name;
      perform set_config('lock_timeout', '200ms', true);
    end;
  end loop;
  perform set_config('lock_timeout', '200ms', true);
  foreach v_name in array v_empty loop
    if clock_timestamp() > v_locked + interval '250 milliseconds' then
      v_busy := v_busy || v_name;
      continue;
    end if;
    begin
      lock table only event_outbox in access exclusive mode;
      v_locked := coalesce(v_locked, clock_timestamp());
      -- a table that a foreign key refers to lets a partition be detached, not dropped
      execute format('alter table event_outbox detach partition %I', v_name);
      execute format('drop table %I', v_name);
      update iu_log_partition set gone_at = clock_timestamp(), gone_by = session_user, gone_reason = 'pruned' where partition_name = v_name;
      v_dropped := v_dropped || v_name;
    exception when lock_not_available or deadlock_detected then
      v_busy := v_busy || v_name;
      exit;
    when others then
      v_busy := v_busy || v_name;
      -- the server names one table of several, and not what would mend it
      if sqlstate = '42501' and fn_iu_log_partition_unseen() is not null then
        v_reasons := v_reasons || format('%s stays: %s', v_name, fn_iu_log_partition_unseen());
        continue;
      end if;
      v_reasons := v_reasons || format('%s stays: %s', v_name, sqlerrm);
    end;
  end loop;
  select * into s from fn_iu_log_partition_state();
  return jsonb_build_object('form', s.form, 'made', v_made, 'dropped', to_jsonb(v_dropped), 'busy', to_jsonb(v_busy),
    'reasons', to_jsonb(v_reasons), 'partitions', s.partitions, 'numbers_left', s.numbers_left::text);
end
$$;
