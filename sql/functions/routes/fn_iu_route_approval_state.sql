-- fn_iu_route_approval_state(bigint, integer, bigint) returns text
--
-- Contract:  judges an approval for one version of a route (P6). 'valid': approved by somebody else than the requester, not
--            revoked, not expired, events left. 'spent': was valid, now expired or used up: events queue, and the claim holds them (fn_iu_delivery_allowance).
--            'missing': anything else, so a forged flag sends nothing.
-- Arguments: p_route_id, p_version, p_approval_id: as the route row has them
-- Returns:   valid, spent or missing
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_route_approval_state(p_route_id bigint, p_version integer, p_approval_id bigint) returns text
language plpgsql
security definer
set search_path from current
as $$
declare
  v_state text;
begin
  if p_approval_id is null then
    return 'missing';
  end if;
  select case
           when approved_by is null or approved_by = requested_by or revoked_at is not null then 'missing'
           when expires_at <= clock_timestamp() or events_used >= max_events then 'spent'
           else 'valid'
         end
    into v_state
    from iu_route_approval
   where approval_id = p_approval_id and route_id = p_route_id and route_version = p_version;
  return coalesce(v_state, 'missing');
end
$$;
