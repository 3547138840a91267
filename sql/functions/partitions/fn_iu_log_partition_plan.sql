-- fn_iu_log_partition_plan() returns jsonb
--
-- Contract:  what a change of the log's form would do here and what is in the way; changes nothing.
-- Arguments: none
-- Returns:   {form, partition_events, last_seq, end_seq, numbers_left, wanted, rows (estimated), bytes, check_seconds (estimated: the rows
--            are read once while writers go on), refusals: [], faults: [], partitions: [{name, from_seq, to_seq, rows, bytes, made_at}]}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_operator, iu_reader
create or replace function fn_iu_log_partition_plan() returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  s record;
  v_parts jsonb;
  v_bytes bigint;
  v_heap bigint;
  v_rows bigint;
begin
  select * into s from fn_iu_log_partition_state();
  select coalesce(sum(pg_total_relation_size(t.relid)), 0), coalesce(sum(pg_relation_size(t.relid)), 0), coalesce(sum(greatest(c.reltuples, 0)), 0)
    into v_bytes, v_heap, v_rows
    from (select 'event_outbox'::regclass as relid union select relid from pg_partition_tree('event_outbox')) t join pg_class c on c.oid = t.relid
   where c.relkind = 'r';
  select coalesce(jsonb_agg(jsonb_build_object('name', p.partition_name, 'from_seq', p.from_seq::text, 'to_seq', p.to_seq::text,
           'rows', greatest(c.reltuples, 0)::bigint::text, 'bytes', pg_total_relation_size(c.oid)::text, 'made_at', p.made_at) order by p.to_seq), '[]')
    into v_parts from iu_log_partition p left join pg_class c on c.oid = to_regclass(quote_ident(p.partition_name)) where p.gone_at is null;
  return jsonb_build_object('form', s.form, 'partition_events', s.events::text, 'last_seq', s.last_seq::text, 'end_seq', s.end_seq::text,
    'numbers_left', s.numbers_left::text, 'wanted', s.wanted::text, 'rows', v_rows::text, 'bytes', v_bytes::text,
    -- read at 200 MB a second
    'check_seconds', case when s.form = 'partitioned' then 0 else round(v_heap / 200000000.0, 1) end,
    'refusals', to_jsonb(array(select fn_iu_log_partition_refusals())), 'faults', to_jsonb(array(select fn_iu_log_partition_faults())), 'partitions', v_parts);
end
$$;
