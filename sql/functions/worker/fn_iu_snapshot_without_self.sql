-- fn_iu_snapshot_without_self(xid8) returns pg_snapshot
--
-- Contract:  the current snapshot with the caller's own transaction as in progress. pg_current_snapshot leaves the own xid out of
--            xip, so a stored snapshot would count this transaction as finished although its later rows are not in it (measured:
--            they were lost). And with every transaction up to p_highest_xid that it does not see named in xip: xmax is the last
--            *finished* xid + 1, so running transactions may lie above it unnamed. Both change nothing in what others' it sees:
--            xmax is raised only over xids that are all named (raised alone, a foreign xid in between would turn visible).
-- Arguments: p_highest_xid: from fn_iu_log_mark; null when only the own one matters
-- Returns:   the snapshot to store
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_snapshot_without_self(p_highest_xid xid8 default null) returns pg_snapshot
language plpgsql
volatile
set search_path from current
as $$
declare
  v_own xid8 := pg_current_xact_id();
  v_snapshot pg_snapshot;
  v_end bigint;
  v_xip text;
begin
  v_snapshot := pg_current_snapshot();
  v_end := greatest(pg_snapshot_xmax(v_snapshot)::text::bigint, p_highest_xid::text::bigint + 1);
  select string_agg(xid::text, ',' order by xid) into v_xip
    from (select pg_snapshot_xip(v_snapshot)::text::bigint as xid
          union select v_own::text::bigint where v_own::text::bigint < v_end
          union select generate_series(pg_snapshot_xmax(v_snapshot)::text::bigint, v_end - 1)) x;
  return (least(pg_snapshot_xmin(v_snapshot), v_own)::text || ':' || v_end || ':' || coalesce(v_xip, ''))::pg_snapshot;
end
$$;
