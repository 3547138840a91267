-- fn_iu_route_set_enabled(text, boolean, text) returns jsonb
--
-- Contract:  enables or disables a route. Enabling takes nothing live that was not, and brings a route back as it was, as level 2 of
--            the ladder does: one that was live and is still validly approved sends again, one whose approval is not valid any more
--            comes back in dry-run. Events met while it is disabled are decided skipped and can be revived.
-- Arguments: p_route_code: outbound or inbound; p_enabled; p_reason: why, mandatory
-- Returns:   {route_code, route_kind, enabled, dry_run, version}
-- Raises:    IU337 no such route, IU338 reason missing
-- Writes:    iu_outbound_route or iu_sql_event_route, iu_route_history
-- May call:  iu_operator
create or replace function fn_iu_route_set_enabled(p_route_code text, p_enabled boolean, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_route record;
begin
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU338', message = 'a route is enabled, disabled or removed with a reason', hint = 'add --reason TEXT';
  end if;
  -- the flow before the route, as everybody locks them
  perform from iu_route_flow f join iu_outbound_route r using (route_id) where r.route_code = p_route_code and r.removed_at is null for update of f;
  update iu_outbound_route
     set enabled = p_enabled, ladder_disabled = false, note = p_reason,
         dry_run = dry_run or p_enabled and not enabled and fn_iu_route_approval_state(route_id, version, approval_id) <> 'valid'
   where route_code = p_route_code and removed_at is null
  returning route_code, 'outbound' as route_kind, enabled, dry_run, version into v_route;
  if not found then
    update iu_sql_event_route set enabled = p_enabled, ladder_disabled = false, updated_at = clock_timestamp()
     where route_code = p_route_code and removed_at is null
    returning route_code, 'inbound' as route_kind, enabled, dry_run, version into v_route;
  end if;
  if not found then
    raise exception using errcode = 'IU337', message = format('there is no route %s', quote_literal(p_route_code)),
      hint = 'iu route list shows the routes';
  end if;
  return to_jsonb(v_route);
end
$$;
