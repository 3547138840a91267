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
language plpgsql
set search_path from current
as $$
#variable_conflict use_column
begin
  return query
  with beside as (
    -- a union, because no index serves an OR of the three
    select self.id, self.sibling_rank as rank from information_unit self
     where self.id = p_unit_id and self.parent_or_container_ref is null
       and not exists (select from iu_collection_path own where own.document_id = self.id)
    union all
    select u.id, u.sibling_rank from information_unit self
      join information_unit u on u.parent_or_container_ref = self.parent_or_container_ref where self.id = p_unit_id
    union all
    select d.document_id, d.sibling_rank from iu_collection_path own
      join iu_collection_path d on d.collection_id = own.collection_id where own.document_id = p_unit_id
  )
  select u.id, row_number() over (order by b.rank, u.id), u.canonical_address, u.section_code, u.identity_profile ->> 'title',
         u.lifecycle_status, u.id = p_unit_id
    -- by key, one by one: a plan kept for any unit joined them with all units
    from beside b cross join lateral (select i.* from information_unit i where i.id = b.id offset 0) u
   where u.deleted_at is null
   order by 2;
end
$$;
