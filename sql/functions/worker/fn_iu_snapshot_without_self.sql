-- fn_iu_snapshot_without_self() returns pg_snapshot
--
-- Contract:  the current snapshot with the caller's own transaction as in progress. pg_current_snapshot leaves the own xid out of
--            xip, so a stored snapshot would count this transaction as finished although its later rows are not in it (measured:
--            they were lost). The own xid goes into xip; xmax is never raised, or a foreign xid in between would turn visible.
-- Arguments: none
-- Returns:   the snapshot to store
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_snapshot_without_self() returns pg_snapshot
language plpgsql
volatile
set search_path from current
as $$
declare
  v_own xid8 := pg_current_xact_id();
  v_snapshot pg_snapshot;
  v_xip text;
begin
  v_snapshot := pg_current_snapshot();
  if not pg_visible_in_snapshot(v_own, v_snapshot) then
    return v_snapshot;
  end if;
  select string_agg(xid::text, ',' order by xid) into v_xip
    from (select pg_snapshot_xip(v_snapshot) as xid union select v_own) x;
  return (least(pg_snapshot_xmin(v_snapshot), v_own)::text || ':' || pg_snapshot_xmax(v_snapshot)::text || ':' || v_xip)::pg_snapshot;
end
$$;
