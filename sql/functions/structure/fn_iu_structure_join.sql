-- fn_iu_structure_join(bigint, integer, uuid, uuid, text) returns void
--
-- Contract:  puts a new document into the collection of the document that it takes the place of, right after it. Nothing for pieces, and for
--            documents outside of collections.
-- Arguments: p_operation_id, p_step_no; p_unit_id: the new one; p_beside_id: what it stands after, or null; p_actor
-- Returns:   nothing
-- Raises:    as fn_iu_structure_place
-- Writes:    as fn_iu_structure_place
-- May call:  internal
create or replace function fn_iu_structure_join(p_operation_id bigint, p_step_no integer, p_unit_id uuid, p_beside_id uuid, p_actor text) returns void
language plpgsql
set search_path from current
as $$
declare
  v_collection uuid := (select collection_id from iu_collection_path where document_id = p_beside_id);
begin
  if v_collection is not null and (select parent_or_container_ref from information_unit where id = p_unit_id) is null then
    perform fn_iu_structure_place(p_operation_id, p_step_no, p_unit_id, null, v_collection,
                                  fn_iu_structure_rank(v_collection, p_beside_id, 'last', p_unit_id), p_actor);
  end if;
end
$$;
