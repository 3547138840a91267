-- fn_iu_create(text, text, text, ...) returns jsonb
--
-- Contract:  makes one unit with version 1, its anchor and the event unit_created. Born as draft. Two calls with one address wait for
--            each other, and the second is refused.
-- Arguments: p_canonical_address: free address; p_body: text, byte for byte; p_actor: who; p_parent_address: null = a document;
--            p_unit_kind: document without parent, else section; p_title: the address; p_after_address: the sibling to stand after,
--            '' = first child, null = last, a document of a collection counts too; the others as columns of information_unit and unit_version
-- Returns:   {status: created, unit_id, version_id, version_seq, canonical_address, sibling_rank}
-- Raises:    as fn_iu_create_many; IU205 the sibling is no child of that parent
-- Writes:    information_unit, unit_version, event_outbox
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_create(
  p_canonical_address text,
  p_body text,
  p_actor text,
  p_parent_address text default null,
  p_unit_kind text default null,
  p_title text default null,
  p_owner_ref text default null,
  p_after_address text default null,
  p_doc_code text default null,
  p_section_type text default null,
  p_section_code text default null,
  p_sort_order integer default null,
  p_identity_profile jsonb default '{}',
  p_content_profile jsonb default '{}'
) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_parent uuid;
  v_after uuid;
  v_rank text;
  v_made record;
begin
  perform pg_advisory_xact_lock(hashtextextended('iu address ' || coalesce(p_canonical_address, ''), 0));
  if p_after_address is not null then
    select id into v_parent from information_unit where canonical_address = p_parent_address;
    perform fn_iu_lock_documents(array[v_parent]);
    select id into v_after from information_unit where canonical_address = p_after_address;
    if not exists (select from information_unit where id = v_after and parent_or_container_ref = v_parent
                   union all select from iu_collection_path where document_id = v_after and collection_id = v_parent) and p_after_address <> '' then
      raise exception using errcode = 'IU205', message = format('%s is no child of %s', p_after_address, coalesce(p_parent_address, 'nothing')),
        hint = 'p_after_address names a child of p_parent_address; leave it out to append';
    end if;
    v_rank := fn_iu_structure_rank(v_parent, v_after, 'first', null);
  end if;
  select * into strict v_made from fn_iu_create_many(jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
    'canonical_address', p_canonical_address, 'body', p_body, 'parent_address', p_parent_address, 'unit_kind', p_unit_kind, 'title', p_title,
    'owner_ref', p_owner_ref, 'doc_code', p_doc_code, 'section_type', p_section_type, 'section_code', p_section_code,
    'sort_order', p_sort_order, 'sibling_rank', v_rank))
    || jsonb_build_object('identity_profile', coalesce(p_identity_profile, '{}'), 'content_profile', coalesce(p_content_profile, '{}'))), p_actor);
  return jsonb_build_object('status', 'created', 'unit_id', v_made.unit_id, 'version_id', v_made.version_id, 'version_seq', 1,
                            'canonical_address', p_canonical_address,
                            'sibling_rank', (select sibling_rank from information_unit where id = v_made.unit_id));
end
$$;
