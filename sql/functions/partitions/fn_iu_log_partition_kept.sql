-- fn_iu_log_partition_kept(bigint) returns record
--
-- Contract:  which partition would be the log if it became one table, and how many events would have to be moved into it. Asked twice: before
--            the lock that holds writers, and under it.
-- Arguments: p_most_rows: events that may be moved
-- Returns:   kept: the largest partition; others: events outside it
-- Raises:    IU870 the log is one table, IU871 something hangs on it, its partitions are not what was made, or an id stands in it twice; IU873
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_log_partition_kept(p_most_rows bigint, out kept text, out others bigint)
language plpgsql
volatile
set search_path from current
as $$
declare
  v_reasons text;
  v_id uuid;
  r record;
begin
  if (select c.relkind from pg_class c where c.oid = 'event_outbox'::regclass) <> 'p' then
    raise exception using errcode = 'IU870', message = 'the log is one table already', hint = 'iu log partition plan shows it';
  end if;
  perform fn_iu_log_partition_refuse();
  select string_agg(fault, '; ') into v_reasons from fn_iu_log_partition_faults() fault;
  if v_reasons is not null then
    raise exception using errcode = 'IU871', message = 'the partitions of the log are not what was made, and events could stay behind: ' || v_reasons,
      hint = 'put right what is named: attach what was detached; iu log partition tend takes what was dropped out of the books';
  end if;
  select a.partition_name into kept from fn_iu_log_partition_attached() a order by pg_relation_size(a.partition_oid) desc, a.to_seq limit 1;
  others := 0;
  for r in select a.partition_name as name from fn_iu_log_partition_attached() a where a.partition_name <> kept loop
    execute format('select $1 + count(*) from (select from %I limit %s) o', r.name, p_most_rows + 1) into others using others;
    if others > p_most_rows then
      raise exception using errcode = 'IU873', message = format('more than %s events lie in other partitions than the largest, %s', p_most_rows, kept),
        hint = 'prune first, or say how many may be moved while writers wait: about 100,000 a second';
    end if;
  end loop;
  for r in select a.partition_name as name from fn_iu_log_partition_attached() a where a.partition_name <> kept loop
    execute format('select o.id from %I o where exists (select from event_outbox e where e.id = o.id and e.seq <> o.seq) limit 1', r.name) into v_id;
    if v_id is not null then
      raise exception using errcode = 'IU871', message = format('id %s stands on several events, and one table takes an id once', v_id),
        hint = 'select seq, event_type from event_outbox where id = ... shows them; prune all but one, with a retention class if need be';
    end if;
  end loop;
end
$$;
