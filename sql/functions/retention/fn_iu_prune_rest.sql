-- fn_iu_prune_rest(iu_prune_run, integer, integer) returns table (table_name text, line json)
--
-- Contract:  after the events: records of passes of which no attempt is left, captures of inbound routes, and worker processes that
--            stopped reporting, all older than the cutoff of the run.
-- Arguments: p_run; p_batch_no; p_limit: most rows of each kind
-- Returns:   as fn_iu_prune_take
-- Raises:    nothing
-- Writes:    iu_route_run, iu_route_attempt, iu_route_worker_heartbeat, iu_pruned_attempt, iu_archived_row
-- May call:  internal
create or replace function fn_iu_prune_rest(p_run iu_prune_run, p_batch_no integer, p_limit integer)
returns table (table_name text, line json)
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  v_archive boolean := p_run.archive <> 'none';
  v_runs bigint[];
  v_captures bigint[];
begin
  -- runs in order of their number; one whose attempts stay does not keep the later ones
  select array_agg(f.run_id) into v_runs
    from (select r.run_id from iu_route_run r
           where r.finished_at < p_run.cutoff_at
             and not exists (select from iu_route_attempt a where a.event_seq between r.first_seq and r.last_seq and a.run_id = r.run_id)
             and r.run_id < (select max(run_id) from iu_route_run)
           order by r.run_id limit p_limit) f;
  select array_agg(c.attempt_id) into v_captures
    from (select a.attempt_id from iu_route_attempt a where a.event_seq is null and a.started_at < p_run.cutoff_at limit p_limit) c;
  insert into iu_pruned_attempt as p (event_day, event_domain, event_type, base_seq, counted, route_kind, route_code, status, attempts, first_at, last_at)
  select (a.started_at at time zone 'UTC')::date, '-', '-', 0, false, a.route_kind, a.route_code, a.status, count(*), min(a.started_at), max(a.started_at)
    from iu_route_attempt a where a.attempt_id = any (v_captures)
   group by 1, 6, 7, 8
  on conflict on constraint iu_pruned_attempt_pkey do update
     set attempts = p.attempts + excluded.attempts, first_at = least(p.first_at, excluded.first_at), last_at = greatest(p.last_at, excluded.last_at);
  perform set_config('iu_core.governed', 'prune ' || pg_current_xact_id()::text, true);
  return query
    with run as (
      delete from iu_route_run t where t.run_id = any (v_runs) returning 'iu_route_run' as name, case when v_archive then row_to_json(t) end as line
    ), capture as (
      delete from iu_route_attempt t where t.attempt_id = any (v_captures) returning 'iu_route_attempt', case when v_archive then row_to_json(t) end
    ), beat as (
      delete from iu_route_worker_heartbeat t
       where t.process_id in (select h.process_id from iu_route_worker_heartbeat h where h.last_beat_at < p_run.cutoff_at limit p_limit)
      returning 'iu_route_worker_heartbeat', case when v_archive then row_to_json(t) end
    ), gone_row as (
      select * from run union all select * from capture union all select * from beat
    ), kept as (
      insert into iu_archived_row (run_id, batch_no, table_name, document)
      select p_run.run_id, p_batch_no, l.name, l.line::jsonb from gone_row l where p_run.archive = 'table'
    )
    select l.name, case when p_run.archive = 'folder' then json_build_object('table', l.name, 'row', l.line) end from gone_row l;
  perform set_config('iu_core.governed', '', true);
end
$$;
