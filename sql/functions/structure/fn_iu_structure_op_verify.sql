-- fn_iu_structure_op_verify(bigint) returns jsonb
--
-- Contract:  looks, without a lock and without writing, whether what an operation did still stands and is whole. What a later operation
--            changed is named in later_change and is no failure of the trees.
-- Arguments: p_operation_id: the operation
-- Returns:   {operation_id, status, ok, tree_path_ok, tree_acyclic, relation_ok, lifecycle_ok, link_ok, text_ok, event_ok, problems,
--            later_change, documents: {id: tree hash of today}}
-- Raises:    IU614 no such operation
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_structure_op_verify(p_operation_id bigint) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_operation iu_structure_operation;
  v_result jsonb;
  v_problems jsonb := '[]';
  v_later text;
  v_document uuid;
  v_documents jsonb := '{}';
  v_applied boolean;
begin
  select * into v_operation from iu_structure_operation where operation_id = p_operation_id;
  if not found then
    raise exception using errcode = 'IU614', message = format('there is no structure operation %s', p_operation_id);
  end if;
  v_applied := v_operation.operation_status = 'enacted';
  foreach v_document in array fn_iu_document_of(array(select unit_id from iu_structure_change where operation_id = p_operation_id)) loop
    v_problems := v_problems || to_jsonb(coalesce(fn_iu_tree_verify_document(v_document), '{}'));
    v_documents := v_documents || jsonb_build_object(v_document, fn_iu_tree_hash(v_document));
  end loop;
  v_later := case when v_applied then fn_iu_structure_conflict(p_operation_id) end;
  select jsonb_build_object(
    'tree_path_ok', v_problems = '[]',
    'tree_acyclic', not exists (select from iu_structure_change c join iu_tree_path t on t.unit_id = c.unit_id
                                 where c.operation_id = p_operation_id
                                   and cardinality(t.path_ids) <> (select count(distinct x) from unnest(t.path_ids) x)),
    'relation_ok', not exists (select from iu_relation r where r.operation_ref = p_operation_id and r.relation_type not in ('contains', 'renumbered_from')
                                  and (r.relation_status = 'active') <> v_applied)
      and not exists (select from iu_relation r join iu_structure_change c on c.unit_id = r.to_unit_id and c.operation_id = p_operation_id
                       where r.relation_type = 'contains' and r.relation_status = 'active' group by r.to_unit_id having count(distinct r.relation_id) > 1),
    'lifecycle_ok', not exists (select from iu_structure_change c join information_unit u on u.id = c.unit_id
                                 where c.operation_id = p_operation_id and c.change_kind = 'born' and (u.deleted_at is null) <> v_applied
                                   and v_operation.operation_status <> 'planned')
      and (v_later is not null or not v_applied or not exists (
            select from iu_structure_change c join information_unit u on u.id = c.unit_id
             where c.operation_id = p_operation_id and c.change_kind = 'lifecycle' and u.lifecycle_status <> c.after ->> 'lifecycle_status')),
    'link_ok', not v_applied or not exists (select from iu_structure_change c left join iu_sql_link k on k.id = (c.after ->> 'link_id')::uuid
                            where c.operation_id = p_operation_id and c.change_kind = 'link_copied' and k.id is null),
    'text_ok', not exists (
      select from iu_relation r join unit_version whole on whole.id = (r.attributes ->> 'version_id')::uuid
       where r.operation_ref = p_operation_id and r.relation_type = 'split_from'
         -- a text that a redaction overwrote is proven by nothing but its hash
         and whole.redaction_id is null
       group by r.to_unit_id, whole.body
      having bool_and((select p.redaction_id from unit_version p where p.unit_id = r.from_unit_id and p.version_seq = 1) is null)
         and string_agg((select p.body from unit_version p where p.unit_id = r.from_unit_id and p.version_seq = 1), ''
                        order by (r.attributes ->> 'byte_start')::integer) <> whole.body),
    'event_ok', (select count(*) filter (where phase = 'apply') = case when v_operation.operation_status in ('enacted', 'rolled_back') then v_operation.step_count else 0 end
                    and count(*) filter (where phase = 'rollback') = case v_operation.operation_status when 'rolled_back' then v_operation.step_count else 0 end
                   from iu_structure_event where operation_id = p_operation_id))
    into v_result;
  return jsonb_build_object('operation_id', p_operation_id::text, 'status', v_operation.operation_status,
                            'ok', not exists (select from jsonb_each(v_result) x where x.value = 'false'))
         || v_result || jsonb_build_object('problems', v_problems, 'later_change', v_later, 'documents', v_documents);
end
$$;
