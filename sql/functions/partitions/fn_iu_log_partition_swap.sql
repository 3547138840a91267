-- fn_iu_log_partition_swap(text) returns void
--
-- Contract:  makes the log a partitioned table whose first partition is the table that it was: no row is written again, and none is read,
--            because a checked constraint already says that all of them belong there. Holds ACCESS EXCLUSIVE from here to the commit.
-- Arguments: p_reason
-- Returns:   nothing
-- Raises:    IU875 the sequence came too close to the bound; 55P03 when it would have to wait
-- Writes:    iu_log_partition, as fn_iu_log_rebind (DDL)
-- May call:  internal
create or replace function fn_iu_log_partition_swap(p_reason text) returns void
language plpgsql
volatile
set search_path from current
set default_tablespace = ''
as $$
declare
  -- fn_iu_log_partition_step holds the log already
  v_former oid := 'event_outbox'::regclass;
  v_back text[];
  v_name text;
  v_indexes text[];
  v_sequence record;
  s record;
  r record;
begin
  -- who registers a worker or claims the deployment notes the log's identity: before this, or after it
  perform pg_advisory_xact_lock(fn_iu_cursor_lock_key());
  lock table iu_deployment in share row exclusive mode;
  -- cursors first: a pass holds its cursor and then reads the log
  perform from iu_route_worker_cursor order by worker_name for update;
  lock table event_outbox in access exclusive mode;
  select * into s from fn_iu_log_partition_state();
  if s.numbers_left < s.events then
    raise exception using errcode = 'IU875', message = format('only %s numbers are left below the bound of the first partition', s.numbers_left),
      hint = 'iu log partition back takes the bound away; then begin again, with larger partitions';
  end if;
  select q.seqstart, l.last_value, l.is_called into v_sequence
    from pg_sequence q, event_outbox_seq_seq l where q.seqrelid = 'event_outbox_seq_seq'::regclass;
  v_back := fn_iu_log_let_go();
  insert into iu_log_partition (from_seq, to_seq) values (null, s.end_seq) returning partition_name into v_name;
  -- where an index of the log lies is where those of later partitions are made
  v_indexes := array(select format('set local default_tablespace = %L; %s', coalesce(t.spcname, ''), coalesce(
                              'alter table event_outbox add constraint event_outbox_pkey ' || pg_get_constraintdef(k.oid), pg_get_indexdef(i.indexrelid)))
                       from pg_index i join pg_class c on c.oid = i.indexrelid left join pg_constraint k on k.conindid = c.oid
                       left join pg_tablespace t on t.oid = c.reltablespace and has_tablespace_privilege(t.oid, 'create')
                      where i.indrelid = v_former and (k.oid is null or i.indisprimary));
  alter table event_outbox alter column seq drop identity;
  for r in select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = v_former loop
    execute format('alter index %I rename to %I', r.relname, left(regexp_replace(r.relname, '^(event_outbox)?_?', v_name || '_'), 63));
  end loop;
  execute format('alter table event_outbox rename to %I', v_name);
  execute format('create table event_outbox (like %I including defaults including constraints including storage including compression including comments)
    partition by range (seq)', v_name);
  alter table event_outbox drop constraint iu_log_first_partition_chk;
  execute format('alter table event_outbox alter column seq add generated always as identity (start with %s cache 1)', v_sequence.seqstart);
  perform setval('event_outbox_seq_seq', v_sequence.last_value, v_sequence.is_called);
  for r in select unnest(v_indexes) as text loop
    execute r.text;
  end loop;
  execute format('alter table event_outbox attach partition %I for values from (minvalue) to (%s)', v_name, s.end_seq);
  execute format('alter table %I drop constraint iu_log_first_partition_chk', v_name);
  perform fn_iu_log_partition_guard(v_name);
  perform fn_iu_log_rebind(v_former, v_back, p_reason);
end
$$;
