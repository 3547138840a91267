-- fn_iu_cut_document(text) returns information_unit
--
-- Contract:  the document into which an address is cut: a living unit without parent, or nothing yet.
-- Arguments: p_document_address
-- Returns:   the row; null when there is no such document yet
-- Raises:    IU734 the address is a unit inside of a document, or the life of the document has ended
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_document(p_document_address text) returns information_unit
language plpgsql
stable
set search_path from current
as $$
declare
  v_unit information_unit;
  v_document text;
begin
  select * into v_unit from information_unit where canonical_address = p_document_address;
  if v_unit.parent_or_container_ref is not null then
    v_document := coalesce((select d.canonical_address from iu_tree_path t join information_unit d on d.id = t.root_unit_id where t.unit_id = v_unit.id),
                           'another one');
    raise exception using errcode = 'IU734', message = format('%s is a unit of the document %s, no document of its own', p_document_address, v_document),
      hint = format('cut it as a document of another address (--document; in a folder --prefix, or another name of the file); '
                    'what %s says there is changed by cutting %s', v_document, v_document);
  end if;
  if v_unit.deleted_at is not null or v_unit.lifecycle_status not in ('draft', 'enacted') then
    raise exception using errcode = 'IU734', message = format('%s is no living document: it is %s', p_document_address,
        case when v_unit.deleted_at is not null then 'deleted' else v_unit.lifecycle_status end),
      hint = 'its address stays taken; cut into another one';
  end if;
  return v_unit;
end
$$;
