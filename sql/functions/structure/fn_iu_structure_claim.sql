-- fn_iu_structure_claim(bigint, text, text) returns iu_structure_operation
--
-- Contract:  what apply and rollback have in common before they look at the operation: actor, approval, gate, and the row locked.
-- Arguments: p_operation_id, p_actor, p_approval_ref: as fn_iu_structure_op_apply
-- Returns:   the row
-- Raises:    IU216, IU614, IU615, IU616
-- Writes:    nothing (row lock)
-- May call:  internal
create or replace function fn_iu_structure_claim(p_operation_id bigint, p_actor text, p_approval_ref text) returns iu_structure_operation
language plpgsql
set search_path from current
as $$
declare
  v_operation iu_structure_operation;
begin
  if coalesce(btrim(p_actor), '') = '' then
    raise exception using errcode = 'IU216', message = 'a structure operation names its actor';
  end if;
  if coalesce(btrim(p_approval_ref), '') = '' then
    raise exception using errcode = 'IU616', message = 'a structure operation names the approval that allows it';
  end if;
  perform pg_advisory_xact_lock_shared(fn_iu_gate_lock_key('structure_ops_enabled'));
  if not fn_iu_structure_ops_enabled() then
    raise exception using errcode = 'IU615', message = 'the gate iu_core.structure_ops_enabled is closed',
      hint = 'iu gate open structure_ops_enabled --reason TEXT';
  end if;
  select * into v_operation from iu_structure_operation where operation_id = p_operation_id for update;
  if not found then
    raise exception using errcode = 'IU614', message = format('there is no structure operation %s', p_operation_id);
  end if;
  return v_operation;
end
$$;
