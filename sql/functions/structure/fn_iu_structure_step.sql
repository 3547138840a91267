-- fn_iu_structure_step(bigint, integer, jsonb, text, text) returns jsonb
--
-- Contract:  does one step of an operation by its operation_type.
-- Arguments: p_operation_id, p_step_no; p_step; p_actor; p_reference: approval reference
-- Returns:   {event_type, unit_id}
-- Raises:    IU603 unknown operation type, as the functions of the steps
-- Writes:    as the functions of the steps
-- May call:  internal
create or replace function fn_iu_structure_step(p_operation_id bigint, p_step_no integer, p_step jsonb, p_actor text, p_reference text) returns jsonb
language plpgsql
set search_path from current
as $$
begin
  return case p_step ->> 'operation_type'
    when 'add_new_piece' then fn_iu_structure_add(p_operation_id, p_step_no, p_step, p_actor, p_reference)
    when 'split_large_piece' then fn_iu_structure_split(p_operation_id, p_step_no, p_step, p_actor, p_reference)
    when 'merge_small_pieces' then fn_iu_structure_merge(p_operation_id, p_step_no, p_step, p_actor, p_reference)
    when 'deprecate_piece' then fn_iu_structure_deprecate(p_operation_id, p_step_no, p_step, p_actor, p_reference)
    when 'replace_piece' then fn_iu_structure_replace(p_operation_id, p_step_no, p_step, p_actor, p_reference)
    when 'reparent_piece' then fn_iu_structure_reparent(p_operation_id, p_step_no, p_step, p_actor, p_reference)
    when 'renumber_piece' then fn_iu_structure_renumber(p_operation_id, p_step_no, p_step, p_actor, p_reference)
  end;
end
$$;
