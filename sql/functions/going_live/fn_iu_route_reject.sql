-- fn_iu_route_reject(bigint, text) returns jsonb
--
-- Contract:  rejects a request, or takes back an approval that is not in use. Its requester may withdraw it the same way.
-- Arguments: p_approval_id; p_reason: why, mandatory
-- Returns:   {approval_id, route_code, route_version, was: requested|approved, revoked_by}
-- Raises:    IU423 reason missing, IU424 no such request, IU425 revoked already, IU431 a route is live by it
-- Writes:    iu_route_approval, iu_evidence
-- May call:  iu_operator, iu_approver
create or replace function fn_iu_route_reject(p_approval_id bigint, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  a iu_route_approval;
  v_live text;
begin
  perform fn_iu_going_live_reason(p_reason);
  a := fn_iu_route_approval_open(p_approval_id);
  select route_code into v_live from iu_outbound_route where approval_id = p_approval_id and not dry_run;
  if found then
    raise exception using errcode = 'IU431', message = format('route %s is live by approval %s', v_live, p_approval_id),
      hint = format('iu route back-to-dry-run %s --reason TEXT revokes it', v_live);
  end if;
  update iu_route_approval set revoked_at = clock_timestamp(), revoked_by = session_user, revoke_reason = p_reason
   where approval_id = p_approval_id;
  return jsonb_build_object('approval_id', p_approval_id::text, 'route_code', (select route_code from iu_outbound_route where route_id = a.route_id),
    'route_version', a.route_version, 'was', case when a.approved_by is null then 'requested' else 'approved' end, 'revoked_by', session_user);
end
$$;
