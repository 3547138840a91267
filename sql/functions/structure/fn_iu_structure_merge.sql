-- fn_iu_structure_merge(bigint, integer, jsonb, text, text) returns jsonb
--
-- Contract:  step merge_small_pieces: {units: [two or more siblings], piece: {canonical_address, ...}, separator?, conflict_policy?: block |
--            prefer_target | manual_review, link_policy?, dependants?}. Their texts joined in the order in which they stand (the order
--            of the list does not matter) become a new piece after the last of them; they are superseded. Kinds, section types or owners
--            that differ are a conflict: refused, or what the piece says, or the first unit's and a note for review.
-- Arguments: p_operation_id, p_step_no; p_step; p_actor; p_reference: approval reference
-- Returns:   {event_type, unit_id}
-- Raises:    IU206, IU601, IU603 malformed step, IU604, IU611, IU612 conflict
-- Writes:    as fn_iu_structure_split
-- May call:  internal
create or replace function fn_iu_structure_merge(p_operation_id bigint, p_step_no integer, p_step jsonb, p_actor text, p_reference text) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_ids uuid[];
  v_id uuid;
  v_source uuid;
  v_parent uuid;
  v_facts record;
  v_policy text := coalesce(p_step ->> 'conflict_policy', 'block');
begin
  if jsonb_typeof(p_step -> 'units') is distinct from 'array' or jsonb_array_length(p_step -> 'units') < 2
     or v_policy not in ('block', 'prefer_target', 'manual_review') then
    raise exception using errcode = 'IU603', message = format('step %s: a merge has two or more units and a conflict policy', p_step_no),
      hint = 'conflict_policy is block, prefer_target or manual_review';
  end if;
  perform fn_iu_structure_living(r.id::text)
     from (select distinct fn_iu_unit_ref(r) as id from jsonb_array_elements_text(p_step -> 'units') r order by 1) r;
  select array_agg(u.id order by u.sibling_rank) as ids, count(distinct u.parent_or_container_ref) as parents,
         bool_or(u.parent_or_container_ref is null) as has_document, count(distinct (u.unit_kind, u.section_type, u.owner_ref)) as makes,
         string_agg(v.body, coalesce(p_step ->> 'separator', '') order by u.sibling_rank) as body
    into v_facts
    from information_unit u join unit_version v on v.id = u.version_anchor_ref
   where u.id in (select fn_iu_unit_ref(r) from jsonb_array_elements_text(p_step -> 'units') r);
  v_ids := v_facts.ids;
  if cardinality(v_ids) < 2 or v_facts.has_document or v_facts.parents <> 1 then
    raise exception using errcode = 'IU603', message = format('step %s: only different pieces below one parent are merged', p_step_no),
      hint = 'move them together first (reparent_piece)';
  end if;
  if v_facts.makes > 1 and v_policy = 'block' then
    raise exception using errcode = 'IU612', message = format('step %s: kind, section type or owner of the pieces differ', p_step_no),
      hint = 'say conflict_policy prefer_target or manual_review';
  end if;
  select parent_or_container_ref into strict v_parent from information_unit where id = v_ids[1];
  v_id := fn_iu_structure_mint(p_operation_id, p_step_no, p_step -> 'piece', v_facts.body, v_parent,
    fn_iu_structure_rank(v_parent, v_ids[cardinality(v_ids)], 'last', null), v_ids[1], p_actor);
  foreach v_source in array v_ids loop
    perform fn_iu_structure_relate(p_operation_id, p_step_no, 'merged_from', v_id, v_source,
      jsonb_build_object('place', array_position(v_ids, v_source),
                         'version_id', (select version_anchor_ref from information_unit where id = v_source)), p_actor);
    perform fn_iu_structure_links(p_operation_id, p_step_no, v_source, array[v_id], p_step ->> 'link_policy', p_actor);
    perform fn_iu_structure_dependants(p_operation_id, p_step_no, v_source, v_id, p_step ->> 'dependants', p_step ->> 'link_policy', p_actor, p_reference);
    perform fn_iu_structure_end(p_operation_id, p_step_no, v_source, 'superseded', p_actor, p_reference);
  end loop;
  if v_facts.makes > 1 and v_policy = 'manual_review' then
    perform fn_iu_structure_note(p_operation_id, p_step_no, 'review', v_id, null, jsonb_build_object('what', 'merge_conflict', 'units', v_ids));
  end if;
  return jsonb_build_object('event_type', 'structure_pieces_merged', 'unit_id', v_id);
end
$$;
