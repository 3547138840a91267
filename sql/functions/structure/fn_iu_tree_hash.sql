-- fn_iu_tree_hash(uuid) returns text
--
-- Contract:  one hash over everything that operations change in a document: which units it has, where each stands, its rank, number and
--            lifecycle, and the collection that the document stands in. Equal hashes mean equal trees.
-- Arguments: p_document_id: unit without parent
-- Returns:   sha256 in hexadecimal; null when it is no document
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_tree_hash(p_document_id uuid) returns text
language plpgsql
set search_path from current
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
begin
  return (
  select encode(sha256(convert_to(
           string_agg(concat_ws(' ', u.id, coalesce(u.parent_or_container_ref::text, '-'),
                                case when t.depth > 0 then u.sibling_rank else '-' end,
                                u.lifecycle_status, coalesce(quote_ident(u.section_code), '-')), E'\n' order by t.path_ids)
           || coalesce(E'\n' || (select concat_ws(' ', c.collection_id, c.sibling_rank) from iu_collection_path c
                                  where c.document_id = p_document_id), ''), 'UTF8')), 'hex')
    from iu_tree_path t
    -- by key, one by one, whatever the statistics say
   cross join lateral (select i.* from information_unit i where i.id = t.unit_id offset 0) u
   where t.root_unit_id = p_document_id
  );
end
$$;
