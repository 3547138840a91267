-- fn_iu_route_approve(bigint, text, bigint, timestamptz, numeric, integer) returns jsonb
--
-- Contract:  a second person approves a request: this version of the route, within its limits or narrower ones. Approving changes
--            nothing yet; somebody takes the route live. Who approves is the login of the session, whatever role it has set, and never
--            the requester, not even a superuser.
-- Arguments: p_approval_id: of the request; p_note: what was looked at, mandatory; p_max_events, p_expires_at, p_canary_share,
--            p_failure_budget: narrower limits, null = as requested
-- Returns:   {approval_id, route_code, route_version, requested_by, approved_by, expires_at, max_events, canary_share, failure_budget,
--            target_sha256}
-- Raises:    IU422 a limit is refused, IU423 note missing, IU424 no such request, IU425 revoked, approved or expired, IU426 the route
--            has changed since, IU427 approver is the requester, IU428 a limit is wider than requested, IU437 the target has changed
-- Writes:    iu_route_approval, iu_evidence
-- May call:  iu_approver
create or replace function fn_iu_route_approve(p_approval_id bigint, p_note text, p_max_events bigint default null,
  p_expires_at timestamptz default null, p_canary_share numeric default null, p_failure_budget integer default null)
returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  a iu_route_approval;
  v_route iu_outbound_route;
begin
  perform fn_iu_going_live_reason(p_note);
  a := fn_iu_route_approval_open(p_approval_id);
  select * into strict v_route from iu_outbound_route where route_id = a.route_id;
  if a.requested_by = session_user then
    raise exception using errcode = 'IU427', message = format('%s asked for it and cannot approve it', session_user),
      hint = 'a second person approves, with a login of their own';
  end if;
  if a.approved_by is not null or a.expires_at <= clock_timestamp() then
    raise exception using errcode = 'IU425', message = case when a.approved_by is not null
        then format('request %s was approved by %s', p_approval_id, a.approved_by) else format('request %s has expired', p_approval_id) end,
      hint = 'ask again: iu route request-live';
  end if;
  if v_route.version <> a.route_version or v_route.removed_at is not null then
    raise exception using errcode = 'IU426', message = format('request %s is for version %s of route %s, which is %s now', p_approval_id,
        a.route_version, v_route.route_code, case when v_route.removed_at is null then 'at version ' || v_route.version else 'removed' end),
      hint = 'a change voids a request; ask again for the new version';
  end if;
  if a.target_sha256 is distinct from fn_iu_target_sha256(v_route.target_kind, v_route.target_ref) then
    raise exception using errcode = 'IU437', message = format('the target of route %s is not what it was when the request was made', v_route.route_code),
      hint = 'ask again: iu route request-live';
  end if;
  if p_max_events <= 0 or p_canary_share <= 0 or p_canary_share = 'NaN' or p_failure_budget <= 0 or p_expires_at <= clock_timestamp() then
    raise exception using errcode = 'IU422', message = 'a limit of the approval is refused: it is positive, and it ends in the future',
      hint = 'iu route approve --help';
  end if;
  if p_max_events > a.max_events or p_expires_at > a.expires_at or p_canary_share > a.canary_share or p_failure_budget > a.failure_budget then
    raise exception using errcode = 'IU428', message = 'an approval may be narrower than the request, never wider',
      hint = 'reject it and let somebody ask for more';
  end if;
  update iu_route_approval
     set approved_by = session_user, approved_at = clock_timestamp(), approval_note = p_note, max_events = coalesce(p_max_events, max_events),
         expires_at = coalesce(p_expires_at, expires_at), canary_share = coalesce(p_canary_share, canary_share),
         failure_budget = coalesce(p_failure_budget, failure_budget)
   where approval_id = p_approval_id
  returning * into a;
  return fn_iu_route_approval_said(a);
end
$$;
