-- fn_iu_route_change(text, jsonb, text) returns jsonb
--
-- Contract:  changes what a route matches, filters, or sends to. Every change of what an approval covers is a new version: back in
--            dry-run, and the approval of the old version is void. Deliveries that wait stay, and are held until the new version is live.
-- Arguments: p_route_code; p_changes: keys as in fn_iu_route_add but route_code and note, null = as a new route has it; p_reason: why,
--            mandatory, becomes the note
-- Returns:   {route_code, version_before, version, was_live, approval_voided, deliveries_waiting}
-- Raises:    IU332, IU335, IU345, IU434 as fn_iu_route_changed; IU333 a secret; IU337 no such route, IU423 reason missing, IU436 inbound
-- Writes:    iu_outbound_route, iu_route_history
-- May call:  iu_operator
create or replace function fn_iu_route_change(p_route_code text, p_changes jsonb, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_route iu_outbound_route;
  v_new iu_outbound_route;
  v_version integer;
  v_voided bigint;
begin
  perform fn_iu_going_live_reason(p_reason);
  v_route := fn_iu_route_of(p_route_code, true);
  v_new := fn_iu_route_changed(v_route, p_changes);
  begin
    update iu_outbound_route
       set event_domain = v_new.event_domain, event_type = v_new.event_type, event_stream = v_new.event_stream, filter = v_new.filter,
           target_kind = v_new.target_kind, target_ref = v_new.target_ref, target_config = v_new.target_config, ordering = v_new.ordering,
           on_dead_letter = v_new.on_dead_letter, retry_policy = v_new.retry_policy, rate_per_second = v_new.rate_per_second,
           max_concurrency = v_new.max_concurrency, note = p_reason
     where route_id = v_route.route_id
    returning version into v_version;
  exception when check_violation then
    raise exception using errcode = 'IU345', message = 'a value of the route is refused: target_kind', hint = 'iu route change --help';
  end;
  if v_version <> v_route.version then
    select max(approval_id) into v_voided from iu_route_approval
     where route_id = v_route.route_id and route_version = v_route.version and revoked_at is null and expires_at > clock_timestamp();
  end if;
  return jsonb_build_object('route_code', p_route_code, 'version_before', v_route.version, 'version', v_version,
    'was_live', v_route.enabled and not v_route.dry_run, 'approval_voided', v_voided::text,
    'deliveries_waiting', (select count(*) from iu_route_delivery where route_id = v_route.route_id));
end
$$;
