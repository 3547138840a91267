-- fn_iu_cut_may_follow(text, text) returns boolean
--
-- Contract:  the state machine of a cut run: which state may follow which. A state may follow itself. Before the write a plan may be made
--            again; after it there is only forward, or the rollback of everything.
-- Arguments: p_from, p_to: states
-- Returns:   whether the step is one of the machine
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_may_follow(p_from text, p_to text) returns boolean
language sql
immutable
set search_path from current
as $$
  select p_from = p_to or case
    when p_from in ('pending', 'source_pinned', 'marked', 'cutplan_ok', 'pre_write_backup_taken', 'grants_probed', 'awaiting_cut_authorization',
                    'stopped_manifest_changed') and p_to = 'voided_by_person' then true
    when p_from in ('marked', 'pre_write_backup_taken', 'grants_probed', 'awaiting_cut_authorization') and p_to = 'cutplan_ok' then true
    when p_from in ('cut_leg_a_committed', 'structural_verified', 'leg_b_recorded', 'write_verified', 'awaiting_lifecycle_authorization',
                    'lifecycle_enacted', 'closeout_reported', 'failed_structural_verify', 'failed_write_verify', 'stopped_manifest_changed')
         and p_to = 'voided_rolled_back' then true
    else (p_from, p_to) in (('pending', 'source_pinned'), ('source_pinned', 'marked'),
      ('cutplan_ok', 'pre_write_backup_taken'), ('pre_write_backup_taken', 'grants_probed'), ('grants_probed', 'awaiting_cut_authorization'),
      ('awaiting_cut_authorization', 'cut_leg_a_committed'), ('awaiting_cut_authorization', 'stopped_manifest_changed'),
      ('cut_leg_a_committed', 'structural_verified'), ('cut_leg_a_committed', 'failed_structural_verify'),
      ('failed_structural_verify', 'structural_verified'), ('structural_verified', 'leg_b_recorded'),
      ('leg_b_recorded', 'write_verified'), ('leg_b_recorded', 'failed_write_verify'), ('failed_write_verify', 'write_verified'),
      ('write_verified', 'awaiting_lifecycle_authorization'),
      ('awaiting_lifecycle_authorization', 'lifecycle_enacted'), ('awaiting_lifecycle_authorization', 'stopped_manifest_changed'),
      ('lifecycle_enacted', 'closeout_reported'))
  end
$$;
