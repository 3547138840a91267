-- fn_iu_route_go_live(text, text) returns jsonb
--
-- Contract:  takes an enabled route live by the newest valid approval of its present version. Readiness is judged again: the evidence of
--            the request may be a month old. Another approval that the route had is revoked; the failure budget begins anew. Closed gates
--            and a pause do not refuse it, they hold the deliveries, and the answer names them.
-- Arguments: p_route_code; p_reason: why, mandatory
-- Returns:   as fn_iu_route_approve, and {live_at, held_by: [code]} as fn_iu_delivery_hold names them, worker_gate_closed, route_paused
-- Raises:    IU337 no such route, IU411 target kind cannot go live, IU420 not ready, IU423 reason missing, IU429 no valid approval,
--            IU430 the route is disabled, IU431 live already, IU436 an inbound route, IU437 the target has changed
-- Writes:    iu_outbound_route, iu_route_flow, iu_route_approval, iu_route_history, iu_evidence
-- May call:  iu_operator
create or replace function fn_iu_route_go_live(p_route_code text, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_route iu_outbound_route;
  a iu_route_approval;
  v_held text[];
begin
  perform fn_iu_going_live_reason(p_reason);
  v_route := fn_iu_route_of(p_route_code, true);
  if not v_route.enabled then
    raise exception using errcode = 'IU430', message = format('route %s is disabled', p_route_code),
      hint = format('iu route enable %s --reason TEXT', p_route_code);
  end if;
  select * into a from iu_route_approval p
   where p.route_id = v_route.route_id and fn_iu_route_approval_state(v_route.route_id, v_route.version, p.approval_id) = 'valid'
   order by p.approval_id desc limit 1 for no key update;
  if not found then
    raise exception using errcode = 'IU429', message = format('version %s of route %s has no valid approval', v_route.version, p_route_code),
      hint = 'iu route request-live, then iu route approve by a second person; iu route approvals shows what there is';
  end if;
  if not v_route.dry_run and v_route.approval_id = a.approval_id then
    raise exception using errcode = 'IU431', message = format('route %s is live by approval %s', p_route_code, a.approval_id),
      hint = 'for other limits: a new request, its approval, then go live again';
  end if;
  if a.target_sha256 is distinct from fn_iu_target_sha256(v_route.target_kind, v_route.target_ref) then
    raise exception using errcode = 'IU437', message = format('the target of route %s is not what was approved', p_route_code),
      hint = 'ask again: iu route request-live';
  end if;
  perform fn_iu_route_must_be_ready(fn_iu_route_readiness(p_route_code));
  update iu_route_approval set live_at = clock_timestamp() where approval_id = a.approval_id returning * into a;
  update iu_outbound_route set dry_run = false, approval_id = a.approval_id, note = p_reason where route_id = v_route.route_id;
  -- What failed before is not this approval's: its budget begins now, and one failure does not pause a route that was not live meanwhile.
  update iu_route_flow
     set budget_started_at = null, budget_failures = 0, failing_since = case when not v_route.dry_run then failing_since end
   where route_id = v_route.route_id;
  update iu_route_approval
     set revoked_at = clock_timestamp(), revoked_by = session_user, revoke_reason = format('replaced by approval %s', a.approval_id)
   where route_id = v_route.route_id and approval_id <> a.approval_id and approved_by is not null and revoked_at is null;
  select array_agg(code) into v_held from (
    select fn_iu_delivery_hold((select name from iu_deployment order by claim_id desc limit 1)) as code
    union all select 'worker_gate_closed' where not fn_iu_route_worker_enabled()
    union all select 'route_paused' from iu_route_flow where route_id = v_route.route_id and paused_at is not null) held
   where code is not null;
  return fn_iu_route_approval_said(a) || jsonb_build_object('live_at', a.live_at, 'held_by', coalesce(to_jsonb(v_held), '[]'));
end
$$;
