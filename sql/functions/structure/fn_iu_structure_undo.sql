-- fn_iu_structure_undo(iu_structure_change, text, text) returns void
--
-- Contract:  undoes one change of an operation. A birth becomes a soft delete that frees address and place, so that the same can be done
--            again; history, versions and relations stay.
-- Arguments: p_change: the row; p_actor; p_reference: approval of the rollback
-- Returns:   nothing
-- Raises:    IU610 its former place is taken, as fn_iu_structure_place
-- Writes:    information_unit, iu_tree_path, iu_collection_path, iu_relation, iu_lifecycle_log, iu_sql_link
-- May call:  internal
create or replace function fn_iu_structure_undo(p_change iu_structure_change, p_actor text, p_reference text) returns void
language plpgsql
set search_path from current
as $$
declare
  v_unit information_unit;
  v_other text;
begin
  select * into strict v_unit from information_unit where id = p_change.unit_id for no key update;
  perform fn_iu_stamp(v_unit.updated_at);
  case p_change.change_kind
  when 'placed' then
    if exists (select from iu_structure_change e where e.operation_id = p_change.operation_id and e.unit_id = p_change.unit_id
                  and e.change_no < p_change.change_no and e.change_kind in ('born', 'placed')) then
      -- it only passed there: out of the way until its own place comes, whatever stands at this one now
      perform fn_iu_structure_place(null, null, p_change.unit_id, null, null, 'a0', p_actor);
      return;
    end if;
    -- pieces and documents of a collection stand in one order, and no index sees both
    select x.canonical_address into v_other
      from (select document_id as id from iu_collection_path
             where collection_id = (p_change.before ->> 'parent_id')::uuid and sibling_rank = p_change.before ->> 'rank'
            union all
            select id from information_unit
             where parent_or_container_ref = (p_change.before ->> 'collection_id')::uuid and sibling_rank = p_change.before ->> 'rank') t
      join information_unit x on x.id = t.id
      join iu_relation r on r.to_unit_id = t.id and r.relation_type = 'contains' and r.relation_status = 'active'
      join iu_structure_operation o on o.operation_id = p_change.operation_id and r.valid_from > o.enacted_at
     where not exists (select from iu_structure_change c where c.operation_id = o.operation_id and c.unit_id = t.id and c.change_kind = 'placed');
    if found then
      raise exception using errcode = 'IU610', message = format('the place of %s is taken by %s', v_unit.canonical_address, v_other),
        hint = 'move that unit first';
    end if;
    perform fn_iu_structure_place(null, null, p_change.unit_id, (p_change.before ->> 'parent_id')::uuid,
                                  (p_change.before ->> 'collection_id')::uuid, p_change.before ->> 'rank', p_actor);
  when 'born' then
    update iu_relation set relation_status = 'retired', valid_to = greatest(valid_from, fn_iu_stamp())
     where to_unit_id = p_change.unit_id and relation_type = 'contains' and relation_status = 'active';
    delete from iu_tree_path where unit_id = p_change.unit_id;
    perform fn_iu_canonical_writer('fn_iu_structure_op');
    update information_unit
       set deleted_at = fn_iu_stamp(), updated_by = p_actor, sort_order = null,
           canonical_address = left(canonical_address, 240) || '~undone-' || p_change.operation_id || '-' || p_change.change_no,
           sibling_rank = sibling_rank || replace(id::text, '-', '') || 'V'
     where id = p_change.unit_id;
    perform fn_iu_canonical_writer('');
  when 'lifecycle' then
    if p_change.before ->> 'lifecycle_status' <> v_unit.lifecycle_status then
      insert into iu_lifecycle_log (unit_id, canonical_address, version_id, from_status, to_status, actor, review_decision_id, reason)
      values (v_unit.id, v_unit.canonical_address, v_unit.version_anchor_ref, v_unit.lifecycle_status, p_change.before ->> 'lifecycle_status',
              p_actor, p_reference, format('rollback of structure operation %s', p_change.operation_id));
      perform fn_iu_canonical_writer('fn_iu_structure_op');
      update information_unit set lifecycle_status = p_change.before ->> 'lifecycle_status', updated_by = p_actor where id = p_change.unit_id;
      perform fn_iu_canonical_writer('');
    end if;
  when 'numbered' then
    perform fn_iu_canonical_writer('fn_iu_structure_op');
    update information_unit set section_code = p_change.before ->> 'section_code', updated_by = p_actor where id = p_change.unit_id;
    perform fn_iu_canonical_writer('');
    update iu_relation set relation_status = 'retired', valid_to = greatest(valid_from, fn_iu_stamp())
     where operation_ref = p_change.operation_id and from_unit_id = p_change.unit_id and relation_type = 'renumbered_from' and relation_status = 'active';
    -- the way back is a change of number too: what stood at an address in between stays answerable
    insert into iu_relation (relation_type, from_unit_id, to_unit_id, relation_status, attributes, operation_ref, valid_to, valid_from, created_by)
    select 'renumbered_from', v_unit.id, v_unit.id, 'retired',
           jsonb_build_object('from', p_change.after -> 'section_code', 'to', p_change.before -> 'section_code', 'rollback', true),
           p_change.operation_id, fn_iu_stamp(), fn_iu_stamp(), p_actor;
  when 'link_copied' then
    update iu_sql_link set lifecycle_status = 'retired', enabled = false where id = (p_change.after ->> 'link_id')::uuid;
  when 'link_moved' then
    update iu_sql_link set lifecycle_status = p_change.before ->> 'lifecycle_status', enabled = (p_change.before ->> 'enabled')::boolean
     where id = (p_change.before ->> 'link_id')::uuid;
  when 'relation' then
    update iu_relation set relation_status = 'retired', valid_to = greatest(valid_from, fn_iu_stamp())
     where relation_id = (p_change.after ->> 'relation_id')::bigint and relation_status = 'active';
  else
    null; -- context and review changed nothing
  end case;
end
$$;
