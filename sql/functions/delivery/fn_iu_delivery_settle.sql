-- fn_iu_delivery_settle(text, uuid[], bigint[], bigint[], text[], integer[], text[], text[], boolean[], integer[], boolean[]) returns jsonb
--
-- Contract:  writes what became of sends, fenced by the lease token: who comes back after his lease ran out finds nothing and
--            writes nothing. sent: the delivery is gone, an attempt says so. failed, unknown: an attempt, and due again by the
--            retry policy, or a dead letter. released: was not sent, the number is given back. Works while gates are closed: what
--            happened is recorded always. A call that is repeated because its answer was lost changes nothing. Locks in one order: leases,
--            lanes, deliveries, flow, route, approval.
-- Arguments: p_runner_id; then arrays of one length, one element a send: p_lease_tokens, p_route_ids, p_event_seqs, p_statuses,
--            p_milliseconds, p_details (what the target said, or the failure), p_failure_codes, p_permanent, p_retry_after_seconds,
--            p_gone (the target is gone for good: pause); the last four may be empty when nothing failed
-- Returns:   {settled, refused: fenced or unknown, dead_lettered}
-- Raises:    IU352 unknown status, IU301, IU302
-- Writes:    iu_route_delivery, iu_route_lane, iu_route_lease, iu_route_attempt, iu_route_dead_letter, iu_route_flow,
--            iu_route_approval
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_delivery_settle(p_runner_id text, p_lease_tokens uuid[], p_route_ids bigint[], p_event_seqs bigint[],
  p_statuses text[], p_milliseconds integer[], p_details text[], p_failure_codes text[], p_permanent boolean[],
  p_retry_after_seconds integer[], p_gone boolean[]) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  v_settled iu_settled[];
  v_lane_routes bigint[];
  v_lane_keys text[];
  v_all_sent boolean;
  v_sent integer;
  v_done_tokens uuid[];
  v_done_routes bigint[];
  v_rest record;
  f record;
begin
  perform fn_iu_require_read_committed();
  if not p_statuses <@ '{sent,failed,unknown,released}' then
    raise exception using errcode = 'IU352', message = 'a send is settled as sent, failed, unknown or released';
  end if;
  -- Of these routes only: a sweep has the lease of one route, and must not wait for one that a settle of the same claim has locked before it.
  perform from iu_route_lease l where l.lease_token = any (p_lease_tokens) and l.route_id = any (p_route_ids) order by l.lease_token, l.route_id for update;
  v_all_sent := not exists (select from unnest(p_statuses) as u (status) where u.status <> 'sent');
  -- Almost always everything was sent: then no row is looked at twice.
  if not v_all_sent then
    select array_agg(row(u.lease_token, u.route_id, u.event_seq, u.status, u.milliseconds, u.detail, u.failure_code, u.permanent,
                         u.retry_after_seconds, u.gone, u.ordinality)::iu_settled)
      into v_settled
      from unnest(p_lease_tokens, p_route_ids, p_event_seqs, p_statuses, p_milliseconds, p_details, p_failure_codes, p_permanent,
                  p_retry_after_seconds, p_gone) with ordinality
             as u (lease_token, route_id, event_seq, status, milliseconds, detail, failure_code, permanent, retry_after_seconds, gone, ordinality)
      join iu_route_lease l using (lease_token, route_id);
  end if;
  if exists (select from iu_route_lease l where l.lease_token = any (p_lease_tokens)
                and exists (select from iu_route_lane a where a.route_id = l.route_id)) then
    select array_agg(d.route_id), array_agg(d.lane_key) into v_lane_routes, v_lane_keys
      from unnest(p_lease_tokens, p_route_ids, p_event_seqs) as u (lease_token, route_id, event_seq)
      join iu_route_delivery d on d.event_seq = u.event_seq and d.route_id = u.route_id and d.lease_token = u.lease_token
     where d.lane_key is not null;
    perform from iu_route_lane l
      join unnest(v_lane_routes, v_lane_keys) as k (route_id, lane_key) using (route_id, lane_key)
     order by l.route_id, l.lane_key for update of l;
  end if;
  with gone as (
    delete from iu_route_delivery d
     using unnest(p_lease_tokens, p_route_ids, p_event_seqs, p_statuses, p_milliseconds, p_details)
             as s (lease_token, route_id, event_seq, status, milliseconds, detail)
      join iu_route_lease l using (lease_token, route_id)
     where d.event_seq = s.event_seq and d.route_id = s.route_id and d.lease_token = s.lease_token and s.status = 'sent'
    returning d.event_seq, d.route_id, d.attempt_no, d.event_ref, d.delivery_key, d.lease_token, l.route_version, l.route_code, s.milliseconds,
              s.detail
  ), written as (
  insert into iu_route_attempt (event_seq, route_id, attempt_no, route_version, delivered, event_ref, route_kind, route_code, status, decision,
                                reason, idempotency_key, send_milliseconds, runner_id)
  select g.event_seq, g.route_id, g.attempt_no, g.route_version, true, g.event_ref, 'outbound', g.route_code, 'sent', 'sent',
         left(g.detail, 200), g.delivery_key, g.milliseconds, p_runner_id
    from gone g
  )
  select coalesce(array_agg(g.lease_token), '{}'), coalesce(array_agg(g.route_id), '{}'), count(*) into v_done_tokens, v_done_routes, v_sent from gone g;
  select 0 as settled, 0 as dead_lettered, '{}'::bigint[] as held_route_ids, '{}'::text[] as held_lane_keys, '{}'::bigint[] as held_seqs into v_rest;
  if not v_all_sent then
    select * into v_rest from fn_iu_delivery_settle_rest(p_runner_id, (select array_agg(s) from unnest(v_settled) s where s.status <> 'sent'));
    v_done_tokens := v_done_tokens || v_rest.done_tokens;
    v_done_routes := v_done_routes || v_rest.done_route_ids;
  end if;
  if v_lane_routes is not null then
    perform fn_iu_lane_refresh(v_lane_routes, v_lane_keys);
    insert into iu_route_lane (route_id, lane_key, head_seq, due_at)
    select h.route_id, h.lane_key, h.head_seq, 'infinity' from unnest(v_rest.held_route_ids, v_rest.held_lane_keys, v_rest.held_seqs) as h (route_id, lane_key, head_seq)
     order by 1, 2
    on conflict (route_id, lane_key) do update set due_at = 'infinity', lease_token = null;
  end if;
  if not v_all_sent then
    -- The flow before the approval, as a claim locks them, and both in order of route.
    perform from iu_route_flow w where w.route_id = any (select s.route_id from unnest(v_settled) s) order by w.route_id for update;
    update iu_route_approval a set events_used = greatest(a.events_used - b.n, 0)
      from (select approval_id, count(*) as n from unnest(v_rest.unused_approval_ids) as u (approval_id) group by 1) b
     where a.approval_id = b.approval_id;
    -- What was released keeps its due time, so that it is not behind what came later: claims have to look back to it.
    update iu_route_flow w set due_from = b.due_at
      from (select d.route_id, min(d.due_at) as due_at from unnest(v_settled) s join iu_route_delivery d using (event_seq, route_id)
             where s.status = 'released' and d.lane_key is null and d.lease_token is null group by 1) b
     where w.route_id = b.route_id and w.due_from > b.due_at;
  end if;
  for f in
    select s.route_id, count(*) filter (where s.status = 'sent')::integer as sent,
           count(*) filter (where s.is_failure)::integer as failed,
           count(*) filter (where s.is_failure or s.status = 'failed' and s.permanent)::integer as spent,
           count(*) filter (where s.is_failure and s.ordinality > s.last_sent)::integer as trailing,
           coalesce(bool_or(s.gone), false) as gone, max(s.failure_code) filter (where s.is_failure) as failure_code
      from (select u.*, (u.status = 'unknown' or u.status = 'failed' and u.permanent is not true) and u.failure_code <> 'lease_expired' as is_failure,
                   coalesce(max(u.ordinality) filter (where u.status = 'sent') over (partition by u.route_id), 0) as last_sent
              from unnest(v_settled) u) s
      join iu_route_flow w using (route_id)
     group by s.route_id, w.breaker, w.failures_in_row
    having count(*) filter (where s.is_failure or s.status = 'failed') > 0 or bool_or(s.gone) or w.breaker <> 'closed' or w.failures_in_row > 0
    union all
    select distinct l.route_id, 1, 0, 0, 0, false, null::text
      from iu_route_lease l join iu_route_flow w using (route_id)
     where v_all_sent and v_sent > 0 and l.lease_token = any (p_lease_tokens) and (w.breaker <> 'closed' or w.failures_in_row > 0)
       and l.route_id = any (p_route_ids)
     order by 1
  loop
    perform fn_iu_route_flow_settle(f.route_id, f.sent, f.failed, f.spent, f.trailing, f.gone, f.failure_code);
  end loop;
  -- What was settled here, not what was asked for: a repeated call must not end the lease of what is still in flight.
  with counted as (select u.lease_token, u.route_id, count(*)::integer as n from unnest(v_done_tokens, v_done_routes) as u (lease_token, route_id) group by 1, 2),
  done as (delete from iu_route_lease l using counted c where l.lease_token = c.lease_token and l.route_id = c.route_id and l.unsettled <= c.n)
  update iu_route_lease l set unsettled = l.unsettled - c.n
    from counted c where l.lease_token = c.lease_token and l.route_id = c.route_id and l.unsettled > c.n;
  return jsonb_build_object('settled', v_sent + v_rest.settled, 'refused', cardinality(p_statuses) - v_sent - v_rest.settled,
                            'dead_lettered', v_rest.dead_lettered);
end
$$;
