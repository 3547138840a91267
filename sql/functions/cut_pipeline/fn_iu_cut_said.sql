-- fn_iu_cut_said(iu_cut_run) returns jsonb
--
-- Contract:  what every step of the pipeline answers: where the run stands and what it waits for.
-- Arguments: p_run
-- Returns:   {run_id, run_key, document_address, document_id, revision_label, state, waits_for, is_birth, piece_count, counts, manifest,
--            manifest_digest, doubts, created_by, detail}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_said(p_run iu_cut_run) returns jsonb
language sql
stable
set search_path from current
as $$
  select jsonb_build_object('run_id', p_run.run_id::text, 'run_key', p_run.run_key, 'document_address', p_run.document_address,
    'document_id', p_run.document_id, 'revision_label', p_run.revision_label, 'state', p_run.state, 'waits_for', fn_iu_cut_waits_for(p_run),
    'is_birth', p_run.is_birth, 'piece_count', p_run.piece_count,
    'counts', jsonb_build_object('created', p_run.units_created, 'revised', p_run.units_revised, 'deprecated', p_run.units_deprecated,
                                 'moved', p_run.units_moved, 'anchors_only', p_run.anchors_only),
    'manifest', p_run.manifest, 'manifest_digest', fn_iu_cut_manifest_digest(p_run.manifest),
    'doubts', (select count(*)::integer from iu_cut_doubt d where d.run_id = p_run.run_id),
    'created_by', p_run.created_by, 'detail', p_run.detail)
$$;
