-- fn_iu_replay_cancel(bigint, text) returns jsonb
--
-- Contract:  ends a run for good; a step that is running commits first. What was replayed stays, and what was not can be meant by
--            another replay.
-- Arguments: p_run_id; p_reason: why, mandatory
-- Returns:   as fn_iu_replay_step, with the status cancelled
-- Raises:    IU370 no such run, IU371 reason missing, IU373 it has ended already
-- Writes:    iu_replay_run
-- May call:  iu_operator
create or replace function fn_iu_replay_cancel(p_run_id bigint, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  r iu_replay_run;
begin
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU371', message = 'a replay of many, and its end, have a reason', hint = 'add --note TEXT';
  end if;
  select * into r from iu_replay_run where run_id = p_run_id for update;
  if not found then
    raise exception using errcode = 'IU370', message = format('there is no replay %s', p_run_id), hint = 'iu replay list shows them';
  elsif r.state <> 'running' then
    raise exception using errcode = 'IU373', message = format('replay %s is %s already', p_run_id, r.state);
  end if;
  update iu_replay_run set state = 'cancelled', ended_by = session_user, ended_at = clock_timestamp(), end_reason = p_reason
   where run_id = p_run_id returning * into r;
  return fn_iu_replay_said(r, 'cancelled');
end
$$;
