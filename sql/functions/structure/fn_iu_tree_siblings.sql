-- fn_iu_tree_siblings(uuid) returns table (unit_id uuid, sibling_order bigint, ...)
--
-- Contract:  a unit and its siblings in their order; for a document in a collection the documents of that collection.
-- Arguments: p_unit_id: the unit
-- Returns:   unit_id, sibling_order (from 1), canonical_address, section_code, title, lifecycle_status, is_self
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_tree_siblings(p_unit_id uuid)
returns table (unit_id uuid, sibling_order bigint, canonical_address text, section_code text, title text, lifecycle_status text, is_self boolean)
language sql
set search_path from current
as $$
  select u.id, row_number() over (order by coalesce(c.sibling_rank, u.sibling_rank), u.id), u.canonical_address, u.section_code,
         u.identity_profile ->> 'title', u.lifecycle_status, u.id = p_unit_id
    from information_unit self
    left join iu_collection_path own on own.document_id = self.id
    join information_unit u on u.id = self.id or u.parent_or_container_ref = self.parent_or_container_ref
      or u.id in (select d.document_id from iu_collection_path d where d.collection_id = own.collection_id)
    left join iu_collection_path c on c.document_id = u.id
   where self.id = p_unit_id and u.deleted_at is null
   order by 2
$$;
