-- fn_iu_enact(text, text, text, text, text, text, text, boolean) returns jsonb
--
-- Contract:  enacts the version that the unit's anchor points to: the unit becomes enacted, the version before it superseded, one row
--            of iu_lifecycle_log and one event version_enacted. Enacting an enacted version again changes nothing.
-- Arguments: p_canonical_address: the unit; p_actor: who; p_review_decision_id: the review that allows it, mandatory;
--            p_target_lifecycle: enacted (other ends have functions of their own); p_change_set_id, p_reason, p_tool_revision: kept in the
--            log; p_dry_run: true only says what would happen
-- Returns:   {status: enacted | unchanged | dry_run, unit_id, version_id, version_seq, from_status, to_status, superseded_version_id}
-- Raises:    IU205 no such unit, IU206 not alive, IU207 review decision missing, IU209 target not allowed, IU216 actor missing
-- Writes:    unit_version, information_unit, iu_lifecycle_log, event_outbox
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_enact(
  p_canonical_address text,
  p_actor text,
  p_review_decision_id text,
  p_target_lifecycle text default 'enacted',
  p_change_set_id text default null,
  p_reason text default null,
  p_tool_revision text default null,
  p_dry_run boolean default false
) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_unit information_unit;
  v_version record;
  v_before uuid;
  v_result jsonb;
begin
  if coalesce(btrim(p_actor), '') = '' then
    raise exception using errcode = 'IU216', message = 'a change of units names its actor';
  end if;
  if coalesce(btrim(p_review_decision_id), '') = '' then
    raise exception using errcode = 'IU207', message = 'an enactment names the review decision that allows it';
  end if;
  if p_target_lifecycle is distinct from 'enacted' then
    raise exception using errcode = 'IU209', message = format('fn_iu_enact leads to enacted, not to %s', quote_nullable(left(p_target_lifecycle, 80))),
      hint = 'fn_iu_deprecate ends the life of a unit';
  end if;
  v_unit := fn_iu_living_unit(p_canonical_address);
  select id, version_seq, lifecycle_status into strict v_version from unit_version where id = v_unit.version_anchor_ref;
  select id into v_before from unit_version where unit_id = v_unit.id and lifecycle_status = 'enacted' and id <> v_version.id;
  v_result := jsonb_build_object('unit_id', v_unit.id, 'version_id', v_version.id, 'version_seq', v_version.version_seq,
                                 'from_status', v_unit.lifecycle_status, 'to_status', 'enacted', 'superseded_version_id', v_before);
  if v_version.lifecycle_status = 'enacted' or coalesce(p_dry_run, false) then
    return v_result || jsonb_build_object('status', case when v_version.lifecycle_status = 'enacted' then 'unchanged' else 'dry_run' end);
  end if;
  perform fn_iu_canonical_writer('fn_iu_enact');
  update unit_version set lifecycle_status = 'superseded' where id = v_before;
  update unit_version set lifecycle_status = 'enacted', enacted_at = fn_iu_stamp() where id = v_version.id;
  update information_unit set lifecycle_status = 'enacted', updated_by = p_actor where id = v_unit.id;
  perform fn_iu_canonical_writer('');
  insert into iu_lifecycle_log (unit_id, canonical_address, version_id, from_status, to_status, actor, review_decision_id, change_set_id, reason, tool_revision)
  values (v_unit.id, v_unit.canonical_address, v_version.id, v_unit.lifecycle_status, 'enacted', p_actor, p_review_decision_id,
          p_change_set_id, p_reason, p_tool_revision);
  perform fn_iu_emit_event('version_enacted', v_unit.canonical_address, v_unit.id, p_actor,
                           jsonb_build_object('version_seq', v_version.version_seq, 'version_id', v_version.id,
                                              'superseded_version_id', v_before, 'review_decision_id', p_review_decision_id));
  return v_result || jsonb_build_object('status', 'enacted');
end
$$;
