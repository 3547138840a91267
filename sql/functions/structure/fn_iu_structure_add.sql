-- fn_iu_structure_add(bigint, integer, jsonb, text, text) returns jsonb
--
-- Contract:  step add_new_piece: {parent?, after?, position?: first|last, derived_from?, piece: {canonical_address, body, ...}}. Without
--            parent the piece is a new document.
-- Arguments: p_operation_id, p_step_no; p_step; p_actor; p_reference: approval reference
-- Returns:   {event_type, unit_id}
-- Raises:    IU206 the parent is not alive, IU601, IU603, IU605, as fn_iu_create_many
-- Writes:    as fn_iu_structure_mint
-- May call:  internal
create or replace function fn_iu_structure_add(p_operation_id bigint, p_step_no integer, p_step jsonb, p_actor text, p_reference text) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_parent information_unit;
  v_id uuid;
begin
  if jsonb_typeof(p_step #> '{piece,body}') is distinct from 'string' then
    raise exception using errcode = 'IU603', message = format('step %s: a new piece has a body', p_step_no);
  end if;
  if p_step ->> 'parent' is not null then
    v_parent := fn_iu_structure_living(p_step ->> 'parent');
    perform fn_iu_structure_note(p_operation_id, p_step_no, 'context', v_parent.id, null, null);
  end if;
  v_id := fn_iu_structure_mint(p_operation_id, p_step_no, p_step -> 'piece', p_step #>> '{piece,body}', v_parent.id,
    fn_iu_structure_rank(v_parent.id, case when p_step ->> 'after' is not null then fn_iu_unit_ref(p_step ->> 'after') end,
                         coalesce(p_step ->> 'position', 'last'), null), null, p_actor);
  if p_step ->> 'derived_from' is not null then
    perform fn_iu_structure_relate(p_operation_id, p_step_no, 'derived_from', v_id, fn_iu_unit_ref(p_step ->> 'derived_from'), '{}', p_actor);
  end if;
  return jsonb_build_object('event_type', 'structure_child_added', 'unit_id', v_id);
end
$$;
