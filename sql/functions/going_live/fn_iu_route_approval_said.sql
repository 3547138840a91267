-- fn_iu_route_approval_said(iu_route_approval) returns jsonb
--
-- Contract:  an approval as the functions answer with it; ids as text, because they do not fit every reader's numbers.
-- Arguments: p_approval
-- Returns:   {approval_id, route_code, route_version, requested_by, approved_by, expires_at, max_events, canary_share, failure_budget,
--            target_sha256}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_route_approval_said(p_approval iu_route_approval) returns jsonb
language sql
stable
set search_path from current
as $$
  select jsonb_build_object('approval_id', p_approval.approval_id::text,
    'route_code', (select route_code from iu_outbound_route where route_id = p_approval.route_id), 'route_version', p_approval.route_version,
    'requested_by', p_approval.requested_by, 'approved_by', p_approval.approved_by, 'expires_at', p_approval.expires_at,
    'max_events', p_approval.max_events::text, 'canary_share', p_approval.canary_share::text, 'failure_budget', p_approval.failure_budget,
    'target_sha256', p_approval.target_sha256)
$$;
