-- fn_iu_log_let_go() returns text[]
--
-- Contract:  takes off the log what hangs on it by its identity (triggers, views, functions over its row type), and gives the statements that
--            put all of it back on the table that is called event_outbox then: also rights and remarks, and a fresh look at every function
--            with a variable of its row type, which sessions have compiled for the former table.
-- Arguments: none; in the transaction that changes the form
-- Returns:   statements, in order
-- Raises:    nothing
-- Writes:    nothing (DDL)
-- May call:  internal
create or replace function fn_iu_log_let_go() returns text[]
language plpgsql
volatile
set search_path from current
as $$
declare
  v_log pg_class := (select c from pg_class c where c.oid = 'event_outbox'::regclass);
  v_rights text[];
  v_functions text[] := '{}';
  v_triggers text[] := '{}';
  v_views text[] := '{}';
  v_touched text[];
  r record;
begin
  with object (label, acl, owner) as (
    select 'table event_outbox', v_log.relacl, v_log.relowner
    union all
    select 'sequence event_outbox_seq_seq', c.relacl, c.relowner from pg_class c where c.oid = 'event_outbox_seq_seq'::regclass
    union all
    select a.attname, a.attacl, v_log.relowner from pg_attribute a where a.attrelid = v_log.oid and a.attacl is not null and a.attnum > 0
  )
  select coalesce(array_agg(format('grant %s %s to %s%s', g.privilege_type,
           case when o.label like '% event_outbox%' then 'on ' || o.label else format('(%I) on table event_outbox', o.label) end,
           case g.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end,
           case when g.is_grantable then ' with grant option' else '' end)), '{}')
         || format('comment on table event_outbox is %L', obj_description(v_log.oid, 'pg_class'))
    into v_rights from object o cross join aclexplode(o.acl) g where g.grantee <> o.owner;

  for r in select t.tgname, pg_get_triggerdef(t.oid) as text, t.tgenabled as state from pg_trigger t
            where t.tgrelid = v_log.oid and not t.tgisinternal order by t.tgname loop
    v_triggers := v_triggers || r.text;
    if r.state <> 'O' then
      v_triggers := v_triggers || format('alter table event_outbox %s trigger %I',
        case r.state when 'A' then 'enable always' when 'R' then 'enable replica' else 'disable' end, r.tgname);
    end if;
    execute format('drop trigger %I on event_outbox', r.tgname);
  end loop;

  for r in
    with recursive hanging (oid, depth) as (
      select v_log.oid, 0
      union
      select w.ev_class, h.depth + 1 from hanging h
        join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = h.oid and d.classid = 'pg_rewrite'::regclass
        join pg_rewrite w on w.oid = d.objid and w.ev_class <> h.oid
    )
    select c.oid, c.relname, c.relacl, c.relowner, c.reloptions, rtrim(pg_get_viewdef(c.oid), ';') as text, obj_description(c.oid, 'pg_class') as remark
      from (select oid, max(depth) as depth from hanging where depth > 0 group by oid) h join pg_class c on c.oid = h.oid
     order by h.depth desc, c.relname
  loop
    v_views := array[format('create view %I%s as %s', r.relname, ' with (' || array_to_string(r.reloptions, ', ') || ')', r.text)]
      || case when r.remark is null then '{}' else array[format('comment on view %I is %L', r.relname, r.remark)] end
      || array(select format('grant %s on %I to %s%s', g.privilege_type, r.relname,
                             case g.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end,
                             case when g.is_grantable then ' with grant option' else '' end)
                 from aclexplode(r.relacl) g where g.grantee <> r.relowner)
      || v_views;
    execute format('drop view %I', r.relname);
  end loop;

  for r in
    select distinct p.oid, p.oid::regprocedure::text as name, pg_get_functiondef(p.oid) as text, p.proacl, p.proowner
      from pg_type t join pg_depend d on d.refclassid = 'pg_type'::regclass and d.refobjid = t.oid and d.classid = 'pg_proc'::regclass
      join pg_proc p on p.oid = d.objid
     where t.oid = v_log.reltype or t.typelem = v_log.reltype
  loop
    v_functions := v_functions || r.text || format('revoke all on function %s from public', r.name)
      || array(select format('grant execute on function %s to %s%s', r.name,
                             case g.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end,
                             case when g.is_grantable then ' with grant option' else '' end)
                 from aclexplode(r.proacl) g where g.grantee <> r.proowner);
    execute format('drop function %s', r.name);
  end loop;

  select coalesce(array_agg(pg_get_functiondef(p.oid) order by p.proname), '{}') into v_touched from pg_proc p
   where p.pronamespace = v_log.relnamespace and p.proowner = v_log.relowner and p.prokind in ('f', 'p')
     and p.prosrc ~ E'\\w\\s+event_outbox\\s*(;|:=|%)';
  return v_rights || v_functions || v_triggers || v_views || v_touched;
end
$$;
