-- fn_iu_route_request_live(text, text, bigint, timestamptz, numeric, integer) returns jsonb
--
-- Contract:  asks a second person to let the present version of a route go live, within limits. Refused unless the route is ready; the
--            readiness document is kept with the request. While a route is live, a new request is the way to wider limits.
-- Arguments: p_route_code; p_reason: why, mandatory; p_max_events: most events to deliver, null = no such limit; p_expires_at: when
--            request and approval end, null = in 30 days, at most 366; p_canary_share: share of subjects, over 0 to 1;
--            p_failure_budget: failed and unknown sends within one hour, one more takes the route back to dry-run
-- Returns:   {approval_id, route_code, route_version, requested_by, expires_at, max_events, canary_share, failure_budget,
--            target_sha256, readiness}
-- Raises:    IU337 no such route, IU411 target kind cannot go live, IU420 not ready, IU421 a request is open, IU422 a limit is refused,
--            IU423 reason missing, IU436 an inbound route, IU437 the target in the database is not registered
-- Writes:    iu_route_approval, iu_evidence
-- May call:  iu_operator
create or replace function fn_iu_route_request_live(p_route_code text, p_reason text, p_max_events bigint default null,
  p_expires_at timestamptz default null, p_canary_share numeric default 1, p_failure_budget integer default 50)
returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_route iu_outbound_route;
  v_readiness jsonb;
  v_approval iu_route_approval;
  v_expires timestamptz := coalesce(p_expires_at, clock_timestamp() + interval '30 days');
  v_problem text;
  v_open bigint;
  v_pin text;
begin
  perform fn_iu_going_live_reason(p_reason);
  v_problem := case
    when v_expires <= clock_timestamp() or v_expires > clock_timestamp() + interval '366 days' then 'it ends in the future and within 366 days'
    when p_max_events <= 0 then 'the number of events is positive'
    when p_canary_share is null or p_canary_share <= 0 or p_canary_share > 1 or p_canary_share = 'NaN' then 'the share of subjects is over 0 and at most 1'
    when p_failure_budget is null or p_failure_budget <= 0 then 'the failure budget is positive' end;
  if v_problem is not null then
    raise exception using errcode = 'IU422', message = 'a limit of the request is refused: ' || v_problem, hint = 'iu route request-live --help';
  end if;
  v_route := fn_iu_route_of(p_route_code, true);
  if v_route.target_kind in ('workflow', 'vector', 'report', 'external_endpoint') then
    raise exception using errcode = 'IU411', message = format('route %s: target kind %s cannot go live', v_route.route_code, v_route.target_kind),
      hint = 'live kinds are sql_function, table, webhook, directus_flow, nats, kafka';
  end if;
  select approval_id into v_open from iu_route_approval
   where route_id = v_route.route_id and route_version = v_route.version and approved_by is null and revoked_at is null
     and expires_at > clock_timestamp()
   order by approval_id desc limit 1;
  if found then
    raise exception using errcode = 'IU421', message = format('request %s for version %s of route %s is open', v_open, v_route.version, v_route.route_code),
      hint = 'have it approved or rejected first: iu route approve ID, iu route reject ID';
  end if;
  v_pin := fn_iu_target_sha256(v_route.target_kind, v_route.target_ref);
  if v_route.target_kind in ('sql_function', 'table') and v_pin is null then
    raise exception using errcode = 'IU437', message = format('the target of route %s is not registered, or is not there', v_route.route_code),
      hint = 'register the function or table first: fn_iu_target_register';
  end if;
  v_readiness := fn_iu_route_readiness(p_route_code);
  perform fn_iu_route_must_be_ready(v_readiness);
  insert into iu_route_approval (route_id, route_version, requested_by, evidence, expires_at, max_events, canary_share, failure_budget,
                                 target_sha256, reason)
  values (v_route.route_id, v_route.version, session_user, v_readiness, v_expires, p_max_events, p_canary_share, p_failure_budget,
          v_pin, p_reason)
  returning * into v_approval;
  return fn_iu_route_approval_said(v_approval) || jsonb_build_object('readiness', v_readiness);
end
$$;
