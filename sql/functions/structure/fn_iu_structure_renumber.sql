-- fn_iu_structure_renumber(bigint, integer, jsonb, text, text) returns jsonb
--
-- Contract:  step renumber_piece: {unit, section_code, after?, position?}. The unit gets another number, and with after or position another
--            place among its siblings. Its canonical address never changes; the relation renumbered_from keeps the number it had, so
--            that old citations are found (fn_iu_unit_at).
-- Arguments: p_operation_id, p_step_no; p_step; p_actor; p_reference: approval reference
-- Returns:   {event_type, unit_id}
-- Raises:    IU206, IU601, IU603, IU605, IU606 it has that number already
-- Writes:    information_unit, iu_relation, iu_structure_change, as fn_iu_structure_place
-- May call:  internal
create or replace function fn_iu_structure_renumber(p_operation_id bigint, p_step_no integer, p_step jsonb, p_actor text, p_reference text) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_unit information_unit := fn_iu_structure_living(p_step ->> 'unit');
  v_code text := p_step ->> 'section_code';
  v_moves boolean := p_step ? 'after' or p_step ? 'position';
begin
  if coalesce(v_code, '') !~ E'\\S' or length(v_code) > 200 then
    raise exception using errcode = 'IU603', message = format('step %s: a renumbering has a section_code', p_step_no);
  end if;
  if v_code = v_unit.section_code and not v_moves then
    raise exception using errcode = 'IU606', message = format('%s has that number already', v_unit.canonical_address);
  end if;
  perform fn_iu_canonical_writer('fn_iu_structure_op');
  update information_unit set section_code = v_code, updated_by = p_actor where id = v_unit.id;
  perform fn_iu_canonical_writer('');
  insert into iu_relation (relation_type, from_unit_id, to_unit_id, attributes, operation_ref, created_by)
  values ('renumbered_from', v_unit.id, v_unit.id, jsonb_build_object('from', v_unit.section_code, 'to', v_code), p_operation_id, p_actor);
  perform fn_iu_structure_note(p_operation_id, p_step_no, 'numbered', v_unit.id,
                               jsonb_build_object('section_code', v_unit.section_code), jsonb_build_object('section_code', v_code));
  if v_moves then
    perform fn_iu_structure_reparent(p_operation_id, p_step_no,
      p_step || jsonb_build_object('parent', coalesce(v_unit.parent_or_container_ref,
                                   (select collection_id from iu_collection_path where document_id = v_unit.id))), p_actor, p_reference);
  end if;
  return jsonb_build_object('event_type', 'structure_piece_renumbered', 'unit_id', v_unit.id);
end
$$;
