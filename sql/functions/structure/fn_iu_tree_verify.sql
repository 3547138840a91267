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
begin
  select count(*), count(*) filter (where depth = 0) into v_units, v_documents
    from iu_tree_path where p_document_id is null or root_unit_id = p_document_id;
  select array_agg(problem) into v_problems from (
    (select format('%s: its path is not that of its parent and itself', u.canonical_address) as problem
       from iu_tree_path t join information_unit u on u.id = t.unit_id
       left join iu_tree_path p on p.unit_id = u.parent_or_container_ref
      where (p_document_id is null or t.root_unit_id = p_document_id)
        and (u.deleted_at is not null
             or t.path_ids is distinct from case when u.parent_or_container_ref is null then array[u.id] else p.path_ids || u.id end)
      limit 20)
    union all
    (select format('%s: stands in no tree', c.canonical_address)
       from iu_tree_path t join information_unit c on c.parent_or_container_ref = t.unit_id and c.deleted_at is null
      where t.root_unit_id = p_document_id and not exists (select from iu_tree_path x where x.unit_id = c.id and x.root_unit_id = p_document_id)
      limit 20)
    union all
    (select format('%s units, %s rows of iu_tree_path', counted.units, v_units)
       from (select count(*) as units from information_unit where deleted_at is null) counted
      where p_document_id is null and counted.units <> v_units)
    union all
    (select format('document %s has no tree', p_document_id) where p_document_id is not null and v_documents <> 1)
    union all
    (select format('%s: the active contains relation says another place', u.canonical_address)
       from iu_tree_path t join information_unit u on u.id = t.unit_id
       left join iu_relation r on r.to_unit_id = t.unit_id and r.relation_type = 'contains' and r.relation_status = 'active'
       left join iu_collection_path c on c.document_id = t.unit_id
      where (p_document_id is null or t.root_unit_id = p_document_id)
        and (r.from_unit_id is distinct from coalesce(u.parent_or_container_ref, c.collection_id)
             or (u.parent_or_container_ref is not null and r.sibling_rank <> u.sibling_rank)
             or (u.parent_or_container_ref is not null and c.document_id is not null))
      limit 20)
    union all
    (select format('%s: its collection path is not that of its collection and itself', c.document_id)
       from iu_collection_path c
       left join iu_collection_path p on p.document_id = c.collection_id
       left join information_unit u on u.id = c.collection_id
      where (p_document_id is null or c.document_id = p_document_id)
        and (c.path_ids <> coalesce(p.path_ids, array[c.collection_id]) || c.document_id
             or u.unit_kind <> 'collection' or u.parent_or_container_ref is not null)
      limit 20)
  ) found;
  return jsonb_build_object('ok', v_problems is null, 'documents', v_documents, 'units', v_units,
                            'problems', to_jsonb(coalesce(v_problems[1:20], '{}')));
end
$$;
