-- fn_iu_replay_step(bigint, integer) returns jsonb
--
-- Contract:  one step of a run: replays or revives its next pairs in order of event, each as its next attempt; dead letters that led
--            somewhere are resolved. A step is one transaction: killed in the middle it leaves nothing, and the next one, of this or any
--            other process, goes on where the last committed one ended. A pair that has a later attempt by then is left alone, so no pair
--            is replayed twice. Never faster than the cap, by the server's clock, whoever steps; what was not used up within a
--            second is not saved. A closed gate keeps the run as it is.
-- Arguments: p_run_id; p_limit: most pairs of this step, 1..1000
-- Returns:   {run_id, status: stepped|done|cancelled|rate_limited|busy|master_gate_closed|worker_gate_closed, state, pairs,
--            pairs_planned, replayed, by_decision, delivery_waiting, unchanged, wait_milliseconds}
-- Raises:    IU370 no such run, IU301, IU302
-- Writes:    iu_replay_run, iu_route_attempt, iu_route_delivery, iu_route_lane, iu_route_dead_letter
-- May call:  iu_operator
create or replace function fn_iu_replay_step(p_run_id bigint, p_limit integer default 100) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_closed text;
  r iu_replay_run;
  v_limit integer := least(greatest(coalesce(p_limit, 100), 1), 1000);
  v_now timestamptz := clock_timestamp();
  v_tokens numeric;
  v_pair record;
  v_outcome jsonb;
  v_found integer := 0;
begin
  perform fn_iu_require_read_committed();
  select * into r from iu_replay_run where run_id = p_run_id for update skip locked;
  if not found then
    select * into r from iu_replay_run where run_id = p_run_id;
    if not found then
      raise exception using errcode = 'IU370', message = format('there is no replay %s', p_run_id), hint = 'iu replay list shows them';
    end if;
    return fn_iu_replay_said(r, 'busy', 200);
  elsif r.state <> 'running' then
    return fn_iu_replay_said(r, r.state);
  end if;
  v_closed := fn_iu_closed_gate();
  if v_closed is not null then
    return fn_iu_replay_said(r, v_closed);
  end if;
  if r.rate_per_second is not null then
    v_tokens := least(r.rate_per_second, r.tokens + r.rate_per_second * greatest(coalesce(extract(epoch from v_now - r.tokens_at), 0), 0));
    v_limit := least(v_limit, floor(v_tokens)::integer);
    if v_limit < 1 then
      return fn_iu_replay_said(r, 'rate_limited', ceil(1000 * (1 - v_tokens) / r.rate_per_second)::integer);
    end if;
  end if;
  for v_pair in
    select * from fn_iu_replay_candidates(r.filter || jsonb_build_object('until_attempt_id', r.until_attempt_id::text), v_limit, r.position_seq, r.position_route_id)
  loop
    v_found := v_found + 1;
    if v_pair.dead_letter_id is not null then
      v_outcome := fn_iu_route_dead_letter_replay(v_pair.dead_letter_id);
    else
      v_outcome := fn_iu_route_redecide(v_pair.event_seq, v_pair.route_id, false);
    end if;
    if v_outcome ->> 'status' = 'replayed' then
      r.replayed := r.replayed + 1;
      r.by_decision := r.by_decision || jsonb_build_object(v_outcome ->> 'decision', coalesce((r.by_decision ->> (v_outcome ->> 'decision'))::bigint, 0) + 1);
    elsif v_outcome ->> 'status' = 'delivery_waiting' then
      r.delivery_waiting := r.delivery_waiting + 1;
    else
      -- somebody else resolved it between the look and the lock
      r.unchanged := r.unchanged + 1;
    end if;
    r.position_seq := v_pair.event_seq;
    r.position_route_id := v_pair.route_id;
  end loop;
  if v_found < v_limit then
    r.state := 'done';
    r.ended_by := session_user;
    r.ended_at := clock_timestamp();
  end if;
  update iu_replay_run
     set state = r.state, position_seq = r.position_seq, position_route_id = r.position_route_id, pairs = pairs + v_found, replayed = r.replayed,
         delivery_waiting = r.delivery_waiting, unchanged = r.unchanged, by_decision = r.by_decision, tokens = coalesce(v_tokens, tokens) - v_found,
         tokens_at = v_now, worked_at = clock_timestamp(), ended_by = r.ended_by, ended_at = r.ended_at,
         worked_by = case when session_user = any (worked_by) then worked_by else worked_by || session_user::text end
   where run_id = p_run_id
  returning * into r;
  return fn_iu_replay_said(r, case r.state when 'done' then 'done' else 'stepped' end);
end
$$;
