-- fn_iu_structure_note(bigint, integer, text, uuid, jsonb, jsonb) returns void
--
-- Contract:  writes down one change of an operation; numbers follow the order of the writes.
-- Arguments: p_operation_id, p_step_no: which step; p_kind: a change_kind; p_unit_id: the unit; p_before, p_after: enough to undo it
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    iu_structure_change
-- May call:  internal
create or replace function fn_iu_structure_note(p_operation_id bigint, p_step_no integer, p_kind text, p_unit_id uuid, p_before jsonb, p_after jsonb)
returns void
language plpgsql
set search_path from current
as $$
begin
  insert into iu_structure_change (operation_id, change_no, step_no, change_kind, unit_id, before, after)
  select p_operation_id, coalesce((select max(change_no) from iu_structure_change where operation_id = p_operation_id), 0) + 1,
         p_step_no, p_kind, p_unit_id, p_before, p_after;
end
$$;
