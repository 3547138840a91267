-- fn_iu_judged_routes() returns setof iu_judged_route
--
-- Contract:  every route that is not removed, judged for one pass: disabled, dry_run (with the reason not_approved when it claims to
--            be live without an approval for this version) or live. Expired or spent approvals count as live: their events queue
--            and are held at the claim.
-- Arguments: none
-- Returns:   one row a route
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_judged_routes() returns setof iu_judged_route
language plpgsql
stable
set search_path from current
as $$
begin
  return query
  select r.route_id, r.route_code, r.version, r.event_domain, r.event_type, r.event_stream, r.filter,
         case when not r.enabled then 'disabled'
              when r.dry_run or a.state = 'missing' then 'dry_run'
              else 'live' end,
         case when not r.enabled then 'route_disabled'
              when not r.dry_run and a.state = 'missing' then 'not_approved' end,
         r.ordering,
         fn_iu_route_request(r.target_kind, r.target_ref, r.target_config),
         case when a.state in ('valid', 'spent') then (select canary_share from iu_route_approval p where p.approval_id = r.approval_id) end
    from iu_outbound_route r
   cross join lateral (
     select case when r.enabled and not r.dry_run then fn_iu_route_approval_state(r.route_id, r.version, r.approval_id) end as state
   ) a
   where r.removed_at is null
   order by r.route_id;
end
$$;
