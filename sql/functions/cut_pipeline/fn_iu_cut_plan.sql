-- fn_iu_cut_plan(bigint, jsonb, text) returns jsonb
--
-- Contract:  records what would become of the document: structure steps, what becomes of each piece, and the doubtful matches that a
--            person has to decide. Nothing of the document changes. A plan may be made again until it is approved; the same plan again
--            writes nothing. Texts are no part of it: they are sliced from the pinned bytes when it is applied.
-- Arguments: p_run_id; p_plan: {base_hash: of fn_iu_cut_base as the planner saw it, matcher: {name, version}, normalizer: {name, version},
--            steps: [{action, step, ordinal, unit_id, reason, score, note}], pieces: [{ordinal, unit_id, address, fate, reason, score}],
--            doubts: [{ordinal, candidates: [{unit_id, score, reason}]}]}; p_actor
-- Returns:   as fn_iu_cut_said, and replayed
-- Raises:    IU216, IU707, IU730 not in a state to plan, IU734 the plan does not fit the cut or itself, IU739 the document has changed
--            meanwhile, IU748 the document has drafts
-- Writes:    iu_cut_plan_step, iu_cut_plan_piece, iu_cut_doubt, iu_cut_run, iu_cut_log
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_cut_plan(p_run_id bigint, p_plan jsonb, p_actor text) returns jsonb
language plpgsql
security definer
set search_path from current
set enable_seqscan = off
as $$
declare
  v_run iu_cut_run := fn_iu_cut_claim(p_run_id, p_actor);
  v_base jsonb;
  v_digest text;
  v_wrong text;
  v_before text := v_run.plan_digest;
begin
  if v_run.state not in ('marked', 'cutplan_ok', 'pre_write_backup_taken', 'grants_probed', 'awaiting_cut_authorization') then
    raise exception using errcode = 'IU730', message = format('cut run %s is %s: it is not planned now', p_run_id, v_run.state),
      hint = 'iu cut show says what it waits for';
  end if;
  v_base := fn_iu_cut_base(v_run.document_address);
  if v_base ->> 'base_hash' <> p_plan ->> 'base_hash' then
    raise exception using errcode = 'IU739', message = format('%s has changed while it was planned', v_run.document_address),
      hint = 'plan again: iu cut plan';
  end if;
  perform fn_iu_cut_refuse_drafts((v_base ->> 'document_id')::uuid);
  delete from iu_cut_plan_step where run_id = p_run_id;
  delete from iu_cut_plan_piece where run_id = p_run_id;
  delete from iu_cut_doubt where run_id = p_run_id;
  insert into iu_cut_plan_step (run_id, step_no, action, step, ordinal, unit_id, reason, score, note)
  select p_run_id, s.place, s.action, s.step, s.ordinal, s.unit_id, s.reason, s.score, s.note
    from rows from (jsonb_to_recordset(p_plan -> 'steps') as (action text, step jsonb, ordinal integer, unit_id uuid, reason text,
           score numeric, note text)) with ordinality as s (action, step, ordinal, unit_id, reason, score, note, place);
  insert into iu_cut_plan_piece (run_id, ordinal, unit_id, address, fate, reason, score)
  select p_run_id, p.ordinal, p.unit_id, p.address, p.fate, p.reason, p.score
    from jsonb_to_recordset(p_plan -> 'pieces') as p (ordinal integer, unit_id uuid, address text, fate text, reason text, score numeric);
  insert into iu_cut_doubt (run_id, ordinal, candidates)
  select p_run_id, d.ordinal, d.candidates from jsonb_to_recordset(p_plan -> 'doubts') as d (ordinal integer, candidates jsonb);
  -- each side by its key: a condition behind the join would read the pieces of all runs
  if exists (select from (select ordinal from iu_cut_mark where run_id = p_run_id) m
               full join (select ordinal from iu_cut_plan_piece where run_id = p_run_id) p on p.ordinal = m.ordinal
              where m.ordinal is null or p.ordinal is null) then
    raise exception using errcode = 'IU734', message = format('the plan of cut run %s does not say of every piece what becomes of it', p_run_id),
      hint = 'every ordinal of the cut stands once in pieces';
  end if;
  select format('step %s is shown as %s of %s and does %s of %s', s.step_no, s.action, coalesce(s.unit_id::text, '-'),
                coalesce(s.step ->> 'operation_type', '-'), coalesce(s.step ->> 'unit', '-')) into v_wrong
    from iu_cut_plan_step s
   where s.run_id = p_run_id
     and (s.step ->> 'operation_type' is distinct from case s.action when 'add' then 'add_new_piece' when 'split' then 'split_large_piece'
            when 'merge' then 'merge_small_pieces' when 'move' then 'reparent_piece' when 'renumber' then 'renumber_piece' else 'deprecate_piece' end
          or s.unit_id::text is distinct from s.step ->> 'unit' and (s.unit_id is not null or s.action not in ('add', 'merge', 'move')))
   order by s.step_no limit 1;
  if v_wrong is not null then
    raise exception using errcode = 'IU734', message = format('the plan of cut run %s does not do what it shows: %s', p_run_id, v_wrong),
      hint = 'plan it again: iu cut plan --again';
  end if;
  v_digest := fn_iu_cut_digest(p_run_id, 'plan');
  if v_digest = v_before and v_run.base_hash = v_base ->> 'base_hash' then
    return fn_iu_cut_said(v_run) || '{"replayed": true}';
  end if;
  update iu_cut_run
     set state = 'cutplan_ok', actor_ref = p_actor, plan_digest = v_digest, base_hash = v_base ->> 'base_hash',
         document_id = (v_base ->> 'document_id')::uuid, is_birth = v_base ->> 'document_id' is null,
         manifest = fn_iu_cut_manifest(p_run_id, p_plan -> 'matcher', p_plan -> 'normalizer', v_digest, v_base ->> 'base_hash')
   where run_id = p_run_id
  returning * into v_run;
  return fn_iu_cut_said(v_run) || '{"replayed": false}';
end
$$;
