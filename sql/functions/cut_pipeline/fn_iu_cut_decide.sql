-- fn_iu_cut_decide(bigint, integer, uuid[], text, text) returns jsonb
--
-- Contract:  a person's whole word about one piece before the plan is approved: it is this unit, these units merged, or new; or nothing any
--            more, so that the matcher says it again. A word counts before everything the matcher finds, in every plan made after it. Words
--            stay; the last one about a piece counts.
-- Arguments: p_run_id; p_ordinal: the piece; p_unit_ids: the unit it is, or several that are merged into it, '{}' = it is new, null = the word
--            that counted is withdrawn; p_note: why; p_actor
-- Returns:   {decision_id, run_id, ordinal, unit_ids, decided_by, others, replaces}; others: pieces that are this unit by the word of a
--            person too, in order: together they are a split of it; replaces: {unit_ids, units: their addresses, decided_by, decided_at} of
--            another word that counted until now, or null
-- Raises:    IU216, IU707, IU730 the plan is approved or applied, IU738 no such piece, a unit is no living one of the document, a unit would be
--            split and merged at once, or nothing is there to withdraw
-- Writes:    iu_cut_decision
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_cut_decide(p_run_id bigint, p_ordinal integer, p_unit_ids uuid[], p_note text, p_actor text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_run iu_cut_run := fn_iu_cut_claim(p_run_id, p_actor);
  v_units uuid[] := case when p_unit_ids is not null then array(select distinct u from unnest(p_unit_ids) u order by u) end;
  v_before iu_cut_decision;
  v_decision iu_cut_decision;
  v_unknown text;
  v_clash integer;
  v_others integer[];
begin
  if v_run.state not in ('marked', 'cutplan_ok', 'pre_write_backup_taken', 'grants_probed', 'awaiting_cut_authorization') then
    raise exception using errcode = 'IU730', message = format('cut run %s is %s: nothing is to be decided', p_run_id, v_run.state);
  end if;
  if not exists (select from iu_cut_mark where run_id = p_run_id and ordinal = p_ordinal) then
    raise exception using errcode = 'IU738', message = format('cut run %s has no piece %s', p_run_id, p_ordinal), hint = 'iu cut plan lists the pieces';
  end if;
  select coalesce((select i.canonical_address from information_unit i where i.id = u), u::text, 'null') into v_unknown from unnest(v_units) u
   where not exists (select from fn_iu_cut_living(v_run.document_id) l where l.unit_id = u and l.unit_id <> v_run.document_id) limit 1;
  if found then
    raise exception using errcode = 'IU738', message = case when v_unknown = v_run.document_address then format('%s is the document itself', v_unknown)
        else format('%s is no living unit of %s', v_unknown, v_run.document_address) end,
      hint = 'iu unit tree shows the units of the document';
  end if;
  select * into v_before from fn_iu_cut_words(p_run_id) where ordinal = p_ordinal;
  if p_unit_ids is null and not found then
    raise exception using errcode = 'IU738', message = format('no word about piece %s of cut run %s counts: nothing is to be withdrawn', p_ordinal, p_run_id),
      hint = 'iu cut show lists the decisions of a run';
  end if;
  -- What counts about other pieces and names one of these units.
  select array_agg(o.ordinal order by o.ordinal), min(o.ordinal) filter (where cardinality(v_units) > 1 or cardinality(o.unit_ids) > 1)
    into v_others, v_clash
    from fn_iu_cut_words(p_run_id) o
   where o.ordinal <> p_ordinal and o.unit_ids && v_units;
  if v_clash is not null then
    raise exception using errcode = 'IU738',
      message = format('piece %s was decided to be one of these units: a unit cannot be split and merged at once', v_clash),
      hint = format('withdraw that word first: iu cut decide %s %s --withdraw --actor NAME', p_run_id, v_clash);
  end if;
  insert into iu_cut_decision (run_id, ordinal, unit_ids, note, actor_ref) values (p_run_id, p_ordinal, v_units, p_note, p_actor)
  returning * into v_decision;
  return jsonb_build_object('decision_id', v_decision.decision_id::text, 'run_id', p_run_id::text, 'ordinal', p_ordinal,
    'unit_ids', to_jsonb(v_units), 'decided_by', v_decision.decided_by, 'others', coalesce(to_jsonb(v_others), '[]'),
    'replaces', case when v_before.unit_ids is distinct from v_units and v_before.unit_ids is not null then
      jsonb_build_object('unit_ids', to_jsonb(v_before.unit_ids), 'decided_by', v_before.decided_by, 'decided_at', v_before.decided_at,
        'units', (select coalesce(jsonb_agg(u.canonical_address order by u.canonical_address), '[]')
                    from information_unit u where u.id = any (v_before.unit_ids))) end);
end
$$;
