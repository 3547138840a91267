-- fn_iu_delivery_health() returns jsonb
--
-- Contract:  what is wrong with deliveries, for health (P10): the oldest one that waits is too old, something other than a closed gate
--            holds all of them, deliveries are due and nobody claims them, no runner can open the target of a live route, a route is
--            paused, the failure budget took one back to dry-run and nobody said a word since (any change of its note is one), something
--            that was committed is gone and nobody acknowledged it. Counts up to 10,000 a route, so that a long queue does not make health
--            slow, and begins where claims do (fn_iu_delivery_queue).
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
  v_unclaimed_routes bigint[];
  v_paused text;
  v_nobody text;
  v_unopened text;
  v_unopened_routes bigint[];
  v_fallen text;
  v_gap record;
begin
  select coalesce(sum(q.waiting), 0) + (select coalesce(sum(unsettled), 0) from iu_route_lease), extract(epoch from clock_timestamp() - min(q.oldest_at)),
         array_agg(q.route_id) filter (where q.due_at < clock_timestamp() - v_unclaimed)
    into v_waiting, v_age, v_unclaimed_routes from fn_iu_delivery_queue(10000) q;
  select string_agg(format('%s (%s)', r.route_code, f.pause_reason), ', ' order by r.route_code) into v_paused
    from iu_route_flow f join iu_outbound_route r using (route_id)
   where f.paused_at is not null and r.removed_at is null and r.enabled and not r.dry_run;
  select string_agg(format('%s (%s)', u.route_code, u.reason), ', ' order by u.route_code), array_agg(u.route_id)
    into v_unopened, v_unopened_routes from fn_iu_delivery_unopened() u where u.by_all;
  select string_agg(r.route_code, ', ' order by r.route_code) into v_nobody
    from iu_route_flow f join iu_outbound_route r using (route_id)
   where r.route_id = any (v_unclaimed_routes) and (r.route_id = any (v_unopened_routes)) is not true and r.enabled and not r.dry_run and f.paused_at is null and f.breaker = 'closed' and v_hold is null
     and fn_iu_route_approval_state(r.route_id, r.version, r.approval_id) = 'valid';
  select string_agg(format('%s (%s)', r.route_code, r.note), ', ' order by r.route_code) into v_fallen
    from iu_outbound_route r
   where r.enabled and r.dry_run and exists (select from iu_route_approval a
           where a.route_id = r.route_id and a.route_version = r.version and a.revoked_by = 'iu_core' and a.revoke_reason = r.note);
  select count(*) as missing, max(g.gap_id) as last_id, min(g.reported_at) as since, min(g.event_seq) as first_seq, max(g.event_seq) as last_seq,
         count(*) filter (where not g.has_event) as events, max(g.timeline) as timeline, max(g.claimed_timeline) as claimed_timeline
    into v_gap from iu_log_gap g where g.gap_id > (select coalesce(max(until_gap_id), 0) from iu_log_gap_acknowledgement);
  return jsonb_build_object('waiting', v_waiting, 'oldest_seconds', round(v_age, 1), 'hold', v_hold, 'reasons', (
    select coalesce(jsonb_agg(jsonb_build_object('code', code, 'message', message, 'action', action)), '[]') from (values
      (v_age > v_allowed, 'delivery_too_old', format('%s deliveries wait, the oldest for %s s, %s s are allowed', v_waiting, v_age::bigint, v_allowed),
       'iu delivery list names what holds them'),
      (v_waiting > 0 and v_hold not like '%gate_closed', 'deliveries_held', format('%s deliveries are held: %s', v_waiting, v_hold),
       'iu deployment show; claim it only when this is the real one'),
      (v_nobody is not null, 'deliveries_not_claimed', format('deliveries are due and no runner claims them: %s', v_nobody),
       'start iu worker with IU_DEPLOYMENT, or look at its log'),
      (v_unopened is not null, 'target_not_opened', format('no runner can open the target, nothing is sent to it: %s', v_unopened),
       'give the secret or file to a host where iu worker runs (iu secret check --route CODE there); it tries again within a minute'),
      (v_gap.missing > 0, 'committed_work_missing', format('the log went back: %s things that processes saw committed are gone since %s, among them %s events (numbers %s to %s); this is timeline %s, claimed on timeline %s',
        v_gap.missing, v_gap.since, v_gap.events, v_gap.first_seq, v_gap.last_seq, v_gap.timeline, coalesce(v_gap.claimed_timeline::text, 'none')),
       format('iu gap list names them; more may be lost than was seen: ask producers and receivers (docs/how-to/failover.md); then iu gap acknowledge %s --reason TEXT', v_gap.last_id)),
      (v_fallen is not null, 'failure_budget_spent', format('back in dry-run, nothing more is sent: %s', v_fallen),
       'iu route show CODE; mend it and ask again (iu route request-live), or leave it so: iu route back-to-dry-run CODE --reason TEXT'),
      (v_paused is not null, 'route_paused', format('paused: %s', v_paused), 'iu route resume CODE --reason TEXT')
    ) as reason (holds, code, message, action) where holds));
end
$$;
