-- fn_iu_sql_link_fingerprint(iu_sql_link) returns text
--
-- Contract:  what the linked object looks like in the live catalog, as one hash: columns and constraints of a table, columns and definition of a
--            view, definition of a function or trigger, content of a row. A Directus collection is its table and its row of
--            directus_collections. Nothing that an owner of the object wrote is ever run: a row is read from tables only, without row security
--            (its policies would run as the reader), and its values through output functions, which nobody but a superuser makes.
-- Arguments: p_link: the link; object_schema null = the schema of the installation
-- Returns:   sha256 in hexadecimal; null when there is no such object, or it cannot be read with the rights of iu_owner
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_sql_link_fingerprint(p_link iu_sql_link) returns text
language plpgsql
set search_path from current
-- a table with policies is refused instead
set row_security = off
as $$
declare
  v_schema text := coalesce(p_link.object_schema, current_schema());
  v_name text := coalesce(p_link.object_name, p_link.collection_name);
  v_relation oid;
  v_text text;
begin
  if p_link.object_kind = 'row' then
    -- from here on the name cannot become a view
    execute format('lock table only %I.%I in access share mode', v_schema, v_name);
  elsif p_link.object_kind = 'directus_collection' and to_regclass(format('%I.directus_collections', v_schema)) is not null then
    execute format('lock table only %I.directus_collections in access share mode', v_schema);
  end if;
  select c.oid into v_relation from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where n.nspname = v_schema and c.relname = v_name
     and (c.relkind in ('v', 'm') or p_link.object_kind <> 'view') and (c.relkind in ('r', 'p', 'f') or p_link.object_kind not in ('table', 'row'))
     and c.relkind in ('r', 'p', 'f', 'v', 'm');
  case p_link.object_kind
  when 'schema' then
    select nspname into v_text from pg_catalog.pg_namespace where nspname = v_schema;
  when 'function' then
    select pg_catalog.pg_get_functiondef(p.oid) into v_text from pg_catalog.pg_proc p
     where p.oid = to_regprocedure(p_link.function_identity) and p.prokind in ('f', 'p');
  when 'trigger' then
    select pg_catalog.pg_get_triggerdef(t.oid) || t.tgenabled::text into v_text from pg_catalog.pg_trigger t
     where t.tgrelid = v_relation and t.tgname = p_link.trigger_name and not t.tgisinternal;
  when 'row' then
    if v_relation is not null and p_link.row_pk <> '{}' and not exists (
         select from jsonb_object_keys(p_link.row_pk) k where not exists (
           select from pg_catalog.pg_attribute a where a.attrelid = v_relation and a.attname = k and a.attnum > 0 and not a.attisdropped)) then
      -- keys of plain types by their index; a cast of another type could be somebody's function
      execute format('select textin(record_out(t)) from %I.%I t where %s limit 1', v_schema, v_name,
                     (select string_agg(case when y.typnamespace = 'pg_catalog'::regnamespace
                                              and y.typname in ('int2', 'int4', 'int8', 'uuid', 'text', 'varchar', 'bpchar')
                                             then format('t.%I = ($1 ->> %L)::pg_catalog.%I', a.attname, a.attname, y.typname)
                                             else format('format(''%%s'', t.%I) = $1 ->> %L', a.attname, a.attname) end, ' and ')
                        from jsonb_object_keys(p_link.row_pk) k
                        join pg_catalog.pg_attribute a on a.attrelid = v_relation and a.attname = k
                        join pg_catalog.pg_type y on y.oid = a.atttypid))
        into v_text using p_link.row_pk;
    end if;
  else
    select string_agg(format('%s %s %s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull), E'\n' order by a.attname)
      into v_text from pg_catalog.pg_attribute a
     where a.attrelid = v_relation and a.attnum > 0 and not a.attisdropped
       and (p_link.object_kind <> 'column' or a.attname = coalesce(p_link.metadata ->> 'column_name', ''));
    if p_link.object_kind = 'view' then
      v_text := v_text || pg_catalog.pg_get_viewdef(v_relation);
    elsif p_link.object_kind in ('table', 'directus_collection') then
      v_text := v_text || coalesce((select E'\n' || string_agg(pg_catalog.pg_get_constraintdef(c.oid), E'\n' order by pg_catalog.pg_get_constraintdef(c.oid) collate "C")
                                      from pg_catalog.pg_constraint c where c.conrelid = v_relation and c.contype in ('c', 'f', 'p', 'u', 'x')), '');
    end if;
    if p_link.object_kind = 'directus_collection' and exists (
         select from pg_catalog.pg_class c where c.oid = to_regclass(format('%I.directus_collections', v_schema)) and c.relkind in ('r', 'p')) then
      execute format('select %L || textin(record_out(c)) from %I.directus_collections c where format(''%%s'', c.collection) = $1 limit 1',
                     coalesce(v_text, ''), v_schema)
        into v_text using p_link.collection_name;
    end if;
  end case;
  return encode(sha256(convert_to(v_text, 'UTF8')), 'hex');
exception when insufficient_privilege or undefined_function or undefined_table or undefined_column or undefined_object or invalid_schema_name
            or invalid_text_representation or numeric_value_out_of_range or syntax_error or invalid_name or wrong_object_type then
  return null;
end
$$;
