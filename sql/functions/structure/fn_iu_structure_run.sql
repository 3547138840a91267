-- fn_iu_structure_run(bigint, jsonb, text, text) returns jsonb
--
-- Contract:  does the steps of an operation under its locks, and proves the trees it touched. A plan calls it too and undoes everything.
-- Arguments: p_operation_id; p_steps: normalized; p_actor; p_reference: approval reference
-- Returns:   {steps: [{step_no, event_type, unit_id}], documents: {id: {before_hash, after_hash}}}
-- Raises:    as the steps; IU613 a tree is broken afterwards
-- Writes:    as the steps
-- May call:  internal
create or replace function fn_iu_structure_run(p_operation_id bigint, p_steps jsonb, p_actor text, p_reference text) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_units uuid[];
  v_documents uuid[];
  v_document uuid;
  v_before jsonb := '{}';
  v_result jsonb := '[]';
  v_hashes jsonb := '{}';
  v_proof jsonb;
  v_step jsonb;
  v_no integer := 0;
begin
  select array_agg(distinct u.id) into v_units
    from jsonb_array_elements(p_steps) s
   cross join lateral (values (s ->> 'unit'), (s ->> 'parent'), (s ->> 'after')) as named (ref)
    join information_unit u on u.canonical_address = named.ref;
  v_units := coalesce(v_units, '{}') || coalesce((select array_agg(u.id) from jsonb_array_elements(p_steps) s
   cross join lateral jsonb_array_elements_text(case when jsonb_typeof(s -> 'units') = 'array' then s -> 'units' else '[]' end) r
    join information_unit u on u.canonical_address = r), '{}');
  -- and the collections that named documents stand in
  v_units := v_units || coalesce((select array_agg(c.collection_id) from iu_collection_path c where c.document_id = any (v_units)), '{}');
  v_documents := fn_iu_structure_lock(v_units, exists (
    select from jsonb_array_elements(p_steps) s
      left join information_unit u on u.canonical_address = s ->> 'unit'
      left join information_unit p on p.canonical_address = s ->> 'parent'
     where s ->> 'operation_type' in ('reparent_piece', 'renumber_piece')
       and (u.parent_or_container_ref is null or p.id is null or p.unit_kind = 'collection')));
  foreach v_document in array v_documents loop
    v_before := v_before || jsonb_build_object(v_document, fn_iu_tree_hash(v_document));
  end loop;
  for v_step in select jsonb_array_elements(p_steps) loop
    v_no := v_no + 1;
    v_result := v_result || jsonb_build_array(fn_iu_structure_step(p_operation_id, v_no, v_step, p_actor, p_reference) || jsonb_build_object('step_no', v_no));
  end loop;
  for v_document in
    select d.id from (select unnest(v_documents) as id union
                      select t.root_unit_id from iu_structure_change c join iu_tree_path t on t.unit_id = c.unit_id
                       where c.operation_id = p_operation_id) d
  loop
    if exists (select from iu_tree_path where unit_id = v_document and depth = 0) then
      v_proof := fn_iu_tree_verify(v_document);
      if not (v_proof ->> 'ok')::boolean then
        raise exception using errcode = 'IU613', message = format('the operation would leave a broken tree: %s', v_proof -> 'problems' ->> 0),
          hint = 'nothing was changed; fn_iu_tree_verify() tells what was broken before';
      end if;
    end if;
    v_hashes := v_hashes || jsonb_build_object(v_document, jsonb_build_object('before_hash', v_before -> v_document::text,
                                                                             'after_hash', fn_iu_tree_hash(v_document)));
  end loop;
  return jsonb_build_object('steps', v_result, 'documents', v_hashes);
end
$$;
