-- fn_iu_prune_said(iu_prune_run, text) returns jsonb
--
-- Contract:  what the functions of a prune answer with.
-- Arguments: p_run; p_status: what this call did
-- Returns:   {run_id, status, state, archive, cutoff_at, batches, examined, events, attempts, others, held, position_seq, ceiling_seq,
--            installation: cluster and database, so that two of them may archive into one folder}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_prune_said(p_run iu_prune_run, p_status text) returns jsonb
language sql
stable
set search_path from current
as $$
  select jsonb_build_object('run_id', p_run.run_id::text, 'status', p_status, 'state', p_run.state, 'archive', p_run.archive,
    'archive_place', p_run.archive_place, 'cutoff_at', p_run.cutoff_at, 'batches', p_run.batches, 'examined', p_run.examined, 'events', p_run.events,
    'attempts', p_run.attempts, 'others', p_run.others, 'held', p_run.held, 'position_seq', p_run.position_seq::text,
    'ceiling_seq', p_run.ceiling_seq::text,
    'installation', (select i.system_identifier || '-' || i.database_oid from fn_iu_cluster_identity() i))
$$;
