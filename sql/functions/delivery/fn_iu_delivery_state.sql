-- fn_iu_delivery_state(text, bigint[], integer[]) returns jsonb
--
-- Contract:  what a runner asks several times a second about what it has claimed and not sent yet: may it still be sent? Everything
--            or single routes may have been stopped since the claim, or changed: another version may be live by now, and what was claimed
--            of this one is not for its target.
-- Arguments: p_deployment: of the runner; p_route_ids: routes it holds deliveries of; p_route_versions: at the claim, one element a
--            route, null = whichever it is
-- Returns:   {hold: as fn_iu_delivery_hold, stopped: ids of routes (as text) that may not be sent to now}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_delivery_state(p_deployment text, p_route_ids bigint[], p_route_versions integer[] default null)
returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
  return jsonb_build_object('hold', fn_iu_delivery_hold(p_deployment), 'stopped', (
    select coalesce(jsonb_agg(r.route_id::text), '[]')
      from unnest(p_route_ids, p_route_versions) as k (route_id, version)
      join iu_outbound_route r using (route_id)
      join iu_route_flow f using (route_id)
     where (r.version <> k.version or not r.enabled or r.dry_run or r.removed_at is not null or f.paused_at is not null
            or fn_iu_route_approval_state(r.route_id, r.version, r.approval_id) = 'missing')));
end
$$;
