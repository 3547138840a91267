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
as $$
declare
  c iu_route_worker_cursor;
  v_excluded text[];
  v_from pg_snapshot;
  v_from_floor bigint;
  v_checked bigint;
  v_lost_events bigint;
  v_lost_pairs bigint;
  v_stranded bigint;
  v_first bigint;
begin
  perform fn_iu_require_read_committed();
  select * into c from iu_route_worker_cursor where worker_name = p_worker_name for update;
  if not found then
    raise exception using errcode = 'IU306', message = format('there is no worker %s', quote_literal(p_worker_name)),
      hint = 'iu cursor list shows the workers';
  end if;
  v_excluded := fn_iu_owned_domains(c.event_domain);
  v_from := (case when p_full then c.base_snapshot else c.reconciled_snapshot end::text)::pg_snapshot;
  v_from_floor := greatest(case when p_full then c.base_floor_seq else c.reconciled_floor_seq end, c.base_seq);
  with examined as materialized (
    select e.seq, e.event_domain, e.event_type, e.event_stream, e.tx_id from event_outbox e where e.seq > v_from_floor
    union all
    select e.seq, e.event_domain, e.event_type, e.event_stream, e.tx_id
      from pg_snapshot_xip(v_from) as late(xid)
      join event_outbox e on e.tx_id = late.xid and e.seq > c.base_seq and e.seq <= v_from_floor
  ), event as materialized (
    select seq, event_domain, event_type, event_stream from examined
     where pg_visible_in_snapshot(tx_id, c.done_snapshot) and not pg_visible_in_snapshot(tx_id, v_from)
       and (c.event_domain = '*' and event_domain <> all (v_excluded) or event_domain = c.event_domain)
  ), decided as materialized (
    select a.event_seq, a.route_id, a.run_id, e.event_domain, e.event_type, e.event_stream
      from event e join iu_route_attempt a on a.event_seq = e.seq and a.attempt_no = 1
  ), key as (
    select distinct run_id, event_domain, event_type, event_stream from decided where run_id is not null
  ), expected as (
    select k.*, h.route_id
      from key k
      join iu_route_run r using (run_id)
     cross join lateral (
       select distinct on (s.route_id) s.route_id, s.event_domain as d, s.event_type as t, s.event_stream as st, s.removed
         from iu_route_history s
        where s.history_id <= c.base_history_id or pg_visible_in_snapshot(s.tx_id, r.route_snapshot)
           or (s.tx_id = r.route_tx_id and s.history_id <= r.route_history_id)
        order by s.route_id, s.history_id desc
     ) h
     where not h.removed and fn_iu_pattern_matches(h.d, k.event_domain) and fn_iu_pattern_matches(h.t, k.event_type)
       and fn_iu_pattern_matches(h.st, k.event_stream)
  ), one as (
    select distinct on (event_seq) event_seq, run_id, event_domain, event_type, event_stream from decided where run_id is not null
     order by event_seq, run_id
  ), missing_pair as (
    select o.event_seq
      from one o
      join expected x on (x.run_id, x.event_domain, x.event_type, x.event_stream) = (o.run_id, o.event_domain, o.event_type, o.event_stream)
     where not exists (select from iu_route_attempt a where a.event_seq = o.event_seq and a.route_id = x.route_id)
  ), missing_event as (
    select e.seq from event e where not exists (select from decided d where d.event_seq = e.seq)
  )
  select (select count(*) from event), (select count(*) from missing_event), (select count(*) from missing_pair),
         least((select min(seq) from missing_event), (select min(event_seq) from missing_pair))
    into v_checked, v_lost_events, v_lost_pairs, v_first;
  select count(*) into v_stranded
    from iu_route_attempt q
   where q.status = 'queued'
     and not exists (select from iu_route_delivery d where d.event_seq = q.event_seq and d.route_id = q.route_id)
     and not exists (select from iu_route_attempt l where l.event_seq = q.event_seq and l.route_id = q.route_id and l.attempt_no > q.attempt_no)
     and not exists (select from iu_route_dead_letter d where d.event_seq = q.event_seq and d.route_id = q.route_id);
  update iu_route_worker_cursor
     set lost_pairs = v_lost_events + v_lost_pairs + v_stranded, reconciled_at = clock_timestamp(),
         reconciled_snapshot = case when v_lost_events + v_lost_pairs = 0 then done_snapshot else reconciled_snapshot end,
         reconciled_floor_seq = case when v_lost_events + v_lost_pairs = 0 then done_floor_seq else reconciled_floor_seq end
   where worker_name = p_worker_name;
  return jsonb_build_object('worker_name', p_worker_name, 'checked', v_checked, 'lost_events', v_lost_events, 'lost_pairs', v_lost_pairs,
    'stranded', v_stranded, 'lost', v_lost_events + v_lost_pairs + v_stranded, 'first_lost_seq', v_first::text);
end
$$;
