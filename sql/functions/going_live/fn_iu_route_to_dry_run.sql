-- fn_iu_route_to_dry_run(bigint, text, text) returns void
--
-- Contract:  takes a route back to dry-run and revokes its approval. What is queued is held from now on: nothing is claimed without
--            a valid approval.
-- Arguments: p_route_id; p_reason; p_by: a person, or what did it by itself, such as failure budget
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    iu_outbound_route, iu_route_approval, iu_route_history, iu_evidence
-- May call:  internal
create or replace function fn_iu_route_to_dry_run(p_route_id bigint, p_reason text, p_by text) returns void
language plpgsql
set search_path from current
as $$
declare
  v_approval bigint;
begin
  perform from iu_route_flow where route_id = p_route_id for update;
  select approval_id into v_approval from iu_outbound_route where route_id = p_route_id for no key update;
  update iu_outbound_route set dry_run = true, approval_id = null, note = p_reason where route_id = p_route_id;
  update iu_route_approval set revoked_at = clock_timestamp(), revoked_by = p_by, revoke_reason = p_reason
   where approval_id = v_approval and revoked_at is null;
end
$$;
