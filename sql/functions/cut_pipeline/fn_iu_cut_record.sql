-- fn_iu_cut_record(iu_cut_run) returns jsonb
--
-- Contract:  leg B: adds to the manifest what was written, so that gate 2 approves that and nothing else: counts, the digest of the
--            anchors, the hash of the tree, the operations.
-- Arguments: p_run: structural_verified, its row locked
-- Returns:   as fn_iu_cut_said
-- Raises:    nothing
-- Writes:    iu_cut_run, iu_cut_log
-- May call:  internal
create or replace function fn_iu_cut_record(p_run iu_cut_run) returns jsonb
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_counts record;
begin
  select case when p_run.is_birth then p_run.piece_count + 1 else count(distinct c.unit_id) filter (where c.change_kind = 'born')::integer end as created,
         count(distinct c.unit_id) filter (where c.change_kind = 'lifecycle')::integer as ended,
         count(distinct c.unit_id) filter (where c.change_kind = 'placed')::integer as moved,
         array_agg(distinct o.operation_id) filter (where o.operation_id is not null) as operations
    into v_counts
    from (select p_run.run_id as run_id) r
    left join iu_cut_operation o on o.run_id = r.run_id
    left join iu_structure_change c on c.operation_id = o.operation_id;
  update iu_cut_run r
     set state = 'leg_b_recorded', actor_ref = p_run.actor_ref, detail = '{}', units_created = v_counts.created, units_deprecated = v_counts.ended,
         units_moved = v_counts.moved, units_revised = (select count(*) from iu_cut_version v where v.run_id = r.run_id),
         anchors_only = (select count(*) from iu_cut_piece c where c.run_id = r.run_id and c.anchor = 'format'),
         manifest = manifest || jsonb_build_object('written', jsonb_build_object(
           'write_digest', fn_iu_cut_digest(r.run_id, 'write'), 'tree_hash', fn_iu_tree_hash(r.document_id),
           'document_version_id', (select u.version_anchor_ref from information_unit u where u.id = r.document_id),
           'units_created', v_counts.created, 'units_ended', v_counts.ended, 'units_moved', v_counts.moved,
           'versions', (select count(*) from iu_cut_version v where v.run_id = r.run_id),
           'operations', coalesce(to_jsonb(v_counts.operations::text[]), '[]')))
   where run_id = p_run.run_id returning * into p_run;
  return fn_iu_cut_said(p_run);
end
$$;
