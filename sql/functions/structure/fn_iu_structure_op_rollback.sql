-- fn_iu_structure_op_rollback(bigint, text, text, text) returns jsonb
--
-- Contract:  undoes an applied operation from what it wrote down, in the caller's transaction, and emits one event a step, with the
--            subject that the event of the step had. Where nothing else has changed since, each document has the identical tree hash as
--            before the operation. The operation stays, rolled back; a second rollback changes nothing.
-- Arguments: p_operation_id; p_actor: who; p_approval_ref: the approval that allows it; p_reason: why
-- Returns:   {operation_id, ..., event_emitted, events, expected_hash, hash} (fn_iu_structure_digest)
-- Raises:    IU216, IU613 a tree would be broken or differ, IU614, IU615 gate closed, IU616, IU618 not applied, IU619 a later operation or
--            change is in the way (named), IU610 its former place is taken (named)
-- Writes:    as fn_iu_structure_undo; iu_structure_operation, iu_structure_event, event_outbox
-- May call:  iu_operator
create or replace function fn_iu_structure_op_rollback(p_operation_id bigint, p_actor text, p_approval_ref text, p_reason text default null) returns jsonb
language plpgsql
security definer
set search_path from current
-- the statements of this room look rows up by key: planning each for its values cost more than doing it
set plan_cache_mode = force_generic_plan
as $$
declare
  v_operation iu_structure_operation := fn_iu_structure_claim(p_operation_id, p_actor, p_approval_ref);
  v_change iu_structure_change;
  v_untouched boolean;
  v_hash text;
  v_conflict text;
  v_problem text;
begin
  if v_operation.operation_status = 'rolled_back' then
    return fn_iu_structure_said(v_operation, true) || fn_iu_structure_events(p_operation_id, 'rollback');
  end if;
  if v_operation.operation_status <> 'enacted' then
    raise exception using errcode = 'IU618', message = format('operation %s is %s: there is nothing to roll back', p_operation_id, v_operation.operation_status);
  end if;
  perform fn_iu_structure_lock(
    array(select distinct unit_id from iu_structure_change where operation_id = p_operation_id
          union select coalesce(before ->> 'parent_id', before ->> 'collection_id')::uuid from iu_structure_change
                 where operation_id = p_operation_id and change_kind = 'placed' and before ->> 'parent_id' is distinct from before ->> 'collection_id'),
    exists (select from iu_structure_change where operation_id = p_operation_id and change_kind = 'placed'
               and (before ->> 'parent_id' is null or after ->> 'parent_id' is null)));
  -- a revision, an enactment and a link lock their unit only: what is being made is waited for and judged
  perform from information_unit where id = any (array(select distinct unit_id from iu_structure_change where operation_id = p_operation_id
                                                         and change_kind not in ('context', 'review'))) order by id for no key update;
  v_conflict := fn_iu_structure_conflict(p_operation_id);
  if v_conflict is not null then
    raise exception using errcode = 'IU619', message = format('operation %s cannot be rolled back: %s', p_operation_id, v_conflict),
      hint = 'roll the later one back first, or make a new operation that does what you want';
  end if;
  v_untouched := fn_iu_structure_digest(p_operation_id, false) is not distinct from v_operation.impact_summary ->> 'after_hash';
  begin
    for v_change in select * from iu_structure_change where operation_id = p_operation_id order by change_no desc loop
      perform fn_iu_structure_undo(v_change, p_actor, p_approval_ref);
    end loop;
  exception when sqlstate 'IU602' or sqlstate 'IU609' or sqlstate 'IU620' then
    -- the former place is no place for it any more: below itself, or too deep
    raise exception using errcode = 'IU619', message = format('operation %s cannot be rolled back: %s', p_operation_id, sqlerrm),
      hint = 'roll the later one back first, or make a new operation that does what you want';
  end;
  v_hash := fn_iu_structure_digest(p_operation_id, false);
  v_problem := fn_iu_tree_verify_part(array(select distinct unit_id from iu_structure_change
                                             where operation_id = p_operation_id and change_kind in ('born', 'placed')));
  if v_problem is not null or (v_untouched and v_hash is distinct from v_operation.impact_summary ->> 'before_hash') then
    raise exception using errcode = 'IU613', message = format('the rollback would not give the tree back: %s', coalesce(v_problem, 'another hash')),
      hint = 'nothing was changed; fn_iu_tree_verify() tells what was broken before';
  end if;
  update iu_structure_operation
     set operation_status = 'rolled_back', rolled_back_at = fn_iu_stamp(), rolled_back_by = p_actor, rolled_back_login = session_user,
         rollback_reason = p_reason, rollback_approval_ref = p_approval_ref, updated_at = clock_timestamp()
   where operation_id = p_operation_id returning * into v_operation;
  perform fn_iu_structure_emit(p_operation_id, e.step_no, 'rollback', 'structure_op_rolled_back', e.unit_id, p_actor)
     from (select x.step_no, x.unit_id from iu_structure_event x
            where x.operation_id = p_operation_id and x.phase = 'apply' order by x.step_no desc offset 0) e;
  return fn_iu_structure_said(v_operation, false) || fn_iu_structure_events(p_operation_id, 'rollback')
    || jsonb_build_object('expected_hash', v_operation.impact_summary -> 'before_hash', 'hash', v_hash);
end
$$;
