-- fn_iu_structure_end(bigint, integer, uuid, text, text, text) returns void
--
-- Contract:  ends the life of a unit inside an operation: lifecycle and log, no text and no place changes.
-- Arguments: p_operation_id, p_step_no; p_unit_id; p_status: superseded | deprecated; p_actor; p_reference: approval reference
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    information_unit, iu_lifecycle_log, iu_structure_change
-- May call:  internal
create or replace function fn_iu_structure_end(p_operation_id bigint, p_step_no integer, p_unit_id uuid, p_status text, p_actor text, p_reference text)
returns void
language plpgsql
set search_path from current
as $$
declare
  v_unit information_unit;
begin
  select * into strict v_unit from information_unit where id = p_unit_id for no key update;
  perform fn_iu_stamp(v_unit.updated_at);
  insert into iu_lifecycle_log (unit_id, canonical_address, version_id, from_status, to_status, actor, review_decision_id, reason)
  values (v_unit.id, v_unit.canonical_address, v_unit.version_anchor_ref, v_unit.lifecycle_status, p_status, p_actor, p_reference,
          format('structure operation %s', p_operation_id));
  perform fn_iu_canonical_writer('fn_iu_structure_op');
  update information_unit set lifecycle_status = p_status, updated_by = p_actor where id = p_unit_id;
  perform fn_iu_canonical_writer('');
  perform fn_iu_structure_note(p_operation_id, p_step_no, 'lifecycle', p_unit_id,
    jsonb_build_object('lifecycle_status', v_unit.lifecycle_status, 'version_id', v_unit.version_anchor_ref),
    jsonb_build_object('lifecycle_status', p_status));
end
$$;
