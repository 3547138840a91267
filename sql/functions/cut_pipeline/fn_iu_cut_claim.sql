-- fn_iu_cut_claim(bigint, text) returns iu_cut_run
--
-- Contract:  the row of a run, locked, with the actor of the step that follows written into it.
-- Arguments: p_run_id; p_actor: who, recorded beside the login of the session
-- Returns:   the row
-- Raises:    IU216 actor missing, IU707 there is no such run
-- Writes:    nothing (row lock)
-- May call:  internal
create or replace function fn_iu_cut_claim(p_run_id bigint, p_actor text) returns iu_cut_run
language plpgsql
set search_path from current
as $$
declare
  v_run iu_cut_run;
begin
  if coalesce(btrim(p_actor), '') = '' then
    raise exception using errcode = 'IU216', message = 'a step of a cut names its actor';
  end if;
  perform fn_iu_require_read_committed();
  select * into v_run from iu_cut_run where run_id = p_run_id for no key update;
  if not found then
    raise exception using errcode = 'IU707', message = format('there is no cut run %s', p_run_id), hint = 'iu cut list';
  end if;
  v_run.actor_ref := p_actor;
  return v_run;
end
$$;
