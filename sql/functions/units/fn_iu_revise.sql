-- fn_iu_revise(text, text, text, text, text, jsonb, integer) returns jsonb
--
-- Contract:  gives a unit its next version (draft) and moves the anchor to it; the version trigger emits version_applied. The same text
--            is no new version and no event. Of two revisions at once the second builds on the first. Another title with the same text is
--            an event unit_retitled of a draft; the title of what is in force changes with a new version only, whose profile keeps the one
--            before (title_before).
-- Arguments: p_canonical_address: the unit; p_body: the whole new text; p_actor: who; p_reason: kept in the version's profile;
--            p_title: new title, null keeps it; p_content_profile: of the new version;
--            p_expected_version_seq: refuse when the current version is another
-- Returns:   {status: revised | retitled | unchanged, unit_id, version_id, version_seq, content_hash}
-- Raises:    IU201 body missing, IU205 no such unit, IU206 not alive, IU216 actor missing, IU219 another version is current,
--            IU220 a title in force without a new version
-- Writes:    unit_version, information_unit, event_outbox
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_revise(
  p_canonical_address text,
  p_body text,
  p_actor text,
  p_reason text default null,
  p_title text default null,
  p_content_profile jsonb default '{}',
  p_expected_version_seq integer default null
) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_unit information_unit;
  v_version record;
  v_hash text := encode(sha256(convert_to(p_body, 'UTF8')), 'hex');
  v_id uuid := gen_random_uuid();
  v_profile jsonb;
  v_retitled boolean;
begin
  if coalesce(btrim(p_actor), '') = '' then
    raise exception using errcode = 'IU216', message = 'a change of units names its actor';
  end if;
  if p_body is null then
    raise exception using errcode = 'IU201', message = 'a revision has a body';
  end if;
  v_unit := fn_iu_living_unit(p_canonical_address);
  v_profile := v_unit.identity_profile || case when p_title ~ E'\\S' then jsonb_build_object('title', p_title) else '{}' end;
  select id, version_seq, content_hash into strict v_version from unit_version where id = v_unit.version_anchor_ref;
  if p_expected_version_seq <> v_version.version_seq then
    raise exception using errcode = 'IU219',
      message = format('unit %s is at version %s, not %s', p_canonical_address, v_version.version_seq, p_expected_version_seq),
      hint = 'read the unit again and revise what it says now';
  end if;
  v_retitled := v_profile <> v_unit.identity_profile;
  if v_retitled and v_version.content_hash = v_hash and v_unit.lifecycle_status = 'enacted' then
    raise exception using errcode = 'IU220', message = format('unit %s is in force: its title changes with a new version only', v_unit.canonical_address),
      hint = 'revise its text with the title, or replace it by a structure operation (replace_piece)';
  end if;
  perform fn_iu_canonical_writer('fn_iu_revise');
  if v_version.content_hash = v_hash then
    update information_unit set identity_profile = v_profile, updated_by = p_actor where id = v_unit.id and v_retitled;
    perform fn_iu_canonical_writer('');
    if v_retitled then
      perform fn_iu_emit_event('unit_retitled', v_unit.canonical_address, v_unit.id, p_actor,
                               jsonb_build_object('version_seq', v_version.version_seq, 'version_id', v_version.id));
    end if;
    return jsonb_build_object('status', case when v_retitled then 'retitled' else 'unchanged' end, 'unit_id', v_unit.id, 'version_id', v_version.id,
                              'version_seq', v_version.version_seq, 'content_hash', v_hash);
  end if;
  insert into unit_version (id, unit_id, body, content_hash, version_seq, content_profile, created_by, created_at)
  values (v_id, v_unit.id, p_body, v_hash, (select max(version_seq) + 1 from unit_version where unit_id = v_unit.id),
          coalesce(p_content_profile, '{}') || case when p_reason ~ E'\\S' then jsonb_build_object('reason', p_reason) else '{}' end
          || case when v_retitled then jsonb_build_object('title_before', v_unit.identity_profile -> 'title') else '{}' end, p_actor, fn_iu_stamp())
  returning version_seq into v_version.version_seq;
  update information_unit
     set content_anchor_ref = v_id::text, version_anchor_ref = v_id, identity_profile = v_profile, updated_by = p_actor
   where id = v_unit.id;
  perform fn_iu_canonical_writer('');
  return jsonb_build_object('status', 'revised', 'unit_id', v_unit.id, 'version_id', v_id,
                            'version_seq', v_version.version_seq, 'content_hash', v_hash);
end
$$;
