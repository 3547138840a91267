-- fn_iu_route_back_to_dry_run(text, text) returns jsonb
--
-- Contract:  a person takes a route back to dry-run; its approval is revoked and going live again needs a new request. Deliveries that
--            wait stay and are held; those being sent at this moment end as they end. For a route that is not live
--            only the reason is kept: so it is said of one that the failure budget took back that it stays so.
-- Arguments: p_route_code; p_reason: why, mandatory
-- Returns:   {route_code, version, was_live, approval_id, deliveries_waiting}
-- Raises:    IU337 no such route, IU423 reason missing, IU436 an inbound route
-- Writes:    iu_outbound_route, iu_route_approval, iu_route_history, iu_evidence
-- May call:  iu_operator, iu_approver
create or replace function fn_iu_route_back_to_dry_run(p_route_code text, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_route iu_outbound_route;
begin
  perform fn_iu_going_live_reason(p_reason);
  v_route := fn_iu_route_of(p_route_code, true);
  if not v_route.dry_run then
    perform fn_iu_route_to_dry_run(v_route.route_id, p_reason, session_user::text);
  else
    update iu_outbound_route set note = p_reason where route_id = v_route.route_id;
  end if;
  return jsonb_build_object('route_code', p_route_code, 'version', v_route.version, 'was_live', not v_route.dry_run,
    'approval_id', case when not v_route.dry_run then v_route.approval_id::text end,
    'deliveries_waiting', (select count(*) from iu_route_delivery where route_id = v_route.route_id));
end
$$;
