-- fn_iu_delivery_health() returns jsonb
--
-- Contract:  what is wrong with deliveries, for health (P10): the oldest one that waits is too old, something other than a closed
--            gate holds all of them, deliveries are due and nobody claims them, a route is paused. Counts up to 100,000 and looks
--            at the 1,000 oldest events, so that a long queue does not make health slow.
-- Arguments: none
-- Returns:   {waiting, oldest_seconds, hold, reasons: [{code, message, action}]}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_delivery_health() returns jsonb
language plpgsql
volatile
set search_path from current
as $$
declare
  v_allowed numeric := fn_iu_setting_number('iu_core.health_max_delivery_seconds', 3600, 1, 2592000);
  v_unclaimed interval := make_interval(secs => fn_iu_setting_number('iu_core.health_max_silence_seconds', 120, 1, 86400));
  v_hold text := fn_iu_delivery_hold(fn_iu_setting('iu_core.deployment', null));
  v_waiting bigint;
  v_age numeric;
  v_paused text;
  v_nobody text;
begin
  select count(*) into v_waiting from (select from iu_route_delivery limit 100000) d;
  select extract(epoch from clock_timestamp() - min(created_at)) into v_age
    from (select created_at from iu_route_delivery order by event_seq limit 1000) d;
  select string_agg(format('%s (%s)', r.route_code, f.pause_reason), ', ' order by r.route_code) into v_paused
    from iu_route_flow f join iu_outbound_route r using (route_id)
   where f.paused_at is not null and r.removed_at is null and r.enabled and not r.dry_run;
  select string_agg(r.route_code, ', ' order by r.route_code) into v_nobody
    from iu_route_flow f join iu_outbound_route r using (route_id)
   where r.enabled and not r.dry_run and f.paused_at is null and f.breaker = 'closed' and v_hold is null
     and fn_iu_route_approval_state(r.route_id, r.version, r.approval_id) = 'valid'
     and (exists (select from iu_route_delivery d where d.route_id = r.route_id and d.lane_key is null
                     and d.due_at < clock_timestamp() - v_unclaimed and d.lease_token is null)
          or exists (select from iu_route_lane l where l.route_id = r.route_id and l.due_at < clock_timestamp() - v_unclaimed
                        and l.lease_token is null));
  return jsonb_build_object('waiting', v_waiting, 'oldest_seconds', round(v_age, 1), 'hold', v_hold, 'reasons', (
    select coalesce(jsonb_agg(jsonb_build_object('code', code, 'message', message, 'action', action)), '[]') from (values
      (v_age > v_allowed, 'delivery_too_old', format('%s deliveries wait, the oldest for %s s, %s s are allowed', v_waiting, v_age::bigint, v_allowed),
       'iu delivery list names what holds them'),
      (v_waiting > 0 and v_hold not like '%gate_closed', 'deliveries_held', format('%s deliveries are held: %s', v_waiting, v_hold),
       'iu deployment show; claim it only when this is the real one'),
      (v_nobody is not null, 'deliveries_not_claimed', format('deliveries are due and no runner claims them: %s', v_nobody),
       'start iu worker with IU_DEPLOYMENT, or look at its log'),
      (v_paused is not null, 'route_paused', format('paused: %s', v_paused), 'iu route resume CODE --reason TEXT')
    ) as reason (holds, code, message, action) where holds));
end
$$;
