-- Rows that carry a probe's marker, table by table. $1: marker; $2: last seq of the log before the probe, so that the log and the
-- audit are read from there on only.
select 'event_outbox' as table_name, count(*)::integer as rows from event_outbox where seq > $2 and event_domain = $1
union all
select 'event_type_registry', count(*)::integer from event_type_registry where event_domain = $1
union all
select 'iu_outbound_route', count(*)::integer from iu_outbound_route where starts_with(route_code, $1)
union all
select 'iu_route_history', count(*)::integer from iu_route_history where starts_with(route_code, $1)
union all
select 'iu_route_approval', count(*)::integer
  from iu_route_approval a join iu_outbound_route r using (route_id) where starts_with(r.route_code, $1)
union all
select 'iu_route_worker_cursor', count(*)::integer from iu_route_worker_cursor where worker_name = $1
union all
select 'iu_route_run', count(*)::integer from iu_route_run where worker_name = $1
union all
select 'iu_route_attempt', count(*)::integer from iu_route_attempt where event_seq > $2 and starts_with(route_code, $1)
union all
select 'iu_route_delivery', count(*)::integer
  from iu_route_delivery d join iu_outbound_route r using (route_id) where starts_with(r.route_code, $1)
union all
select 'iu_route_dead_letter', count(*)::integer from iu_route_dead_letter where starts_with(route_code, $1)
union all
select 'iu_suppressed_event', count(*)::integer from iu_suppressed_event s where s::text like '%' || $1 || '%'
union all
select 'iu_event_dedupe', count(*)::integer from iu_event_dedupe where starts_with(dedupe_key, $1)
union all
select 'iu_gate_log', count(*)::integer from iu_gate_log where reason = 'iu probe'
union all
select 'iu_probe_mark', count(*)::integer from iu_probe_mark where tx_id = replace($1, 'iu_probe_', '')::xid8
 order by 1
