-- fn_iu_tree_is_descendant(uuid, uuid) returns boolean
--
-- Contract:  says whether a unit stands below another, in the document or in the tree of collections.
-- Arguments: p_ancestor_id, p_node_id: units
-- Returns:   true below it, false otherwise (also for the unit itself)
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_tree_is_descendant(p_ancestor_id uuid, p_node_id uuid) returns boolean
language plpgsql
set search_path from current
as $$
begin
  -- plpgsql, which keeps its plan: as an SQL function it is planned again in every call
  return p_ancestor_id <> p_node_id and exists (
    select from iu_tree_path t
      left join iu_collection_path c on c.document_id = t.root_unit_id
     where t.unit_id = p_node_id and (p_ancestor_id = any (t.path_ids) or p_ancestor_id = any (c.path_ids)));
end
$$;
