-- fn_iu_delivery_holds(text) returns table (route_id, route_code, hold)
--
-- Contract:  why nothing of a route would be claimed now: what holds every delivery comes first, then what holds this route. The same
--            judgement as fn_iu_delivery_allowance, without its limits: a full rate or concurrency is no hold. approval_used_up holds only
--            what the approval has not counted yet.
-- Arguments: p_deployment: of the runner that would claim; null = one that says the right name
-- Returns:   a row for each route that is held: as fn_iu_delivery_hold, or route_removed, route_disabled, route_dry_run, not_approved,
--            approval_expired, route_paused, breaker_open, target_not_opened (no runner can), target_changed,
--            approval_used_up
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_delivery_holds(p_deployment text default null) returns table (route_id bigint, route_code text, hold text)
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_all text := fn_iu_delivery_hold(coalesce(p_deployment, fn_iu_setting('iu_core.deployment', null)));
begin
  return query
    select h.route_id, h.route_code, h.hold
      from (
        select r.route_id, r.route_code, coalesce(v_all, case
                 when r.removed_at is not null then 'route_removed'
                 when not r.enabled then 'route_disabled'
                 when r.dry_run then 'route_dry_run'
                 when s.state = 'missing' then 'not_approved'
                 when s.state = 'spent' and p.expires_at <= clock_timestamp() then 'approval_expired'
                 when f.paused_at is not null then 'route_paused'
                 when f.breaker <> 'closed' and f.breaker_until > clock_timestamp() then 'breaker_open'
                 when u.by_all then 'target_not_opened'
                 when r.target_kind in ('sql_function', 'table') and fn_iu_target_sha256(r.target_kind, r.target_ref) is distinct from p.target_sha256 then 'target_changed'
                 when s.state = 'spent' then 'approval_used_up' end) as hold
          from iu_outbound_route r
          join iu_route_flow f on f.route_id = r.route_id
          left join iu_route_approval p on p.approval_id = r.approval_id
          left join fn_iu_delivery_unopened() u on u.route_id = r.route_id
         cross join lateral (
           select case when r.enabled and not r.dry_run then fn_iu_route_approval_state(r.route_id, r.version, r.approval_id) end as state) s
      ) h
     where h.hold is not null;
end
$$;
