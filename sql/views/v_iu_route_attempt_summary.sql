-- v_iu_route_attempt_summary: the audit counted by kind, route and status.
create or replace view v_iu_route_attempt_summary as
select a.route_kind, a.route_code, a.status, count(*) as attempts, min(a.started_at) as first_at, max(a.started_at) as last_at
  from iu_route_attempt a
 group by a.route_kind, a.route_code, a.status;
