-- Takes back what schema.sql gave, after the last change was rolled back. Reads the setting iu.install_schema.
-- Runs as the role that installs. Default privileges go only when iu_owner owns nothing else in this database.
do $$
declare
  v_schema text := current_setting('iu.install_schema');
begin
  if (select nspowner from pg_catalog.pg_namespace where nspname = v_schema) = 'iu_owner'::regrole then
    begin
      execute format('drop schema %I', v_schema);
    exception when dependent_objects_still_exist then
      raise notice 'schema % kept: it holds objects that are not of IU Core', v_schema;
    end;
  end if;
  if exists (select from pg_catalog.pg_namespace where nspname = v_schema) then
    execute format('revoke all on schema %I from iu_owner, iu_migrator, iu_emitter, iu_worker, iu_operator, iu_approver, '
                   'iu_reader, iu_core_pruner', v_schema);
  end if;
  if not exists (select from pg_catalog.pg_class where relowner = 'iu_owner'::regrole)
     and not exists (select from pg_catalog.pg_proc where proowner = 'iu_owner'::regrole) then
    alter default privileges for role iu_owner grant execute on functions to public;
  end if;
end
$$;
