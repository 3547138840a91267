-- fn_iu_structure_preview(uuid[], integer) returns jsonb
--
-- Contract:  the trees of some documents as lines to show, dead pieces included, at most p_limit a document.
-- Arguments: p_document_ids; p_limit
-- Returns:   {document address: [{address, depth, number, status}]}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_structure_preview(p_document_ids uuid[], p_limit integer) returns jsonb
language sql
set search_path from current
as $$
  select coalesce(jsonb_object_agg(d.canonical_address, d.lines), '{}') from (
    select r.canonical_address, (
      select jsonb_agg(jsonb_build_object('address', s.canonical_address, 'depth', s.depth, 'number', s.section_code, 'status', s.lifecycle_status) order by s.place)
        from (select x.*, row_number() over () as place from fn_iu_tree_subtree(r.id) x limit p_limit) s) as lines
      from information_unit r where r.id = any (p_document_ids) and r.parent_or_container_ref is null and r.deleted_at is null) d
$$;
