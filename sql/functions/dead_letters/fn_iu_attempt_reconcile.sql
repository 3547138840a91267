-- fn_iu_attempt_reconcile(uuid, text, integer, text, text) returns jsonb
--
-- Contract:  a person who asked the target says what became of a send that nobody knows the outcome of. What was said is kept. sent:
--            an attempt sent with the reason reconciled follows, the delivery that waits to be tried again is taken out of the queue, or
--            the open dead letter is resolved. not_sent: nothing else changes, trying again is safe. A later word counts, but sent stays.
-- Arguments: p_event_id; p_route_code; p_attempt_no: of the attempt unknown; p_outcome: sent or not_sent; p_note: who said so and
--            where it can be seen, mandatory
-- Returns:   {event_id, route_code, attempt_no, outcome, written_attempt_no, delivery: taken_out|waiting|none, dead_letter_id: resolved}
-- Raises:    IU380 no such attempt, IU381 its outcome is known, IU382 note or outcome missing, IU383 the pair was reconciled as sent, or
--            sent, already, IU384 the pair is being replayed right now, IU355 it is being sent right now
-- Writes:    iu_attempt_reconciliation, iu_route_attempt, iu_route_delivery, iu_route_lane, iu_route_dead_letter
-- May call:  iu_operator
create or replace function fn_iu_attempt_reconcile(p_event_id uuid, p_route_code text, p_attempt_no integer, p_outcome text, p_note text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_attempt iu_route_attempt;
  d iu_route_delivery;
  v_letter_id bigint;
  v_no integer;
  v_key text;
begin
  if nullif(btrim(p_note), '') is null or p_outcome is null or p_outcome not in ('sent', 'not_sent') then
    raise exception using errcode = 'IU382', message = 'an attempt is reconciled as sent or not_sent, with a note', hint = 'add --note TEXT';
  end if;
  select a.* into v_attempt from event_outbox e
    join iu_outbound_route r on r.route_code = p_route_code
    join iu_route_attempt a on a.event_seq = e.seq and a.route_id = r.route_id and a.attempt_no = p_attempt_no
   where e.id = p_event_id;
  if not found then
    raise exception using errcode = 'IU380', message = format('event %s has no attempt %s on route %s', p_event_id, p_attempt_no, p_route_code),
      hint = 'iu attempt list --status unknown';
  elsif v_attempt.status <> 'unknown' then
    raise exception using errcode = 'IU381', message = format('attempt %s of event %s on route %s is %s', p_attempt_no, p_event_id, p_route_code, v_attempt.status);
  end if;
  -- the lane first, as a settle locks
  perform from iu_route_lane l join iu_route_delivery q using (route_id, lane_key)
    where q.event_seq = v_attempt.event_seq and l.route_id = v_attempt.route_id for update of l;
  select q.* into d from iu_route_delivery q where q.event_seq = v_attempt.event_seq and q.route_id = v_attempt.route_id for update;
  if found and p_outcome = 'sent' and d.lease_token is not null then
    raise exception using errcode = 'IU355', message = format('event %s is being sent to route %s right now', p_event_id, p_route_code),
      hint = 'iu route pause CODE keeps the next send from starting; wait until this one is settled';
  elsif d.event_seq is null then
    -- the letter, then the decision row, as a replay locks
    select l.dead_letter_id into v_letter_id from iu_route_dead_letter l
     where l.event_seq = v_attempt.event_seq and l.route_id = v_attempt.route_id and l.resolved_at is null for update;
    perform from iu_route_attempt a where a.event_seq = v_attempt.event_seq and a.route_id = v_attempt.route_id and a.attempt_no = 1 for update;
    if exists (select from iu_route_delivery q where q.event_seq = v_attempt.event_seq and q.route_id = v_attempt.route_id) then
      raise exception using errcode = 'IU384', message = format('event %s is being replayed on route %s right now', p_event_id, p_route_code),
        hint = 'try again';
    end if;
  end if;
  if exists (select from iu_route_attempt a where a.event_seq = v_attempt.event_seq and a.route_id = v_attempt.route_id and a.status = 'sent'
              and a.attempt_no > p_attempt_no) then
    raise exception using errcode = 'IU383', message = format('event %s was sent to route %s after attempt %s', p_event_id, p_route_code, p_attempt_no),
      hint = 'iu event show ID tells its story';
  end if;
  insert into iu_attempt_reconciliation (event_seq, route_id, attempt_no, outcome, note, reconciled_by)
  values (v_attempt.event_seq, v_attempt.route_id, p_attempt_no, p_outcome, p_note, session_user);
  if p_outcome = 'sent' then
    select coalesce(d.attempt_no, max(a.attempt_no)) + 1 into v_no from iu_route_attempt a
     where a.event_seq = v_attempt.event_seq and a.route_id = v_attempt.route_id;
    v_key := coalesce(d.delivery_key, v_attempt.idempotency_key);
    delete from iu_route_delivery q where q.event_seq = d.event_seq and q.route_id = d.route_id;
    insert into iu_route_attempt (event_seq, route_id, attempt_no, route_version, delivered, event_ref, route_kind, route_code, status, decision,
                                  reason, idempotency_key)
    values (v_attempt.event_seq, v_attempt.route_id, v_no, v_attempt.route_version, true, v_attempt.event_ref, 'outbound', v_attempt.route_code,
            'sent', 'sent', 'reconciled', v_key);
    if d.lane_key is not null then
      perform fn_iu_lane_refresh(array[d.route_id], array[d.lane_key]);
    end if;
    update iu_route_dead_letter
       set resolved_at = clock_timestamp(), resolved_by = session_user, resolution = 'resolved',
           resolution_note = format('reconciled as sent by attempt %s: %s', v_no, p_note)
     where dead_letter_id = v_letter_id;
  else
    v_letter_id := null;
  end if;
  return jsonb_build_object('event_id', p_event_id, 'route_code', p_route_code, 'attempt_no', p_attempt_no, 'outcome', p_outcome,
    'written_attempt_no', v_no, 'delivery', case when d.event_seq is null then 'none' when p_outcome = 'sent' then 'taken_out' else 'waiting' end,
    'dead_letter_id', v_letter_id::text);
end
$$;
