-- fn_iu_replay_start(jsonb, text, integer) returns jsonb
--
-- Contract:  begins a replay of many as a run: keeps its filter, what the preview showed, its cap and reason. Nothing is replayed yet;
--            fn_iu_replay_step does it, whoever calls it, from whatever process. Refused while the master or the worker gate is closed.
-- Arguments: p_filter: as for fn_iu_replay_candidates; without until_attempt_id it means what there is now; p_reason: why, mandatory;
--            p_rate_per_second: most pairs a second, null = no cap
-- Returns:   {status: started|master_gate_closed|worker_gate_closed, run_id, state, pairs, pairs_planned, replayed, by_decision,
--            delivery_waiting, unchanged}
-- Raises:    IU344, IU371 reason missing, IU372 the cap is not positive, IU301, IU302
-- Writes:    iu_replay_run
-- May call:  iu_operator
create or replace function fn_iu_replay_start(p_filter jsonb, p_reason text, p_rate_per_second integer default null) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_closed text;
  v_preview jsonb;
  v_run iu_replay_run;
begin
  perform fn_iu_require_read_committed();
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU371', message = 'a replay of many, and its end, have a reason', hint = 'add --note TEXT';
  elsif p_rate_per_second <= 0 then
    raise exception using errcode = 'IU372', message = 'the cap of a replay is at least one pair a second';
  end if;
  -- Before the gate: it can take minutes, and who closes a gate waits for its lock.
  v_preview := fn_iu_replay_preview(p_filter, p_rate_per_second);
  v_closed := fn_iu_closed_gate();
  if v_closed is not null then
    return jsonb_build_object('status', v_closed);
  end if;
  insert into iu_replay_run (filter, until_attempt_id, rate_per_second, preview, reason, started_by)
  values (p_filter - 'until_attempt_id', coalesce(p_filter ->> 'until_attempt_id', v_preview ->> 'until_attempt_id')::bigint, p_rate_per_second,
          v_preview, p_reason, session_user)
  returning * into v_run;
  return fn_iu_replay_said(v_run, 'started');
end
$$;
