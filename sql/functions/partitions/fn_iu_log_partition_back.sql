-- fn_iu_log_partition_back(text, bigint) returns jsonb
--
-- Contract:  makes the log one plain table again: its largest partition becomes event_outbox, and the events of the others are moved into it
--            under ACCESS EXCLUSIVE, with their numbers and transactions. More of those than p_most_rows is refused, before writers are held. Of a
--            conversion that began and did not end it takes the bound away.
-- Arguments: p_reason: why, mandatory; p_most_rows: events to move while writers wait
-- Returns:   {form, moved, milliseconds: that writers were held}
-- Raises:    IU870 it is one table already, IU871 something hangs on the log that cannot come along, its partitions are not what was made or an id
--            stands in it twice, IU872 reason missing, IU873 more events than may be moved; 55P03 when it would have to wait; IU301, IU302
-- Writes:    iu_log_partition, iu_route_worker_cursor, iu_deployment (DDL on event_outbox)
-- May call:  iu_operator
create or replace function fn_iu_log_partition_back(p_reason text, p_most_rows bigint default 100000) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
set lock_timeout = '300ms'
as $$
declare
  v_former oid;
  v_kept text;
  v_others bigint;
  v_columns text;
  v_back text[];
  v_pairs jsonb;
  v_sequence record;
  v_began timestamptz;
  s record;
  r record;
begin
  perform fn_iu_log_partition_hold(p_reason);
  if p_most_rows is null or p_most_rows < 0 then
    raise exception using errcode = 'IU873', message = 'how many events may be moved is a number from 0 on', hint = 'leave it out, or add --most-rows N';
  end if;
  select * into s from fn_iu_log_partition_state();
  if s.form = 'unfinished' then
    alter table event_outbox drop constraint iu_log_first_partition_chk;
    return jsonb_build_object('form', 'plain', 'moved', 0, 'milliseconds', 0);
  end if;
  perform fn_iu_log_partition_kept(p_most_rows);
  -- as in fn_iu_log_partition_swap
  perform pg_advisory_xact_lock(fn_iu_cursor_lock_key());
  lock table iu_deployment in share row exclusive mode;
  perform from iu_route_worker_cursor order by worker_name for update;
  v_began := clock_timestamp();
  lock table event_outbox in access exclusive mode;
  v_former := 'event_outbox'::regclass;
  -- again: writers went on until now
  select k.kept, k.others into v_kept, v_others from fn_iu_log_partition_kept(p_most_rows) k;
  select q.seqstart, l.last_value, l.is_called into v_sequence
    from pg_sequence q, event_outbox_seq_seq l where q.seqrelid = 'event_outbox_seq_seq'::regclass;
  select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into v_columns from pg_attribute a
   where a.attrelid = v_former and a.attnum > 0 and not a.attisdropped and a.attgenerated = '';
  v_back := fn_iu_log_let_go();
  select jsonb_object_agg(child.relname, parent.relname) into v_pairs
    from pg_index i join pg_class child on child.oid = i.indexrelid join pg_inherits h on h.inhrelid = child.oid join pg_class parent on parent.oid = h.inhparent
   where i.indrelid = quote_ident(v_kept)::regclass;
  execute format('alter table event_outbox detach partition %I', v_kept);
  execute format('drop trigger trg_iu_log_partition_direct on %I', v_kept);
  execute format('insert into %I (%s) select %s from event_outbox', v_kept, v_columns, v_columns);
  drop table event_outbox;
  execute format('alter table %I rename to event_outbox', v_kept);
  for r in select key as was, value as is from jsonb_each_text(v_pairs || jsonb_build_object(v_kept || '_id_key', 'event_outbox_id_key')) loop
    execute format('alter index %I rename to %I', r.was, r.is);
  end loop;
  execute format('alter table event_outbox alter column seq add generated always as identity (start with %s cache 1)', v_sequence.seqstart);
  perform setval('event_outbox_seq_seq', v_sequence.last_value, v_sequence.is_called);
  update iu_log_partition set gone_at = clock_timestamp(), gone_by = session_user, gone_reason = p_reason where gone_at is null;
  perform fn_iu_log_rebind(v_former, v_back, p_reason);
  return jsonb_build_object('form', 'plain', 'moved', v_others, 'milliseconds', round(extract(epoch from clock_timestamp() - v_began) * 1000));
end
$$;
