-- fn_iu_structure_relate(bigint, integer, text, uuid, uuid, jsonb, text) returns void
--
-- Contract:  writes one lineage relation of an operation.
-- Arguments: p_operation_id, p_step_no: which step; p_type: a relation_type; p_from_id, p_to_id: from RELATION to; p_attributes: details;
--            p_actor: who
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    iu_relation, iu_structure_change
-- May call:  internal
create or replace function fn_iu_structure_relate(p_operation_id bigint, p_step_no integer, p_type text, p_from_id uuid, p_to_id uuid,
                                                  p_attributes jsonb, p_actor text) returns void
language plpgsql
set search_path from current
as $$
declare
  v_id bigint;
begin
  insert into iu_relation (relation_type, from_unit_id, to_unit_id, attributes, operation_ref, created_by)
  values (p_type, p_from_id, p_to_id, p_attributes, p_operation_id, p_actor) returning relation_id into v_id;
  perform fn_iu_structure_note(p_operation_id, p_step_no, 'relation', p_from_id, null,
                               jsonb_build_object('relation_id', v_id::text, 'relation_type', p_type, 'to_unit_id', p_to_id));
end
$$;
