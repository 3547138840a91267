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
  with recursive log as (
    select c.* from pg_class c where c.oid = 'event_outbox'::regclass
  ), part as (
    select oid from log
    union all
    select h.inhrelid from log join pg_inherits h on h.inhparent = log.oid where log.relkind = 'p'
  ), hanging (oid) as (
    -- views at any depth, as fn_iu_log_let_go takes them off
    select oid from log
    union
    select v.oid from hanging h
      join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = h.oid and d.classid = 'pg_rewrite'::regclass
      join pg_rewrite w on w.oid = d.objid and w.ev_class <> h.oid
      join pg_class v on v.oid = w.ev_class and v.relkind in ('v', 'm')
  ), view as (
    select c.* from log, hanging h join pg_class c on c.oid = h.oid where c.oid <> log.oid
  ), typed as (
    -- functions over the type of its rows, and of arrays of them
    select p.oid from log join pg_type t on t.oid = log.reltype or t.typelem = log.reltype
      join pg_depend d on d.refclassid = 'pg_type'::regclass and d.refobjid = t.oid and d.classid = 'pg_proc'::regclass
      join pg_proc p on p.oid = d.objid and p.proowner = log.relowner and p.pronamespace = log.relnamespace and p.prokind in ('f', 'p')
  ), own (class, oid) as (
    select 'pg_class'::regclass, oid from part
    union
    select 'pg_class'::regclass, oid from view
    union
    select 'pg_class'::regclass, 'event_outbox_seq_seq'::regclass
    union
    select 'pg_type'::regclass, t.oid from pg_class c join pg_type t on t.oid = c.reltype or t.typelem = c.reltype
     where c.oid in (select oid from part union select oid from view)
    union
    select 'pg_proc'::regclass, oid from typed
  ), taken (class, oid) as (
    -- what goes along by itself, is taken off and put back, or is named by a sentence of its own
    select class, oid from own
    union all
    select 'pg_class'::regclass, i.indexrelid from part join pg_index i on i.indrelid = part.oid
    union all
    select 'pg_class'::regclass, c.reltoastrelid from part join pg_class c using (oid)
    union all
    select 'pg_constraint'::regclass, k.oid from part join pg_constraint k on part.oid in (k.conrelid, k.confrelid)
    union all
    select 'pg_trigger'::regclass, t.oid from part join pg_trigger t on t.tgrelid = part.oid
    union all
    select 'pg_attrdef'::regclass, a.oid from part join pg_attrdef a on a.adrelid = part.oid
    union all
    select 'pg_rewrite'::regclass, w.oid from log, pg_rewrite w
     where w.ev_class = log.oid or w.rulename = '_RETURN' and w.ev_class in (select oid from view)
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
   where not p.pubviaroot
     and (p.puballtables or exists (select from pg_publication_namespace n where n.pnpubid = p.oid and n.pnnspid = log.relnamespace))
  union all
  select format('%s %s reads it and %s', case view.relkind when 'm' then 'materialized view' else 'view' end, view.oid::regclass, v.reason)
    from log, view cross join lateral (
      select concat_ws(', ', case when view.relowner <> log.relowner then 'belongs to ' || pg_get_userbyid(view.relowner) end,
                       case when view.relnamespace <> log.relnamespace then 'lies in another schema' end,
                       case when view.relkind = 'm' then 'keeps its rows' end,
                       case when exists (select from pg_attribute a where a.attrelid = view.oid and a.attacl is not null) then 'gives rights on columns' end) as reason) v
   where v.reason <> ''
  union all
  select format('trigger %s fires for each row with a transition table', t.tgname) from log join pg_trigger t on t.tgrelid = log.oid
   where not t.tgisinternal and t.tgtype & 1 = 1 and (t.tgoldtable is not null or t.tgnewtable is not null)
  union all
  -- whatever else names it by its identity would go on naming the former table, or be dropped with it
  select distinct format('%s depends on it', pg_describe_object(d.classid, d.objid, d.objsubid))
    from own join pg_depend d on d.refclassid = own.class and d.refobjid = own.oid
   where not exists (select from taken where taken.class = d.classid and taken.oid = d.objid)
$$;
