-- fn_iu_window_open(iu_route_worker_cursor, bigint, xid8) returns iu_route_worker_cursor
--
-- Contract:  opens the next window of a cursor: the events visible in open_snapshot and not in done_snapshot. The log's sequence is
--            marked before the snapshot is taken, so that the floor is a lower bound for every transaction that the snapshot does
--            not name or see; the ceiling is read after it, so that it covers everything in the window.
-- Arguments: p_cursor: locked by the caller, without an open window; p_floor_seq, p_highest_xid: from fn_iu_log_mark
-- Returns:   the cursor with the window
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_window_open(p_cursor iu_route_worker_cursor, p_floor_seq bigint, p_highest_xid xid8)
returns iu_route_worker_cursor
language plpgsql
volatile
set search_path from current
as $$
begin
  p_cursor.open_floor_seq := p_floor_seq;
  p_cursor.open_snapshot := fn_iu_snapshot_without_self(p_highest_xid);
  select coalesce(max(seq), 0) into p_cursor.open_ceil_seq from event_outbox;
  p_cursor.phase := 1;
  p_cursor.position_seq := p_cursor.base_seq;
  return p_cursor;
end
$$;
