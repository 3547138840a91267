-- fn_iu_structure_split(bigint, integer, jsonb, text, text) returns jsonb
--
-- Contract:  step split_large_piece: {unit, offsets: [byte offsets, ascending], pieces: [one more than offsets], mode?: replacement_set |
--            children, link_policy?, dependants?}. The text of the current version is cut at the offsets, so that the pieces joined are the
--            original. replacement_set: the pieces stand after the unit (of a document of a collection in the collection), which is
--            superseded. children: they stand below it, and it stays with its text as the record of the whole.
-- Arguments: p_operation_id, p_step_no; p_step; p_actor; p_reference: approval reference
-- Returns:   {event_type, unit_id}
-- Raises:    IU206, IU601, IU603 malformed step, IU604, IU608 an offset outside of the text or inside a character, IU611
-- Writes:    as fn_iu_structure_mint, fn_iu_structure_relate, fn_iu_structure_end, fn_iu_structure_links, fn_iu_structure_dependants
-- May call:  internal
create or replace function fn_iu_structure_split(p_operation_id bigint, p_step_no integer, p_step jsonb, p_actor text, p_reference text) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_unit information_unit;
  v_bytes bytea;
  v_cuts integer[];
  v_mode text := coalesce(p_step ->> 'mode', 'replacement_set');
  v_parent uuid;
  v_after uuid;
  v_id uuid;
  v_ids uuid[] := '{}';
  v_joined text;
begin
  if jsonb_typeof(p_step -> 'offsets') is distinct from 'array' or jsonb_typeof(p_step -> 'pieces') is distinct from 'array'
     or jsonb_array_length(p_step -> 'pieces') <> jsonb_array_length(p_step -> 'offsets') + 1 or jsonb_array_length(p_step -> 'pieces') < 2
     or v_mode not in ('replacement_set', 'children')
     or exists (select from jsonb_array_elements(p_step -> 'offsets') o where o::text !~ '^[0-9]{1,9}$') then
    raise exception using errcode = 'IU603', message = format('step %s: a split has offsets, one more piece than offsets, and a mode', p_step_no),
      hint = 'mode is replacement_set or children';
  end if;
  v_unit := fn_iu_structure_living(p_step ->> 'unit');
  select convert_to(body, 'UTF8') into strict v_bytes from unit_version where id = v_unit.version_anchor_ref;
  select array[0] || array_agg(o::text::integer order by place) || length(v_bytes) into v_cuts
    from jsonb_array_elements(p_step -> 'offsets') with ordinality as x (o, place);
  for i in 2 .. cardinality(v_cuts) loop
    if v_cuts[i] <= v_cuts[i - 1] or v_cuts[i] > length(v_bytes)
       or (v_cuts[i] < length(v_bytes) and get_byte(v_bytes, v_cuts[i]) & 192 = 128) then
      raise exception using errcode = 'IU608', message = format('step %s: byte offset %s is not a cut of a text of %s bytes', p_step_no,
          v_cuts[least(i, cardinality(v_cuts) - 1)], length(v_bytes)),
        hint = 'offsets ascend, lie inside of the text and never inside a character';
    end if;
  end loop;
  v_parent := case v_mode when 'children' then v_unit.id else v_unit.parent_or_container_ref end;
  v_after := case v_mode when 'children' then null else v_unit.id end;
  for i in 1 .. cardinality(v_cuts) - 1 loop
    v_id := fn_iu_structure_mint(p_operation_id, p_step_no, p_step -> 'pieces' -> (i - 1),
      convert_from(substring(v_bytes from v_cuts[i] + 1 for v_cuts[i + 1] - v_cuts[i]), 'UTF8'), v_parent,
      fn_iu_structure_rank(v_parent, v_after, 'last', null), v_unit.id, p_actor);
    perform fn_iu_structure_join(p_operation_id, p_step_no, v_id, v_after, p_actor);
    perform fn_iu_structure_relate(p_operation_id, p_step_no, 'split_from', v_id, v_unit.id,
      jsonb_build_object('byte_start', v_cuts[i], 'byte_end', v_cuts[i + 1], 'version_id', v_unit.version_anchor_ref, 'mode', v_mode), p_actor);
    v_ids := v_ids || v_id;
    v_after := v_id;
  end loop;
  select string_agg(v.body, '' order by x.place) into v_joined
    from unnest(v_ids) with ordinality as x (id, place) join information_unit u on u.id = x.id join unit_version v on v.id = u.version_anchor_ref;
  if convert_to(v_joined, 'UTF8') <> v_bytes then
    raise exception using errcode = 'IU608', message = format('step %s: the pieces joined are not the original', p_step_no);
  end if;
  if v_mode = 'children' then
    -- a split that only records the whole: touched all the same, so that a later change of it is seen
    perform fn_iu_structure_note(p_operation_id, p_step_no, 'lifecycle', v_unit.id,
      jsonb_build_object('lifecycle_status', v_unit.lifecycle_status, 'version_id', v_unit.version_anchor_ref),
      jsonb_build_object('lifecycle_status', v_unit.lifecycle_status));
  else
    perform fn_iu_structure_links(p_operation_id, p_step_no, v_unit.id, v_ids, p_step ->> 'link_policy', p_actor);
    perform fn_iu_structure_dependants(p_operation_id, p_step_no, v_unit.id, v_ids[cardinality(v_ids)], p_step ->> 'dependants', p_step ->> 'link_policy', p_actor, p_reference);
    perform fn_iu_structure_end(p_operation_id, p_step_no, v_unit.id, 'superseded', p_actor, p_reference);
  end if;
  return jsonb_build_object('event_type', 'structure_piece_split', 'unit_id', v_unit.id);
end
$$;
