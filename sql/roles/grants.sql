-- Who may do what, as data: one row an object, sorted by room and name. Everything that is not written here is refused.
--
-- kind       function (every overload of that name) or relation (table, view, sequence)
-- privilege  one word
-- roles      comma separated; for a function the same list as the line "May call:" of its header
--
-- The block compares this list with the rights that stand in the catalog, for our roles and PUBLIC, and repairs the
-- difference in both directions. Settings it reads: iu.grants_mode = 'check' raises instead of repairing;
-- iu.grants_partial = 'on' skips objects of changes that are not installed yet. A second run writes nothing.
do $$
declare
  v_check boolean := coalesce(current_setting('iu.grants_mode', true), '') = 'check';
  v_partial boolean := coalesce(current_setting('iu.grants_partial', true), '') = 'on';
  v_problems text[] := '{}';
  v_row record;
begin
  for v_row in
    with data (kind, object, privilege, roles) as (values
      -- registry
      ('relation', 'iu_migration', 'select', 'iu_operator, iu_reader'),
      ('relation', 'iu_migration_log', 'select', 'iu_operator, iu_reader'),
      ('function', 'fn_iu_catalog_fingerprint', 'execute', 'iu_worker, iu_operator, iu_reader'),
      -- control
      ('relation', 'dot_config', 'select', 'iu_operator, iu_approver, iu_reader'),
      ('relation', 'dot_config', 'insert', 'iu_operator'),
      ('relation', 'dot_config', 'update', 'iu_operator'),
      ('relation', 'iu_gate_log', 'select', 'iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_gate_drain', 'execute', 'iu_operator'),
      ('function', 'fn_iu_gate_lock_key', 'execute', 'iu_worker, iu_operator'),
      ('function', 'fn_iu_gate_open', 'execute', 'iu_worker, iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_gate_set', 'execute', 'iu_operator'),
      ('function', 'fn_iu_in_probe', 'execute', 'iu_worker, iu_operator, iu_reader'),
      ('function', 'fn_iu_probe_begin', 'execute', 'iu_operator'),
      ('function', 'fn_iu_setting', 'execute', 'iu_emitter, iu_worker, iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_setting_number', 'execute', 'iu_emitter, iu_worker, iu_operator, iu_approver, iu_reader'),
      -- log
      ('relation', 'event_outbox', 'select', 'iu_operator'),
      ('relation', 'event_type_registry', 'select', 'iu_emitter, iu_operator, iu_reader'),
      ('relation', 'iu_event_dedupe', 'select', 'iu_operator'),
      ('relation', 'iu_suppressed_event', 'select', 'iu_operator, iu_reader'),
      ('relation', 'v_iu_suppressed_event', 'select', 'iu_operator, iu_reader'),
      ('relation', 'iu_log_partition', 'select', 'iu_worker, iu_operator, iu_reader'),
      ('function', 'fn_iu_emit', 'execute', 'iu_emitter, iu_worker, iu_operator'),
      ('function', 'fn_iu_emit_event', 'execute', 'iu_emitter, iu_worker, iu_operator'),
      ('function', 'fn_iu_event_type_add', 'execute', 'iu_operator'),
      ('function', 'fn_iu_event_type_disable', 'execute', 'iu_operator'),
      ('function', 'fn_iu_log_partition_ahead', 'execute', 'iu_worker, iu_operator'),
      ('function', 'fn_iu_log_partition_back', 'execute', 'iu_operator'),
      ('function', 'fn_iu_log_partition_faults', 'execute', 'iu_worker, iu_operator, iu_reader'),
      ('function', 'fn_iu_log_partition_plan', 'execute', 'iu_operator, iu_reader'),
      ('function', 'fn_iu_log_partition_state', 'execute', 'iu_worker, iu_operator, iu_reader'),
      ('function', 'fn_iu_log_partition_step', 'execute', 'iu_operator'),
      ('function', 'fn_iu_log_partition_tend', 'execute', 'iu_worker, iu_operator, iu_core_pruner'),
      ('function', 'fn_iu_wakeup_enable', 'execute', 'iu_operator'),
      -- units
      ('relation', 'information_unit', 'select', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_lifecycle_log', 'select', 'iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_lifecycle_vocab', 'select', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_sql_link', 'insert', 'iu_emitter, iu_operator'),
      ('relation', 'iu_sql_link', 'select', 'iu_emitter, iu_operator, iu_reader'),
      ('relation', 'unit_version', 'select', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_create', 'execute', 'iu_emitter, iu_operator'),
      ('function', 'fn_iu_create_many', 'execute', 'iu_emitter, iu_operator'),
      ('function', 'fn_iu_deprecate', 'execute', 'iu_emitter, iu_operator'),
      ('function', 'fn_iu_enact', 'execute', 'iu_emitter, iu_operator'),
      ('function', 'fn_iu_rank_between', 'execute', 'iu_emitter, iu_operator, iu_reader'),
      ('function', 'fn_iu_rank_from_integer', 'execute', 'iu_emitter, iu_operator, iu_reader'),
      ('function', 'fn_iu_rank_to_integer', 'execute', 'iu_emitter, iu_operator, iu_reader'),
      ('function', 'fn_iu_revise', 'execute', 'iu_emitter, iu_operator'),
      -- structure
      ('relation', 'iu_collection_path', 'select', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_relation', 'select', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_structure_change', 'select', 'iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_structure_event', 'select', 'iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_structure_operation', 'select', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_tree_path', 'select', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('relation', 'v_iu_lineage', 'select', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('relation', 'v_iu_sql_link_resolved', 'select', 'iu_emitter, iu_operator, iu_reader'),
      ('relation', 'v_iu_structure_operation_log', 'select', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('relation', 'v_iu_tree', 'select', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_sql_link_add', 'execute', 'iu_emitter, iu_operator'),
      ('function', 'fn_iu_sql_link_exists', 'execute', 'iu_emitter, iu_operator, iu_reader'),
      ('function', 'fn_iu_sql_link_retire', 'execute', 'iu_operator'),
      ('function', 'fn_iu_sql_link_validate', 'execute', 'iu_operator'),
      ('function', 'fn_iu_soft_delete', 'execute', 'iu_operator'),
      ('function', 'fn_iu_structure_op_apply', 'execute', 'iu_operator'),
      ('function', 'fn_iu_structure_op_plan', 'execute', 'iu_emitter, iu_operator'),
      ('function', 'fn_iu_structure_op_rollback', 'execute', 'iu_operator'),
      ('function', 'fn_iu_structure_op_verify', 'execute', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_structure_op_withdraw', 'execute', 'iu_emitter, iu_operator'),
      ('function', 'fn_iu_structure_ops_enabled', 'execute', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_tree_ancestors', 'execute', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_tree_assert_acyclic', 'execute', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_tree_at', 'execute', 'iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_tree_at_version', 'execute', 'iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_tree_hash', 'execute', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_tree_is_descendant', 'execute', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_tree_siblings', 'execute', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_tree_subtree', 'execute', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_tree_verify', 'execute', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_tree_verify_document', 'execute', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_unit_at', 'execute', 'iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_unit_ref', 'execute', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      -- cut
      ('relation', 'iu_cut_piece', 'select', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_cut_run', 'select', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_source_pin', 'select', 'iu_emitter, iu_operator, iu_approver'),
      ('function', 'fn_iu_cut_living_units', 'execute', 'iu_emitter, iu_operator'),
      ('function', 'fn_iu_cut_verify', 'execute', 'iu_emitter, iu_operator, iu_reader'),
      ('function', 'fn_iu_source_pin', 'execute', 'iu_emitter, iu_operator'),
      -- cut_pipeline
      ('relation', 'iu_cut_approval', 'select', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_cut_bridge_request', 'select', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_cut_decision', 'select', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_cut_doubt', 'select', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_cut_log', 'select', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_cut_mark', 'select', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_cut_operation', 'select', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_cut_plan_piece', 'select', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_cut_plan_step', 'select', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_cut_version', 'select', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('relation', 'v_iu_cut_plan', 'select', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('relation', 'v_iu_cut_run', 'select', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_cut_advance', 'execute', 'iu_operator'),
      ('function', 'fn_iu_cut_approve', 'execute', 'iu_approver'),
      ('function', 'fn_iu_cut_base', 'execute', 'iu_emitter, iu_operator'),
      ('function', 'fn_iu_cut_bridge_requests', 'execute', 'iu_operator, iu_reader'),
      ('function', 'fn_iu_cut_decide', 'execute', 'iu_emitter, iu_operator'),
      ('function', 'fn_iu_cut_words', 'execute', 'iu_approver, iu_emitter, iu_operator, iu_reader'),
      ('function', 'fn_iu_cut_manifest_digest', 'execute', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_cut_mark', 'execute', 'iu_emitter, iu_operator'),
      ('function', 'fn_iu_cut_plan', 'execute', 'iu_emitter, iu_operator'),
      ('function', 'fn_iu_cut_rollback', 'execute', 'iu_operator'),
      ('function', 'fn_iu_cut_start', 'execute', 'iu_emitter, iu_operator'),
      ('function', 'fn_iu_cut_void', 'execute', 'iu_operator'),
      ('function', 'fn_iu_cut_waits_for', 'execute', 'iu_emitter, iu_operator, iu_approver, iu_reader'),
      -- routes
      ('relation', 'iu_outbound_route', 'select', 'iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_sql_event_route', 'select', 'iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_route_history', 'select', 'iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_route_approval', 'select', 'iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_route_attempt', 'select', 'iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_route_delivery', 'select', 'iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_route_flow', 'select', 'iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_route_lane', 'select', 'iu_operator, iu_reader'),
      ('relation', 'iu_route_lease', 'select', 'iu_operator, iu_reader'),
      ('relation', 'iu_route_dead_letter', 'select', 'iu_operator'),
      ('function', 'fn_iu_core_routes_enabled', 'execute', 'iu_worker, iu_operator, iu_reader'),
      ('function', 'fn_iu_delivery_enabled', 'execute', 'iu_worker, iu_operator, iu_reader'),
      ('function', 'fn_iu_failure_signature', 'execute', 'iu_operator, iu_reader'),
      ('function', 'fn_iu_pattern_matches', 'execute', 'iu_worker, iu_operator, iu_reader'),
      ('function', 'fn_iu_route_add', 'execute', 'iu_operator'),
      ('function', 'fn_iu_route_approval_state', 'execute', 'iu_worker, iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_route_deliver', 'execute', 'iu_worker, iu_operator'),
      ('function', 'fn_iu_route_remove', 'execute', 'iu_operator'),
      ('function', 'fn_iu_route_request', 'execute', 'iu_worker, iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_route_set_enabled', 'execute', 'iu_operator'),
      -- delivery
      ('relation', 'iu_deployment', 'select', 'iu_worker, iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_delivery_target', 'select', 'iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_event_edit', 'select', 'iu_operator'),
      ('relation', 'iu_event_hop', 'select', 'iu_operator, iu_reader'),
      ('function', 'fn_iu_delivery_cancel', 'execute', 'iu_operator'),
      ('function', 'fn_iu_delivery_cancel_many', 'execute', 'iu_operator'),
      ('function', 'fn_iu_delivery_claim', 'execute', 'iu_worker, iu_operator'),
      ('function', 'fn_iu_delivery_delay', 'execute', 'iu_worker, iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_delivery_disown', 'execute', 'iu_worker, iu_operator'),
      ('function', 'fn_iu_delivery_execute', 'execute', 'iu_worker, iu_operator'),
      ('function', 'fn_iu_delivery_hold', 'execute', 'iu_worker, iu_operator, iu_reader'),
      ('function', 'fn_iu_delivery_hop', 'execute', 'iu_worker, iu_operator'),
      ('function', 'fn_iu_delivery_routes', 'execute', 'iu_worker, iu_operator'),
      ('function', 'fn_iu_delivery_settle', 'execute', 'iu_worker, iu_operator'),
      ('function', 'fn_iu_delivery_state', 'execute', 'iu_worker, iu_operator'),
      ('function', 'fn_iu_delivery_take', 'execute', 'iu_worker, iu_operator'),
      ('function', 'fn_iu_deployment_claim', 'execute', 'iu_operator'),
      ('function', 'fn_iu_gap_acknowledge', 'execute', 'iu_operator'),
      ('function', 'fn_iu_gap_report', 'execute', 'iu_worker, iu_operator'),
      ('function', 'fn_iu_route_set_paused', 'execute', 'iu_operator'),
      ('function', 'fn_iu_schema', 'execute', 'iu_worker, iu_operator'),
      ('function', 'fn_iu_target_object', 'execute', 'iu_worker, iu_operator'),
      ('function', 'fn_iu_target_try', 'execute', 'iu_worker, iu_operator'),
      ('function', 'fn_iu_target_register', 'execute', 'iu_operator'),
      ('function', 'fn_iu_delivery_unopened', 'execute', 'iu_worker, iu_operator, iu_reader'),
      ('function', 'fn_iu_target_sha256', 'execute', 'iu_worker, iu_operator, iu_approver, iu_reader'),
      ('function', 'pr_iu_deliver_local', 'execute', 'iu_worker, iu_operator'),
      -- dead letter tools
      ('relation', 'iu_attempt_reconciliation', 'select', 'iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_replay_run', 'select', 'iu_operator, iu_reader'),
      ('relation', 'v_iu_delivery', 'select', 'iu_operator, iu_reader'),
      ('relation', 'v_iu_log_gap', 'select', 'iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_attempt_reconcile', 'execute', 'iu_operator'),
      ('function', 'fn_iu_dead_letter_edit_retry', 'execute', 'iu_operator'),
      ('function', 'fn_iu_dead_letter_resolve_many', 'execute', 'iu_operator'),
      ('function', 'fn_iu_delivery_holds', 'execute', 'iu_worker, iu_operator, iu_reader'),
      ('function', 'fn_iu_metrics', 'execute', 'iu_worker, iu_operator, iu_reader'),
      ('function', 'fn_iu_payload_diff', 'execute', 'iu_operator'),
      ('function', 'fn_iu_replay_cancel', 'execute', 'iu_operator'),
      ('function', 'fn_iu_dead_letter_preview', 'execute', 'iu_operator, iu_reader'),
      ('function', 'fn_iu_replay_preview', 'execute', 'iu_operator, iu_reader'),
      ('function', 'fn_iu_replay_start', 'execute', 'iu_operator'),
      ('function', 'fn_iu_replay_step', 'execute', 'iu_operator'),
      ('function', 'fn_iu_target_unregister', 'execute', 'iu_operator'),
      -- worker
      ('relation', 'iu_route_worker_cursor', 'select', 'iu_worker, iu_operator, iu_reader'),
      ('relation', 'iu_route_worker_heartbeat', 'select', 'iu_worker, iu_operator, iu_reader'),
      ('relation', 'iu_route_run', 'select', 'iu_operator, iu_reader'),
      ('relation', 'v_iu_event_undecided', 'select', 'iu_worker, iu_operator, iu_reader'),
      ('relation', 'v_iu_event_backlog', 'select', 'iu_worker, iu_operator, iu_reader'),
      ('relation', 'v_iu_event_accounting', 'select', 'iu_worker, iu_operator, iu_reader'),
      ('relation', 'v_iu_route_attempt_summary', 'select', 'iu_operator, iu_approver, iu_reader'),
      ('relation', 'v_iu_route_dead_letter_open', 'select', 'iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_blockers', 'execute', 'iu_operator, iu_reader'),
      ('function', 'fn_iu_cluster_identity', 'execute', 'iu_worker, iu_operator, iu_reader'),
      ('function', 'fn_iu_event_story', 'execute', 'iu_operator'),
      ('function', 'fn_iu_ladder_disable', 'execute', 'iu_operator'),
      ('function', 'fn_iu_ladder_enable', 'execute', 'iu_operator'),
      ('function', 'fn_iu_route_dead_letter_replay', 'execute', 'iu_operator'),
      ('function', 'fn_iu_route_dead_letter_resolve', 'execute', 'iu_operator'),
      ('function', 'fn_iu_route_worker_enabled', 'execute', 'iu_worker, iu_operator, iu_reader'),
      ('function', 'fn_iu_route_worker_health', 'execute', 'iu_worker, iu_operator, iu_reader'),
      ('function', 'fn_iu_route_worker_heartbeat', 'execute', 'iu_worker, iu_operator'),
      ('function', 'fn_iu_route_worker_rebase', 'execute', 'iu_operator'),
      ('function', 'fn_iu_route_worker_reconcile', 'execute', 'iu_worker, iu_operator'),
      ('function', 'fn_iu_route_worker_register', 'execute', 'iu_operator'),
      ('function', 'fn_iu_route_worker_rewind', 'execute', 'iu_operator'),
      ('function', 'fn_iu_route_worker_run', 'execute', 'iu_worker, iu_operator'),
      ('function', 'fn_iu_route_worker_transfer', 'execute', 'iu_operator'),
      ('function', 'fn_iu_route_worker_unregister', 'execute', 'iu_operator'),
      -- going live
      ('relation', 'iu_evidence', 'select', 'iu_operator, iu_approver, iu_reader'),
      ('relation', 'v_iu_route_approval', 'select', 'iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_evidence_record', 'execute', 'iu_operator'),
      ('function', 'fn_iu_route_approve', 'execute', 'iu_approver'),
      ('function', 'fn_iu_route_back_to_dry_run', 'execute', 'iu_operator, iu_approver'),
      ('function', 'fn_iu_route_change', 'execute', 'iu_operator'),
      ('function', 'fn_iu_route_diff', 'execute', 'iu_operator'),
      ('function', 'fn_iu_route_go_live', 'execute', 'iu_operator'),
      ('function', 'fn_iu_route_readiness', 'execute', 'iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_routes_readiness', 'execute', 'iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_route_reject', 'execute', 'iu_operator, iu_approver'),
      ('function', 'fn_iu_route_request_live', 'execute', 'iu_operator'),
      -- adoption: the verify script of the change looks at it, and an operator runs that for readiness
      ('relation', 'iu_adoption_step', 'select', 'iu_operator, iu_reader'),
      -- operate
      ('relation', 'iu_activation', 'select', 'iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_activation_step', 'select', 'iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_health_watch', 'select', 'iu_worker, iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_activation_begin', 'execute', 'iu_operator'),
      ('function', 'fn_iu_activation_end', 'execute', 'iu_operator'),
      ('function', 'fn_iu_activation_step', 'execute', 'iu_operator'),
      ('function', 'fn_iu_health_watch_beat', 'execute', 'iu_worker, iu_operator, iu_reader'),
      ('function', 'fn_iu_health_watch_forget', 'execute', 'iu_operator'),
      -- retention
      ('relation', 'iu_archived_row', 'select', 'iu_operator'),
      ('relation', 'iu_prune_batch', 'select', 'iu_core_pruner, iu_operator, iu_reader'),
      ('relation', 'iu_prune_run', 'select', 'iu_core_pruner, iu_operator, iu_reader'),
      ('relation', 'iu_pruned_attempt', 'select', 'iu_operator, iu_reader'),
      ('relation', 'iu_pruned_event', 'select', 'iu_operator, iu_reader'),
      ('relation', 'iu_pruned_file_event', 'select', 'iu_operator'),
      ('function', 'fn_iu_prune_archived', 'execute', 'iu_core_pruner'),
      ('function', 'fn_iu_prune_cancel', 'execute', 'iu_core_pruner'),
      ('function', 'fn_iu_prune_certify', 'execute', 'iu_core_pruner, iu_operator'),
      ('function', 'fn_iu_prune_preview', 'execute', 'iu_core_pruner, iu_operator'),
      ('function', 'fn_iu_prune_start', 'execute', 'iu_core_pruner'),
      ('function', 'fn_iu_prune_step', 'execute', 'iu_core_pruner'),
      -- redaction
      ('relation', 'iu_redacted_copy', 'select', 'iu_operator, iu_approver, iu_reader'),
      ('relation', 'iu_redaction', 'select', 'iu_operator, iu_approver, iu_reader'),
      ('function', 'fn_iu_redaction_apply', 'execute', 'iu_operator'),
      ('function', 'fn_iu_redaction_approve', 'execute', 'iu_approver'),
      ('function', 'fn_iu_redaction_plan', 'execute', 'iu_operator, iu_approver'),
      ('function', 'fn_iu_redaction_reject', 'execute', 'iu_operator, iu_approver'),
      ('function', 'fn_iu_redaction_request', 'execute', 'iu_operator')
      -- end of data
    ), object (kind, name, oid, owner, label, acl) as (
      select 'relation', c.relname::text, c.oid, c.relowner, format('table %I', c.relname),
             coalesce(c.relacl, acldefault((case c.relkind when 'S' then 's' else 'r' end)::"char", c.relowner))
        from pg_catalog.pg_class c
       where c.relnamespace = (select oid from pg_catalog.pg_namespace where nspname = current_schema())
         and c.relkind in ('r', 'p', 'v', 'm', 'S')
      union all
      select 'function', p.proname::text, p.oid, p.proowner, format('%s %s', case p.prokind when 'p' then 'procedure' else 'function' end, p.oid::regprocedure),
             coalesce(p.proacl, acldefault('f', p.proowner))
        from pg_catalog.pg_proc p
       where p.pronamespace = (select oid from pg_catalog.pg_namespace where nspname = current_schema())
         and p.prokind in ('f', 'p')
    ), wanted as (
      select data.kind, data.object, object.oid, object.label, upper(data.privilege collate "C") as privilege, trim(role) as role
        from data
        cross join regexp_split_to_table(data.roles, ',') as role
        left join object on object.kind = data.kind and object.name = data.object
    ), found as (
      select object.kind, object.name as object, object.oid, object.label, a.privilege_type as privilege,
             coalesce(grantee.rolname, 'public')::text as role
        from object
        cross join aclexplode(object.acl) a
        left join pg_catalog.pg_roles grantee on grantee.oid = a.grantee
       where object.owner in ('iu_owner'::regrole, 'iu_core_pruner'::regrole)
         and a.grantee <> object.owner and (a.grantee = 0
              or grantee.rolname ~ '^iu_(owner|migrator|emitter|worker|operator|approver|reader|core_pruner)$')
    )
    select coalesce(wanted.kind, found.kind) as kind, coalesce(wanted.object, found.object) as object,
           coalesce(wanted.label, found.label) as label, coalesce(wanted.privilege, found.privilege) as privilege,
           coalesce(wanted.role, found.role) as role, found.role is null as missing
      from wanted
      full join found on found.kind = wanted.kind and found.oid = wanted.oid and found.privilege = wanted.privilege
                     and found.role = wanted.role
     where wanted.role is null or found.role is null
     order by 1, 2, 3, 5, 4
  loop
    if v_row.label is null then
      if not v_partial then
        raise exception using errcode = 'IU814',
          message = format('the grants name %s %s, which does not exist', v_row.kind, v_row.object),
          hint = 'correct its row in sql/roles/grants.sql';
      end if;
    elsif v_check then
      v_problems := v_problems || format(case when v_row.missing then '%s lost %s on %s' else '%s has %s on %s, which nobody granted' end,
                                         v_row.role, lower(v_row.privilege collate "C"), v_row.label);
    elsif v_row.missing then
      execute format('grant %s on %s to %I', v_row.privilege, v_row.label, v_row.role);
    else
      execute format(case v_row.role when 'public' then 'revoke %s on %s from %s' else 'revoke %s on %s from %I' end,
                     v_row.privilege, v_row.label, v_row.role);
    end if;
  end loop;
  if cardinality(v_problems) > 0 then
    raise exception using errcode = 'IU831',
      message = format('rights differ from sql/roles/grants.sql: %s', array_to_string(v_problems, '; ')),
      detail = array_to_string(v_problems, E'\n'),
      hint = 'iu migrate up sets them right again';
  end if;
end
$$;
