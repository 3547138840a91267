-- fn_iu_structure_run(bigint, jsonb, text, text, boolean) returns jsonb
--
-- Contract:  does the steps of an operation under its locks, and proves what it wrote. A plan calls it too and undoes everything.
-- Arguments: p_operation_id; p_steps: normalized; p_actor; p_reference: approval reference; p_whole: true also proves and hashes the whole
--            documents (a plan), false only the part that was written (an apply, which costs what moves and not what the documents hold)
-- Returns:   {steps: [{step_no, event_type, unit_id}], before_hash, after_hash (fn_iu_structure_digest), documents: {id: {before_hash,
--            after_hash}} (fn_iu_tree_hash; empty unless p_whole)}
-- Raises:    as the steps; IU613 a tree is broken afterwards
-- Writes:    as the steps
-- May call:  internal
create or replace function fn_iu_structure_run(p_operation_id bigint, p_steps jsonb, p_actor text, p_reference text, p_whole boolean) returns jsonb
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
  v_problem text;
  v_step jsonb;
  v_no integer := 0;
begin
  v_units := fn_iu_structure_named(p_steps);
  -- and the collections that named documents stand in
  v_units := v_units || array(select c.collection_id from iu_collection_path c where c.document_id = any (v_units));
  v_documents := fn_iu_structure_lock(v_units, exists (
    select from jsonb_array_elements(p_steps) s
     where (s ->> 'operation_type' in ('reparent_piece', 'renumber_piece', 'replace_piece', 'split_large_piece') or s ->> 'dependants' = 'lift')
       and (s ->> 'operation_type' = 'reparent_piece' and s ->> 'parent' is null
            or (select u.parent_or_container_ref is not null and u.unit_kind <> 'collection'
                  from information_unit u where u.canonical_address = s ->> 'unit') is not true
            or (select p.unit_kind from information_unit p where p.canonical_address = s ->> 'parent') = 'collection')));
  if p_whole then
    foreach v_document in array v_documents loop
      v_before := v_before || jsonb_build_object(v_document, fn_iu_tree_hash(v_document));
    end loop;
  end if;
  for v_step in select jsonb_array_elements(p_steps) loop
    v_no := v_no + 1;
    v_result := v_result || jsonb_build_array(fn_iu_structure_step(p_operation_id, v_no, v_step, p_actor, p_reference) || jsonb_build_object('step_no', v_no));
  end loop;
  v_problem := fn_iu_tree_verify_part(array(select distinct unit_id from iu_structure_change
                                             where operation_id = p_operation_id and change_kind in ('born', 'placed')));
  if p_whole then
    for v_document in
      select d.id from (select unnest(v_documents) as id union select unnest(fn_iu_document_of(array(
                        select unit_id from iu_structure_change where operation_id = p_operation_id)))) d
    loop
      if v_problem is null and exists (select from iu_tree_path where unit_id = v_document and depth = 0) then
        v_problem := (fn_iu_tree_verify_document(v_document))[1];
      end if;
      v_hashes := v_hashes || jsonb_build_object(v_document, jsonb_build_object('before_hash', v_before -> v_document::text,
                                                                               'after_hash', fn_iu_tree_hash(v_document)));
    end loop;
  end if;
  if v_problem is not null then
    raise exception using errcode = 'IU613', message = format('the operation would leave a broken tree: %s', v_problem),
      hint = 'nothing was changed; fn_iu_tree_verify() tells what was broken before';
  end if;
  return jsonb_build_object('steps', v_result, 'before_hash', fn_iu_structure_digest(p_operation_id, true),
                            'after_hash', fn_iu_structure_digest(p_operation_id, false), 'documents', v_hashes);
end
$$;
