-- fn_iu_tree_verify_document(uuid) returns text[]
--
-- Contract:  proves one document: every edge obeys path(child) = path(parent) || child, every unit has exactly one row, the active contains
--            relations say the same, and its place in a collection obeys the same rule.
-- Arguments: p_document_id: unit without parent
-- Returns:   the problems as sentences; null when there are none
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader (through fn_iu_tree_verify, which runs as its caller)
create or replace function fn_iu_tree_verify_document(p_document_id uuid) returns text[]
language plpgsql
set search_path from current
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_problems text[];
  v_rows bigint;
  v_edges bigint;
begin
  select array_agg(format('%s: its path is not that of its parent and itself, or the active contains relation says another place',
                          coalesce(u.canonical_address, t.unit_id::text)))
           filter (where u.id is null or u.deleted_at is not null
                      or t.path_ids is distinct from
                         case when u.parent_or_container_ref is null then array[u.id]
                              else (select p.path_ids || u.id from iu_tree_path p where p.unit_id = u.parent_or_container_ref) end
                      or r.from_unit_id is distinct from coalesce(u.parent_or_container_ref, c.collection_id)
                      or r.sibling_rank <> coalesce(c.sibling_rank, u.sibling_rank)
                      or (u.parent_or_container_ref is not null and c.document_id is not null)),
         count(*), coalesce(sum((select count(*) from information_unit b where b.parent_or_container_ref = t.unit_id and b.deleted_at is null)), 0)
    into v_problems, v_rows, v_edges
    -- each row looks its own up by key, whatever the statistics say: as joins they read all units for the few of one document, or paired all
    -- with all before the first analyze
    from iu_tree_path t
    left join lateral (select i.* from information_unit i where i.id = t.unit_id offset 0) u on true
    left join lateral (select k.from_unit_id, k.sibling_rank from iu_relation k
                        where k.to_unit_id = t.unit_id and k.relation_type = 'contains' and k.relation_status = 'active' offset 0) r on true
    left join lateral (select d.* from iu_collection_path d where d.document_id = t.unit_id offset 0) c on true
   where t.root_unit_id = p_document_id;
  if not exists (select from iu_tree_path where unit_id = p_document_id and depth = 0) then
    v_problems := v_problems || format('document %s has no tree', p_document_id);
  elsif v_edges <> v_rows - 1 then
    v_problems := v_problems || format('%s edges, %s rows below the document', v_edges, v_rows - 1);
  end if;
  return v_problems || (
    select array_agg(format('%s: its collection path is not that of its collection and itself', c.document_id))
      from iu_collection_path c
     where c.document_id = p_document_id
       and (c.path_ids <> coalesce((select p.path_ids from iu_collection_path p where p.document_id = c.collection_id), array[c.collection_id])
                          || c.document_id
            or not exists (select from information_unit u where u.id = c.collection_id and u.unit_kind = 'collection'
                                                            and u.parent_or_container_ref is null and u.deleted_at is null)));
end
$$;
