-- fn_iu_route_worker_reconcile(text, boolean) returns jsonb
--
-- Contract:  the no-loss certificate: counts (event, route) pairs after base and visible in done that have no decision, from an
--            independent look: routes as the deciding pass could see them, from iu_route_history. Also queued decisions without a
--            delivery, a later attempt or a dead letter. Both must be 0, always. Incremental: what was found whole is not looked at
--            again; what is lost stays in view until it is decided.
-- Arguments: p_worker_name; p_full: from base on instead of from the last whole check
-- Returns:   {worker_name, checked, lost_events, lost_pairs, stranded, lost: their sum, first_lost_seq}
-- Raises:    IU306 no such worker, IU301, IU302
-- Writes:    iu_route_worker_cursor (how far it is checked, and what is lost)
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_route_worker_reconcile(p_worker_name text default 'iu_outbound_default', p_full boolean default false)
returns jsonb
language plpgsql
security definer
set search_path from current
set row_security = off
as $$
declare
  c iu_route_worker_cursor;
  v_missing record;
  v_lost_events bigint;
  v_lost_pairs bigint;
  v_stranded bigint;
begin
  perform fn_iu_require_read_committed();
  -- Not locked: passes go on while the check runs. What it found is stored when the cursor still stands where it was read.
  select * into c from iu_route_worker_cursor where worker_name = p_worker_name;
  if not found then
    raise exception using errcode = 'IU306', message = format('there is no worker %s', quote_literal(p_worker_name)),
      hint = 'iu cursor list shows the workers';
  end if;
  select * into v_missing from fn_iu_route_missing(c, p_full);
  v_lost_events := cardinality(v_missing.event_seqs);
  v_lost_pairs := cardinality(v_missing.pair_event_seqs);
  select count(*) into v_stranded
    from iu_route_attempt q
   where q.status = 'queued'
     and not exists (select from iu_route_delivery d where d.event_seq = q.event_seq and d.route_id = q.route_id)
     and not exists (select from iu_route_attempt l where l.event_seq = q.event_seq and l.route_id = q.route_id and l.attempt_no > q.attempt_no)
     and not exists (select from iu_route_dead_letter d where d.event_seq = q.event_seq and d.route_id = q.route_id);
  update iu_route_worker_cursor
     set lost_pairs = v_lost_events + v_lost_pairs + v_stranded, reconciled_at = clock_timestamp(),
         reconciled_snapshot = case when v_lost_events + v_lost_pairs = 0 then c.done_snapshot else reconciled_snapshot end,
         reconciled_floor_seq = case when v_lost_events + v_lost_pairs = 0 then c.done_floor_seq else reconciled_floor_seq end
   where worker_name = p_worker_name
     and reconciled_snapshot::text = c.reconciled_snapshot::text and base_snapshot::text = c.base_snapshot::text;
  return jsonb_build_object('worker_name', p_worker_name, 'checked', v_missing.checked, 'lost_events', v_lost_events, 'lost_pairs', v_lost_pairs,
    'stranded', v_stranded, 'lost', v_lost_events + v_lost_pairs + v_stranded, 'first_lost_seq', least(v_missing.event_seqs[1], v_missing.pair_event_seqs[1])::text);
end
$$;
