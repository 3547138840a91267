-- fn_iu_route_to_dry_run(bigint, text, text) returns boolean
--
-- Contract:  takes a route back to dry-run and revokes its approval; what is queued stays queued and is held. Going live again
--            takes a new request and a new approval.
-- Arguments: p_route_id; p_reason: why; p_by: who, a person or the failure budget
-- Returns:   true when it was not in dry-run before
-- Raises:    nothing
-- Writes:    iu_outbound_route, iu_route_approval
-- May call:  internal
create or replace function fn_iu_route_to_dry_run(p_route_id bigint, p_reason text, p_by text) returns boolean
language plpgsql
volatile
set search_path from current
as $$
declare
  v_approval bigint;
  v_was_live boolean;
begin
  -- the flow row first: what a claim locks before it reads the route
  perform from iu_route_flow where route_id = p_route_id for update;
  select approval_id, not dry_run into v_approval, v_was_live from iu_outbound_route where route_id = p_route_id for update;
  update iu_outbound_route set dry_run = true, note = p_reason where route_id = p_route_id and not dry_run;
  update iu_route_approval set revoked_at = clock_timestamp(), revoked_by = p_by, revoke_reason = p_reason
   where approval_id = v_approval and revoked_at is null;
  return coalesce(v_was_live, false);
end
$$;
