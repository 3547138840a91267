-- fn_iu_cut_unenact(uuid[], text, text, text) returns void
--
-- Contract:  takes back the enactment of units that exist only because of a run that is rolled back, so that their birth can be undone:
--            the units are drafts again, their versions retired. Logged like every change of a lifecycle.
-- Arguments: p_units; p_actor; p_reference: approval of the rollback; p_reason
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    unit_version, information_unit, iu_lifecycle_log
-- May call:  internal
create or replace function fn_iu_cut_unenact(p_units uuid[], p_actor text, p_reference text, p_reason text) returns void
language plpgsql
set search_path from current
as $$
begin
  perform fn_iu_stamp((select max(updated_at) from information_unit where id = any (p_units)));
  insert into iu_lifecycle_log (unit_id, canonical_address, version_id, from_status, to_status, actor, review_decision_id, reason)
  select u.id, u.canonical_address, u.version_anchor_ref, u.lifecycle_status, 'draft', p_actor, p_reference, p_reason
    from information_unit u where u.id = any (p_units) and u.lifecycle_status = 'enacted' order by u.canonical_address;
  perform fn_iu_canonical_writer('fn_iu_enact');
  update unit_version set lifecycle_status = 'retired' where unit_id = any (p_units) and lifecycle_status = 'enacted';
  update information_unit set lifecycle_status = 'draft', updated_by = p_actor where id = any (p_units) and lifecycle_status = 'enacted';
  perform fn_iu_canonical_writer('');
end
$$;
