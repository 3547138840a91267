-- fn_iu_log_partition_faults() returns setof text
--
-- Contract:  what is wrong with the partitions of the log, against what was made: a partition that is not there, not attached, has other bounds,
--            lost its key, its guard or its owner, or lets somebody in; a partition that nobody made, a DEFAULT one above all, which would
--            make every later partition read it under a lock.
-- Arguments: none
-- Returns:   one sentence a fault; none = whole. A plain log has no partitions
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_operator, iu_reader, iu_worker
create or replace function fn_iu_log_partition_faults() returns setof text
language sql
stable
security definer
set search_path from current
as $$
  with log as (
    select c.oid, c.relowner, c.relkind from pg_class c where c.oid = 'event_outbox'::regclass
  ), made as (
    select p.partition_name as name, to_regclass(quote_ident(p.partition_name)) as oid,
           format('FOR VALUES FROM (%s) TO (%L)', coalesce(quote_literal(p.from_seq), 'MINVALUE'), p.to_seq) as bound
      from iu_log_partition p where p.gone_at is null
  ), attached as (
    select h.inhrelid as oid, c.relname from log join pg_inherits h on h.inhparent = log.oid join pg_class c on c.oid = h.inhrelid
  ), partition as (
    select made.*, c.relpartbound, c.relowner, c.relacl, c.relpersistence, c.relrowsecurity,
           -- what the server notes stays true after the last rule is gone
           exists (select from pg_rewrite w where w.ev_class = c.oid) as relhasrules
      from made join attached using (oid) join pg_class c on c.oid = made.oid
  )
  select format('partition %s is missing: %s', name, case when oid is null then 'there is no such table' else 'it is not attached' end)
    from made where oid is null or oid not in (select oid from attached)
  union all
  select format('partition %s was not made by this version: %s', relname, case when pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT' then 'it is a DEFAULT partition' else 'unknown' end)
    from attached a join pg_class c using (oid, relname) where a.oid not in (select oid from made where oid is not null)
  union all
  select format('partition %s has other bounds: %s instead of %s', name, pg_get_expr(relpartbound, oid), bound) from partition
   where pg_get_expr(relpartbound, oid) is distinct from bound
  union all
  select format('partition %s has no unique key on id', name) from partition p
   where not exists (select from pg_index i join pg_attribute a on a.attrelid = p.oid and a.attname = 'id'
                      where i.indrelid = p.oid and i.indisunique and i.indisvalid and i.indisready and i.indpred is null and i.indimmediate
                        and i.indkey::text = a.attnum::text)
  union all
  select format('trigger %s on partition %s is missing, is not ENABLE ALWAYS or does not fire for everything', t.name, p.name)
    from partition p cross join (
      -- before each statement of all four kinds, always; before each row inserted, when it has to
      values ('trg_iu_log_partition_direct', 'fn_iu_log_partition_direct', 62, false), ('trg_event_outbox_type_validate', 'fn_event_type_validate', 7, true)
    ) t (name, calls, type, has_condition)
   where not exists (select from pg_trigger g join pg_proc f on f.oid = g.tgfoid and f.proname = t.calls
                      where g.tgrelid = p.oid and g.tgname = t.name and g.tgenabled = 'A' and g.tgtype = t.type
                        and (g.tgqual is not null) = t.has_condition and g.tgattr = '')
  union all
  select format('partition %s belongs to %s, is unlogged, or has row security or rules', name, pg_get_userbyid(p.relowner)) from partition p, log
   where p.relowner <> log.relowner or p.relpersistence <> 'p' or p.relrowsecurity or p.relhasrules
  union all
  select format('partition %s gives rights to %s', p.name, string_agg(distinct coalesce(g.rolname, 'public'), ', '))
    from partition p
    cross join lateral (select p.relacl as acl union all select t.attacl from pg_attribute t where t.attrelid = p.oid) o
    cross join aclexplode(o.acl) a left join pg_roles g on g.oid = a.grantee where a.grantee <> p.relowner group by p.name
  union all
  select format('index %s of the log is not valid', i.indexrelid::regclass) from log join pg_index i on i.indrelid = log.oid
   where log.relkind = 'p' and not i.indisvalid
$$;
