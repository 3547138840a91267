-- fn_iu_structure_said(iu_structure_operation, boolean) returns jsonb
--
-- Contract:  an operation as the functions of this room answer it.
-- Arguments: p_operation: the row; p_replayed: whether it was there before the call
-- Returns:   {operation_id, operation_type, status, idempotency_key, replayed, step_count, impact}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_structure_said(p_operation iu_structure_operation, p_replayed boolean) returns jsonb
language plpgsql
set search_path from current
as $$
begin
  return jsonb_build_object('operation_id', p_operation.operation_id::text, 'operation_type', p_operation.operation_type,
                            'status', p_operation.operation_status, 'idempotency_key', p_operation.idempotency_key,
                            'replayed', p_replayed, 'step_count', p_operation.step_count,
                            'impact', p_operation.impact_summary);
end
$$;
