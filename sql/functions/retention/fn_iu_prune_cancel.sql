-- fn_iu_prune_cancel(bigint, text) returns jsonb
--
-- Contract:  ends a prune for good; what it took stays taken and counted.
-- Arguments: p_run_id; p_reason: why, mandatory
-- Returns:   as fn_iu_prune_said
-- Raises:    IU883 reason missing, IU887 no such prune, IU889 it has ended already
-- Writes:    iu_prune_run
-- May call:  iu_core_pruner
create or replace function fn_iu_prune_cancel(p_run_id bigint, p_reason text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  r iu_prune_run;
begin
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU883', message = 'a prune, and its end, have a reason', hint = 'add --reason TEXT';
  end if;
  select * into r from iu_prune_run where run_id = p_run_id for update;
  if not found then
    raise exception using errcode = 'IU887', message = format('there is no prune %s', p_run_id), hint = 'iu prune list shows them';
  elsif r.state <> 'running' then
    raise exception using errcode = 'IU889', message = format('prune %s is %s already', p_run_id, r.state);
  end if;
  update iu_prune_run set state = 'cancelled', ended_by = session_user, ended_at = clock_timestamp(), end_reason = p_reason
   where run_id = p_run_id returning * into r;
  return fn_iu_prune_said(r, 'cancelled');
end
$$;
