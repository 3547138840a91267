-- fn_iu_cut_rollback(bigint, text, text, text) returns jsonb
--
-- Contract:  undoes a written run as a whole, in one transaction: structure operations rolled back in reverse, texts as they were, and
--            for a first cut the document gone. The tree hash and the joined text are those from before the run, or nothing changes. The
--            run stays, with everything it recorded; its label may be cut again. A second rollback changes nothing.
-- Arguments: p_run_id; p_approval_ref: the approval that allows it, mandatory; p_reason: why; p_actor: who
-- Returns:   as fn_iu_cut_said, replayed, tree_hash, text_hash
-- Raises:    IU216, IU616 no approval, IU707, IU741 something later is in the way (named), IU742 nothing was written, IU743 the result would
--            differ, IU744 gate closed, IU619 as fn_iu_structure_op_rollback
-- Writes:    as fn_iu_structure_op_rollback, fn_iu_cut_undo_texts, fn_iu_cut_undo_birth; iu_cut_run, iu_cut_log
-- May call:  iu_operator
create or replace function fn_iu_cut_rollback(p_run_id bigint, p_approval_ref text, p_reason text, p_actor text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_run iu_cut_run := fn_iu_cut_claim(p_run_id, p_actor);
  v_reason text := format('rollback of cut run %s: %s', p_run_id, coalesce(nullif(btrim(p_reason), ''), 'no reason given'));
  v_conflict text;
  v_operation bigint;
  v_base jsonb := '{}';
begin
  if coalesce(btrim(p_approval_ref), '') = '' then
    raise exception using errcode = 'IU616', message = 'the rollback of a cut names the approval that allows it', hint = 'add --approval REFERENCE';
  end if;
  if v_run.state = 'voided_rolled_back' then
    return fn_iu_cut_said(v_run) || '{"replayed": true}';
  end if;
  if v_run.apply_tx_id is null then
    raise exception using errcode = 'IU742', message = format('cut run %s is %s: it has written nothing', p_run_id, v_run.state),
      hint = format('iu cut void %s --actor NAME --reason TEXT', p_run_id);
  end if;
  perform pg_advisory_xact_lock_shared(fn_iu_gate_lock_key('autocut_enabled'));
  if not fn_iu_gate_open('iu_core.autocut_enabled') then
    raise exception using errcode = 'IU744', message = 'the gate iu_core.autocut_enabled is closed', hint = 'iu gate open autocut_enabled --reason TEXT';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('iu_cut_start:' || current_schema() || ':' || v_run.document_address, 0));
  perform fn_iu_lock_documents(array[v_run.document_id]);
  perform from information_unit u join iu_cut_piece c on c.unit_id = u.id where c.run_id = p_run_id order by u.id for no key update of u;
  v_conflict := fn_iu_cut_conflict(v_run);
  if v_conflict is not null then
    raise exception using errcode = 'IU741', message = format('cut run %s cannot be rolled back: %s', p_run_id, v_conflict),
      hint = 'roll the later one back first, or cut the document again as another revision';
  end if;
  if v_run.is_birth then
    perform fn_iu_cut_undo_birth(v_run, p_approval_ref, v_reason);
  else
    perform fn_iu_cut_unenact(array(select distinct c.unit_id from iu_cut_operation o join iu_structure_change c on c.operation_id = o.operation_id
                                     where o.run_id = p_run_id and c.change_kind = 'born'), p_actor, p_approval_ref, v_reason);
    perform fn_iu_cut_undo_texts(v_run, p_approval_ref, v_reason);
    update iu_sql_link set lifecycle_status = 'retired', enabled = false
     where metadata ->> 'cut_run' = p_run_id::text and lifecycle_status in ('draft', 'enacted')
       and unit_id = any (array(select unit_id from iu_cut_piece where run_id = p_run_id) || v_run.document_id);
    for v_operation in select operation_id from iu_cut_operation where run_id = p_run_id order by batch_no desc loop
      perform fn_iu_structure_op_rollback(v_operation, p_actor, p_approval_ref, v_reason);
    end loop;
    v_base := fn_iu_cut_base(v_run.document_address);
    if (v_base ->> 'tree_hash', v_base ->> 'text_hash') is distinct from (v_run.tree_hash_before, v_run.text_hash_before) then
      raise exception using errcode = 'IU743', message = format('the rollback of cut run %s would not give the document back: another %s', p_run_id,
          case when v_base ->> 'tree_hash' is distinct from v_run.tree_hash_before then 'tree' else 'text' end),
        hint = 'nothing was changed; something beside the cut changed the document: iu unit tree';
    end if;
  end if;
  update iu_cut_run
     set state = 'voided_rolled_back', actor_ref = p_actor, finished_at = coalesce(finished_at, clock_timestamp()),
         detail = jsonb_build_object('reason', v_reason, 'approval_ref', p_approval_ref)
   where run_id = p_run_id returning * into v_run;
  return fn_iu_cut_said(v_run) || jsonb_build_object('replayed', false, 'tree_hash', v_base -> 'tree_hash', 'text_hash', v_base -> 'text_hash');
end
$$;
