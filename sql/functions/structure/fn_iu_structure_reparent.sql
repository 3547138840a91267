-- fn_iu_structure_reparent(bigint, integer, jsonb, text, text) returns jsonb
--
-- Contract:  step reparent_piece: {unit, parent: address or null, after?, position?: first|last}. Below an ordinary parent, also in another
--            document, everything below the unit goes along. A collection (a document of kind collection) as parent puts the document
--            into it, except a piece of its own, which only changes its place; null makes the unit a document of its own, outside of
--            collections.
-- Arguments: p_operation_id, p_step_no; p_step; p_actor; p_reference: approval reference
-- Returns:   {event_type, unit_id}
-- Raises:    IU206, IU601, IU602 cycle, IU603, IU605, IU606 it stands there already, IU609, IU610, IU620
-- Writes:    as fn_iu_structure_place
-- May call:  internal
create or replace function fn_iu_structure_reparent(p_operation_id bigint, p_step_no integer, p_step jsonb, p_actor text, p_reference text) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_unit information_unit := fn_iu_structure_living(p_step ->> 'unit');
  v_parent information_unit;
  v_in_collection boolean := false;
  v_now uuid;
  v_rank text;
begin
  if not p_step ? 'parent' then
    raise exception using errcode = 'IU603', message = format('step %s: a move names its parent, null for a document of its own', p_step_no);
  end if;
  if p_step ->> 'parent' is not null then
    v_parent := fn_iu_structure_living(p_step ->> 'parent');
    v_in_collection := v_parent.unit_kind = 'collection' and v_parent.parent_or_container_ref is null
                       and v_unit.parent_or_container_ref is distinct from v_parent.id;
    perform fn_iu_tree_assert_acyclic(v_unit.id, v_parent.id);
    perform fn_iu_structure_note(p_operation_id, p_step_no, 'context', v_parent.id, null, null);
  end if;
  v_now := coalesce(v_unit.parent_or_container_ref, (select collection_id from iu_collection_path where document_id = v_unit.id));
  v_rank := fn_iu_structure_rank(v_parent.id, case when p_step ->> 'after' is not null then fn_iu_unit_ref(p_step ->> 'after') end,
                                 coalesce(p_step ->> 'position', 'last'), v_unit.id);
  if v_now is not distinct from v_parent.id and (v_now is null or (not p_step ? 'after' and not p_step ? 'position')) then
    raise exception using errcode = 'IU606', message = format('%s stands there already', v_unit.canonical_address),
      hint = 'say after or position to change its place among the siblings';
  end if;
  perform fn_iu_structure_place(p_operation_id, p_step_no, v_unit.id, case when not v_in_collection then v_parent.id end,
                                case when v_in_collection then v_parent.id end, v_rank, p_actor);
  return jsonb_build_object('event_type', 'structure_op_applied', 'unit_id', v_unit.id);
end
$$;
