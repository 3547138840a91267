-- fn_iu_soft_delete(text, text, text) returns jsonb
--
-- Contract:  takes a draft that was never enacted out of its tree: deleted_at is set, place and contains relation end, one event unit_deleted.
--            Row, versions and address stay. Refused for anything that was in force (that ends by fn_iu_deprecate), has something below it
--            or has a living SQL link.
-- Arguments: p_canonical_address: the unit; p_actor: who; p_reason: why, mandatory
-- Returns:   {status: deleted | unchanged, unit_id}
-- Raises:    IU205 no such unit, IU206 not alive, IU208 it has units below it, IU216 actor or reason missing, IU217, IU611 living SQL
--            links, IU622 it was in force
-- Writes:    information_unit, iu_tree_path, iu_collection_path, iu_relation, iu_lifecycle_log, event_outbox
-- May call:  iu_operator
create or replace function fn_iu_soft_delete(p_canonical_address text, p_actor text, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_unit information_unit;
begin
  if coalesce(btrim(p_actor), '') = '' or coalesce(btrim(p_reason), '') = '' then
    raise exception using errcode = 'IU216', message = 'a deletion names its actor and its reason';
  end if;
  select * into v_unit from information_unit where canonical_address = p_canonical_address;
  if v_unit.deleted_at is not null then
    return jsonb_build_object('status', 'unchanged', 'unit_id', v_unit.id);
  end if;
  perform fn_iu_structure_lock(array[v_unit.id], v_unit.parent_or_container_ref is null);
  v_unit := fn_iu_living_unit(p_canonical_address);
  if v_unit.lifecycle_status <> 'draft' or exists (select from unit_version where unit_id = v_unit.id and enacted_at is not null) then
    raise exception using errcode = 'IU622', message = format('unit %s was in force', v_unit.canonical_address),
      hint = 'fn_iu_deprecate ends the life of a unit';
  end if;
  if exists (select from information_unit where parent_or_container_ref = v_unit.id and deleted_at is null)
     or exists (select from iu_collection_path where collection_id = v_unit.id) then
    raise exception using errcode = 'IU208', message = format('unit %s has units below it', v_unit.canonical_address),
      hint = 'move or delete them first';
  end if;
  perform fn_iu_sql_link_refuse(array[v_unit.id]);
  update iu_relation set relation_status = 'retired', valid_to = greatest(valid_from, fn_iu_stamp())
   where to_unit_id = v_unit.id and relation_type = 'contains' and relation_status = 'active';
  delete from iu_collection_path where document_id = v_unit.id;
  delete from iu_tree_path where unit_id = v_unit.id;
  perform fn_iu_canonical_writer('fn_iu_structure_op');
  update information_unit set deleted_at = fn_iu_stamp(), updated_by = p_actor where id = v_unit.id;
  perform fn_iu_canonical_writer('');
  insert into iu_lifecycle_log (unit_id, canonical_address, version_id, from_status, to_status, actor, reason)
  values (v_unit.id, v_unit.canonical_address, v_unit.version_anchor_ref, v_unit.lifecycle_status, v_unit.lifecycle_status, p_actor,
          'deleted: ' || p_reason);
  perform fn_iu_emit_event('unit_deleted', v_unit.canonical_address, v_unit.id, p_actor, jsonb_build_object('version_id', v_unit.version_anchor_ref));
  return jsonb_build_object('status', 'deleted', 'unit_id', v_unit.id);
end
$$;
