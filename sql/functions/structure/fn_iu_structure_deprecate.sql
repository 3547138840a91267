-- fn_iu_structure_deprecate(bigint, integer, jsonb, text, text) returns jsonb
--
-- Contract:  step deprecate_piece: {unit, dependants?: block | lift | deprecate, link_policy?: block | manual_review}. Text, versions and
--            place stay.
-- Arguments: p_operation_id, p_step_no; p_step; p_actor; p_reference: approval reference
-- Returns:   {event_type, unit_id}
-- Raises:    IU206, IU601, IU603, IU604 living pieces below, IU611 living links
-- Writes:    as fn_iu_structure_end, fn_iu_structure_dependants
-- May call:  internal
create or replace function fn_iu_structure_deprecate(p_operation_id bigint, p_step_no integer, p_step jsonb, p_actor text, p_reference text) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_unit information_unit := fn_iu_structure_living(p_step ->> 'unit');
begin
  perform fn_iu_structure_links(p_operation_id, p_step_no, v_unit.id, '{}', p_step ->> 'link_policy', p_actor);
  perform fn_iu_structure_dependants(p_operation_id, p_step_no, v_unit.id, null, p_step ->> 'dependants', p_step ->> 'link_policy', p_actor, p_reference);
  perform fn_iu_structure_end(p_operation_id, p_step_no, v_unit.id, 'deprecated', p_actor, p_reference);
  return jsonb_build_object('event_type', 'structure_piece_deprecated', 'unit_id', v_unit.id);
end
$$;
