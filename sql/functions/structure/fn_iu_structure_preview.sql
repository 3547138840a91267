-- fn_iu_structure_preview(uuid[], uuid[], integer) returns jsonb
--
-- Contract:  the trees of some documents as lines to show, in reading order, dead pieces included. A document of more units than p_limit is
--            shown in part: the touched units, what stands above them and beside them.
-- Arguments: p_document_ids; p_unit_ids: the touched units; p_limit: lines of a document
-- Returns:   [{document: address, units: how many it has, collection: address of the one it stands in, place: from 1 in it, lines: [{address,
--            depth, number, status}]}], by address
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_structure_preview(p_document_ids uuid[], p_unit_ids uuid[], p_limit integer) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_document record;
  v_lines jsonb;
  v_result jsonb := '[]';
begin
  for v_document in
    select t.root_unit_id as id, (select canonical_address from information_unit where id = t.root_unit_id) as address, count(*) as units,
           (select k.canonical_address from iu_collection_path c join information_unit k on k.id = c.collection_id
             where c.document_id = t.root_unit_id) as collection,
           (select count(*) from iu_collection_path c join iu_collection_path d on d.collection_id = c.collection_id and d.sibling_rank <= c.sibling_rank
             where c.document_id = t.root_unit_id) as place
      from iu_tree_path t where t.root_unit_id = any (p_document_ids) group by t.root_unit_id order by 2
  loop
    if v_document.units <= p_limit then
      select jsonb_agg(jsonb_build_object('address', s.canonical_address, 'depth', s.depth, 'number', s.section_code, 'status', s.lifecycle_status)
                       order by s.place) into v_lines
        from (select x.*, row_number() over () as place from fn_iu_tree_subtree(v_document.id) x) s;
    else
      select jsonb_agg(jsonb_build_object('address', s.canonical_address, 'depth', s.depth, 'number', s.section_code, 'status', s.lifecycle_status)
                       order by s.rank_path) into v_lines
        from (select v.* from v_iu_tree v
               where v.unit_id in (
                 select unnest(t.path_ids) from iu_tree_path t where t.unit_id = any (p_unit_ids)
                 union
                 (select b.id from information_unit u join information_unit b on b.parent_or_container_ref = u.parent_or_container_ref
                   where u.id = any (p_unit_ids) and b.deleted_at is null limit p_limit))
                 and v.root_unit_id = v_document.id
               order by v.rank_path limit p_limit) s;
    end if;
    v_result := v_result || jsonb_build_array(jsonb_build_object('document', v_document.address, 'units', v_document.units,
      'collection', v_document.collection, 'place', nullif(v_document.place, 0), 'lines', coalesce(v_lines, '[]')));
  end loop;
  return v_result;
end
$$;
