-- fn_iu_cluster_identity() returns table (system_identifier, database_oid, log_oid, timeline)
--
-- Contract:  which cluster, database, log table and timeline this is. Another identifier or oid than the cursor's: a logical restore
--            or upgrade, in which stored snapshots mean nothing. Another timeline only: a promotion or point-in-time restore.
-- Arguments: none
-- Returns:   one row
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_cluster_identity(out system_identifier text, out database_oid oid, out log_oid oid, out timeline integer)
language plpgsql
stable
set search_path from current
as $$
begin
  select (select c.system_identifier::text from pg_control_system() c),
         (select d.oid from pg_database d where d.datname = current_database()),
         'event_outbox'::regclass::oid,
         ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer
    into system_identifier, database_oid, log_oid, timeline;
end
$$;
