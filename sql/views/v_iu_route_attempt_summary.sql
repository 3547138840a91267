-- v_iu_route_attempt_summary: the audit counted by kind, route and status, with what was pruned.
create or replace view v_iu_route_attempt_summary as
select s.route_kind, s.route_code, s.status, sum(s.attempts)::bigint as attempts, min(s.first_at) as first_at, max(s.last_at) as last_at
  from (
    select a.route_kind, a.route_code, a.status, count(*) as attempts, min(a.started_at) as first_at, max(a.started_at) as last_at
      from iu_route_attempt a
     group by a.route_kind, a.route_code, a.status
    union all
    select p.route_kind, p.route_code, p.status, sum(p.attempts), min(p.first_at), max(p.last_at)
      from iu_pruned_attempt p
     group by p.route_kind, p.route_code, p.status
  ) s
 group by s.route_kind, s.route_code, s.status;
