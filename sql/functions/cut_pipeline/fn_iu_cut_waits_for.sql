-- fn_iu_cut_waits_for(iu_cut_run) returns text
--
-- Contract:  what a run needs from outside before it can go on by itself: cut (its pieces), plan, decisions (doubtful matches), gate 1,
--            gate 2, person (it failed or stopped); null when the next advance does it, or when nothing is left.
-- Arguments: p_run
-- Returns:   a word or two, or null
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_cut_waits_for(p_run iu_cut_run) returns text
language sql
stable
security definer
set search_path from current
as $$
  select case
    when p_run.state in ('pending', 'source_pinned') then 'cut'
    when p_run.state = 'marked' then 'plan'
    when p_run.state = 'cutplan_ok' and exists (select from iu_cut_doubt d where d.run_id = p_run.run_id) then 'decisions'
    when p_run.state = 'awaiting_cut_authorization' and not exists (select from iu_cut_approval a where a.run_id = p_run.run_id and a.gate = 1
      and fn_iu_cut_may_approve(p_run.run_id, a.approved_by) and a.manifest_digest = fn_iu_cut_manifest_digest(p_run.manifest)) then 'gate 1'
    when p_run.state = 'awaiting_lifecycle_authorization' and not exists (select from iu_cut_approval a where a.run_id = p_run.run_id and a.gate = 2
      and fn_iu_cut_may_approve(p_run.run_id, a.approved_by) and a.manifest_digest = fn_iu_cut_manifest_digest(p_run.manifest)) then 'gate 2'
    when p_run.state ~ '^(failed|stopped)_' then 'person'
  end
$$;
