-- fn_iu_deprecate(text, text, text, boolean, text) returns jsonb
--
-- Contract:  ends the life of a unit: lifecycle deprecated, one row of iu_lifecycle_log and one event unit_deprecated a unit. Text,
--            versions and place stay, the address stays taken. Refused while a child lives, unless told to deprecate them too, children
--            first, while a living document stands in a collection, and while a living SQL link stands on any of them. What is in force
--            ends by a login that is iu_operator, or with the review that decided it. Locks the document, so that nobody adds a child
--            meanwhile. A deprecated unit stays as it is.
-- Arguments: p_canonical_address: the unit; p_actor: who; p_reason: why, mandatory; p_with_children: true takes all living descendants
--            along; p_review_decision_id: kept in the log, mandatory for a login that is no iu_operator when one of the units is enacted
-- Returns:   {status: deprecated | unchanged, unit_id, units_deprecated}
-- Raises:    IU205 no such unit, IU206 neither alive nor deprecated, IU207 review missing, IU208 living children, IU216 actor or reason missing,
--            IU217 units kept moving, IU611 living SQL links
-- Writes:    information_unit, iu_lifecycle_log, event_outbox
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_deprecate(
  p_canonical_address text,
  p_actor text,
  p_reason text,
  p_with_children boolean default false,
  p_review_decision_id text default null
) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_unit information_unit;
  v_living uuid[];
  v_found text;
begin
  if coalesce(btrim(p_actor), '') = '' or coalesce(btrim(p_reason), '') = '' then
    raise exception using errcode = 'IU216', message = 'a deprecation names its actor and its reason';
  end if;
  perform fn_iu_lock_documents(array(select id from information_unit where canonical_address = p_canonical_address));
  select * into v_unit from information_unit where canonical_address = p_canonical_address;
  if v_unit.lifecycle_status = 'deprecated' then
    return jsonb_build_object('status', 'unchanged', 'unit_id', v_unit.id, 'units_deprecated', 0);
  end if;
  v_unit := fn_iu_living_unit(p_canonical_address);
  with recursive down as (
    select v_unit.id as id, 0 as depth, ''::text collate "C" as rank
    union all
    select c.id, d.depth + 1, c.sibling_rank from down d
      join information_unit c on c.parent_or_container_ref = d.id
     where c.lifecycle_status in ('draft', 'enacted') and c.deleted_at is null
  ) cycle id set is_cycle using path
  select array_agg(id order by depth desc, rank, id) into v_living from down where not is_cycle;
  if cardinality(v_living) > 1 and not coalesce(p_with_children, false) then
    raise exception using errcode = 'IU208',
      message = format('unit %s has %s living units below it', v_unit.canonical_address, cardinality(v_living) - 1),
      hint = 'deprecate them first, or say p_with_children => true';
  end if;
  -- a document ends of its own, not along with its collection
  select min(u.canonical_address) into v_found
    from iu_collection_path c join information_unit u on u.id = c.document_id
   where c.collection_id = any (v_living) and u.lifecycle_status in ('draft', 'enacted') and u.deleted_at is null;
  if v_found is not null then
    raise exception using errcode = 'IU208', message = format('collection %s has living documents, such as %s', v_unit.canonical_address, v_found),
      hint = 'move its documents first';
  end if;
  perform from information_unit where id = any (v_living) order by id for no key update;
  perform fn_iu_stamp((select max(updated_at) from information_unit where id = any (v_living)));
  if coalesce(btrim(p_review_decision_id), '') = '' and not pg_has_role(session_user, 'iu_operator', 'usage') then
    select min(canonical_address) into v_found from information_unit where id = any (v_living) and lifecycle_status = 'enacted';
    if v_found is not null then
      raise exception using errcode = 'IU207', message = format('unit %s is in force: its end names the review decision that allows it', v_found),
        hint = 'pass p_review_decision_id, or let a login that is iu_operator do it';
    end if;
  end if;
  perform fn_iu_sql_link_refuse(v_living);
  insert into iu_lifecycle_log (unit_id, canonical_address, version_id, from_status, to_status, actor, review_decision_id, reason)
  select u.id, u.canonical_address, u.version_anchor_ref, u.lifecycle_status, 'deprecated', p_actor, p_review_decision_id, p_reason
    from unnest(v_living) with ordinality as l (id, place) join information_unit u on u.id = l.id order by l.place;
  perform fn_iu_canonical_writer('fn_iu_deprecate');
  update information_unit set lifecycle_status = 'deprecated', updated_by = p_actor where id = any (v_living);
  perform fn_iu_canonical_writer('');
  perform fn_iu_emit_event('unit_deprecated', u.canonical_address, u.id, p_actor, jsonb_build_object('version_id', u.version_anchor_ref))
     from (select l.place, u.* from unnest(v_living) with ordinality as l (id, place) join information_unit u on u.id = l.id
            order by l.place offset 0) u;
  return jsonb_build_object('status', 'deprecated', 'unit_id', v_unit.id, 'units_deprecated', cardinality(v_living));
end
$$;
