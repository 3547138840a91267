-- The registry of changes: what is installed here, by which text, since when, and everything that was ever tried.

create table iu_migration (
  change text constraint iu_migration_pk primary key,
  deploy_sha256 text not null,
  rollback_sha256 text not null,
  verify_sha256 text not null,
  tool_version text not null,
  applied_by text not null default session_user,
  applied_at timestamptz not null default clock_timestamp(),
  duration_milliseconds integer not null,
  constraint iu_migration_change_chk check (change ~ '^[0-9]{3}_[a-z0-9_]+$'),
  constraint iu_migration_sha256_chk check (
    deploy_sha256 ~ '^[0-9a-f]{64}$' and rollback_sha256 ~ '^[0-9a-f]{64}$' and verify_sha256 ~ '^[0-9a-f]{64}$'),
  constraint iu_migration_duration_chk check (duration_milliseconds >= 0)
);
comment on table iu_migration is 'What is installed now: one row an applied change; gone when the change is rolled back.';
comment on column iu_migration.deploy_sha256 is 'Hash of the script that was run. Another hash in the package means that it was edited after it was applied.';
comment on column iu_migration.rollback_sha256 is 'Hash of the way back that belongs to what was run.';
comment on column iu_migration.verify_sha256 is 'Hash of the check at that time; a check only reads, so a better one may replace it.';
comment on column iu_migration.tool_version is 'Version of iu-core that applied the change.';

create table iu_migration_log (
  log_id bigint generated always as identity constraint iu_migration_log_pk primary key,
  change text not null,
  action text not null,
  outcome text not null,
  error_code text,
  error_place text,
  tool_version text not null,
  done_by text not null default session_user,
  done_at timestamptz not null default clock_timestamp(),
  duration_milliseconds integer not null,
  constraint iu_migration_log_action_chk check (action in ('deploy', 'rollback')),
  constraint iu_migration_log_outcome_chk check (outcome in ('done', 'failed')),
  constraint iu_migration_log_failed_chk check ((outcome = 'failed') = (error_code is not null)),
  constraint iu_migration_log_duration_chk check (duration_milliseconds >= 0)
);
comment on table iu_migration_log is 'Everything that was tried, failures included; append-only.';
comment on column iu_migration_log.error_code is 'SQLSTATE of a failure; the text is not kept, it can quote row values.';
comment on column iu_migration_log.error_place is 'Script and line of the statement that failed.';

-- >>> functions/registry/fn_iu_migration_log_guard.sql
-- fn_iu_migration_log_guard() returns trigger
--
-- Contract:  what was done to this schema stays written down: the migration log is never updated, deleted or truncated.
-- Arguments: none
-- Returns:   trigger
-- Raises:    IU819 always
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_migration_log_guard() returns trigger
  language plpgsql
  set search_path from current
as $$
begin
  raise exception using errcode = 'IU819',
    message = format('%s of %s refused: the migration log is append-only', lower(tg_op collate "C"), tg_table_name),
    hint = 'it goes only with the whole installation: iu uninstall';
end
$$;
-- <<<

create trigger trg_iu_migration_log_guard before update or delete on iu_migration_log
  for each row execute function fn_iu_migration_log_guard();
create trigger trg_iu_migration_log_truncate before truncate on iu_migration_log
  for each statement execute function fn_iu_migration_log_guard();
alter table iu_migration_log enable always trigger trg_iu_migration_log_guard;
alter table iu_migration_log enable always trigger trg_iu_migration_log_truncate;

-- >>> functions/registry/fn_iu_catalog_fingerprint.sql
-- fn_iu_catalog_fingerprint() returns table (kind text, identity text, fingerprint text)
--
-- Contract:  one row an object of this schema, with a hash of everything that decides how it behaves: definition, owner,
--            enabled state, rights. Two installations of one version give the same rows on PostgreSQL 15 to 18 and in a
--            schema of any name. What changes without changing behaviour (oids, column order, storage, settings of vacuum, a full
--            replica identity) is left out. A partitioned log
--            gives the rows of a plain one, its key on id included when every partition has it; what is special about its partitions is
--            one row, the same for any number of partitions that are alike.
--            The hash is sha256, cut short: a FIPS server has no md5.
-- Arguments: none; the schema is the one this function was installed in
-- Returns:   kind      table, column, constraint, index, trigger, rule, view, sequence, type, function, grant, partition
--            identity  readable name, e.g. event_outbox.seq or fn_iu_gate_open(text)
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_operator, iu_reader, iu_worker
create or replace function fn_iu_catalog_fingerprint() returns table (kind text, identity text, fingerprint text)
  language sql stable
  set search_path from current
as $$
  with place as (
    select oid, nspname, quote_ident(nspname) || '.' as prefix
      from pg_catalog.pg_namespace where nspname = current_schema()
  ), log_partition as (
    select c.* from pg_catalog.pg_class log join place on place.oid = log.relnamespace
      join pg_catalog.pg_inherits h on h.inhparent = log.oid join pg_catalog.pg_class c on c.oid = h.inhrelid
     where log.relname = 'event_outbox' and log.relkind = 'p'
  ), relation as (
    select c.* from pg_catalog.pg_class c join place on place.oid = c.relnamespace
     where c.oid not in (select oid from log_partition)
       and c.oid not in (select i.indexrelid from log_partition p join pg_catalog.pg_index i on i.indrelid = p.oid)
  ), routine as (
    select p.*, p.proname || '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')' as signature
      from pg_catalog.pg_proc p join place on place.oid = p.pronamespace
     -- aggregates have no source to hash; those and functions of extensions are not ours
     where p.prokind in ('f', 'p')
       and not exists (select from pg_catalog.pg_depend d
                        where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
  ), object (kind, identity, definition) as (
    select 'table', r.relname::text,
           concat_ws(' ', case when p.is_log then 'r' else r.relkind end, r.relpersistence, r.relrowsecurity, r.relforcerowsecurity,
                     case r.relreplident when 'f' then 'd' else r.relreplident end, case when not p.is_log then p.key end, pg_catalog.pg_get_userbyid(r.relowner))
      from relation r
     cross join lateral (select pg_catalog.pg_get_partkeydef(r.oid) as key,
                                r.relname = 'event_outbox' and pg_catalog.pg_get_partkeydef(r.oid) is not distinct from 'RANGE (seq)' as is_log) p
     where r.relkind in ('r', 'p')
    union all
    select 'column', r.relname || '.' || a.attname,
           concat_ws(' ', pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated,
                     (select l.collname from pg_catalog.pg_collation l where l.oid = a.attcollation),
                     pg_catalog.pg_get_expr(d.adbin, d.adrelid))
      from relation r
      join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
      left join pg_catalog.pg_attrdef d on d.adrelid = r.oid and d.adnum = a.attnum
     where r.relkind in ('r', 'p')
    union all
    -- 'n': from PostgreSQL 18 on, not null is a constraint too; the column above has it on every version
    select 'constraint', r.relname || '.' || c.conname,
           concat_ws(' ', c.contype, c.convalidated, pg_catalog.pg_get_constraintdef(c.oid))
      from relation r join pg_catalog.pg_constraint c on c.conrelid = r.oid
     where c.contype <> 'n'
    union all
    select 'index', r.relname::text,
           concat_ws(' ', regexp_replace(replace(pg_catalog.pg_get_indexdef(i.indexrelid), ' ON ONLY ', ' ON '), E' WITH \\([^)]*\\)', ''),
                     i.indisvalid, i.indisready)
      from relation r join pg_catalog.pg_index i on i.indexrelid = r.oid
    union all
    -- unique over a partition is what a partitioned log can say of id
    select 'index', 'event_outbox_id_key',
           string_agg(distinct concat_ws(' ', replace(pg_catalog.pg_get_indexdef(i.indexrelid), p.relname, 'event_outbox'), i.indisvalid, i.indisready), ',')
      from log_partition p left join pg_catalog.pg_constraint c on c.conrelid = p.oid and c.conname = p.relname || '_id_key'
      left join pg_catalog.pg_index i on i.indexrelid = c.conindid
    having count(*) = count(i.indexrelid) and count(*) > 0
    union all
    select 'constraint', 'event_outbox.event_outbox_id_key',
           string_agg(distinct concat_ws(' ', c.contype, c.convalidated, pg_catalog.pg_get_constraintdef(c.oid)), ',')
      from log_partition p left join pg_catalog.pg_constraint c on c.conrelid = p.oid and c.conname = p.relname || '_id_key'
    having count(*) = count(c.oid) and count(*) > 0
    union all
    select 'partition', 'event_outbox', string_agg(distinct one.text, ',' collate "C")
      from log_partition p
     cross join lateral (
       select replace(concat_ws(' ', p.relkind, p.relpersistence, p.relrowsecurity, p.relhasrules, pg_catalog.pg_get_userbyid(p.relowner),
                (select string_agg(concat_ws(' ', pg_catalog.pg_get_triggerdef(t.oid), t.tgenabled), ',' order by t.tgname)
                   from pg_catalog.pg_trigger t where t.tgrelid = p.oid and not t.tgisinternal),
                (select string_agg(concat_ws(' ', i.indkey, i.indisunique, i.indisvalid, i.indisready), ',' order by i.indkey::text, i.indisunique)
                   from pg_catalog.pg_index i where i.indrelid = p.oid),
                (select string_agg(concat_ws('=', a.grantee, a.privilege_type, o.attname), ',' order by a.grantee, a.privilege_type, o.attname)
                   from (select p.relacl as acl, null as attname
                         union all select t.attacl, t.attname from pg_catalog.pg_attribute t where t.attrelid = p.oid) o
                  cross join aclexplode(o.acl) a where a.grantee <> p.relowner)), p.relname, 'event_outbox') as text) one
    having count(*) > 0
    union all
    select 'trigger', r.relname || '.' || t.tgname, concat_ws(' ', pg_catalog.pg_get_triggerdef(t.oid), t.tgenabled)
      from relation r join pg_catalog.pg_trigger t on t.tgrelid = r.oid
     where not t.tgisinternal
    union all
    select 'rule', r.relname || '.' || w.rulename, concat_ws(' ', pg_catalog.pg_get_ruledef(w.oid), w.ev_enabled)
      from relation r join pg_catalog.pg_rewrite w on w.ev_class = r.oid
     where w.rulename <> '_RETURN'
    union all
    -- PostgreSQL 15 writes table.column where 16 and later write column: qualifiers are dropped before hashing
    select 'view', r.relname::text,
           concat_ws(' ', r.relkind, r.reloptions::text, pg_catalog.pg_get_userbyid(r.relowner),
                     regexp_replace(regexp_replace(pg_catalog.pg_get_viewdef(r.oid), E'\\m[a-z_][a-z0-9_]*\\.(?=[a-z_*"])', '', 'g'),
                                    E'\\s+', ' ', 'g'))
      from relation r where r.relkind in ('v', 'm')
    union all
    select 'sequence', r.relname::text,
           concat_ws(' ', pg_catalog.format_type(s.seqtypid, null), s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
                     s.seqcycle, pg_catalog.pg_get_userbyid(r.relowner),
                     (select d.deptype::text || ' ' || d.refobjid::regclass || '.' || a.attname
                        from pg_catalog.pg_depend d
                        join pg_catalog.pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
                       where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = r.oid and d.deptype in ('a', 'i')))
      from relation r join pg_catalog.pg_sequence s on s.seqrelid = r.oid
    union all
    select 'type', t.typname::text,
           concat_ws(' ', t.typtype, pg_catalog.pg_get_userbyid(t.typowner), pg_catalog.format_type(t.typbasetype, t.typtypmod),
                     t.typnotnull, t.typdefault,
                     (select string_agg(e.enumlabel, ',' order by e.enumsortorder)
                        from pg_catalog.pg_enum e where e.enumtypid = t.oid),
                     (select string_agg(a.attname || ' ' || pg_catalog.format_type(a.atttypid, a.atttypmod), ',' order by a.attnum)
                        from pg_catalog.pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped),
                     (select string_agg(pg_catalog.pg_get_constraintdef(c.oid), ',' order by c.conname)
                        from pg_catalog.pg_constraint c where c.contypid = t.oid))
      from pg_catalog.pg_type t join place on place.oid = t.typnamespace
     where t.typtype in ('d', 'e')
        or (t.typtype = 'c' and exists (select from relation r where r.oid = t.typrelid and r.relkind = 'c'))
    union all
    select 'function', p.signature,
           concat_ws(' ', pg_catalog.pg_get_function_arguments(p.oid), '->', pg_catalog.pg_get_function_result(p.oid),
                     (select l.lanname from pg_catalog.pg_language l where l.oid = p.prolang), p.prokind, p.prosecdef,
                     p.provolatile, p.proisstrict, p.proleakproof, p.proparallel, p.procost, p.prorows,
                     replace(array_to_string(p.proconfig, ' '), 'search_path=' || rtrim(place.prefix, '.'), 'search_path='),
                     -- hashed first: a body holds no name of the schema, and may hold its letters (iu.deployment in a schema iu)
                     pg_catalog.pg_get_userbyid(p.proowner), encode(sha256(convert_to(p.prosrc, 'UTF8')), 'hex'),
                     pg_catalog.pg_get_function_sqlbody(p.oid))
      from routine p cross join place
    union all
    -- rights of our roles and of PUBLIC; what a site grants to its own roles is the site's business.
    -- MAINTAIN exists from PostgreSQL 17 on and is nobody's but the owner's here.
    select 'grant', g.object,
           string_agg(coalesce(grantee.rolname, 'public') || '=' || g.privilege_type, ',' order by grantee.rolname collate "C", g.privilege_type)
      from (
        select case r.relkind when 'S' then 'sequence ' else 'relation ' end || r.relname as object, r.relowner as owner, x.*
          from relation r,
               aclexplode(coalesce(r.relacl, acldefault((case r.relkind when 'S' then 's' else 'r' end)::"char", r.relowner))) x
         where r.relkind in ('r', 'p', 'v', 'm', 'S')
        union all
        select 'function ' || p.signature, p.proowner, x.*
          from routine p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
      ) g
      left join pg_catalog.pg_roles grantee on grantee.oid = g.grantee
     where g.grantee <> g.owner and g.privilege_type <> 'MAINTAIN'
       and (g.grantee = 0 or grantee.rolname ~ '^iu_(owner|migrator|emitter|worker|operator|approver|reader|core_pruner)$')
     group by g.object
  )
  select object.kind, object.identity, left(encode(sha256(convert_to(replace(object.definition, place.prefix, ''), 'UTF8')), 'hex'), 32)
    from object cross join place
   order by object.kind collate "C", object.identity collate "C"
$$;
-- <<<
