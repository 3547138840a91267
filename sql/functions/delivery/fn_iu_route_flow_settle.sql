-- fn_iu_route_flow_settle(bigint, integer, integer, integer, integer, boolean, text) returns void
--
-- Contract:  what a settled batch means for its route. Breaker: opens after 10 failures in a row for 30 s, doubling to 10 minutes
--            while the one send of the half-open state fails, and closes with a success; refused for good
--            or not made, it gives its turn to the next. Pause: when the target is gone for good,
--            or nothing but failures came for iu_core.pause_after_failing_seconds (a day), the time in which a gate was closed not counted.
--            Failure budget: more failed and unknown sends within an hour than the approval allows take the route back to dry-run. A
--            refusal for good is about one event, so the breaker does not count it; the budget does, or a target that refuses every
--            event would get them all.
-- Arguments: p_route_id; p_sent, p_failed: of the batch, refusals of single events not counted; p_spent: what counts against the
--            budget; p_trailing: failures after the last success; p_gone: the target asked to be left alone; p_failure_code: of the
--            last failure
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    iu_route_flow, iu_outbound_route, iu_route_approval, iu_gate_log
-- May call:  internal
create or replace function fn_iu_route_flow_settle(p_route_id bigint, p_sent integer, p_failed integer, p_spent integer, p_trailing integer,
  p_gone boolean, p_failure_code text) returns void
language plpgsql
volatile
set search_path from current
as $$
declare
  v_now timestamptz := clock_timestamp();
  f iu_route_flow;
  v_budget integer;
  v_pause text;
  v_pause_after interval := make_interval(secs => fn_iu_setting_number('iu_core.pause_after_failing_seconds', 86400, 60, 2592000));
begin
  select * into strict f from iu_route_flow where route_id = p_route_id for update;
  if p_sent > 0 then
    f.breaker := 'closed'; f.breaker_until := null; f.breaker_seconds := 0;
    f.failures_in_row := 0; f.failing_since := null; f.last_sent_at := v_now;
  end if;
  if p_failed > 0 then
    f.last_failure_at := v_now; f.last_failure_code := p_failure_code;
    f.failures_in_row := f.failures_in_row + p_trailing;
    if p_trailing > 0 then
      f.failing_since := coalesce(f.failing_since, v_now);
    end if;
    if f.breaker = 'half_open' or f.breaker = 'closed' and f.failures_in_row >= 10 then
      f.breaker_seconds := case when f.breaker = 'half_open' then least(600, greatest(30, f.breaker_seconds * 2)) else 30 end;
      f.breaker := 'open';
      f.breaker_until := v_now + make_interval(secs => f.breaker_seconds);
    end if;
  end if;
  if p_spent > 0 then
    if f.budget_started_at is null or f.budget_started_at < v_now - interval '1 hour' then
      f.budget_started_at := v_now; f.budget_failures := 0;
    end if;
    f.budget_failures := f.budget_failures + p_spent;
  end if;
  if f.breaker = 'half_open' and p_sent = 0 and p_failed = 0 then
    f.breaker_until := v_now;
  end if;
  if p_gone then
    v_pause := 'the target is gone for good (it answered 410)';
  elsif f.failing_since < v_now - v_pause_after and v_now - f.failing_since - fn_iu_delivery_closed(f.failing_since, v_now) > v_pause_after then
    v_pause := format('nothing but failures since %s', f.failing_since);
  end if;
  if v_pause is not null and f.paused_at is null then
    f.paused_at := v_now; f.paused_by := 'iu_core'; f.pause_reason := v_pause;
    insert into iu_gate_log (config_key, operation, new_value, reason, changed_by, application_name, changed_at)
    select 'route ' || route_code, 'update', 'paused', v_pause, 'iu_core', current_setting('application_name', true), v_now
      from iu_outbound_route where route_id = p_route_id;
  end if;
  update iu_route_flow
     set breaker = f.breaker, breaker_until = f.breaker_until, breaker_seconds = f.breaker_seconds, failures_in_row = f.failures_in_row,
         failing_since = f.failing_since, last_sent_at = f.last_sent_at, last_failure_at = f.last_failure_at,
         last_failure_code = f.last_failure_code, budget_started_at = f.budget_started_at, budget_failures = f.budget_failures,
         paused_at = f.paused_at, paused_by = f.paused_by, pause_reason = f.pause_reason
   where route_id = p_route_id;
  if p_spent > 0 then
    select a.failure_budget into v_budget from iu_outbound_route r join iu_route_approval a using (approval_id)
     where r.route_id = p_route_id and not r.dry_run;
    if f.budget_failures > v_budget then
      perform fn_iu_route_to_dry_run(p_route_id, format('failure budget spent: %s failed sends within an hour, %s are allowed',
        f.budget_failures, v_budget), 'iu_core');
    end if;
  end if;
end
$$;
