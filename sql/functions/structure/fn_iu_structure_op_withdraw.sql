-- fn_iu_structure_op_withdraw(bigint, text, text) returns jsonb
--
-- Contract:  takes back a plan that was never applied: it stays as a row with who, when and why, and is never applied. Its steps are planned
--            again under another p_request. A second withdrawal changes nothing. Needs no gate and no approval: nothing happens.
-- Arguments: p_operation_id; p_actor: who; p_reason: why, mandatory
-- Returns:   {operation_id, ...} as the plan without its preview
-- Raises:    IU216 actor or reason missing, IU614 no such operation, IU623 it was applied, or another login planned it and this one is no iu_operator
-- Writes:    iu_structure_operation
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_structure_op_withdraw(p_operation_id bigint, p_actor text, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_operation iu_structure_operation;
begin
  if coalesce(btrim(p_actor), '') = '' or coalesce(btrim(p_reason), '') = '' then
    raise exception using errcode = 'IU216', message = 'who withdraws a plan names himself and the reason';
  end if;
  select * into v_operation from iu_structure_operation where operation_id = p_operation_id for update;
  if not found then
    raise exception using errcode = 'IU614', message = format('there is no structure operation %s', p_operation_id);
  end if;
  if v_operation.operation_status = 'withdrawn' then
    return fn_iu_structure_said(v_operation, true);
  end if;
  if v_operation.operation_status <> 'planned' then
    raise exception using errcode = 'IU623', message = format('operation %s is %s', p_operation_id, v_operation.operation_status),
      hint = 'what was applied is rolled back: iu structure rollback';
  end if;
  if v_operation.created_by <> session_user and not pg_has_role(session_user, 'iu_operator', 'usage') then
    raise exception using errcode = 'IU623', message = format('operation %s was planned by another login', p_operation_id),
      hint = 'that login withdraws it, or one that is iu_operator';
  end if;
  update iu_structure_operation
     set operation_status = 'withdrawn', withdrawn_at = clock_timestamp(), withdrawn_by = p_actor, withdrawn_login = session_user,
         withdraw_reason = p_reason, updated_at = clock_timestamp()
   where operation_id = p_operation_id returning * into v_operation;
  return fn_iu_structure_said(v_operation, false);
end
$$;
