-- fn_iu_log_partition_unseen() returns text
--
-- Contract:  what keeps every empty partition of the log from going, whatever else there is: before it takes one off, the server looks for rows that refer
--            to it, as the owner of the log. Tables with foreign keys on the log into which that role may not look, and the statement that mends it.
-- Arguments: none
-- Returns:   a sentence; null = nothing
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_log_partition_unseen() returns text
language sql
stable
set search_path from current
as $$
  with unseen as (
    select distinct c.oid, format('%I.%I', n.nspname, c.relname) as name, n.nspname, has_schema_privilege(l.relowner, n.oid, 'usage') as may_enter,
           has_table_privilege(l.relowner, c.oid, 'select') as may_look, pg_get_userbyid(l.relowner) as owner
      from pg_class l join pg_constraint k on k.confrelid = l.oid and k.contype = 'f' and k.conparentid = 0
      join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
     where l.oid = 'event_outbox'::regclass
  )
  select format('foreign keys refer to the log from %s, and the server looks there as %s before a partition goes: %s',
                string_agg(name, ', ' order by name), min(owner::text),
                concat_ws('; ', string_agg(distinct format('grant usage on schema %I to %I', nspname, owner), '; ') filter (where not may_enter),
                  'grant select on ' || string_agg(name, ', ' order by name) filter (where not may_look) || format(' to %I', min(owner::text))))
    from unseen where not (may_enter and may_look) having count(*) > 0
$$;
