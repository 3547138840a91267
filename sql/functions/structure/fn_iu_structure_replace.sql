-- fn_iu_structure_replace(bigint, integer, jsonb, text, text) returns jsonb
--
-- Contract:  step replace_piece: {unit, piece: {canonical_address, body, ...}, link_policy?, dependants?: move (also when left out) | block |
--            lift | deprecate}. The new piece stands right after the old one, which is superseded; that of a document of a collection in
--            the collection.
-- Arguments: p_operation_id, p_step_no; p_step; p_actor; p_reference: approval reference
-- Returns:   {event_type, unit_id}
-- Raises:    IU206, IU601, IU603, IU604, IU611, as fn_iu_create_many
-- Writes:    as fn_iu_structure_split
-- May call:  internal
create or replace function fn_iu_structure_replace(p_operation_id bigint, p_step_no integer, p_step jsonb, p_actor text, p_reference text) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_unit information_unit := fn_iu_structure_living(p_step ->> 'unit');
  v_id uuid;
begin
  if jsonb_typeof(p_step #> '{piece,body}') is distinct from 'string' then
    raise exception using errcode = 'IU603', message = format('step %s: a new piece has a body', p_step_no);
  end if;
  -- its number goes to the new piece, unless that says another
  v_id := fn_iu_structure_mint(p_operation_id, p_step_no, jsonb_strip_nulls(jsonb_build_object('section_code', v_unit.section_code)) || (p_step -> 'piece'),
    p_step #>> '{piece,body}', v_unit.parent_or_container_ref,
    fn_iu_structure_rank(v_unit.parent_or_container_ref, v_unit.id, 'last', null), v_unit.id, p_actor);
  perform fn_iu_structure_join(p_operation_id, p_step_no, v_id, v_unit.id, p_actor);
  perform fn_iu_structure_relate(p_operation_id, p_step_no, 'supersedes', v_id, v_unit.id, '{}', p_actor);
  perform fn_iu_structure_relate(p_operation_id, p_step_no, 'replaced_by', v_unit.id, v_id, '{}', p_actor);
  perform fn_iu_structure_links(p_operation_id, p_step_no, v_unit.id, array[v_id], p_step ->> 'link_policy', p_actor);
  perform fn_iu_structure_dependants(p_operation_id, p_step_no, v_unit.id, v_id, coalesce(p_step ->> 'dependants', 'move'), p_step ->> 'link_policy',
                                     p_actor, p_reference);
  perform fn_iu_structure_end(p_operation_id, p_step_no, v_unit.id, 'superseded', p_actor, p_reference);
  return jsonb_build_object('event_type', 'structure_piece_replaced', 'unit_id', v_unit.id);
end
$$;
