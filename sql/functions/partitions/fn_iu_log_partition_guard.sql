-- fn_iu_log_partition_guard(text) returns void
--
-- Contract:  closes a partition to everybody who does not come through event_outbox: no rights, and a trigger that refuses every statement
--            that names it. Statement triggers of event_outbox do not fire for a partition that is named, so it needs one of its own.
-- Arguments: p_partition: its name
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    nothing (DDL on the partition)
-- May call:  internal
create or replace function fn_iu_log_partition_guard(p_partition text) returns void
language plpgsql
volatile
set search_path from current
as $$
declare
  v_role text;
begin
  for v_role in
    select distinct case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end
      from pg_class c
      cross join lateral (select c.relacl as acl union all select t.attacl from pg_attribute t where t.attrelid = c.oid) o
      cross join aclexplode(o.acl) a where c.oid = quote_ident(p_partition)::regclass and a.grantee <> c.relowner
  loop
    -- rights on columns go with those on the table, and what somebody granted on with what was granted
    execute format('revoke all on table %I from %s cascade', p_partition, v_role);
  end loop;
  execute format('create trigger trg_iu_log_partition_direct before insert or update or delete or truncate on %I
    for each statement execute function fn_iu_log_partition_direct()', p_partition);
  execute format('alter table %I enable always trigger trg_iu_log_partition_direct', p_partition);
end
$$;
