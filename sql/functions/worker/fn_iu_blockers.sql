-- fn_iu_blockers(integer) returns table (kind, pid, name, application_name, state, age_seconds, xid)
--
-- Contract:  who holds a transaction open: sessions of this database that have written, and prepared transactions. They delay only
--            their own events (P3); one that is forgotten hides its events until it ends. A role without pg_read_all_stats sees the
--            pid but not the age: then age_seconds is null.
-- Arguments: p_least_age_seconds: younger ones are left out; those of unknown age are shown
-- Returns:   oldest first
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_operator, iu_reader
create or replace function fn_iu_blockers(p_least_age_seconds integer default 60)
returns table (kind text, pid integer, name text, application_name text, state text, age_seconds integer, xid text)
language sql
volatile
security definer
set search_path from current
as $$
  select * from (
    select 'session'::text, l.pid, s.usename::text, s.application_name, s.state, extract(epoch from clock_timestamp() - s.xact_start)::integer as age,
           l.transactionid::text
      from pg_locks l
      join pg_stat_activity s on s.pid = l.pid and s.datname = current_database()
     where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted and l.pid <> pg_backend_pid()
    union all
    select 'prepared', null, p.owner::text, p.gid, 'prepared', extract(epoch from clock_timestamp() - p.prepared)::integer, p.transaction::text
      from pg_prepared_xacts p
     where p.database = current_database()
  ) b
  where b.age is null or b.age >= p_least_age_seconds
  order by b.age desc nulls last
$$;
