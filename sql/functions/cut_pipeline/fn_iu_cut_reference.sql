-- fn_iu_cut_reference(bigint, integer) returns text
--
-- Contract:  how operations, enactments and logs name the approval that let a run through a gate.
-- Arguments: p_run_id; p_gate: 1 or 2
-- Returns:   iu_cut_run:RUN:gate-GATE:approval-ID by LOGIN; null without an approval of the manifest that stands
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_reference(p_run_id bigint, p_gate integer) returns text
language sql
stable
set search_path from current
as $$
  select format('iu_cut_run:%s:gate-%s:approval-%s by %s', r.run_id, a.gate, a.approval_id, a.approved_by)
    from iu_cut_run r
    join iu_cut_approval a on a.run_id = r.run_id and a.gate = p_gate and fn_iu_cut_may_approve(r.run_id, a.approved_by)
     and a.manifest_digest = fn_iu_cut_manifest_digest(r.manifest)
   where r.run_id = p_run_id
   order by a.approval_id limit 1
$$;
