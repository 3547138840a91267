-- fn_iu_replay(jsonb, integer) returns jsonb
--
-- Contract:  replays or revives at most p_limit pairs of a filter, in order of event, each as its next attempt; dead letters that led
--            somewhere are resolved. Call it again with after_seq = last_seq until remaining is 0; each call is one transaction, so
--            it can be stopped at any point. Refused while the master or the worker gate is closed.
-- Arguments: p_filter: as for fn_iu_replay_candidates; p_limit: pairs, 1..1000
-- Returns:   {status: ran|master_gate_closed|worker_gate_closed, replayed, by_decision, delivery_waiting, remaining (counted up to
--            10,001), last_seq}
-- Raises:    IU344, IU301, IU302
-- Writes:    iu_route_attempt, iu_route_delivery, iu_route_dead_letter
-- May call:  iu_operator
create or replace function fn_iu_replay(p_filter jsonb, p_limit integer default 100) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_limit integer := least(greatest(p_limit, 1), 1000);
  v_pair record;
  v_outcome jsonb;
  v_decisions jsonb := '{}';
  v_pairs integer := 0;
  v_replayed integer := 0;
  v_waiting integer := 0;
  v_last bigint := coalesce((p_filter ->> 'after_seq')::bigint, 0);
  v_remaining bigint;
begin
  perform fn_iu_require_read_committed();
  if not fn_iu_in_probe() then
    perform pg_advisory_xact_lock_shared(fn_iu_gate_lock_key());
  end if;
  if not fn_iu_core_routes_enabled() then
    return jsonb_build_object('status', 'master_gate_closed', 'replayed', 0);
  elsif not fn_iu_route_worker_enabled() then
    return jsonb_build_object('status', 'worker_gate_closed', 'replayed', 0);
  end if;
  -- A part ends at the end of an event: last_seq stands for every route of it.
  for v_pair in
    -- so many more that the last event of the part is whole
    select * from fn_iu_replay_candidates(p_filter, v_limit + (select count(*) + 1 from iu_outbound_route))
  loop
    exit when v_pairs >= v_limit and v_pair.event_seq <> v_last;
    v_pairs := v_pairs + 1;
    if v_pair.dead_letter_id is not null then
      v_outcome := fn_iu_route_dead_letter_replay(v_pair.dead_letter_id);
    else
      v_outcome := fn_iu_route_redecide(v_pair.event_seq, v_pair.route_id, false);
    end if;
    if v_outcome ->> 'status' = 'delivery_waiting' then
      v_waiting := v_waiting + 1;
    elsif v_outcome ->> 'status' = 'replayed' then
      v_replayed := v_replayed + 1;
      v_decisions := v_decisions || jsonb_build_object(v_outcome ->> 'decision', coalesce((v_decisions ->> (v_outcome ->> 'decision'))::integer, 0) + 1);
    end if;
    v_last := v_pair.event_seq;
  end loop;
  select count(*) into v_remaining from fn_iu_replay_candidates(p_filter || jsonb_build_object('after_seq', v_last::text), 10001);
  return jsonb_build_object('status', 'ran', 'replayed', v_replayed, 'by_decision', v_decisions, 'delivery_waiting', v_waiting,
    'remaining', v_remaining, 'last_seq', v_last::text);
end
$$;
