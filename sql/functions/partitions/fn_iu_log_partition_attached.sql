-- fn_iu_log_partition_attached() returns table (partition_name, partition_oid, from_seq, to_seq)
--
-- Contract:  the partitions that the log has now, whatever the books say: somebody with the right to can drop or detach one by hand.
-- Arguments: none
-- Returns:   one row a partition in the order of numbers; from_seq null: from the beginning. A DEFAULT partition is not one of them
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_log_partition_attached() returns table (partition_name text, partition_oid oid, from_seq bigint, to_seq bigint)
language sql
volatile
set search_path from current
as $$
  select c.relname::text, c.oid, b.bound[1]::bigint, b.bound[2]::bigint
    from pg_inherits h join pg_class c on c.oid = h.inhrelid
   cross join lateral (select regexp_match(pg_get_expr(c.relpartbound, c.oid), E'FROM \\((?:MINVALUE|''?(\\d+)''?)\\) TO \\(''?(\\d+)''?\\)') as bound) b
   where h.inhparent = 'event_outbox'::regclass and not h.inhdetachpending and b.bound is not null
   order by 4
$$;
