-- fn_iu_log_partition_refusals() returns setof text
--
-- Contract:  what hangs on the log that a change of its form cannot take along: the table gets another identity, and a partitioned one cannot
--            have everything that a plain one can. What is ours is taken along and not named.
-- Arguments: none
-- Returns:   one sentence each; none = the form can be changed
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_log_partition_refusals() returns setof text
language sql
stable
set search_path from current
as $$
  with log as (
    select c.* from pg_class c where c.oid = 'event_outbox'::regclass
  ), view as (
    select distinct v.oid, v.relkind, v.relowner
      from log join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = log.oid and d.classid = 'pg_rewrite'::regclass
      join pg_rewrite w on w.oid = d.objid join pg_class v on v.oid = w.ev_class and v.oid <> log.oid
  ), typed as (
    -- the type of its rows, and of arrays of them
    select d.classid, d.objid from log join pg_type t on t.oid = log.reltype or t.typelem = log.reltype
      join pg_depend d on d.refclassid = 'pg_type'::regclass and d.refobjid = t.oid and d.deptype = 'n'
  )
  select format('foreign key %s of %s names it', k.conname, k.conrelid::regclass) from log, pg_constraint k where k.confrelid = log.oid
  union all
  select format('foreign key or exclusion %s stands on it', k.conname) from log, pg_constraint k where k.conrelid = log.oid and k.contype in ('f', 'x')
  union all
  select format('unique index %s does not hold seq, which no index over partitions can do', i.indexrelid::regclass)
    from log, pg_index i
   where i.indrelid = log.oid and i.indisunique and i.indexrelid::regclass::text not like '%event_outbox_id_key'
     and not exists (select from pg_attribute a where a.attrelid = log.oid and a.attname = 'seq' and a.attnum = any (i.indkey))
  union all
  select format('rule %s stands on it', w.rulename) from log join pg_rewrite w on w.ev_class = log.oid
  union all
  select 'row security is on, or its replica identity is not its key' from log
   where log.relrowsecurity or log.relreplident <> 'd' or log.relpersistence <> 'p'
  union all
  select format('it inherits from, or is inherited by, %s', case h.inhrelid when log.oid then h.inhparent else h.inhrelid end::regclass)
    from log join pg_inherits h on log.oid in (h.inhrelid, h.inhparent) where log.relkind = 'r'
  union all
  select format('publication %s replicates it under the names of its tables', p.pubname)
    from log, pg_publication p
   where not p.pubviaroot and (p.puballtables or exists (select from pg_publication_rel r where r.prpubid = p.oid and r.prrelid = log.oid)
     or exists (select from pg_publication_namespace n where n.pnpubid = p.oid and n.pnnspid = log.relnamespace))
  union all
  select format('%s %s reads it and belongs to %s', case view.relkind when 'm' then 'materialized view' else 'view' end, view.oid::regclass,
                pg_get_userbyid(view.relowner)) from log, view where view.relowner <> log.relowner or view.relkind = 'm'
  union all
  select format('trigger %s fires for each row with a transition table', t.tgname) from log join pg_trigger t on t.tgrelid = log.oid
   where not t.tgisinternal and t.tgtype & 1 = 1 and (t.tgoldtable is not null or t.tgnewtable is not null)
  union all
  select format('%s uses its row type', pg_describe_object(typed.classid, typed.objid, 0)) from log, typed
   where not exists (select from pg_proc p where typed.classid = 'pg_proc'::regclass and p.oid = typed.objid and p.proowner = log.relowner)
     and not (typed.classid = 'pg_rewrite'::regclass)
$$;
