-- fn_iu_log_partition_make(bigint, bigint) returns text
--
-- Contract:  makes an empty partition and attaches it. It is built beside the log and attached under SHARE UPDATE EXCLUSIVE, so that no
--            writer and no pass waits; CREATE TABLE ... PARTITION OF would lock them all out. Keys by event_outbox come with it; that id is
--            unique can only be said a partition.
-- Arguments: p_from_seq: its first number; p_to_seq: the first number after it
-- Returns:   its name
-- Raises:    55P03 when somebody else changes the log at this moment
-- Writes:    iu_log_partition (DDL on event_outbox)
-- May call:  internal
create or replace function fn_iu_log_partition_make(p_from_seq bigint, p_to_seq bigint) returns text
language plpgsql
volatile
set search_path from current
set default_tablespace = ''
as $$
declare
  v_name text;
  v_newest record;
begin
  -- Settings of storage and autovacuum, and the tablespace, stand on partitions only: a new one goes on with those of the newest. Without the
  -- right to make tables there it lies in that of the database, because a log without room would be worse.
  select array_to_string(c.reloptions, ', ') as options,
         (select t.spcname from pg_tablespace t where t.oid = c.reltablespace and has_tablespace_privilege(t.oid, 'create')) as place,
         (select t.spcname from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attname = 'id' and i.indkey::text = a.attnum::text
            join pg_class k on k.oid = i.indexrelid join pg_tablespace t on t.oid = k.reltablespace
           where i.indrelid = c.oid and i.indisunique and has_tablespace_privilege(t.oid, 'create') limit 1) as key_place
    into v_newest from iu_log_partition p join pg_class c on c.oid = to_regclass(quote_ident(p.partition_name))
   where p.gone_at is null order by p.to_seq desc limit 1;
  insert into iu_log_partition (from_seq, to_seq) values (p_from_seq, p_to_seq) returning partition_name into v_name;
  execute format('create table %I (like event_outbox including defaults including constraints including storage including compression including comments,
    constraint %I unique (id)%s)%s%s', v_name, v_name || '_id_key', ' using index tablespace ' || quote_ident(v_newest.key_place),
    ' with (' || v_newest.options || ')', ' tablespace ' || quote_ident(v_newest.place));
  perform fn_iu_log_partition_guard(v_name);
  execute format('alter table event_outbox attach partition %I for values from (%s) to (%s)', v_name, p_from_seq, p_to_seq);
  return v_name;
end
$$;
