-- fn_iu_route_missing(iu_route_worker_cursor, boolean) returns record
--
-- Contract:  the independent look behind the certificate: events in scope, after base and visible in done, that have no decision; and
--            (event, route) pairs that the deciding pass should have written, by the routes as that pass could see them, from
--            iu_route_history. A route that came later is expected of no earlier event. What is in a table is looked up by key, and what
--            was looked up is joined by hashes: without statistics the planner expects one row of each part and paired all with all,
--            22 million times for 6,600 events (2 s in which no pass ran, and four times that for twice the events).
-- Arguments: p_cursor; p_full: from base on instead of from the last whole check
-- Returns:   checked, events without a decision, and missing pairs as two arrays of one length
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_route_missing(p_cursor iu_route_worker_cursor, p_full boolean,
  out checked bigint, out event_seqs bigint[], out pair_event_seqs bigint[], out pair_route_ids bigint[])
language plpgsql
volatile
set search_path from current
set enable_nestloop = off
set jit = off
as $$
declare
  c alias for p_cursor;
  v_excluded text[] := fn_iu_owned_domains(c.event_domain);
  v_done pg_snapshot := (c.done_snapshot::text)::pg_snapshot;
  v_from pg_snapshot := (case when p_full then c.base_snapshot else c.reconciled_snapshot end::text)::pg_snapshot;
  v_from_floor bigint := greatest(case when p_full then c.base_floor_seq else c.reconciled_floor_seq end, c.base_seq);
begin
  with examined as materialized (
    select e.seq, e.event_domain, e.event_type, e.event_stream, e.tx_id from event_outbox e where e.seq > v_from_floor
    union all
    select l.* from pg_snapshot_xip(v_from) as late(xid)
     cross join lateral (select e.seq, e.event_domain, e.event_type, e.event_stream, e.tx_id from event_outbox e
                          where e.tx_id = late.xid and e.seq > c.base_seq and e.seq <= v_from_floor offset 0) l
  ), event as materialized (
    select seq, event_domain, event_type, event_stream from examined
     where pg_visible_in_snapshot(tx_id, v_done) and not pg_visible_in_snapshot(tx_id, v_from)
       and (c.event_domain = '*' and event_domain <> all (v_excluded) or event_domain = c.event_domain)
  ), decided as materialized (
    select a.event_seq, a.route_id, a.run_id, e.event_domain, e.event_type, e.event_stream
      from event e
     cross join lateral (select t.event_seq, t.route_id, t.run_id from iu_route_attempt t where t.event_seq = e.seq and t.attempt_no = 1 offset 0) a
  ), key as materialized (
    select distinct run_id, event_domain, event_type, event_stream from decided where run_id is not null
  ), run as materialized (
    select r.run_id, r.route_snapshot, r.route_tx_id, greatest(r.route_history_id, c.base_history_id) as history_id
      from (select distinct run_id from key) k
     cross join lateral (select * from iu_route_run t where t.run_id = k.run_id offset 0) r
  ), bound as materialized (
    select h.history_id, (select max(s.tx_id::text::bigint) from iu_route_history s
                           where s.history_id <= h.history_id and s.history_id > c.base_history_id) as last_tx
      from (select distinct history_id from run) h
  ), plain as materialized (
    -- Nobody was changing a route when the pass read them: it saw the history up to its last number, the same for all such passes.
    select r.run_id, h.* from run r join bound b using (history_id)
      join (select d.history_id, s.*
              from (select distinct history_id from run) d
             cross join lateral (
               select distinct on (x.route_id) x.route_id, x.event_domain as d, x.event_type as t, x.event_stream as st, x.removed
                 from iu_route_history x where x.history_id <= d.history_id
                order by x.route_id, x.history_id desc) s) h using (history_id)
     where coalesce(b.last_tx < pg_snapshot_xmin(r.route_snapshot)::text::bigint, true)
  ), seen as materialized (
    -- The routes that a pass could see. Once a pass, or once for all plain passes: inlined into the joins below, 1,200 events of 50
    -- routes took 49 s instead of 0.3; once for each of 3,000 passes 6 s.
    select run_id, route_id, d, t, st, removed from plain
    union all
    select r.run_id, h.*
      from run r join bound b using (history_id)
     cross join lateral (
       select distinct on (s.route_id) s.route_id, s.event_domain as d, s.event_type as t, s.event_stream as st, s.removed
         from iu_route_history s
        where s.history_id <= c.base_history_id or pg_visible_in_snapshot(s.tx_id, r.route_snapshot)
           or (s.tx_id = r.route_tx_id and s.history_id <= r.history_id)
        order by s.route_id, s.history_id desc
     ) h
     where b.last_tx >= pg_snapshot_xmin(r.route_snapshot)::text::bigint
  ), expected as materialized (
    select k.*, h.route_id
      from key k
      join seen h using (run_id)
     -- fn_iu_pattern_matches written out, as in fn_iu_route_decide
     where not h.removed and k.event_domain like replace(replace(h.d, '_', E'\\_'), '*', '%')
       and k.event_type like replace(replace(h.t, '_', E'\\_'), '*', '%') and k.event_stream like replace(replace(h.st, '_', E'\\_'), '*', '%')
  ), one as (
    select distinct on (event_seq) event_seq, run_id, event_domain, event_type, event_stream from decided where run_id is not null
     order by event_seq, run_id
  ), missing_pair as (
    select o.event_seq, x.route_id
      from one o
      join expected x on (x.run_id, x.event_domain, x.event_type, x.event_stream) = (o.run_id, o.event_domain, o.event_type, o.event_stream)
     -- no anti join, which would read the whole audit
     where (select true from iu_route_attempt a where a.event_seq = o.event_seq and a.route_id = x.route_id limit 1) is null
  ), missing_event as (
    select e.seq from event e where not exists (select from decided d where d.event_seq = e.seq)
  )
  select (select count(*) from event), coalesce((select array_agg(seq order by seq) from missing_event), '{}'),
         coalesce(array_agg(p.event_seq order by p.event_seq, p.route_id), '{}'), coalesce(array_agg(p.route_id order by p.event_seq, p.route_id), '{}')
    into checked, event_seqs, pair_event_seqs, pair_route_ids
    from missing_pair p;
end
$$;
