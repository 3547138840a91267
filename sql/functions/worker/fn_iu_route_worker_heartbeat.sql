-- fn_iu_route_worker_heartbeat(text, text[], text, integer, text, text, text, jsonb) returns void
--
-- Contract:  a worker process says that it lives and what it does. Rows of processes silent for a day are taken away.
-- Arguments: p_process_id: unique a process; p_worker_names; p_host; p_pid; p_version; p_state; p_detail; p_unopened_routes: of one
--            that delivers, why it cannot open the targets of routes, by route id; null = it does not deliver
-- Returns:   nothing
-- Raises:    23514 unknown state
-- Writes:    iu_route_worker_heartbeat
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_route_worker_heartbeat(p_process_id text, p_worker_names text[], p_host text, p_pid integer, p_version text,
  p_state text, p_detail text default null, p_unopened_routes jsonb default null) returns void
language plpgsql
security definer
set search_path from current
as $$
begin
  insert into iu_route_worker_heartbeat as h (process_id, worker_names, host, pid, version, state, detail, unopened_routes, started_at, last_beat_at)
  values (p_process_id, p_worker_names, p_host, p_pid, p_version, p_state, left(p_detail, 500), p_unopened_routes, clock_timestamp(), clock_timestamp())
  on conflict (process_id) do update
     set worker_names = excluded.worker_names, state = excluded.state, detail = excluded.detail, unopened_routes = excluded.unopened_routes,
         last_beat_at = excluded.last_beat_at;
  if p_state = 'starting' then
    delete from iu_route_worker_heartbeat where last_beat_at < clock_timestamp() - interval '1 day';
  end if;
end
$$;
