-- Makes the schema ready for iu_owner; changes only what is missing, so a second run writes nothing.
-- Reads the setting iu.install_schema.
do $$
declare
  v_schema text := current_setting('iu.install_schema');
  v_role text;
begin
  if not exists (select from pg_catalog.pg_namespace where nspname = v_schema) then
    execute format('create schema %I authorization iu_owner', v_schema);
  end if;
  if not (has_schema_privilege('iu_owner', v_schema, 'CREATE') and has_schema_privilege('iu_owner', v_schema, 'USAGE')) then
    execute format('grant usage, create on schema %I to iu_owner', v_schema);
  end if;
  foreach v_role in array array['iu_emitter', 'iu_worker', 'iu_operator', 'iu_approver', 'iu_reader', 'iu_core_pruner'] loop
    if not has_schema_privilege(v_role, v_schema, 'USAGE') then
      execute format('grant usage on schema %I to %I', v_schema, v_role);
    end if;
  end loop;
  -- without this every new function could be executed by PUBLIC until somebody revokes it
  if not exists (
    select from pg_catalog.pg_default_acl d
     where d.defaclrole = 'iu_owner'::regrole and d.defaclnamespace = 0 and d.defaclobjtype = 'f'
       and not exists (select from aclexplode(d.defaclacl) a where a.grantee = 0)
  ) then
    alter default privileges for role iu_owner revoke execute on functions from public;
  end if;
end
$$;
