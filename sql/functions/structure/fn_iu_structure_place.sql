-- fn_iu_structure_place(bigint, integer, uuid, uuid, uuid, text, text) returns void
--
-- Contract:  puts a unit and everything below it to another place: adjacency, projection and contains relation in one go. With an
--            operation the change is written down; without one it is being undone. The documents are locked by the caller.
-- Arguments: p_operation_id: null = an undo; p_step_no; p_unit_id; p_parent_id: new parent, null = a document; p_collection_id: the
--            collection of a document; p_rank: among the new siblings; p_actor: who
-- Returns:   nothing
-- Raises:    IU602 cycle, IU609 a collection that has documents cannot become a piece, IU610 the place is taken, IU620 too deep
-- Writes:    information_unit, iu_tree_path, iu_collection_path, iu_relation, iu_structure_change
-- May call:  internal
create or replace function fn_iu_structure_place(p_operation_id bigint, p_step_no integer, p_unit_id uuid, p_parent_id uuid, p_collection_id uuid,
                                                 p_rank text, p_actor text) returns void
language plpgsql
set search_path from current
as $$
declare
  v_old record;
  v_prefix uuid[];
  v_rows bigint := 0;
  c_last constant uuid := 'ffffffff-ffff-ffff-ffff-ffffffffffff';
begin
  select u.canonical_address, u.parent_or_container_ref as parent_id, c.collection_id, coalesce(c.sibling_rank, u.sibling_rank) as rank,
         t.root_unit_id, t.path_ids, t.depth, c.path_ids as collection_path
    into strict v_old
    from information_unit u join iu_tree_path t on t.unit_id = u.id left join iu_collection_path c on c.document_id = u.id
   where u.id = p_unit_id;
  if coalesce(p_parent_id, p_collection_id) is not null then
    perform fn_iu_tree_assert_acyclic(p_unit_id, coalesce(p_parent_id, p_collection_id));
  end if;
  if p_parent_id is not null and v_old.parent_id is null
     and exists (select from iu_collection_path where collection_id = p_unit_id) then
    raise exception using errcode = 'IU609', message = format('collection %s has documents and cannot become a piece', v_old.canonical_address);
  end if;
  -- a document that stays one changes its collection only, which its own row does not tell
  if v_old.parent_id is not null or p_parent_id is not null then
    perform fn_iu_canonical_writer('fn_iu_structure_op');
    update information_unit
       set parent_or_container_ref = p_parent_id, updated_by = p_actor,
           sibling_rank = case when p_parent_id is null then sibling_rank else p_rank end
     where id = p_unit_id;
    perform fn_iu_canonical_writer('');
  end if;
  if v_old.parent_id is distinct from p_parent_id then
    v_prefix := coalesce((select path_ids from iu_tree_path where unit_id = p_parent_id), '{}');
    update iu_tree_path
       set root_unit_id = coalesce(v_prefix[1], p_unit_id), path_ids = v_prefix || path_ids[v_old.depth + 1:],
           depth = cardinality(v_prefix) + depth - v_old.depth
     where root_unit_id = v_old.root_unit_id and path_ids >= v_old.path_ids and path_ids < v_old.path_ids || c_last;
    get diagnostics v_rows = row_count;
  end if;
  if p_collection_id is null then
    delete from iu_collection_path where document_id = p_unit_id;
  else
    v_prefix := coalesce((select path_ids from iu_collection_path where document_id = p_collection_id), array[p_collection_id]);
    insert into iu_collection_path (document_id, collection_id, sibling_rank, path_ids)
    values (p_unit_id, p_collection_id, p_rank, v_prefix || p_unit_id)
    on conflict (document_id) do update set collection_id = excluded.collection_id, sibling_rank = excluded.sibling_rank, path_ids = excluded.path_ids;
  end if;
  if v_old.collection_id is distinct from p_collection_id then
    -- what stands in the moved collection follows; its paths begin with the old path of the collection, or with its bare id
    update iu_collection_path
       set path_ids = (case when p_collection_id is null then array[p_unit_id] else v_prefix || p_unit_id end)
                      || path_ids[cardinality(coalesce(v_old.collection_path, array[p_unit_id])) + 1:]
     where document_id <> p_unit_id and path_ids >= coalesce(v_old.collection_path, array[p_unit_id])
       and path_ids < coalesce(v_old.collection_path, array[p_unit_id]) || c_last;
  end if;
  update iu_relation set relation_status = 'retired', valid_to = greatest(valid_from, fn_iu_stamp())
   where to_unit_id = p_unit_id and relation_type = 'contains' and relation_status = 'active';
  if coalesce(p_parent_id, p_collection_id) is not null then
    insert into iu_relation (relation_type, from_unit_id, to_unit_id, sibling_rank, attributes, operation_ref, created_by)
    values ('contains', coalesce(p_parent_id, p_collection_id), p_unit_id, p_rank,
            case when p_collection_id is null then '{}' else '{"collection": true}'::jsonb end, p_operation_id, p_actor);
  end if;
  if p_operation_id is not null then
    perform fn_iu_structure_note(p_operation_id, p_step_no, 'placed', p_unit_id,
      jsonb_build_object('parent_id', v_old.parent_id, 'collection_id', v_old.collection_id, 'rank', v_old.rank),
      jsonb_build_object('parent_id', p_parent_id, 'collection_id', p_collection_id, 'rank', p_rank, 'tree_rows', v_rows));
  end if;
exception
  when unique_violation then
    raise exception using errcode = 'IU610',
      message = format('the place of %s is taken by %s', v_old.canonical_address,
                       (select canonical_address from information_unit where parent_or_container_ref = p_parent_id and sibling_rank = p_rank
                        union all
                        select u.canonical_address from iu_collection_path c join information_unit u on u.id = c.document_id
                         where c.collection_id = p_collection_id and c.sibling_rank = p_rank limit 1)),
      hint = 'move that unit first';
  when check_violation then
    raise exception using errcode = 'IU620', message = format('%s would stand deeper than 128 levels', v_old.canonical_address),
      hint = 'hang it higher up';
end
$$;
