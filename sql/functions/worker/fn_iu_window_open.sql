-- fn_iu_window_open(iu_route_worker_cursor) returns iu_route_worker_cursor
--
-- Contract:  opens the next window of a cursor: the events visible in open_snapshot and not in done_snapshot. The log's sequence is
--            read in an earlier statement than the snapshot, so that it is a lower bound for every transaction that begins later;
--            the ceiling in a later one, so that it covers everything in the window. A sequence that was never called stands at 1
--            and gives 1 next: its floor is 0 (with 1 the first event of a fresh log was lost).
-- Arguments: p_cursor: locked by the caller, without an open window
-- Returns:   the cursor with the window
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_window_open(p_cursor iu_route_worker_cursor) returns iu_route_worker_cursor
language plpgsql
volatile
set search_path from current
as $$
begin
  select last_value - (not is_called)::integer into p_cursor.open_floor_seq from event_outbox_seq_seq;
  p_cursor.open_snapshot := fn_iu_snapshot_without_self();
  select coalesce(max(seq), 0) into p_cursor.open_ceil_seq from event_outbox;
  p_cursor.phase := 1;
  p_cursor.position_seq := p_cursor.base_seq;
  return p_cursor;
end
$$;
