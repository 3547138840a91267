-- fn_iu_cut_run_journal() returns trigger
--
-- Contract:  every change of state of a run, and every new plan, is a row of iu_cut_log in the name of the session.
-- Arguments: none
-- Returns:   null (after trigger)
-- Raises:    nothing
-- Writes:    iu_cut_log
-- May call:  nobody, it is a trigger
create or replace function fn_iu_cut_run_journal() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
  insert into iu_cut_log (run_id, from_state, to_state, actor_ref, detail)
  values (new.run_id, case tg_op when 'UPDATE' then old.state end, new.state, new.actor_ref,
          new.detail || case when new.state = 'cutplan_ok' then jsonb_build_object('plan_digest', new.plan_digest) else '{}' end);
  return null;
end
$$;
