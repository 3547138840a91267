-- fn_iu_delivery_settle_rest(text, iu_settled[]) returns record
--
-- Contract:  settles what was not sent: failed and unknown sends become an attempt and are due again by the retry policy, or end as
--            a dead letter; released ones give their number back. The caller holds the locks and has settled what was sent.
-- Arguments: p_runner_id; p_settled: with status failed, unknown or released
-- Returns:   settled, dead_lettered; of each dead letter that holds its lane: held_route_ids, held_lane_keys, held_seqs; of each send
--            that was settled: done_tokens, done_route_ids; unused_approval_ids: one for each send that a claim counted and that was not made, for the
--            caller to give back
-- Raises:    nothing
-- Writes:    iu_route_delivery, iu_route_attempt, iu_route_dead_letter
-- May call:  internal
create or replace function fn_iu_delivery_settle_rest(p_runner_id text, p_settled iu_settled[], out settled integer, out dead_lettered integer,
  out held_route_ids bigint[], out held_lane_keys text[], out held_seqs bigint[], out done_tokens uuid[], out done_route_ids bigint[],
  out unused_approval_ids bigint[])
language plpgsql
volatile
set search_path from current
as $$
declare
  s record;
  d iu_route_delivery;
  v_delay integer;
begin
  settled := 0; dead_lettered := 0;
  held_route_ids := '{}'; held_lane_keys := '{}'; held_seqs := '{}';
  done_tokens := '{}'; done_route_ids := '{}'; unused_approval_ids := '{}';
  for s in
    select u.*, l.route_version, l.approval_id, r.route_code, r.retry_policy, r.on_dead_letter
      from unnest(p_settled) u
      join iu_route_lease l using (lease_token, route_id)
      join iu_outbound_route r using (route_id)
     order by u.event_seq, u.route_id
  loop
    select * into d from iu_route_delivery q where q.event_seq = s.event_seq and q.route_id = s.route_id and q.lease_token = s.lease_token for update;
    continue when not found;
    settled := settled + 1;
    done_tokens := done_tokens || s.lease_token;
    done_route_ids := done_route_ids || s.route_id;
    if s.status = 'released' then
      update iu_route_delivery q set lease_token = null, attempt_no = d.attempt_no - 1, sends = d.sends - 1
       where q.event_seq = d.event_seq and q.route_id = d.route_id;
      if d.counted_by is distinct from s.approval_id then
        unused_approval_ids := unused_approval_ids || s.approval_id;
      end if;
      continue;
    end if;
    s.failure_code := coalesce(s.failure_code, s.status);
    insert into iu_route_attempt (event_seq, route_id, attempt_no, route_version, event_ref, route_kind, route_code, status, decision, reason,
                                  idempotency_key, failure_code, failure_detail, send_milliseconds, runner_id)
    values (d.event_seq, d.route_id, d.attempt_no, s.route_version, d.event_ref, 'outbound', s.route_code, s.status, s.status, s.failure_code,
            d.delivery_key, s.failure_code, left(s.detail, 500), s.milliseconds, p_runner_id);
    v_delay := case when s.permanent and s.status = 'failed' then null
                    else fn_iu_delivery_delay(s.retry_policy, d.sends, s.retry_after_seconds, random()) end;
    if v_delay is null then
      dead_lettered := dead_lettered + 1;
      perform fn_iu_delivery_dead(d, s.route_code, s.failure_code, left(s.detail, 500));
      delete from iu_route_delivery q where q.event_seq = d.event_seq and q.route_id = d.route_id;
      if d.lane_key is not null and s.on_dead_letter = 'hold' then
        held_route_ids := held_route_ids || d.route_id;
        held_lane_keys := held_lane_keys || d.lane_key;
        held_seqs := held_seqs || d.event_seq;
      end if;
    else
      update iu_route_delivery q set lease_token = null, due_at = clock_timestamp() + make_interval(secs => v_delay), counted_by = s.approval_id
       where q.event_seq = d.event_seq and q.route_id = d.route_id;
    end if;
  end loop;
end
$$;
