-- Everything the installer must know before it touches anything; $1 is the schema. One row, nothing written.
select
  pg_is_in_recovery() as in_recovery,
  session_user::text as session_role,
  current_database()::text as database,
  me.rolsuper as is_superuser,
  me.rolcreaterole as may_create_roles,
  coalesce((select array_agg(name order by name)
              from unnest(array['iu_owner', 'iu_migrator', 'iu_emitter', 'iu_worker', 'iu_operator', 'iu_approver',
                                'iu_reader', 'iu_core_pruner']) as name
             where not exists (select from pg_roles where rolname = name)), '{}')::text[] as roles_missing,
  coalesce((select pg_has_role(me.oid, r.oid, case when version.number >= 160000 then 'SET' else 'MEMBER' end)
              from pg_roles r where r.rolname = 'iu_owner'), false) as may_become_owner,
  coalesce((select pg_has_role(me.oid, r.oid, 'MEMBER WITH ADMIN OPTION') or (version.number < 160000 and me.rolcreaterole)
              from pg_roles r where r.rolname = 'iu_owner'), false) as may_grant_owner,
  place.oid is not null as schema_exists,
  has_database_privilege(current_database(), 'CREATE') as may_create_schema,
  coalesce(has_schema_privilege(place.oid, 'CREATE WITH GRANT OPTION'), false) as may_grant_schema,
  coalesce((select has_schema_privilege(r.oid, place.oid, 'CREATE') and has_schema_privilege(r.oid, place.oid, 'USAGE')
              from pg_roles r where r.rolname = 'iu_owner'), false) as owner_may_create,
  exists (select from aclexplode(coalesce(place.nspacl, acldefault('n', place.nspowner))) a
           where place.oid is not null and a.grantee = 0 and a.privilege_type = 'CREATE') as public_may_create
from (select current_setting('server_version_num')::integer as number) version
join pg_roles me on me.rolname = session_user
left join pg_namespace place on place.nspname = $1
