-- fn_iu_route_worker_rebase(text, text) returns jsonb
--
-- Contract:  after a logical restore or upgrade, in which stored snapshots mean nothing: locks the log against writers, decides
--            everything undecided by anti-join and starts a new chain at the last seq. From here on this cluster is the cursor's.
--            Says what it decided; decides nothing twice.
-- Arguments: p_worker_name; p_reason: why, mandatory
-- Returns:   {status: rebased|master_gate_closed|worker_gate_closed, worker_name, seen, attempts_written, dead_lettered, base_seq}
-- Raises:    IU308 log and audit do not belong together, IU306 no such worker, IU307 reason missing, IU301, IU302
-- Writes:    iu_route_worker_cursor, iu_route_attempt, iu_route_delivery, iu_route_dead_letter, iu_route_run
-- May call:  iu_operator
create or replace function fn_iu_route_worker_rebase(p_worker_name text, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
set row_security = off
as $$
declare
  v_closed text;
  c iu_route_worker_cursor;
  v_identity record;
  v_result jsonb;
  v_floor bigint;
  v_snapshot pg_snapshot;
  v_max bigint;
begin
  perform fn_iu_cursor_change(p_reason);
  v_closed := fn_iu_closed_gate();
  if v_closed is not null then
    return jsonb_build_object('status', v_closed, 'worker_name', p_worker_name);
  end if;
  select * into c from iu_route_worker_cursor where worker_name = p_worker_name for update;
  if not found then
    raise exception using errcode = 'IU306', message = format('there is no worker %s', quote_literal(p_worker_name)),
      hint = 'iu cursor list shows the workers';
  end if;
  perform set_config('lock_timeout', '10s', true);
  lock table event_outbox in share mode;
  -- A copy that gave the events new numbers (a data move through the insert trigger) has an audit of other events.
  if exists (select from iu_route_attempt a join event_outbox e on e.seq = a.event_seq
              where a.route_kind = 'outbound' and a.event_ref <> e.id and a.event_seq > c.base_seq) then
    raise exception using errcode = 'IU308', message = 'the audit of this copy belongs to other numbers of the log',
      hint = 'restore log and audit as they were (pg_restore of the whole schema); rows copied through the trigger get new numbers';
  end if;
  v_result := fn_iu_route_decide_missing(c, c.event_domain, c.base_seq, 'rebase');
  select coalesce(max(seq), 0) into v_max from event_outbox;
  -- A restore may bring rows without the sequence's state; the next seq must be greater than every row.
  perform setval('event_outbox_seq_seq', greatest(v_max, (select last_value from event_outbox_seq_seq), 1));
  select last_value into v_floor from event_outbox_seq_seq;
  v_snapshot := fn_iu_snapshot_without_self();
  select * into v_identity from fn_iu_cluster_identity();
  update iu_route_worker_cursor
     set base_kind = 'rebase', base_snapshot = v_snapshot, base_floor_seq = v_floor, base_seq = v_max,
         base_history_id = (select coalesce(max(history_id), 0) from iu_route_history),
         done_snapshot = v_snapshot, done_floor_seq = v_floor, open_snapshot = null, open_floor_seq = null, open_ceil_seq = null,
         phase = 1, position_seq = v_max, reconciled_snapshot = v_snapshot, reconciled_floor_seq = v_floor, lost_pairs = 0,
         events_seen = events_seen + (v_result ->> 'seen')::bigint,
         attempts_written = attempts_written + (v_result ->> 'attempts_written')::bigint,
         dead_lettered = dead_lettered + (v_result ->> 'dead_lettered')::bigint,
         system_identifier = v_identity.system_identifier, database_oid = v_identity.database_oid, log_oid = v_identity.log_oid,
         timeline = v_identity.timeline,
         last_run_at = clock_timestamp(),
         last_run_summary = v_result || jsonb_build_object('status', 'rebased', 'reason', p_reason, 'by', session_user)
   where worker_name = p_worker_name;
  return v_result || jsonb_build_object('status', 'rebased', 'worker_name', p_worker_name, 'base_seq', v_max::text);
end
$$;
