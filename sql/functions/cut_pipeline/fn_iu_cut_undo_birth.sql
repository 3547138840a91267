-- fn_iu_cut_undo_birth(iu_cut_run, text, text) returns void
--
-- Contract:  undoes the first cut of a document, as a rolled back structure operation undoes a birth: a soft delete of all its units that
--            frees addresses, with one event unit_deleted each. Rows, versions and history stay.
-- Arguments: p_run; p_reference: approval; p_reason
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    information_unit, unit_version, iu_lifecycle_log, iu_relation, iu_tree_path, event_outbox
-- May call:  internal
create or replace function fn_iu_cut_undo_birth(p_run iu_cut_run, p_reference text, p_reason text) returns void
language plpgsql
set search_path from current
as $$
declare
  v_units uuid[] := array(select unit_id from iu_cut_piece where run_id = p_run.run_id order by ordinal desc) || p_run.document_id;
begin
  perform fn_iu_cut_unenact(v_units, p_run.actor_ref, p_reference, p_reason);
  insert into event_outbox (event_domain, event_type, event_stream, delivery_lane, event_subject_table, event_subject_ref, canonical_address,
                            actor_ref, source_system, safe_payload)
  select 'iu', 'unit_deleted', r.event_stream, r.delivery_lane, 'information_unit', u.id::text, u.canonical_address, p_run.actor_ref, 'iu_core',
         jsonb_build_object('cut_run', p_run.run_id::text, 'approval_ref', p_reference)
    from unnest(v_units) with ordinality as w (id, place) join information_unit u on u.id = w.id
    left join event_type_registry r on r.event_domain = 'iu' and r.event_type = 'unit_deleted'
   order by w.place;
  update iu_relation set relation_status = 'retired', valid_to = greatest(valid_from, fn_iu_stamp())
   where to_unit_id = any (v_units) and relation_type = 'contains' and relation_status = 'active';
  update iu_sql_link set lifecycle_status = 'retired', enabled = false
   where unit_id = any (v_units) and metadata ->> 'cut_run' = p_run.run_id::text and lifecycle_status in ('draft', 'enacted');
  delete from iu_tree_path where unit_id = any (v_units);
  perform fn_iu_canonical_writer('fn_iu_structure_op');
  update information_unit
     set deleted_at = fn_iu_stamp(), updated_by = p_run.actor_ref, sort_order = null,
         canonical_address = left(canonical_address, 240) || '~undone-cut-' || p_run.run_id || '-' || id
   where id = any (v_units);
  perform fn_iu_canonical_writer('');
end
$$;
