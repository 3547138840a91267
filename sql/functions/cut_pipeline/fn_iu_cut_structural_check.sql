-- fn_iu_cut_structural_check(iu_cut_run) returns jsonb
--
-- Contract:  structural verify, from what is stored, in a transaction after the write: the pieces joined are the source (P11), they are
--            the living units of the document in tree order, and the tree is proven. A run that fails stays so until it is rolled back
--            or what was changed beside it is put right.
-- Arguments: p_run: cut_leg_a_committed or failed_structural_verify, its row locked
-- Returns:   as fn_iu_cut_said; code IU706 when it failed
-- Raises:    nothing
-- Writes:    iu_cut_run, iu_cut_log
-- May call:  internal
create or replace function fn_iu_cut_structural_check(p_run iu_cut_run) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_problem text := fn_iu_cut_misplaced(p_run.run_id, p_run.document_id);
begin
  if v_problem is not null then
    if p_run.state = 'failed_structural_verify' then
      raise exception using errcode = 'IU706', message = format('cut run %s: %s', p_run.run_id, v_problem), hint = 'iu cut rollback';
    end if;
    return fn_iu_cut_stop(p_run, 'failed_structural_verify', 'IU706', jsonb_build_object('problem', v_problem));
  end if;
  update iu_cut_run
     set state = 'structural_verified', actor_ref = p_run.actor_ref, detail = '{}'
   where run_id = p_run.run_id returning * into p_run;
  return fn_iu_cut_said(p_run);
end
$$;
