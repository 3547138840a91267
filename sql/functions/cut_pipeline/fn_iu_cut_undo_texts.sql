-- fn_iu_cut_undo_texts(iu_cut_run, text, text) returns void
--
-- Contract:  undoes the revisions of a run. A version is never taken out of the log: a unit that lived before gets a new version with the
--            text it had, enacted when the one before was in force, and so its event. A unit that the run made and that is about to be
--            undone has its anchor put back on its first version; nobody gets to see it any more.
-- Arguments: p_run; p_reference: approval; p_reason
-- Returns:   nothing
-- Raises:    as fn_iu_revise and fn_iu_enact
-- Writes:    unit_version, information_unit, iu_lifecycle_log, event_outbox
-- May call:  internal
create or replace function fn_iu_cut_undo_texts(p_run iu_cut_run, p_reference text, p_reason text) returns void
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_row record;
begin
  -- what the run itself made goes back to its first version, also past versions of later runs that were rolled back
  perform fn_iu_canonical_writer('fn_iu_revise');
  update information_unit u
     set version_anchor_ref = b.version_id, content_anchor_ref = b.version_id::text, updated_by = p_run.actor_ref
    from (select c.unit_id, (c.after ->> 'version_id')::uuid as version_id
            from iu_cut_operation o join iu_structure_change c on c.operation_id = o.operation_id and c.change_kind = 'born'
           where o.run_id = p_run.run_id) b
   where u.id = b.unit_id and u.version_anchor_ref <> b.version_id;
  perform fn_iu_canonical_writer('');
  for v_row in
    select x.*, u.canonical_address, b.body, b.version_seq, b.enacted_at is not null as was_enacted
      from iu_cut_version x
      join information_unit u on u.id = x.unit_id
      join unit_version b on b.id = x.before_version_id
     where x.run_id = p_run.run_id
       and not exists (select from iu_cut_operation o join iu_structure_change c on c.operation_id = o.operation_id
                        where o.run_id = p_run.run_id and c.unit_id = x.unit_id and c.change_kind = 'born')
     order by u.canonical_address
  loop
    perform fn_iu_revise(v_row.canonical_address, v_row.body, p_run.actor_ref, p_reason, v_row.before_title,
                         jsonb_build_object('rollback_of_cut_run', p_run.run_id::text, 'text_of_version_seq', v_row.version_seq));
    if v_row.was_enacted then
      perform fn_iu_enact(v_row.canonical_address, p_run.actor_ref, p_reference, 'enacted', null, p_reason);
    end if;
  end loop;
end
$$;
