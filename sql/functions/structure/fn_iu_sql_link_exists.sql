-- fn_iu_sql_link_exists(iu_sql_link) returns boolean
--
-- Contract:  says whether the catalog has the object of a link. Of a row it looks for the table only; fn_iu_sql_link_validate looks for the row.
-- Arguments: p_link: the link; object_schema null = the schema of the installation
-- Returns:   true when it is there; false also for a function identity that cannot be read
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_reader (through v_iu_sql_link_resolved, whose functions run as its reader)
create or replace function fn_iu_sql_link_exists(p_link iu_sql_link) returns boolean
language plpgsql
stable
set search_path from current
as $$
declare
  v_relation oid := (
    select c.oid from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
     where n.nspname = coalesce(p_link.object_schema, current_schema()) and c.relname = coalesce(p_link.object_name, p_link.collection_name)
       and case p_link.object_kind when 'view' then c.relkind in ('v', 'm') when 'table' then c.relkind in ('r', 'p', 'f')
                                   when 'row' then c.relkind in ('r', 'p', 'f') else c.relkind in ('r', 'p', 'f', 'v', 'm') end);
begin
  return case p_link.object_kind
    when 'schema' then exists (select from pg_catalog.pg_namespace where nspname = p_link.object_schema)
    when 'function' then exists (select from pg_catalog.pg_proc p where p.oid = to_regprocedure(p_link.function_identity) and p.prokind in ('f', 'p'))
    when 'trigger' then exists (select from pg_catalog.pg_trigger t
                                 where t.tgrelid = v_relation and t.tgname = p_link.trigger_name and not t.tgisinternal)
    when 'column' then exists (select from pg_catalog.pg_attribute a
                                where a.attrelid = v_relation and a.attname = p_link.metadata ->> 'column_name' and a.attnum > 0 and not a.attisdropped)
    else v_relation is not null end;
exception when undefined_function or undefined_object or invalid_schema_name or invalid_text_representation or syntax_error or invalid_name then
  -- servers before 16 raise for an identity that they cannot read
  return false;
end
$$;
