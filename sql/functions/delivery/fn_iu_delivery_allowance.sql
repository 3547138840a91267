-- fn_iu_delivery_allowance(bigint, integer, timestamptz) returns record
--
-- Contract:  how many deliveries of a route may be claimed now, judged anew by the caller that has locked its flow row: the route
--            is enabled and live with a valid approval for this version (P6), not paused, its breaker lets through (one send when
--            half-open), rate and concurrency have room, and a target in the database is still what was approved. An approval that
--            has expired holds everything; one that is used up holds what it has not counted: what it has counted is tried again
--            until it is sent or a dead letter.
-- Arguments: p_route_id; p_wanted; p_lease_until: when a half-open send has to be over
-- Returns:   allowed (0 or more), uncounted: how many of them the approval need not have counted yet, route_version, approval_id, held: why 0, else null
-- Raises:    nothing
-- Writes:    iu_route_flow
-- May call:  internal
create or replace function fn_iu_delivery_allowance(p_route_id bigint, p_wanted integer, p_lease_until timestamptz,
  out allowed integer, out uncounted integer, out route_version integer, out approval_id bigint, out held text)
language plpgsql
volatile
set search_path from current
as $$
declare
  v_now timestamptz := clock_timestamp();
  r iu_outbound_route;
  a iu_route_approval;
  f iu_route_flow;
  v_state text;
begin
  select * into r from iu_outbound_route o where o.route_id = p_route_id;
  select * into f from iu_route_flow o where o.route_id = p_route_id;
  route_version := r.version;
  approval_id := r.approval_id;
  allowed := 0;
  v_state := case when r.removed_at is not null or not r.enabled then 'disabled' when r.dry_run then 'dry_run'
                  else fn_iu_route_approval_state(r.route_id, r.version, r.approval_id) end;
  if v_state not in ('valid', 'spent') then
    held := case v_state when 'missing' then 'not_approved' else 'route_' || v_state end;
    return;
  end if;
  select * into strict a from iu_route_approval o where o.approval_id = r.approval_id;
  if a.expires_at <= clock_timestamp() then
    held := 'approval_expired';
  elsif f.paused_at is not null then
    held := 'route_paused';
  elsif f.breaker <> 'closed' and f.breaker_until > v_now then
    held := 'breaker_open';
  elsif r.target_kind in ('sql_function', 'table') and (fn_iu_target_sha256(r.target_kind, r.target_ref) = a.target_sha256) is not true then
    held := 'target_changed';
  end if;
  if held is not null then
    return;
  end if;
  allowed := p_wanted;
  if r.max_concurrency is not null then
    allowed := least(allowed, r.max_concurrency - (select coalesce(sum(unsettled), 0) from iu_route_lease l
                                                   where l.route_id = p_route_id and l.lease_until > v_now));
  end if;
  if r.rate_per_second is not null then
    -- a bucket of one second; a clock that went back gives nothing and takes nothing
    f.tokens := least(r.rate_per_second, f.tokens + r.rate_per_second * greatest(coalesce(extract(epoch from v_now - f.tokens_at), 1), 0));
    allowed := least(allowed, floor(f.tokens)::integer);
    update iu_route_flow o set tokens = f.tokens, tokens_at = v_now where o.route_id = p_route_id;
  end if;
  if f.breaker <> 'closed' then
    allowed := least(allowed, 1);
  end if;
  allowed := greatest(allowed, 0);
  uncounted := case when a.max_events is null then allowed else least(allowed, greatest(a.max_events - a.events_used, 0)) end;
  if allowed = 0 then
    held := 'limit_reached';
  end if;
end
$$;
