-- fn_iu_metrics(text, bigint, bigint) returns jsonb
--
-- Contract:  what a scrape shows, cheap whatever waits and whatever an old snapshot keeps (fn_iu_delivery_queue): a count stops at
--            10,000 a route, above it the number is an estimate from the statistics of the table (live rows that were not counted, shared
--            by the routes above it). Attempts are counted over a
--            range of ids, so that each is read once.
-- Arguments: p_deployment: of the process that asks, null = none; p_after_attempt_id, p_until_attempt_id: count these attempts, null =
--            none
-- Returns:   {gates: {key: open}, hold, cursors: [{worker_name, backlog, oldest_seconds}], deliveries: {oldest_seconds}, routes:
--            [{route_code, mode, waiting, leased, overdue_seconds, lanes_held, dead_letters, paused, breaker, approval_expires_seconds,
--            approval_events_left}], attempts: [{route_code, status, count}], last_attempt_id}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_metrics(p_deployment text default null, p_after_attempt_id bigint default null, p_until_attempt_id bigint default null)
returns jsonb
language plpgsql
volatile
security definer
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $$
declare
  v_bound constant integer := 10000;
  v_now timestamptz := clock_timestamp();
  v_routes jsonb;
  v_oldest timestamptz;
begin
  with queue as materialized (
    select * from fn_iu_delivery_queue(v_bound)
  ), leased as materialized (
    select l.route_id, sum(l.unsettled) as leased from iu_route_lease l group by 1
  ), counted as materialized (
    select r.route_id, r.route_code,
           case when not r.enabled then 'disabled'
                when r.dry_run or fn_iu_route_approval_state(r.route_id, r.version, r.approval_id) = 'missing' then 'dry_run' else 'live' end as mode,
           coalesce(q.waiting, 0) as waiting, coalesce(l.leased, 0) as leased, q.due_at,
           (select count(*) from (select from iu_route_lane l where l.route_id = r.route_id and l.due_at = 'infinity' limit v_bound + 1) n) as lanes_held,
           (select count(*) from (select from iu_route_dead_letter d where d.route_id = r.route_id and d.resolved_at is null limit v_bound + 1) n) as dead_letters,
           f.paused_at is not null as paused, f.breaker,
           case when not r.dry_run then extract(epoch from a.expires_at - v_now) end as approval_expires_seconds,
           case when not r.dry_run then a.max_events - a.events_used end as approval_events_left
      from iu_outbound_route r
      join iu_route_flow f on f.route_id = r.route_id
      left join iu_route_approval a on a.approval_id = r.approval_id
      left join queue q on q.route_id = r.route_id
      left join leased l on l.route_id = r.route_id
     where r.removed_at is null
    union all
    select 0, '-', null, 0, 0, null, 0,
           (select count(*) from (select from iu_route_dead_letter d where d.route_id = 0 and d.resolved_at is null limit v_bound + 1) n), null, null, null, null
  ), estimated as (
    select c.*, case when c.waiting <= v_bound then c.waiting
                     else greatest(c.waiting, (pg_stat_get_live_tuples('iu_route_delivery'::regclass) - sum(c.leased) over ()
                                               - coalesce(sum(c.waiting) filter (where c.waiting <= v_bound) over (), 0))
                                              / count(*) filter (where c.waiting > v_bound) over ()) end as rows_waiting
      from counted c
  )
  select jsonb_agg(jsonb_build_object('route_code', e.route_code, 'mode', e.mode, 'waiting', e.rows_waiting::bigint, 'leased', e.leased,
           'overdue_seconds', case when e.due_at <= v_now then round(extract(epoch from v_now - e.due_at), 3) else 0 end, 'lanes_held', e.lanes_held,
           'dead_letters', e.dead_letters, 'paused', e.paused, 'breaker', e.breaker, 'approval_expires_seconds', round(e.approval_expires_seconds),
           'approval_events_left', e.approval_events_left) order by e.route_code),
         (select min(q.oldest_at) from queue q)
    into v_routes, v_oldest from estimated e;
  return jsonb_build_object(
    'gates', (select jsonb_object_agg(g.key, case when g.key = 'iu_core.emission_enabled' then fn_iu_setting(g.key, 'true') <> 'false' else fn_iu_gate_open(g.key) end)
                from unnest('{iu_core.routes_master_enabled,iu_core.route_worker_enabled,iu_core.delivery_enabled,iu_core.structure_ops_enabled,iu_core.autocut_enabled,iu_core.emission_enabled}'::text[]) as g (key)),
    'hold', case when not pg_is_in_recovery() then fn_iu_delivery_hold(p_deployment) end,
    'cursors', (select coalesce(jsonb_agg(jsonb_build_object('worker_name', c.worker_name, 'backlog', b.backlog,
                         'oldest_seconds', coalesce(round(extract(epoch from v_now - b.oldest_at), 3), 0)) order by c.worker_name), '[]')
                  from iu_route_worker_cursor c
                 cross join lateral (
                   select count(*) as backlog, min(u.created_at) as oldest_at
                     from (select u.created_at from v_iu_event_undecided u where u.worker_name = c.worker_name limit v_bound + 1) u) b),
    'deliveries', jsonb_build_object('oldest_seconds', coalesce(round(extract(epoch from v_now - v_oldest), 3), 0)),
    'routes', v_routes,
    'attempts', (select coalesce(jsonb_agg(to_jsonb(n)), '[]')
                   from (select a.route_code, a.status, count(*) from iu_route_attempt a
                          where a.attempt_id > p_after_attempt_id and a.attempt_id <= p_until_attempt_id group by 1, 2) n),
    'last_attempt_id', (select coalesce(max(attempt_id), 0)::text from iu_route_attempt));
end
$$;
