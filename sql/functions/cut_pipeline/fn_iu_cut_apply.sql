-- fn_iu_cut_apply(iu_cut_run) returns jsonb
--
-- Contract:  leg A, the one envelope: everything the approved plan says, in this one transaction or not at all. Structure steps go through
--            the structure operations (at most 1,000 steps each), changed texts become new versions (drafts), pieces get their anchors;
--            all of it is proven before it may commit. A plan or cut that is not what was approved stops the run and writes nothing.
-- Arguments: p_run: awaiting_cut_authorization and approved, its row locked
-- Returns:   as fn_iu_cut_said; code IU735 when it stopped
-- Raises:    IU706 the result is not the source, IU734 a step changes another document, IU737 no fresh backup, IU739 the document has
--            changed since the plan, IU748 it has drafts, as the structure operations
-- Writes:    information_unit, unit_version, iu_cut_piece, iu_cut_operation, iu_cut_version, iu_cut_run, iu_cut_log, event_outbox, ...
-- May call:  internal
create or replace function fn_iu_cut_apply(p_run iu_cut_run) returns jsonb
language plpgsql
set search_path from current
-- the rows of a first cut of 50,000 pieces stay in memory between its statements; at 4 MB they went to files, a twelfth of the time
set work_mem = '64MB'
as $$
declare
  v_reference text := fn_iu_cut_reference(p_run.run_id, 1);
  -- holds the digests of cut and plan, made of the rows as they are now
  v_manifest jsonb := fn_iu_cut_manifest(p_run.run_id, p_run.manifest -> 'matcher', p_run.manifest -> 'normalizer',
    fn_iu_cut_digest(p_run.run_id, 'plan'), p_run.base_hash);
  v_base jsonb;
  v_document uuid := p_run.document_id;
  v_problem text;
  v_own uuid[];
  v_touched uuid[];
  v_backup text := fn_iu_cut_backup(p_run.run_id);
begin
  if v_manifest is distinct from p_run.manifest then
    return fn_iu_cut_stop(p_run, 'stopped_manifest_changed', 'IU735',
      jsonb_build_object('cut_digest', v_manifest -> 'cut_digest', 'plan_digest', v_manifest -> 'plan_digest'));
  end if;
  perform pg_advisory_xact_lock(hashtextextended('iu_cut_start:' || current_schema() || ':' || p_run.document_address, 0));
  perform fn_iu_lock_documents(array[v_document]);
  -- a revision locks its unit only: one that is under way ends before the next statement looks at the text
  perform from information_unit u where u.id = any (array(select l.unit_id from fn_iu_cut_living(v_document) l)) order by u.id for no key update;
  perform fn_iu_stamp((select max(u.updated_at) from information_unit u where u.id = any (array(select l.unit_id from fn_iu_cut_living(v_document) l))));
  v_base := fn_iu_cut_base(p_run.document_address);
  if v_base ->> 'base_hash' <> p_run.base_hash then
    raise exception using errcode = 'IU739', message = format('%s has changed since cut run %s was planned', p_run.document_address, p_run.run_id),
      hint = format('plan it again and let the new plan be approved: iu cut plan %s --again', p_run.run_id);
  end if;
  perform fn_iu_cut_refuse_drafts(v_document);
  if p_run.is_birth then
    v_document := fn_iu_cut_birth(p_run);
  else
    v_own := array(select t.unit_id from iu_tree_path t where t.root_unit_id = v_document);
    perform fn_iu_cut_apply_steps(p_run, v_reference);
    v_touched := array(select distinct c.unit_id from iu_cut_operation o join iu_structure_change c on c.operation_id = o.operation_id
                        where o.run_id = p_run.run_id and c.change_kind not in ('context', 'review'));
    if not fn_iu_document_of(v_touched) <@ array[v_document] or exists (
         select unnest(v_touched) except select unnest(v_own) except
         select c.unit_id from iu_cut_operation o join iu_structure_change c on c.operation_id = o.operation_id and c.change_kind = 'born'
          where o.run_id = p_run.run_id) then
      raise exception using errcode = 'IU734', message = format('the plan of cut run %s would change units of another document than %s', p_run.run_id,
          p_run.document_address),
        hint = 'nothing was written; plan it again: iu cut plan --again';
    end if;
    perform fn_iu_cut_apply_texts(p_run);
    perform fn_iu_cut_anchor(p_run);
  end if;
  v_problem := fn_iu_cut_misplaced(p_run.run_id, v_document);
  if v_problem is not null then
    raise exception using errcode = 'IU706', message = format('cut run %s would not give the source: %s', p_run.run_id, v_problem),
      hint = 'nothing was written; plan it again (iu cut plan), and report it when it stays so';
  end if;
  update iu_cut_run
     set state = 'cut_leg_a_committed', actor_ref = p_run.actor_ref, document_id = v_document, apply_tx_id = pg_current_xact_id(),
         tree_hash_before = v_base ->> 'tree_hash', text_hash_before = v_base ->> 'text_hash',
         detail = jsonb_build_object('approval', v_reference, 'backup', v_backup,
           -- what the triggers of this transaction went by, which a switch turned later does not tell
           'events_recorded', coalesce(current_setting('iu_core.recording', true), '') <> 'off')
   where run_id = p_run.run_id
  returning * into p_run;
  return fn_iu_cut_said(p_run);
end
$$;
