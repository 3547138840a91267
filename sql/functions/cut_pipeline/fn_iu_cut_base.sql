-- fn_iu_cut_base(text) returns jsonb
--
-- Contract:  on what a plan builds: the document as it stands, as two hashes, of its tree and of its living text.
-- Arguments: p_document_address
-- Returns:   {document_id, tree_hash, text_hash, base_hash}; document_id null when there is no such document yet
-- Raises:    IU734 the address is a unit inside of a document, or its life has ended
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_cut_base(p_document_address text) returns jsonb
language plpgsql
stable
security definer
set search_path from current
as $$
declare
  v_unit information_unit := fn_iu_cut_document(p_document_address);
  v_tree text;
  v_text text;
begin
  if v_unit.id is not null then
    v_tree := fn_iu_tree_hash(v_unit.id);
    select encode(sha256(coalesce(string_agg(convert_to(l.body, 'UTF8'), ''::bytea order by l.position), ''::bytea)), 'hex') into v_text
      from fn_iu_cut_living_units(v_unit.id) l where l.unit_id <> v_unit.id;
  end if;
  return jsonb_build_object('document_id', v_unit.id, 'tree_hash', v_tree, 'text_hash', v_text,
    'base_hash', encode(sha256(convert_to(concat_ws(' ', v_unit.id, v_tree, v_text), 'UTF8')), 'hex'));
end
$$;
