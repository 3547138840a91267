-- fn_iu_structure_mint(bigint, integer, jsonb, text, uuid, text, uuid, text) returns uuid
--
-- Contract:  makes one new piece through fn_iu_create_many and writes it down.
-- Arguments: p_operation_id, p_step_no; p_piece: canonical_address, and optionally title, unit_kind, section_type, section_code, owner_ref,
--            identity_profile, content_profile; p_body: its text; p_parent_id; p_rank; p_template_id: a unit whose kind, section type and
--            owner it takes where the piece says nothing; p_actor
-- Returns:   its id
-- Raises:    as fn_iu_create_many; IU603 the piece is no object with an address
-- Writes:    information_unit, unit_version, iu_tree_path, iu_relation, event_outbox, iu_structure_change
-- May call:  internal
create or replace function fn_iu_structure_mint(p_operation_id bigint, p_step_no integer, p_piece jsonb, p_body text, p_parent_id uuid, p_rank text,
                                                p_template_id uuid, p_actor text) returns uuid
language plpgsql
set search_path from current
as $$
declare
  v_template information_unit;
  v_id uuid;
begin
  if jsonb_typeof(p_piece) is distinct from 'object' or coalesce(p_piece ->> 'canonical_address', '') !~ E'\\S' then
    raise exception using errcode = 'IU603', message = format('step %s: a new piece has a canonical_address', p_step_no);
  end if;
  select * into v_template from information_unit where id = p_template_id;
  select m.unit_id into strict v_id
    from fn_iu_create_many(jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
           'unit_kind', v_template.unit_kind, 'section_type', v_template.section_type, 'owner_ref', v_template.owner_ref,
           'title', p_piece ->> 'canonical_address')
         || jsonb_strip_nulls(p_piece) - 'body'
         || jsonb_build_object('parent_address', (select canonical_address from information_unit where id = p_parent_id),
                               'sibling_rank', case when p_parent_id is not null then p_rank end, 'sort_order', null, 'body', p_body))),
           -- the rank's collation is that of everything here; handed on, the index of addresses would be of no use
           p_actor collate "default") m;
  perform fn_iu_structure_note(p_operation_id, p_step_no, 'born', v_id, null,
    jsonb_build_object('canonical_address', p_piece ->> 'canonical_address', 'parent_id', p_parent_id, 'rank', p_rank,
                       'version_id', (select version_anchor_ref from information_unit where id = v_id)));
  return v_id;
end
$$;
