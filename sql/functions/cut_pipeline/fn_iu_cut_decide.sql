-- fn_iu_cut_decide(bigint, integer, uuid, text, text) returns jsonb
--
-- Contract:  a person's word about one piece before the plan is approved: it is this unit, or it is new. It counts before everything the
--            matcher finds, in every plan made after it. Words stay; the last one about a piece counts.
-- Arguments: p_run_id; p_ordinal: the piece; p_unit_id: the unit it is, null = a new one; p_note: why; p_actor
-- Returns:   {decision_id, run_id, ordinal, unit_id, decided_by, others}; others: pieces that are this unit by the word of a person too,
--            in order: together they are a split of it
-- Raises:    IU216, IU707, IU730 the plan is approved or applied, IU738 no such piece, or the unit is no living one of the document
-- Writes:    iu_cut_decision
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_cut_decide(p_run_id bigint, p_ordinal integer, p_unit_id uuid, p_note text, p_actor text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_run iu_cut_run := fn_iu_cut_claim(p_run_id, p_actor);
  v_decision iu_cut_decision;
begin
  if v_run.state not in ('marked', 'cutplan_ok', 'pre_write_backup_taken', 'grants_probed', 'awaiting_cut_authorization') then
    raise exception using errcode = 'IU730', message = format('cut run %s is %s: nothing is to be decided', p_run_id, v_run.state);
  end if;
  if not exists (select from iu_cut_mark where run_id = p_run_id and ordinal = p_ordinal) then
    raise exception using errcode = 'IU738', message = format('cut run %s has no piece %s', p_run_id, p_ordinal), hint = 'iu cut plan lists the pieces';
  end if;
  if p_unit_id is not null and not exists (
       select from fn_iu_cut_living_units(v_run.document_id) l where l.unit_id = p_unit_id and l.unit_id <> v_run.document_id) then
    raise exception using errcode = 'IU738', message = format('%s is no living unit of %s', p_unit_id, v_run.document_address),
      hint = 'iu unit tree shows the units of the document';
  end if;
  insert into iu_cut_decision (run_id, ordinal, unit_id, note, actor_ref) values (p_run_id, p_ordinal, p_unit_id, p_note, p_actor)
  returning * into v_decision;
  return jsonb_build_object('decision_id', v_decision.decision_id::text, 'run_id', p_run_id::text, 'ordinal', p_ordinal,
                            'unit_id', p_unit_id, 'decided_by', v_decision.decided_by, 'others', (
    select coalesce(jsonb_agg(o.ordinal order by o.ordinal), '[]')
      from (select distinct on (d.ordinal) d.ordinal, d.unit_id from iu_cut_decision d where d.run_id = p_run_id
             order by d.ordinal, d.decision_id desc) o
     where o.unit_id = p_unit_id and o.ordinal <> p_ordinal));
end
$$;
