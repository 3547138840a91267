-- fn_iu_target_object(text, text) returns record
--
-- Contract:  the database object behind a registered target, looked up by its stored identity: a restored database has other oids,
--            the same names. Null when it is not registered or not there any more.
-- Arguments: p_target_kind: sql_function or table; p_target_ref: the name it was registered under
-- Returns:   call_name: quoted, for a call or insert; definition: text that an approval pins by hash
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_target_object(p_target_kind text, p_target_ref text, out call_name text, out definition text)
language plpgsql
stable
security definer
set search_path from current
as $$
declare
  v_identity text := (select t.identity from iu_delivery_target t where t.target_kind = p_target_kind and t.target_ref = p_target_ref);
begin
  if p_target_kind = 'sql_function' then
    select format('%I.%I', n.nspname, p.proname), pg_get_functiondef(p.oid) into call_name, definition
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.oid = to_regprocedure(v_identity);
  elsif p_target_kind = 'table' then
    -- with its name: another table with the same columns is another target
    select format('%I.%I', n.nspname, c.relname), format('%s %I.%I ', c.relkind, n.nspname, c.relname) || (
             select string_agg(format('%s %s %s', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull), ', ' order by a.attnum)
               from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
      into call_name, definition
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = to_regclass(v_identity);
  end if;
end
$$;
