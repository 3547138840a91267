-- fn_iu_route_approval_open(bigint) returns iu_route_approval
--
-- Contract:  an approval that is not revoked, with its route and itself locked, in the order of fn_iu_route_of.
-- Arguments: p_approval_id
-- Returns:   the row
-- Raises:    IU424 there is none, IU425 it is revoked
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_route_approval_open(p_approval_id bigint) returns iu_route_approval
language plpgsql
volatile
set search_path from current
as $$
declare
  v_approval iu_route_approval;
begin
  select * into v_approval from iu_route_approval where approval_id = p_approval_id;
  if not found then
    raise exception using errcode = 'IU424', message = format('there is no request or approval %s', p_approval_id),
      hint = 'iu route approvals shows them';
  end if;
  perform from iu_route_flow where route_id = v_approval.route_id for update;
  perform from iu_outbound_route where route_id = v_approval.route_id for no key update;
  select * into strict v_approval from iu_route_approval where approval_id = p_approval_id for no key update;
  if v_approval.revoked_at is not null then
    raise exception using errcode = 'IU425', message = format('%s %s was %s by %s',
        case when v_approval.approved_by is null then 'request' else 'approval' end, p_approval_id,
        case when v_approval.approved_by is null then 'rejected' else 'revoked' end, v_approval.revoked_by),
      hint = 'ask again: iu route request-live';
  end if;
  return v_approval;
end
$$;
