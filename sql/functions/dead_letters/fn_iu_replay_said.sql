-- fn_iu_replay_said(iu_replay_run, text, integer) returns jsonb
--
-- Contract:  where a run of a replay stands, as its functions answer with it; ids as text, because they do not fit every reader's numbers.
-- Arguments: p_run; p_status: what the call did; p_wait_milliseconds: when the next step makes sense, null = at once or never
-- Returns:   {run_id, status, state, pairs: worked on so far, pairs_planned, replayed, by_decision, delivery_waiting, unchanged,
--            wait_milliseconds}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_replay_said(p_run iu_replay_run, p_status text, p_wait_milliseconds integer default null) returns jsonb
language sql
immutable
set search_path from current
as $$
  select jsonb_build_object('run_id', p_run.run_id::text, 'status', p_status, 'state', p_run.state, 'pairs', p_run.pairs,
    'pairs_planned', p_run.preview -> 'pairs', 'replayed', p_run.replayed, 'by_decision', p_run.by_decision,
    'delivery_waiting', p_run.delivery_waiting, 'unchanged', p_run.unchanged, 'wait_milliseconds', p_wait_milliseconds)
$$;
