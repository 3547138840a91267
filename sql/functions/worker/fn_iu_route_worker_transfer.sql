-- fn_iu_route_worker_transfer(text, text, text, text) returns jsonb
--
-- Contract:  moves a domain between cursors without an event falling between: both are locked and stand at a window boundary.
--            From '*' to a new worker: it starts where '*' stands. Back to '*': what '*' has passed already and the giving worker has
--            not decided is decided here by anti-join, then the giving cursor goes.
-- Arguments: p_event_domain: one domain, not '*'; p_from, p_to: worker names; p_reason: why, mandatory
-- Returns:   {status: transferred|master_gate_closed|worker_gate_closed, event_domain, from, to, seen, attempts_written}
-- Raises:    IU306 no such worker, IU307 reason missing, IU309 a window is open, the scopes do not fit, or a worker stands in another
--            cluster, IU301, IU302
-- Writes:    iu_route_worker_cursor, and decisions as a pass
-- May call:  iu_operator
create or replace function fn_iu_route_worker_transfer(p_event_domain text, p_from text, p_to text, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_closed text;
  v_from iu_route_worker_cursor;
  v_to iu_route_worker_cursor;
  v_moved jsonb := '{"seen": 0, "attempts_written": 0}';
  v_changed text;
begin
  perform fn_iu_cursor_change(p_reason);
  -- The row locks below wait for running passes; a lock of the table would deadlock with one that is about to move its cursor.
  select * into v_from from iu_route_worker_cursor where worker_name = p_from for update;
  if not found then
    raise exception using errcode = 'IU306', message = format('there is no worker %s', quote_literal(p_from)), hint = 'iu cursor list shows the workers';
  end if;
  select * into v_to from iu_route_worker_cursor where worker_name = p_to for update;
  -- Their snapshots say nothing about this cluster: what the giving worker has not decided would be taken for decided.
  select c.worker_name into v_changed from iu_route_worker_cursor c cross join fn_iu_cluster_identity() i
   where c.worker_name in (p_from, p_to)
     and (c.system_identifier, c.database_oid, c.log_oid) is distinct from (i.system_identifier, i.database_oid, i.log_oid)
   order by 1 limit 1;
  if found then
    raise exception using errcode = 'IU309', message = format('worker %s stands in another cluster, database or log', v_changed),
      hint = 'after a restore every worker is rebased first: iu cursor rebase WORKER --reason TEXT';
  end if;
  if v_from.open_snapshot is not null or v_to.open_snapshot is not null then
    raise exception using errcode = 'IU309', message = 'a window is open', hint = 'run passes until window_complete is true, then transfer again';
  end if;
  if p_event_domain = '*' or v_to.worker_name is null and v_from.event_domain <> '*'
     or v_to.worker_name is not null and (v_to.event_domain <> '*' or v_from.event_domain <> p_event_domain) then
    raise exception using errcode = 'IU309', message = format('domain %s cannot go from %s to %s', p_event_domain, p_from, p_to),
      hint = 'either split one domain off the worker of every domain to a new name, or give a domain back to that worker';
  end if;
  if v_to.worker_name is null then
    insert into iu_route_worker_cursor (worker_name, event_domain, base_kind, base_snapshot, base_floor_seq, base_seq, base_history_id,
      done_snapshot, done_floor_seq, position_seq, reconciled_snapshot, reconciled_floor_seq, system_identifier, database_oid, log_oid, timeline)
    values (p_to, p_event_domain, 'transfer', v_from.base_snapshot, v_from.base_floor_seq, v_from.base_seq, v_from.base_history_id,
      v_from.done_snapshot, v_from.done_floor_seq, v_from.base_seq, v_from.reconciled_snapshot, v_from.reconciled_floor_seq,
      v_from.system_identifier, v_from.database_oid, v_from.log_oid, v_from.timeline);
  else
    -- deciding obeys the gates; splitting off decides nothing
    v_closed := fn_iu_closed_gate();
    if v_closed is not null then
      return jsonb_build_object('status', v_closed, 'worker_name', p_from);
    end if;
    v_moved := fn_iu_route_decide_missing(v_from, p_event_domain, v_from.base_seq, 'transfer');
    delete from iu_route_worker_cursor where worker_name = p_from;
    update iu_route_worker_cursor set rewound_seq = (select coalesce(max(seq), 0) from event_outbox) where worker_name = p_to;
  end if;
  return v_moved || jsonb_build_object('status', 'transferred', 'event_domain', p_event_domain, 'from', p_from, 'to', p_to);
end
$$;
