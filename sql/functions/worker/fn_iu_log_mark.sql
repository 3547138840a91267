-- fn_iu_log_mark() returns record
--
-- Contract:  a place in the log and an xid that belong together: every transaction above highest_xid writes only above floor_seq. The
--            log's sequence is read first, then the xid is found: the own one when it is assigned only now, otherwise the highest
--            that holds its lock (a writer takes its xid and that lock before its seq). Without it a transaction that ran at the
--            snapshot, above xmax and so not in xip, was passed over for ever when its seq lay below the floor (measured: 88 of
--            20,060). A sequence that was never called stands at 1 and gives 1 next: its floor is 0.
-- Arguments: none; call it before anything that assigns an xid where possible, and take the snapshot after it
-- Returns:   floor_seq, highest_xid
-- Raises:    nothing
-- Writes:    nothing (assigns a transaction id)
-- May call:  internal
create or replace function fn_iu_log_mark(out floor_seq bigint, out highest_xid xid8)
language plpgsql
volatile
set search_path from current
as $$
declare
  v_own xid8 := pg_current_xact_id_if_assigned();
begin
  select last_value - (not is_called)::integer into floor_seq from event_outbox_seq_seq;
  if v_own is null then
    highest_xid := pg_current_xact_id();
    return;
  end if;
  -- Locks show 32 bits of an xid; running ones lie within 2^31 of the own one.
  select (v_own::text::bigint + greatest(max(((transactionid::text::bigint - v_own::text::bigint) << 32)::bigint >> 32), 0))::text::xid8
    into highest_xid
    from pg_locks
   where locktype = 'transactionid' and mode = 'ExclusiveLock' and granted;
end
$$;
