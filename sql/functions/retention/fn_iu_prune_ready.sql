-- fn_iu_prune_ready() returns void
--
-- Contract:  refuses to prune while a cursor cannot vouch for what it decided: another cluster than the cursor's (its snapshots mean
--            nothing here), or a certificate that found something missing; and while a foreign key of the log on itself, or of another
--            table of ours, straight or by way of cascades elsewhere, would delete or change rows that no prune has judged.
-- Arguments: none
-- Returns:   nothing
-- Raises:    IU881 a cursor is of another cluster, IU882 the certificate is broken, IU899 a foreign key of our tables, IU878 a
--            rule, IU301, IU302
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_prune_ready() returns void
language plpgsql
volatile
set search_path from current
as $$
declare
  v_identity record;
  v_worker text;
  v_key record;
  v_rule record;
begin
  perform fn_iu_require_read_committed();
  select * into v_identity from fn_iu_cluster_identity();
  select worker_name into v_worker from iu_route_worker_cursor c
   where (c.system_identifier, c.database_oid, c.log_oid) is distinct from
         (v_identity.system_identifier, v_identity.database_oid, v_identity.log_oid) limit 1;
  if found then
    raise exception using errcode = 'IU881', message = format('worker %s stands in another cluster, database or log', v_worker),
      hint = 'after a restore: iu cursor rebase WORKER --reason TEXT, then prune';
  end if;
  select worker_name into v_worker from iu_route_worker_cursor where lost_pairs > 0 limit 1;
  if found then
    raise exception using errcode = 'IU882', message = format('the certificate of worker %s is broken: decisions are missing', v_worker),
      hint = 'iu cursor rewind WORKER decides what is missing; nothing is pruned before';
  end if;
  select w.rulename, c.relname into v_rule
    from pg_rewrite w join pg_class c on c.oid = w.ev_class join pg_class log on log.relnamespace = c.relnamespace
   where log.oid = 'event_outbox'::regclass and (c.oid = log.oid or c.relname like E'iu\\_%' and pg_get_userbyid(c.relowner) = 'iu_owner')
     and c.relkind in ('r', 'p') and w.ev_enabled <> 'D' order by c.relname, w.rulename limit 1;
  if found then
    raise exception using errcode = 'IU878',
      message = format('rule %s of %s rewrites statements: what is counted as pruned could stay', v_rule.rulename, v_rule.relname),
      hint = format('drop rule %I on %I; an AFTER trigger can do beside a statement what a rule does', v_rule.rulename, v_rule.relname);
  end if;
  -- from table to table as far as deletes go; statement guards of ours do not fire again for what a foreign key sets off
  with recursive key as (
    select k.*, coalesce(pg_partition_root(k.conrelid), k.conrelid) as of_table, coalesce(pg_partition_root(k.confrelid), k.confrelid) as on_table
      from pg_constraint k where k.contype = 'f' and k.confdeltype in ('c', 'n', 'd') and k.conparentid = 0
  ), deleted (table_oid) as (
    select 'event_outbox'::regclass::oid
    union select key.of_table from deleted join key on key.on_table = deleted.table_oid where key.confdeltype = 'c'
  )
  select key.conrelid::regclass as of_table, key.conname as name, pg_get_constraintdef(key.oid) as definition into v_key
    from deleted join key on key.on_table = deleted.table_oid join pg_class c on c.oid = key.conrelid
   where pg_get_userbyid(c.relowner) = 'iu_owner' order by key.conname limit 1;
  if found then
    raise exception using errcode = 'IU899',
      message = format('foreign key %s of %s deletes or changes rows there when events go: nobody judged those', v_key.name, v_key.of_table),
      hint = format('let it keep what is referred to: alter table %1$s drop constraint %2$I, add constraint %2$I %3$s', v_key.of_table, v_key.name,
                    regexp_replace(v_key.definition, E' ON DELETE (CASCADE|SET NULL|SET DEFAULT)( \\([^)]*\\))?', ''));
  end if;
end
$$;
