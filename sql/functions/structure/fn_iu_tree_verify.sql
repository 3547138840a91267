-- fn_iu_tree_verify(uuid) returns jsonb
--
-- Contract:  proves the projection of one document, or of everything: every edge obeys path(child) = path(parent) || child, every unit
--            has exactly one row, the active contains relations say the same, and the tree of collections obeys the same rule. Paths
--            are finite and strictly longer than their parents', so this alone excludes cycles and orphans.
-- Arguments: p_document_id: null = everything
-- Returns:   {ok, documents, units, problems: [at most 20 sentences]}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_tree_verify(p_document_id uuid default null) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_problems text[];
  v_units bigint;
  v_documents bigint;
  v_living bigint;
begin
  if p_document_id is not null then
    v_problems := fn_iu_tree_verify_document(p_document_id);
    select count(*), count(*) filter (where depth = 0) into v_units, v_documents from iu_tree_path where root_unit_id = p_document_id;
  else
    select count(*), count(*) filter (where depth = 0) into v_units, v_documents from iu_tree_path;
    select count(*) into v_living from information_unit where deleted_at is null;
    select array_agg(problem) into v_problems from (
      (select format('%s: its path is not that of its parent and itself', u.canonical_address) as problem
         from iu_tree_path t join information_unit u on u.id = t.unit_id
         left join iu_tree_path p on p.unit_id = u.parent_or_container_ref
        where u.deleted_at is not null
           or t.path_ids is distinct from case when u.parent_or_container_ref is null then array[u.id] when p.unit_id is not null then p.path_ids || u.id end)
      union all
      (select format('%s units, %s rows of iu_tree_path', v_living, v_units) where v_living <> v_units)
      union all
      (select format('%s: the active contains relation says another place', u.canonical_address)
         from iu_tree_path t join information_unit u on u.id = t.unit_id
         left join iu_relation r on r.to_unit_id = t.unit_id and r.relation_type = 'contains' and r.relation_status = 'active'
         left join iu_collection_path c on c.document_id = t.unit_id
        where r.from_unit_id is distinct from coalesce(u.parent_or_container_ref, c.collection_id)
           or r.sibling_rank <> coalesce(c.sibling_rank, u.sibling_rank)
           or (u.parent_or_container_ref is not null and c.document_id is not null))
      union all
      (select format('%s: its collection path is not that of its collection and itself', c.document_id)
         from iu_collection_path c
         left join iu_collection_path p on p.document_id = c.collection_id
         left join information_unit u on u.id = c.collection_id
        where c.path_ids <> coalesce(p.path_ids, array[c.collection_id]) || c.document_id
           or u.unit_kind <> 'collection' or u.parent_or_container_ref is not null or u.deleted_at is not null)
    ) found;
  end if;
  return jsonb_build_object('ok', v_problems is null, 'documents', v_documents, 'units', v_units,
                            'problems', to_jsonb(coalesce(v_problems[1:20], '{}')));
end
$$;
