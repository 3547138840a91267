// Written by scripts/generate.mjs from the catalog. Do not edit: npm run generate
//
// int8, numeric, xid8, timestamps, json and jsonb are PostgreSQL's own text.

/** A row of the table dot_config. */
export interface DotConfigRow {
  readonly changed_by: string | null;
  readonly description: string | null;
  readonly key: string;
  readonly open_until: string | null;
  readonly reason: string | null;
  readonly updated_at: string;
  readonly value: string | null;
}

/** A row of the table event_outbox. */
export interface EventOutboxRow {
  readonly actor_ref: string;
  readonly canonical_address: string;
  readonly correlation_id: string | null;
  readonly created_at: string;
  readonly delivery_lane: string;
  readonly event_domain: string;
  readonly event_severity: string | null;
  readonly event_stream: string;
  readonly event_subject_ref: string | null;
  readonly event_subject_table: string;
  readonly event_type: string;
  readonly id: string;
  readonly occurred_at: string;
  readonly payload_classification: string;
  readonly safe_payload: string;
  readonly seq: string;
  readonly source_system: string;
  readonly tx_id: string;
}

/** A row of the table event_type_registry. */
export interface EventTypeRegistryRow {
  readonly active: boolean;
  readonly changed_by: string;
  readonly created_at: string;
  readonly default_severity: string | null;
  readonly delivery_lane: string;
  readonly description: string | null;
  readonly event_domain: string;
  readonly event_stream: string;
  readonly event_type: string;
  readonly updated_at: string;
}

/** A row of the table information_unit. */
export interface InformationUnitRow {
  readonly canonical_address: string;
  readonly conformance_status: string;
  readonly content_anchor_ref: string | null;
  readonly created_at: string;
  readonly created_by: string;
  readonly deleted_at: string | null;
  readonly doc_code: string | null;
  readonly id: string;
  readonly identity_profile: string;
  readonly lifecycle_status: string;
  readonly owner_ref: string;
  readonly parent_or_container_ref: string | null;
  readonly recorded_by: string;
  readonly section_code: string | null;
  readonly section_type: string | null;
  readonly sibling_rank: string;
  readonly sort_order: number | null;
  readonly unit_kind: string;
  readonly updated_at: string;
  readonly updated_by: string;
  readonly version_anchor_ref: string | null;
}

/** A row of the table iu_activation. */
export interface IuActivationRow {
  readonly activation_id: string;
  readonly began_at: string;
  readonly began_by: string;
  readonly end_note: string | null;
  readonly ended_at: string | null;
  readonly ended_by: string | null;
  readonly installation: string;
  readonly reason: string;
  readonly settings: string;
  readonly state: string;
}

/** A row of the table iu_activation_step. */
export interface IuActivationStepRow {
  readonly activation_id: string;
  readonly began_at: string;
  readonly ended_at: string;
  readonly evidence: string;
  readonly outcome: string;
  readonly recorded_at: string;
  readonly recorded_by: string;
  readonly step: string;
  readonly step_id: string;
}

/** A row of the table iu_adoption_step. */
export interface IuAdoptionStepRow {
  readonly back: string;
  readonly done_by: string;
  readonly finished_at: string;
  readonly started_at: string;
  readonly state: string;
  readonly step: string;
  readonly step_no: number;
  readonly what: string;
}

/** A row of the table iu_archived_row. */
export interface IuArchivedRowRow {
  readonly archived_row_id: string;
  readonly batch_no: number;
  readonly document: string;
  readonly event_id: string | null;
  readonly event_seq: string | null;
  readonly run_id: string;
  readonly table_name: string;
}

/** A row of the table iu_attempt_reconciliation. */
export interface IuAttemptReconciliationRow {
  readonly attempt_no: number;
  readonly event_seq: string;
  readonly note: string;
  readonly outcome: string;
  readonly reconciled_at: string;
  readonly reconciled_by: string;
  readonly reconciliation_id: string;
  readonly route_id: string;
}

/** A row of the table iu_collection_path. */
export interface IuCollectionPathRow {
  readonly collection_id: string;
  readonly document_id: string;
  readonly path_ids: readonly (string | null)[];
  readonly sibling_rank: string;
}

/** A row of the table iu_cut_approval. */
export interface IuCutApprovalRow {
  readonly actor_ref: string;
  readonly approval_id: string;
  readonly approved_at: string;
  readonly approved_by: string;
  readonly gate: number;
  readonly manifest_digest: string;
  readonly note: string;
  readonly run_id: string;
}

/** A row of the table iu_cut_bridge_request. */
export interface IuCutBridgeRequestRow {
  readonly kind: string;
  readonly operation_id: string | null;
  readonly request: string;
  readonly request_id: string;
  readonly request_key: string;
  readonly run_id: string;
  readonly unit_id: string;
}

/** A row of the table iu_cut_decision. */
export interface IuCutDecisionRow {
  readonly actor_ref: string;
  readonly decided_at: string;
  readonly decided_by: string;
  readonly decision_id: string;
  readonly note: string | null;
  readonly ordinal: number;
  readonly run_id: string;
  readonly unit_ids: readonly (string | null)[] | null;
}

/** A row of the table iu_cut_doubt. */
export interface IuCutDoubtRow {
  readonly candidates: string;
  readonly ordinal: number;
  readonly run_id: string;
}

/** A row of the table iu_cut_log. */
export interface IuCutLogRow {
  readonly actor_ref: string;
  readonly detail: string;
  readonly from_state: string | null;
  readonly log_id: string;
  readonly recorded_at: string;
  readonly recorded_by: string;
  readonly run_id: string;
  readonly to_state: string;
}

/** A row of the table iu_cut_mark. */
export interface IuCutMarkRow {
  readonly address: string;
  readonly byte_end: number;
  readonly byte_start: number;
  readonly kind: string;
  readonly label: string;
  readonly level: number;
  readonly normalized_sha256: string;
  readonly ordinal: number;
  readonly parent_ordinal: number | null;
  readonly run_id: string;
  readonly sha256: string;
  readonly title: string;
  readonly unit_kind: string;
}

/** A row of the table iu_cut_operation. */
export interface IuCutOperationRow {
  readonly batch_no: number;
  readonly operation_id: string;
  readonly run_id: string;
}

/** A row of the table iu_cut_piece. */
export interface IuCutPieceRow {
  readonly address: string;
  readonly anchor: string;
  readonly byte_end: number;
  readonly byte_start: number;
  readonly normalized_sha256: string;
  readonly ordinal: number;
  readonly run_id: string;
  readonly sha256: string;
  readonly unit_id: string;
  readonly version_id: string;
}

/** A row of the table iu_cut_plan_piece. */
export interface IuCutPlanPieceRow {
  readonly address: string | null;
  readonly fate: string;
  readonly ordinal: number;
  readonly reason: string;
  readonly run_id: string;
  readonly score: string | null;
  readonly unit_id: string | null;
}

/** A row of the table iu_cut_plan_step. */
export interface IuCutPlanStepRow {
  readonly action: string;
  readonly note: string | null;
  readonly ordinal: number | null;
  readonly reason: string;
  readonly run_id: string;
  readonly score: string | null;
  readonly step: string;
  readonly step_no: number;
  readonly unit_id: string | null;
}

/** A row of the table iu_cut_run. */
export interface IuCutRunRow {
  readonly actor_ref: string;
  readonly anchors_only: number;
  readonly apply_tx_id: string | null;
  readonly base_hash: string | null;
  readonly config: string;
  readonly created_by: string;
  readonly cut_digest: string | null;
  readonly cutter_name: string;
  readonly cutter_version: string;
  readonly detail: string;
  readonly document_address: string;
  readonly document_id: string | null;
  readonly document_title: string;
  readonly finished_at: string | null;
  readonly is_birth: boolean | null;
  readonly manifest: string;
  readonly owner_ref: string;
  readonly piece_count: number | null;
  readonly pin_id: string;
  readonly plan_digest: string | null;
  readonly revision_label: string;
  readonly run_id: string;
  readonly run_key: string;
  readonly started_at: string;
  readonly state: string;
  readonly text_hash_before: string | null;
  readonly tree_hash_before: string | null;
  readonly units_created: number;
  readonly units_deprecated: number;
  readonly units_moved: number;
  readonly units_revised: number;
}

/** A row of the table iu_cut_version. */
export interface IuCutVersionRow {
  readonly before_title: string | null;
  readonly before_version_id: string;
  readonly run_id: string;
  readonly unit_id: string;
  readonly version_id: string;
}

/** A row of the table iu_delivery_target. */
export interface IuDeliveryTargetRow {
  readonly identity: string;
  readonly reason: string;
  readonly registered_at: string;
  readonly registered_by: string;
  readonly target_kind: string;
  readonly target_ref: string;
}

/** A row of the table iu_deployment. */
export interface IuDeploymentRow {
  readonly claim_id: string;
  readonly claimed_at: string;
  readonly claimed_by: string;
  readonly database_oid: number;
  readonly log_oid: number;
  readonly name: string;
  readonly reason: string;
  readonly system_identifier: string;
  readonly timeline: number;
}

/** A row of the table iu_event_dedupe. */
export interface IuEventDedupeRow {
  readonly created_at: string;
  readonly dedupe_key: string;
  readonly event_domain: string;
  readonly event_id: string;
  readonly event_subject_ref: string | null;
  readonly event_subject_table: string;
  readonly event_type: string;
}

/** A row of the table iu_event_edit. */
export interface IuEventEditRow {
  readonly attempt_no: number;
  readonly diff: string;
  readonly edit_id: string;
  readonly edited_at: string;
  readonly edited_by: string;
  readonly event_seq: string;
  readonly payload: string;
  readonly reason: string;
  readonly route_id: string;
}

/** A row of the table iu_event_hop. */
export interface IuEventHopRow {
  readonly event_seq: string;
  readonly hop: number;
}

/** A row of the table iu_evidence. */
export interface IuEvidenceRow {
  readonly catalog: string | null;
  readonly detail: string;
  readonly evidence_id: string;
  readonly installation: string;
  readonly kind: string;
  readonly passed: boolean;
  readonly recorded_at: string;
  readonly recorded_by: string;
  readonly route_id: string | null;
  readonly route_version: number | null;
}

/** A row of the table iu_gate_log. */
export interface IuGateLogRow {
  readonly application_name: string | null;
  readonly changed_at: string;
  readonly changed_by: string;
  readonly config_key: string;
  readonly log_id: string;
  readonly new_value: string | null;
  readonly old_value: string | null;
  readonly open_until: string | null;
  readonly operation: string;
  readonly reason: string | null;
}

/** A row of the table iu_health_watch. */
export interface IuHealthWatchRow {
  readonly changed_at: string;
  readonly every_seconds: number;
  readonly healthy: boolean;
  readonly host: string | null;
  readonly looked_at: string;
  readonly reasons: readonly (string | null)[];
  readonly recorded_by: string;
  readonly watcher: string;
}

/** A row of the table iu_lifecycle_log. */
export interface IuLifecycleLogRow {
  readonly actor: string;
  readonly canonical_address: string;
  readonly change_set_id: string | null;
  readonly from_status: string;
  readonly log_id: string;
  readonly reason: string | null;
  readonly recorded_at: string;
  readonly recorded_by: string;
  readonly review_decision_id: string | null;
  readonly to_status: string;
  readonly tool_revision: string | null;
  readonly unit_id: string;
  readonly version_id: string | null;
}

/** A row of the table iu_lifecycle_vocab. */
export interface IuLifecycleVocabRow {
  readonly description: string;
  readonly lifecycle_status: string;
  readonly living: boolean;
}

/** A row of the table iu_log_gap. */
export interface IuLogGapRow {
  readonly attempt_no: number | null;
  readonly claimed_timeline: number | null;
  readonly event_id: string;
  readonly event_seq: string;
  readonly gap_id: string;
  readonly has_event: boolean;
  readonly highest_seq: string | null;
  readonly process_id: string;
  readonly reported_at: string;
  readonly reported_by: string;
  readonly route_id: string | null;
  readonly timeline: number;
}

/** A row of the table iu_log_gap_acknowledgement. */
export interface IuLogGapAcknowledgementRow {
  readonly acknowledged_at: string;
  readonly acknowledged_by: string;
  readonly reason: string;
  readonly until_gap_id: string;
}

/** A row of the table iu_log_partition. */
export interface IuLogPartitionRow {
  readonly from_seq: string | null;
  readonly gone_at: string | null;
  readonly gone_by: string | null;
  readonly gone_reason: string | null;
  readonly made_at: string;
  readonly made_by: string;
  readonly partition_name: string;
  readonly partition_no: number;
  readonly to_seq: string;
}

/** A row of the table iu_migration. */
export interface IuMigrationRow {
  readonly applied_at: string;
  readonly applied_by: string;
  readonly change: string;
  readonly deploy_sha256: string;
  readonly duration_milliseconds: number;
  readonly rollback_sha256: string;
  readonly tool_version: string;
  readonly verify_sha256: string;
}

/** A row of the table iu_migration_log. */
export interface IuMigrationLogRow {
  readonly action: string;
  readonly change: string;
  readonly done_at: string;
  readonly done_by: string;
  readonly duration_milliseconds: number;
  readonly error_code: string | null;
  readonly error_place: string | null;
  readonly log_id: string;
  readonly outcome: string;
  readonly tool_version: string;
}

/** A row of the table iu_outbound_route. */
export interface IuOutboundRouteRow {
  readonly approval_id: string | null;
  readonly created_at: string;
  readonly dry_run: boolean;
  readonly enabled: boolean;
  readonly event_domain: string;
  readonly event_stream: string;
  readonly event_type: string;
  readonly fail_closed: boolean;
  readonly filter: string | null;
  readonly ladder_disabled: boolean;
  readonly max_concurrency: number | null;
  readonly note: string | null;
  readonly on_dead_letter: string;
  readonly ordering: string;
  readonly rate_per_second: number | null;
  readonly removed_at: string | null;
  readonly retry_policy: string;
  readonly route_code: string;
  readonly route_id: string;
  readonly target_config: string;
  readonly target_kind: string;
  readonly target_ref: string;
  readonly updated_at: string;
  readonly version: number;
}

/** A row of the table iu_probe_mark. */
export interface IuProbeMarkRow {
  readonly marked_by: string;
  readonly tx_id: string;
}

/** A row of the table iu_prune_batch. */
export interface IuPruneBatchRow {
  readonly archive_bytes: string | null;
  readonly archive_file: string | null;
  readonly archive_sha256: string | null;
  readonly batch_no: number;
  readonly events: number;
  readonly first_seq: string | null;
  readonly last_seq: string | null;
  readonly pruned_at: string;
  readonly pruned_by: string;
  readonly rows: number;
  readonly run_id: string;
  readonly tx_id: string;
}

/** A row of the table iu_prune_run. */
export interface IuPruneRunRow {
  readonly archive: string;
  readonly archive_place: string | null;
  readonly attempts: string;
  readonly batches: number;
  readonly ceiling_seq: string;
  readonly cutoff_at: string;
  readonly end_reason: string | null;
  readonly ended_at: string | null;
  readonly ended_by: string | null;
  readonly events: string;
  readonly examined: string;
  readonly held: string;
  readonly others: string;
  readonly position_seq: string;
  readonly reason: string;
  readonly run_id: string;
  readonly started_at: string;
  readonly started_by: string;
  readonly state: string;
  readonly worked_at: string | null;
}

/** A row of the table iu_pruned_attempt. */
export interface IuPrunedAttemptRow {
  readonly attempts: string;
  readonly base_seq: string;
  readonly counted: boolean;
  readonly event_day: string;
  readonly event_domain: string;
  readonly event_type: string;
  readonly first_at: string;
  readonly last_at: string;
  readonly route_code: string;
  readonly route_kind: string;
  readonly status: string;
}

/** A row of the table iu_pruned_event. */
export interface IuPrunedEventRow {
  readonly base_seq: string;
  readonly counted: boolean;
  readonly event_day: string;
  readonly event_domain: string;
  readonly event_type: string;
  readonly events: string;
  readonly first_seq: string;
  readonly last_seq: string;
}

/** A row of the table iu_pruned_file_event. */
export interface IuPrunedFileEventRow {
  readonly batch_no: number;
  readonly event_id: string;
  readonly event_seq: string;
  readonly run_id: string;
}

/** A row of the table iu_redacted_copy. */
export interface IuRedactedCopyRow {
  readonly byte_length: number;
  readonly column_name: string;
  readonly redacted_at: string;
  readonly redaction_id: string;
  readonly row_key: string;
  readonly sha256: string;
  readonly table_name: string;
}

/** A row of the table iu_redaction. */
export interface IuRedactionRow {
  readonly applied_at: string | null;
  readonly applied_by: string | null;
  readonly approval_note: string | null;
  readonly approved_at: string | null;
  readonly approved_by: string | null;
  readonly legal_ref: string;
  readonly plan: string;
  readonly reason: string;
  readonly redaction_id: string;
  readonly rejected_at: string | null;
  readonly rejected_by: string | null;
  readonly rejection_note: string | null;
  readonly requested_at: string;
  readonly requested_by: string;
  readonly state: string;
  readonly subject_kind: string;
  readonly subject_ref: string;
}

/** A row of the table iu_relation. */
export interface IuRelationRow {
  readonly attributes: string;
  readonly created_by: string;
  readonly from_unit_id: string;
  readonly operation_ref: string | null;
  readonly relation_id: string;
  readonly relation_status: string;
  readonly relation_type: string;
  readonly sibling_rank: string | null;
  readonly to_unit_id: string;
  readonly valid_from: string;
  readonly valid_to: string | null;
}

/** A row of the table iu_replay_run. */
export interface IuReplayRunRow {
  readonly by_decision: string;
  readonly delivery_waiting: string;
  readonly end_reason: string | null;
  readonly ended_at: string | null;
  readonly ended_by: string | null;
  readonly filter: string;
  readonly pairs: string;
  readonly position_route_id: string;
  readonly position_seq: string;
  readonly preview: string;
  readonly rate_per_second: number | null;
  readonly reason: string;
  readonly replayed: string;
  readonly run_id: string;
  readonly started_at: string;
  readonly started_by: string;
  readonly state: string;
  readonly tokens: string;
  readonly tokens_at: string | null;
  readonly unchanged: string;
  readonly until_attempt_id: string;
  readonly worked_at: string | null;
  readonly worked_by: readonly (string | null)[];
}

/** A row of the table iu_route_approval. */
export interface IuRouteApprovalRow {
  readonly approval_id: string;
  readonly approval_note: string | null;
  readonly approved_at: string | null;
  readonly approved_by: string | null;
  readonly canary_share: string;
  readonly events_used: string;
  readonly evidence: string;
  readonly expires_at: string | null;
  readonly failure_budget: number;
  readonly live_at: string | null;
  readonly max_events: string | null;
  readonly reason: string | null;
  readonly requested_at: string;
  readonly requested_by: string;
  readonly revoke_reason: string | null;
  readonly revoked_at: string | null;
  readonly revoked_by: string | null;
  readonly route_id: string;
  readonly route_version: number;
  readonly target_sha256: string | null;
}

/** A row of the table iu_route_attempt. */
export interface IuRouteAttemptRow {
  readonly attempt_id: string;
  readonly attempt_no: number;
  readonly decision: string;
  readonly delivered: boolean;
  readonly event_ref: string | null;
  readonly event_seq: string | null;
  readonly failure_code: string | null;
  readonly failure_detail: string | null;
  readonly idempotency_key: string;
  readonly payload_snapshot: string | null;
  readonly reason: string | null;
  readonly route_code: string;
  readonly route_id: string;
  readonly route_kind: string;
  readonly route_version: number | null;
  readonly run_id: string | null;
  readonly runner_id: string | null;
  readonly send_milliseconds: number | null;
  readonly started_at: string;
  readonly status: string;
}

/** A row of the table iu_route_dead_letter. */
export interface IuRouteDeadLetterRow {
  readonly attempt_no: number;
  readonly created_at: string;
  readonly dead_letter_id: string;
  readonly event_ref: string;
  readonly event_seq: string;
  readonly event_snapshot: string;
  readonly failure_code: string;
  readonly failure_detail: string | null;
  readonly failure_signature: string;
  readonly idempotency_key: string;
  readonly resolution: string | null;
  readonly resolution_note: string | null;
  readonly resolved_at: string | null;
  readonly resolved_by: string | null;
  readonly route_code: string;
  readonly route_id: string;
}

/** A row of the table iu_route_delivery. */
export interface IuRouteDeliveryRow {
  readonly attempt_no: number;
  readonly counted_by: string | null;
  readonly created_at: string;
  readonly delivery_key: string;
  readonly due_at: string;
  readonly edit_id: string | null;
  readonly event_ref: string;
  readonly event_seq: string;
  readonly lane_key: string | null;
  readonly lease_token: string | null;
  readonly route_id: string;
  readonly sends: number;
}

/** A row of the table iu_route_flow. */
export interface IuRouteFlowRow {
  readonly breaker: string;
  readonly breaker_seconds: number;
  readonly breaker_until: string | null;
  readonly budget_failures: number;
  readonly budget_started_at: string | null;
  readonly claimed_at: string | null;
  readonly due_from: string | null;
  readonly failing_since: string | null;
  readonly failures_in_row: number;
  readonly lane_due_from: string | null;
  readonly last_failure_at: string | null;
  readonly last_failure_code: string | null;
  readonly last_sent_at: string | null;
  readonly look_at: string | null;
  readonly looked_at: string | null;
  readonly pause_reason: string | null;
  readonly paused_at: string | null;
  readonly paused_by: string | null;
  readonly picked: string;
  readonly route_id: string;
  readonly tokens: string;
  readonly tokens_at: string | null;
}

/** A row of the table iu_route_history. */
export interface IuRouteHistoryRow {
  readonly changed_at: string;
  readonly changed_by: string;
  readonly event_domain: string;
  readonly event_stream: string;
  readonly event_type: string;
  readonly history_id: string;
  readonly removed: boolean;
  readonly route: string;
  readonly route_code: string;
  readonly route_id: string;
  readonly tx_id: string;
  readonly version: number;
}

/** A row of the table iu_route_lane. */
export interface IuRouteLaneRow {
  readonly due_at: string;
  readonly head_seq: string;
  readonly lane_key: string;
  readonly lease_token: string | null;
  readonly route_id: string;
}

/** A row of the table iu_route_lease. */
export interface IuRouteLeaseRow {
  readonly approval_id: string;
  readonly claimed_at: string;
  readonly event_seqs: readonly (string | null)[];
  readonly lease_token: string;
  readonly lease_until: string;
  readonly route_code: string;
  readonly route_id: string;
  readonly route_version: number;
  readonly runner_id: string;
  readonly unsettled: number;
}

/** A row of the table iu_route_run. */
export interface IuRouteRunRow {
  readonly attempts_written: number;
  readonly dead_lettered: number;
  readonly deliveries_queued: number;
  readonly finished_at: string;
  readonly first_seq: string | null;
  readonly kind: string;
  readonly last_seq: string | null;
  readonly route_history_id: string;
  readonly route_snapshot: string;
  readonly route_tx_id: string;
  readonly run_id: string;
  readonly seen: number;
  readonly skipped: number;
  readonly started_at: string;
  readonly tool: string | null;
  readonly window_complete: boolean;
  readonly worker_name: string;
}

/** A row of the table iu_route_worker_cursor. */
export interface IuRouteWorkerCursorRow {
  readonly attempts_written: string;
  readonly base_floor_seq: string;
  readonly base_history_id: string;
  readonly base_kind: string;
  readonly base_seq: string;
  readonly base_snapshot: string;
  readonly database_oid: number;
  readonly dead_lettered: string;
  readonly done_floor_seq: string;
  readonly done_snapshot: string;
  readonly event_domain: string;
  readonly events_seen: string;
  readonly last_created_at: string | null;
  readonly last_event_id: string | null;
  readonly last_event_seq: string | null;
  readonly last_run_at: string | null;
  readonly last_run_summary: string | null;
  readonly log_oid: number;
  readonly lost_pairs: string;
  readonly open_ceil_seq: string | null;
  readonly open_floor_seq: string | null;
  readonly open_snapshot: string | null;
  readonly passes: string;
  readonly phase: number;
  readonly position_seq: string;
  readonly reconciled_at: string | null;
  readonly reconciled_floor_seq: string;
  readonly reconciled_snapshot: string;
  readonly registered_at: string;
  readonly registered_by: string;
  readonly rewound_seq: string;
  readonly system_identifier: string;
  readonly timeline: number;
  readonly worker_name: string;
}

/** A row of the table iu_route_worker_heartbeat. */
export interface IuRouteWorkerHeartbeatRow {
  readonly detail: string | null;
  readonly host: string;
  readonly last_beat_at: string;
  readonly pid: number;
  readonly process_id: string;
  readonly started_at: string;
  readonly state: string;
  readonly unopened_routes: string | null;
  readonly version: string;
  readonly worker_names: readonly (string | null)[];
}

/** A row of the table iu_source_pin. */
export interface IuSourcePinRow {
  readonly byte_length: number;
  readonly bytes: Uint8Array;
  readonly created_at: string;
  readonly created_by: string;
  readonly encoding: string;
  readonly has_byte_order_mark: boolean;
  readonly media_type: string;
  readonly newline_style: string | null;
  readonly pin_id: string;
  readonly redacted: string;
  readonly sha256: string;
  readonly source_note: string | null;
  readonly title: string | null;
}

/** A row of the table iu_sql_event_route. */
export interface IuSqlEventRouteRow {
  readonly created_at: string;
  readonly dry_run: boolean;
  readonly enabled: boolean;
  readonly fail_closed: boolean;
  readonly idempotency_policy: string;
  readonly ladder_disabled: boolean;
  readonly payload_contract: string;
  readonly removed_at: string | null;
  readonly route_code: string;
  readonly route_id: string;
  readonly source_object_kind: string;
  readonly source_schema: string | null;
  readonly source_table: string;
  readonly sql_event: string;
  readonly target_event_domain: string;
  readonly target_event_stream: string;
  readonly target_event_type: string;
  readonly updated_at: string;
  readonly version: number;
}

/** A row of the table iu_sql_link. */
export interface IuSqlLinkRow {
  readonly collection_name: string | null;
  readonly created_at: string;
  readonly created_by: string;
  readonly direction: string;
  readonly enabled: boolean;
  readonly function_identity: string | null;
  readonly id: string;
  readonly idempotency_key: string;
  readonly lifecycle_status: string;
  readonly link_role: string;
  readonly metadata: string;
  readonly object_fingerprint: string | null;
  readonly object_kind: string;
  readonly object_name: string | null;
  readonly object_schema: string | null;
  readonly row_pk: string | null;
  readonly trigger_name: string | null;
  readonly unit_id: string;
}

/** A row of the table iu_structure_change. */
export interface IuStructureChangeRow {
  readonly after: string | null;
  readonly before: string | null;
  readonly change_kind: string;
  readonly change_no: number;
  readonly operation_id: string;
  readonly step_no: number;
  readonly unit_id: string;
}

/** A row of the table iu_structure_event. */
export interface IuStructureEventRow {
  readonly event_id: string | null;
  readonly event_type: string;
  readonly operation_id: string;
  readonly phase: string;
  readonly recorded_at: string;
  readonly step_no: number;
  readonly unit_id: string;
}

/** A row of the table iu_structure_operation. */
export interface IuStructureOperationRow {
  readonly actor_ref: string;
  readonly applied_by: string | null;
  readonly applied_login: string | null;
  readonly applied_seq: string | null;
  readonly approval_ref: string | null;
  readonly created_at: string;
  readonly created_by: string;
  readonly enacted_at: string | null;
  readonly found: string;
  readonly idempotency_key: string;
  readonly impact_summary: string;
  readonly operation_id: string;
  readonly operation_status: string;
  readonly operation_type: string;
  readonly parent_unit_id: string | null;
  readonly payload: string;
  readonly preview: string;
  readonly reason: string | null;
  readonly rollback_approval_ref: string | null;
  readonly rollback_reason: string | null;
  readonly rolled_back_at: string | null;
  readonly rolled_back_by: string | null;
  readonly rolled_back_login: string | null;
  readonly source_unit_ids: readonly (string | null)[];
  readonly step_count: number;
  readonly target_unit_ids: readonly (string | null)[];
  readonly updated_at: string;
  readonly withdraw_reason: string | null;
  readonly withdrawn_at: string | null;
  readonly withdrawn_by: string | null;
  readonly withdrawn_login: string | null;
}

/** A row of the table iu_suppressed_event. */
export interface IuSuppressedEventRow {
  readonly actor_ref: string;
  readonly canonical_address: string;
  readonly event_domain: string;
  readonly event_subject_ref: string | null;
  readonly event_subject_table: string;
  readonly event_type: string;
  readonly suppressed_at: string;
  readonly suppressed_by: string;
  readonly suppressed_id: string;
}

/** A row of the table iu_tree_path. */
export interface IuTreePathRow {
  readonly depth: number;
  readonly path_ids: readonly (string | null)[];
  readonly root_unit_id: string;
  readonly unit_id: string;
}

/** A row of the table unit_version. */
export interface UnitVersionRow {
  readonly body: string;
  readonly content_hash: string;
  readonly content_profile: string;
  readonly created_at: string;
  readonly created_by: string;
  readonly enacted_at: string | null;
  readonly id: string;
  readonly lifecycle_status: string;
  readonly recorded_by: string;
  readonly redaction_id: string | null;
  readonly unit_id: string;
  readonly version_seq: number;
}

/** A row of the view v_iu_cut_plan. */
export interface VIuCutPlanRow {
  readonly by_hand: string | null;
  readonly fate: string | null;
  readonly label: string | null;
  readonly level: number | null;
  readonly line: string | null;
  readonly note: string | null;
  readonly ordinal: number | null;
  readonly reason: string | null;
  readonly run_id: string | null;
  readonly score: string | null;
  readonly unit: string | null;
  readonly what: string | null;
}

/** A row of the view v_iu_cut_run. */
export interface VIuCutRunRow {
  readonly actor_ref: string | null;
  readonly anchors_only: number | null;
  readonly created_by: string | null;
  readonly cutter_name: string | null;
  readonly cutter_version: string | null;
  readonly document_address: string | null;
  readonly doubts: string | null;
  readonly finished_at: string | null;
  readonly gate_1_approved_by: string | null;
  readonly gate_2_approved_by: string | null;
  readonly manifest_digest: string | null;
  readonly media_type: string | null;
  readonly piece_count: number | null;
  readonly pin_sha256: string | null;
  readonly revision_label: string | null;
  readonly run_id: string | null;
  readonly started_at: string | null;
  readonly state: string | null;
  readonly units_created: number | null;
  readonly units_deprecated: number | null;
  readonly units_moved: number | null;
  readonly units_revised: number | null;
  readonly waits_for: string | null;
}

/** A row of the view v_iu_delivery. */
export interface VIuDeliveryRow {
  readonly attempt_no: number | null;
  readonly counted: boolean | null;
  readonly created_at: string | null;
  readonly delivery_id: string | null;
  readonly due_at: string | null;
  readonly edit_id: string | null;
  readonly event_domain: string | null;
  readonly event_id: string | null;
  readonly event_seq: string | null;
  readonly event_subject_ref: string | null;
  readonly event_subject_table: string | null;
  readonly event_type: string | null;
  readonly lease_until: string | null;
  readonly route_code: string | null;
  readonly route_id: string | null;
  readonly runner_id: string | null;
  readonly sends: number | null;
  readonly state: string | null;
  readonly state_reason: string | null;
}

/** A row of the view v_iu_event_accounting. */
export interface VIuEventAccountingRow {
  readonly balanced: boolean | null;
  readonly decided: string | null;
  readonly event_domain: string | null;
  readonly events: string | null;
  readonly lost: string | null;
  readonly pending: string | null;
  readonly pruned: string | null;
  readonly queued: string | null;
  readonly settled: string | null;
  readonly waiting: string | null;
  readonly worker_name: string | null;
}

/** A row of the view v_iu_event_backlog. */
export interface VIuEventBacklogRow {
  readonly backlog: string | null;
  readonly cursor_created_at: string | null;
  readonly cursor_event_id: string | null;
  readonly event_domain: string | null;
  readonly first_event_seq: string | null;
  readonly oldest_created_at: string | null;
  readonly worker_name: string | null;
}

/** A row of the view v_iu_event_undecided. */
export interface VIuEventUndecidedRow {
  readonly created_at: string | null;
  readonly event_domain: string | null;
  readonly event_ref: string | null;
  readonly event_seq: string | null;
  readonly event_type: string | null;
  readonly worker_name: string | null;
}

/** A row of the view v_iu_lineage. */
export interface VIuLineageRow {
  readonly actor_ref: string | null;
  readonly attributes: string | null;
  readonly canonical_address: string | null;
  readonly direction: string | null;
  readonly operation_id: string | null;
  readonly related_address: string | null;
  readonly related_unit_id: string | null;
  readonly relation_id: string | null;
  readonly relation_status: string | null;
  readonly relation_type: string | null;
  readonly unit_id: string | null;
  readonly valid_from: string | null;
  readonly valid_to: string | null;
}

/** A row of the view v_iu_log_gap. */
export interface VIuLogGapRow {
  readonly acknowledged_at: string | null;
  readonly acknowledged_by: string | null;
  readonly attempt_no: number | null;
  readonly claimed_timeline: number | null;
  readonly event_id: string | null;
  readonly event_seq: string | null;
  readonly gap_id: string | null;
  readonly has_event: boolean | null;
  readonly highest_seq: string | null;
  readonly process_id: string | null;
  readonly reason: string | null;
  readonly reported_at: string | null;
  readonly reported_by: string | null;
  readonly route_code: string | null;
  readonly timeline: number | null;
}

/** A row of the view v_iu_route_approval. */
export interface VIuRouteApprovalRow {
  readonly approval_id: string | null;
  readonly approval_note: string | null;
  readonly approved_at: string | null;
  readonly approved_by: string | null;
  readonly canary_share: string | null;
  readonly events_used: string | null;
  readonly evidence: string | null;
  readonly expires_at: string | null;
  readonly failure_budget: number | null;
  readonly live_at: string | null;
  readonly max_events: string | null;
  readonly reason: string | null;
  readonly requested_at: string | null;
  readonly requested_by: string | null;
  readonly revoke_reason: string | null;
  readonly revoked_at: string | null;
  readonly revoked_by: string | null;
  readonly route_code: string | null;
  readonly route_version: number | null;
  readonly state: string | null;
  readonly target_sha256: string | null;
}

/** A row of the view v_iu_route_attempt_summary. */
export interface VIuRouteAttemptSummaryRow {
  readonly attempts: string | null;
  readonly first_at: string | null;
  readonly last_at: string | null;
  readonly route_code: string | null;
  readonly route_kind: string | null;
  readonly status: string | null;
}

/** A row of the view v_iu_route_dead_letter_open. */
export interface VIuRouteDeadLetterOpenRow {
  readonly attempt_no: number | null;
  readonly created_at: string | null;
  readonly dead_letter_id: string | null;
  readonly event_domain: string | null;
  readonly event_ref: string | null;
  readonly event_seq: string | null;
  readonly event_subject_ref: string | null;
  readonly event_type: string | null;
  readonly failure_code: string | null;
  readonly failure_detail: string | null;
  readonly failure_signature: string | null;
  readonly route_code: string | null;
}

/** A row of the view v_iu_sql_link_resolved. */
export interface VIuSqlLinkResolvedRow {
  readonly canonical_address: string | null;
  readonly column_name: string | null;
  readonly created_at: string | null;
  readonly created_by: string | null;
  readonly direction: string | null;
  readonly enabled: boolean | null;
  readonly function_identity: string | null;
  readonly lifecycle_status: string | null;
  readonly link_id: string | null;
  readonly link_role: string | null;
  readonly object_exists: boolean | null;
  readonly object_fingerprint: string | null;
  readonly object_kind: string | null;
  readonly object_name: string | null;
  readonly object_schema: string | null;
  readonly replaced_by_unit_ids: readonly (string | null)[] | null;
  readonly row_pk: string | null;
  readonly trigger_name: string | null;
  readonly unit_id: string | null;
  readonly unit_status: string | null;
}

/** A row of the view v_iu_structure_operation_log. */
export interface VIuStructureOperationLogRow {
  readonly actor_ref: string | null;
  readonly applied_by: string | null;
  readonly applied_login: string | null;
  readonly applied_seq: string | null;
  readonly approval_ref: string | null;
  readonly created_at: string | null;
  readonly created_by: string | null;
  readonly enacted_at: string | null;
  readonly events: string | null;
  readonly operation_id: string | null;
  readonly operation_status: string | null;
  readonly operation_type: string | null;
  readonly parent_unit_id: string | null;
  readonly reason: string | null;
  readonly reviews: string | null;
  readonly rollback_approval_ref: string | null;
  readonly rollback_reason: string | null;
  readonly rolled_back_at: string | null;
  readonly rolled_back_by: string | null;
  readonly rolled_back_login: string | null;
  readonly source_unit_ids: readonly (string | null)[] | null;
  readonly step_count: number | null;
  readonly suppressed_events: string | null;
  readonly target_unit_ids: readonly (string | null)[] | null;
  readonly tree_rows: string | null;
  readonly units: string | null;
  readonly withdraw_reason: string | null;
  readonly withdrawn_at: string | null;
  readonly withdrawn_by: string | null;
  readonly withdrawn_login: string | null;
}

/** A row of the view v_iu_suppressed_event. */
export interface VIuSuppressedEventRow {
  readonly event_domain: string | null;
  readonly event_type: string | null;
  readonly first_suppressed_at: string | null;
  readonly last_suppressed_at: string | null;
  readonly suppressed: string | null;
}

/** A row of the view v_iu_tree. */
export interface VIuTreeRow {
  readonly canonical_address: string | null;
  readonly collection_id: string | null;
  readonly collection_path_ids: readonly (string | null)[] | null;
  readonly depth: number | null;
  readonly lifecycle_status: string | null;
  readonly number_path: string | null;
  readonly parent_id: string | null;
  readonly path_addresses: readonly (string | null)[] | null;
  readonly path_ids: readonly (string | null)[] | null;
  readonly rank_path: readonly (string | null)[] | null;
  readonly root_unit_id: string | null;
  readonly section_code: string | null;
  readonly sibling_rank: string | null;
  readonly title: string | null;
  readonly unit_id: string | null;
  readonly unit_kind: string | null;
  readonly version_id: string | null;
}

/** Row type by relation. */
export interface CatalogRelations {
  readonly dot_config: DotConfigRow;
  readonly event_outbox: EventOutboxRow;
  readonly event_type_registry: EventTypeRegistryRow;
  readonly information_unit: InformationUnitRow;
  readonly iu_activation: IuActivationRow;
  readonly iu_activation_step: IuActivationStepRow;
  readonly iu_adoption_step: IuAdoptionStepRow;
  readonly iu_archived_row: IuArchivedRowRow;
  readonly iu_attempt_reconciliation: IuAttemptReconciliationRow;
  readonly iu_collection_path: IuCollectionPathRow;
  readonly iu_cut_approval: IuCutApprovalRow;
  readonly iu_cut_bridge_request: IuCutBridgeRequestRow;
  readonly iu_cut_decision: IuCutDecisionRow;
  readonly iu_cut_doubt: IuCutDoubtRow;
  readonly iu_cut_log: IuCutLogRow;
  readonly iu_cut_mark: IuCutMarkRow;
  readonly iu_cut_operation: IuCutOperationRow;
  readonly iu_cut_piece: IuCutPieceRow;
  readonly iu_cut_plan_piece: IuCutPlanPieceRow;
  readonly iu_cut_plan_step: IuCutPlanStepRow;
  readonly iu_cut_run: IuCutRunRow;
  readonly iu_cut_version: IuCutVersionRow;
  readonly iu_delivery_target: IuDeliveryTargetRow;
  readonly iu_deployment: IuDeploymentRow;
  readonly iu_event_dedupe: IuEventDedupeRow;
  readonly iu_event_edit: IuEventEditRow;
  readonly iu_event_hop: IuEventHopRow;
  readonly iu_evidence: IuEvidenceRow;
  readonly iu_gate_log: IuGateLogRow;
  readonly iu_health_watch: IuHealthWatchRow;
  readonly iu_lifecycle_log: IuLifecycleLogRow;
  readonly iu_lifecycle_vocab: IuLifecycleVocabRow;
  readonly iu_log_gap: IuLogGapRow;
  readonly iu_log_gap_acknowledgement: IuLogGapAcknowledgementRow;
  readonly iu_log_partition: IuLogPartitionRow;
  readonly iu_migration: IuMigrationRow;
  readonly iu_migration_log: IuMigrationLogRow;
  readonly iu_outbound_route: IuOutboundRouteRow;
  readonly iu_probe_mark: IuProbeMarkRow;
  readonly iu_prune_batch: IuPruneBatchRow;
  readonly iu_prune_run: IuPruneRunRow;
  readonly iu_pruned_attempt: IuPrunedAttemptRow;
  readonly iu_pruned_event: IuPrunedEventRow;
  readonly iu_pruned_file_event: IuPrunedFileEventRow;
  readonly iu_redacted_copy: IuRedactedCopyRow;
  readonly iu_redaction: IuRedactionRow;
  readonly iu_relation: IuRelationRow;
  readonly iu_replay_run: IuReplayRunRow;
  readonly iu_route_approval: IuRouteApprovalRow;
  readonly iu_route_attempt: IuRouteAttemptRow;
  readonly iu_route_dead_letter: IuRouteDeadLetterRow;
  readonly iu_route_delivery: IuRouteDeliveryRow;
  readonly iu_route_flow: IuRouteFlowRow;
  readonly iu_route_history: IuRouteHistoryRow;
  readonly iu_route_lane: IuRouteLaneRow;
  readonly iu_route_lease: IuRouteLeaseRow;
  readonly iu_route_run: IuRouteRunRow;
  readonly iu_route_worker_cursor: IuRouteWorkerCursorRow;
  readonly iu_route_worker_heartbeat: IuRouteWorkerHeartbeatRow;
  readonly iu_source_pin: IuSourcePinRow;
  readonly iu_sql_event_route: IuSqlEventRouteRow;
  readonly iu_sql_link: IuSqlLinkRow;
  readonly iu_structure_change: IuStructureChangeRow;
  readonly iu_structure_event: IuStructureEventRow;
  readonly iu_structure_operation: IuStructureOperationRow;
  readonly iu_suppressed_event: IuSuppressedEventRow;
  readonly iu_tree_path: IuTreePathRow;
  readonly unit_version: UnitVersionRow;
  readonly v_iu_cut_plan: VIuCutPlanRow;
  readonly v_iu_cut_run: VIuCutRunRow;
  readonly v_iu_delivery: VIuDeliveryRow;
  readonly v_iu_event_accounting: VIuEventAccountingRow;
  readonly v_iu_event_backlog: VIuEventBacklogRow;
  readonly v_iu_event_undecided: VIuEventUndecidedRow;
  readonly v_iu_lineage: VIuLineageRow;
  readonly v_iu_log_gap: VIuLogGapRow;
  readonly v_iu_route_approval: VIuRouteApprovalRow;
  readonly v_iu_route_attempt_summary: VIuRouteAttemptSummaryRow;
  readonly v_iu_route_dead_letter_open: VIuRouteDeadLetterOpenRow;
  readonly v_iu_sql_link_resolved: VIuSqlLinkResolvedRow;
  readonly v_iu_structure_operation_log: VIuStructureOperationLogRow;
  readonly v_iu_suppressed_event: VIuSuppressedEventRow;
  readonly v_iu_tree: VIuTreeRow;
}

/** Argument and result types by function; an overload has its number behind the name. */
export interface CatalogFunctions {
  readonly fn_iu_activation_begin: {
    readonly args: { p_reason: string | null; p_settings: string | null; p_began_at?: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_activation_end: {
    readonly args: { p_activation_id: string | null; p_state: string | null; p_note: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_activation_step: {
    readonly args: { p_activation_id: string | null; p_step: string | null; p_outcome: string | null; p_evidence: string | null; p_began_at: string | null; p_ended_at: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_attempt_reconcile: {
    readonly args: { p_event_id: string | null; p_route_code: string | null; p_attempt_no: number | null; p_outcome: string | null; p_note: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_blockers: {
    readonly args: { p_least_age_seconds?: number | null };
    readonly result: readonly ({ kind: string | null; pid: number | null; name: string | null; application_name: string | null; state: string | null; age_seconds: number | null; xid: string | null })[];
  };
  readonly fn_iu_canonical_writer: {
    readonly args: { p_name: string | null };
    readonly result: null;
  };
  readonly fn_iu_catalog_digest: {
    readonly args: {  };
    readonly result: string | null;
  };
  readonly fn_iu_catalog_fingerprint: {
    readonly args: {  };
    readonly result: readonly ({ kind: string | null; identity: string | null; fingerprint: string | null })[];
  };
  readonly fn_iu_closed_gate: {
    readonly args: {  };
    readonly result: string | null;
  };
  readonly fn_iu_cluster_identity: {
    readonly args: {  };
    readonly result: { system_identifier: string | null; database_oid: number | null; log_oid: number | null; timeline: number | null };
  };
  readonly fn_iu_core_routes_enabled: {
    readonly args: {  };
    readonly result: boolean | null;
  };
  readonly fn_iu_create: {
    readonly args: { p_canonical_address: string | null; p_body: string | null; p_actor: string | null; p_parent_address?: string | null; p_unit_kind?: string | null; p_title?: string | null; p_owner_ref?: string | null; p_after_address?: string | null; p_doc_code?: string | null; p_section_type?: string | null; p_section_code?: string | null; p_sort_order?: number | null; p_identity_profile?: string | null; p_content_profile?: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_create_check: {
    readonly args: { p_units: string | null; p_actor: string | null };
    readonly result: null;
  };
  readonly fn_iu_create_many: {
    readonly args: { p_units: string | null; p_actor: string | null };
    readonly result: readonly ({ ordinal: string | null; unit_id: string | null; version_id: string | null; canonical_address: string | null })[];
  };
  readonly fn_iu_cursor_change: {
    readonly args: { p_reason: string | null };
    readonly result: null;
  };
  readonly fn_iu_cursor_lock_key: {
    readonly args: {  };
    readonly result: string | null;
  };
  readonly fn_iu_cut_advance: {
    readonly args: { p_run_id: string | null; p_actor: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_anchor: {
    readonly args: { p_run: string | null };
    readonly result: null;
  };
  readonly fn_iu_cut_apply: {
    readonly args: { p_run: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_apply_steps: {
    readonly args: { p_run: string | null; p_reference: string | null };
    readonly result: null;
  };
  readonly fn_iu_cut_apply_texts: {
    readonly args: { p_run: string | null };
    readonly result: null;
  };
  readonly fn_iu_cut_approve: {
    readonly args: { p_run_id: string | null; p_gate: number | null; p_manifest_digest: string | null; p_note: string | null; p_actor: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_await_lifecycle: {
    readonly args: { p_run: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_backup: {
    readonly args: { p_run_id: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_base: {
    readonly args: { p_document_address: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_birth: {
    readonly args: { p_run: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_bridge: {
    readonly args: { p_run: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_bridge_requests: {
    readonly args: { p_run_id: string | null };
    readonly result: readonly ({ place: string | null; request_key: string | null; kind: string | null; unit_id: string | null; operation_id: string | null; request: string | null })[];
  };
  readonly fn_iu_cut_claim: {
    readonly args: { p_run_id: string | null; p_actor: string | null };
    readonly result: IuCutRunRow;
  };
  readonly fn_iu_cut_conflict: {
    readonly args: { p_run: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_decide: {
    readonly args: { p_run_id: string | null; p_ordinal: number | null; p_unit_ids: readonly (string | null)[] | null; p_note: string | null; p_actor: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_digest: {
    readonly args: { p_run_id: string | null; p_what: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_document: {
    readonly args: { p_document_address: string | null };
    readonly result: InformationUnitRow;
  };
  readonly fn_iu_cut_enact: {
    readonly args: { p_run: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_living: {
    readonly args: { p_document_id: string | null };
    readonly result: readonly ({ position: string | null; unit_id: string | null; parent_id: string | null; canonical_address: string | null; version_id: string | null })[];
  };
  readonly fn_iu_cut_living_units: {
    readonly args: { p_document_id: string | null };
    readonly result: readonly ({ position: string | null; unit_id: string | null; parent_id: string | null; canonical_address: string | null; version_id: string | null; body: string | null; body_sha256: string | null })[];
  };
  readonly fn_iu_cut_manifest: {
    readonly args: { p_run_id: string | null; p_matcher: string | null; p_normalizer: string | null; p_plan_digest: string | null; p_base_hash: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_manifest_digest: {
    readonly args: { p_manifest: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_mark: {
    readonly args: { p_run_id: string | null; p_pieces: string | null; p_actor: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_may_approve: {
    readonly args: { p_run_id: string | null; p_login: string | null };
    readonly result: boolean | null;
  };
  readonly fn_iu_cut_may_follow: {
    readonly args: { p_from: string | null; p_to: string | null };
    readonly result: boolean | null;
  };
  readonly fn_iu_cut_misplaced: {
    readonly args: { p_run_id: string | null; p_document_id: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_piece_units: {
    readonly args: { p_run_id: string | null };
    readonly result: readonly ({ ordinal: number | null; unit_id: string | null; fate: string | null })[];
  };
  readonly fn_iu_cut_plan: {
    readonly args: { p_run_id: string | null; p_plan: string | null; p_actor: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_prepare: {
    readonly args: { p_run: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_record: {
    readonly args: { p_run: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_reference: {
    readonly args: { p_run_id: string | null; p_gate: number | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_refuse_drafts: {
    readonly args: { p_document_id: string | null };
    readonly result: null;
  };
  readonly fn_iu_cut_rollback: {
    readonly args: { p_run_id: string | null; p_approval_ref: string | null; p_reason: string | null; p_actor: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_said: {
    readonly args: { p_run: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_start: {
    readonly args: { p_pin_id: string | null; p_document_address: string | null; p_document_title: string | null; p_owner_ref: string | null; p_revision_label: string | null; p_cutter_name: string | null; p_cutter_version: string | null; p_config: string | null; p_actor: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_stop: {
    readonly args: { p_run: string | null; p_state: string | null; p_code: string | null; p_detail: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_structural_check: {
    readonly args: { p_run: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_undo_birth: {
    readonly args: { p_run: string | null; p_reference: string | null; p_reason: string | null };
    readonly result: null;
  };
  readonly fn_iu_cut_undo_texts: {
    readonly args: { p_run: string | null; p_reference: string | null; p_reason: string | null };
    readonly result: null;
  };
  readonly fn_iu_cut_unenact: {
    readonly args: { p_units: readonly (string | null)[] | null; p_actor: string | null; p_reference: string | null; p_reason: string | null };
    readonly result: null;
  };
  readonly fn_iu_cut_verify: {
    readonly args: { p_run_id: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_void: {
    readonly args: { p_run_id: string | null; p_reason: string | null; p_actor: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_waits_for: {
    readonly args: { p_run: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_cut_words: {
    readonly args: { p_run_id: string | null };
    readonly result: readonly (IuCutDecisionRow)[];
  };
  readonly fn_iu_cut_write_check: {
    readonly args: { p_run: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_dead_letter_edit_retry: {
    readonly args: { p_dead_letter_id: string | null; p_payload: string | null; p_reason: string | null; p_preview?: boolean | null };
    readonly result: string | null;
  };
  readonly fn_iu_dead_letter_preview: {
    readonly args: { p_dead_letter_id: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_dead_letter_resolve_many: {
    readonly args: { p_filter: string | null; p_note: string | null; p_limit?: number | null };
    readonly result: string | null;
  };
  readonly fn_iu_delivery_allowance: {
    readonly args: { p_route_id: string | null; p_wanted: number | null; p_lease_until: string | null };
    readonly result: { allowed: number | null; uncounted: number | null; route_version: number | null; approval_id: string | null; held: string | null };
  };
  readonly fn_iu_delivery_cancel: {
    readonly args: { p_event_id: string | null; p_route_code: string | null; p_reason: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_delivery_cancel_many: {
    readonly args: { p_route_code: string | null; p_created_before: string | null; p_until_event_seq: string | null; p_reason: string | null; p_limit?: number | null };
    readonly result: string | null;
  };
  readonly fn_iu_delivery_claim: {
    readonly args: { p_runner_id: string | null; p_limit: number | null; p_lease_seconds: number | null; p_deployment: string | null; p_in_database?: boolean | null; p_route_ids?: readonly (string | null)[] | null; p_rooms?: readonly (number | null)[] | null; p_room?: number | null; p_most_bytes?: string | null };
    readonly result: readonly (string | null)[];
  };
  readonly fn_iu_delivery_closed: {
    readonly args: { p_since: string | null; p_until: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_delivery_dead: {
    readonly args: { p_delivery: string | null; p_route_code: string | null; p_failure_code: string | null; p_failure_detail: string | null };
    readonly result: null;
  };
  readonly fn_iu_delivery_delay: {
    readonly args: { p_policy: string | null; p_sends: number | null; p_retry_after_seconds: number | null; p_random: number | null };
    readonly result: number | null;
  };
  readonly fn_iu_delivery_disown: {
    readonly args: { p_runner_id: string | null; p_held: readonly (string | null)[] | null };
    readonly result: number | null;
  };
  readonly fn_iu_delivery_enabled: {
    readonly args: {  };
    readonly result: boolean | null;
  };
  readonly fn_iu_delivery_execute: {
    readonly args: { p_runner_id: string | null; p_lease_token: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_delivery_health: {
    readonly args: {  };
    readonly result: string | null;
  };
  readonly fn_iu_delivery_hold: {
    readonly args: { p_deployment: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_delivery_holds: {
    readonly args: { p_deployment?: string | null };
    readonly result: readonly ({ route_id: string | null; route_code: string | null; hold: string | null })[];
  };
  readonly fn_iu_delivery_hop: {
    readonly args: { p_hop: number | null };
    readonly result: null;
  };
  readonly fn_iu_delivery_look: {
    readonly args: { p_route_id: string | null };
    readonly result: null;
  };
  readonly fn_iu_delivery_pick: {
    readonly args: { p_route_id: string | null; p_approval_id: string | null; p_limit: number | null; p_uncounted: number | null; p_lease_token: string | null };
    readonly result: { event_seqs: readonly (string | null)[] | null; first_sends: number | null; due_from: string | null; lane_due_from: string | null };
  };
  readonly fn_iu_delivery_queue: {
    readonly args: { p_bound: number | null };
    readonly result: readonly ({ route_id: string | null; waiting: string | null; due_at: string | null; oldest_at: string | null })[];
  };
  readonly fn_iu_delivery_routes: {
    readonly args: { p_route_ids: readonly (string | null)[] | null };
    readonly result: string | null;
  };
  readonly fn_iu_delivery_settle: {
    readonly args: { p_runner_id: string | null; p_lease_tokens: readonly (string | null)[] | null; p_route_ids: readonly (string | null)[] | null; p_event_seqs: readonly (string | null)[] | null; p_statuses: readonly (string | null)[] | null; p_milliseconds: readonly (number | null)[] | null; p_details: readonly (string | null)[] | null; p_failure_codes: readonly (string | null)[] | null; p_permanent: readonly (boolean | null)[] | null; p_retry_after_seconds: readonly (number | null)[] | null; p_gone: readonly (boolean | null)[] | null };
    readonly result: string | null;
  };
  readonly fn_iu_delivery_settle_rest: {
    readonly args: { p_runner_id: string | null; p_settled: readonly (string | null)[] | null };
    readonly result: { settled: number | null; dead_lettered: number | null; held_route_ids: readonly (string | null)[] | null; held_lane_keys: readonly (string | null)[] | null; held_seqs: readonly (string | null)[] | null; done_tokens: readonly (string | null)[] | null; done_route_ids: readonly (string | null)[] | null; unused_approval_ids: readonly (string | null)[] | null };
  };
  readonly fn_iu_delivery_state: {
    readonly args: { p_deployment: string | null; p_route_ids: readonly (string | null)[] | null; p_route_versions?: readonly (number | null)[] | null };
    readonly result: string | null;
  };
  readonly fn_iu_delivery_sweep: {
    readonly args: {  };
    readonly result: number | null;
  };
  readonly fn_iu_delivery_take: {
    readonly args: { p_lease_token: string | null };
    readonly result: readonly ({ route_id: string | null; route_version: number | null; event_seq: string | null; event_id: string | null; target_kind: string | null; call_name: string | null; event: string | null; hop: number | null })[];
  };
  readonly fn_iu_delivery_unopened: {
    readonly args: {  };
    readonly result: readonly ({ route_id: string | null; route_code: string | null; by_all: boolean | null; runners: number | null; reason: string | null })[];
  };
  readonly fn_iu_deployment_claim: {
    readonly args: { p_name: string | null; p_reason: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_deprecate: {
    readonly args: { p_canonical_address: string | null; p_actor: string | null; p_reason: string | null; p_with_children?: boolean | null; p_review_decision_id?: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_document_of: {
    readonly args: { p_unit_ids: readonly (string | null)[] | null };
    readonly result: readonly (string | null)[] | null;
  };
  readonly fn_iu_emit: {
    readonly args: { p_event_domain: string | null; p_event_type: string | null; p_subject_table: string | null; p_subject_ref: string | null; p_safe_payload?: string | null; p_canonical_address?: string | null; p_actor_ref?: string | null; p_correlation_id?: string | null; p_source_system?: string | null; p_severity?: string | null; p_payload_classification?: string | null; p_occurred_at?: string | null; p_dedupe_key?: string | null };
    readonly result: readonly ({ event_id: string | null; event_seq: string | null; is_new: boolean | null; suppressed: boolean | null })[];
  };
  readonly fn_iu_emit_event: {
    readonly args: { p_event_type: string | null; p_canonical_address: string | null; p_subject_ref: string | null; p_actor_ref: string | null; p_safe_payload: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_enact: {
    readonly args: { p_canonical_address: string | null; p_actor: string | null; p_review_decision_id: string | null; p_target_lifecycle?: string | null; p_change_set_id?: string | null; p_reason?: string | null; p_tool_revision?: string | null; p_dry_run?: boolean | null };
    readonly result: string | null;
  };
  readonly fn_iu_event_settle: {
    readonly args: { p_event: string | null; p_payload: string | null; p_known: boolean | null };
    readonly result: EventOutboxRow;
  };
  readonly fn_iu_event_story: {
    readonly args: { p_event_id: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_event_type_add: {
    readonly args: { p_event_domain: string | null; p_event_type: string | null; p_event_stream?: string | null; p_delivery_lane?: string | null; p_default_severity?: string | null; p_description?: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_event_type_disable: {
    readonly args: { p_event_domain: string | null; p_event_type: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_event_type_refuse: {
    readonly args: { p_event_domain: string | null; p_event_type: string | null };
    readonly result: null;
  };
  readonly fn_iu_evidence_judge: {
    readonly args: { p_kind: string | null; p_route: string | null; p_most_seconds: string | null; p_catalog: string | null };
    readonly result: { passed: boolean | null; evidence: string | null };
  };
  readonly fn_iu_evidence_record: {
    readonly args: { p_kind: string | null; p_passed: boolean | null; p_detail?: string | null; p_route_code?: string | null; p_route_version?: number | null };
    readonly result: string | null;
  };
  readonly fn_iu_failure_signature: {
    readonly args: { p_route_code: string | null; p_failure_code: string | null; p_failure_detail: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_forbidden_key: {
    readonly args: { p_payload: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_forbidden_key_pattern: {
    readonly args: {  };
    readonly result: string | null;
  };
  readonly fn_iu_gap_acknowledge: {
    readonly args: { p_gap_id: string | null; p_reason: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_gap_report: {
    readonly args: { p_process_id: string | null; p_event_seqs: readonly (string | null)[] | null; p_event_ids: readonly (string | null)[] | null; p_route_ids: readonly (string | null)[] | null; p_attempt_nos: readonly (number | null)[] | null };
    readonly result: string | null;
  };
  readonly fn_iu_gate_drain: {
    readonly args: { p_wait_milliseconds?: number | null; p_gate?: string | null };
    readonly result: boolean | null;
  };
  readonly fn_iu_gate_lock_key: {
    readonly args: { p_gate?: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_gate_open: {
    readonly args: { p_key: string | null };
    readonly result: boolean | null;
  };
  readonly fn_iu_gate_reason_check: {
    readonly args: { p_reason: string | null };
    readonly result: null;
  };
  readonly fn_iu_gate_set: {
    readonly args: { p_key: string | null; p_open: boolean | null; p_reason: string | null; p_open_seconds?: number | null };
    readonly result: string | null;
  };
  readonly fn_iu_going_live_reason: {
    readonly args: { p_reason: string | null };
    readonly result: null;
  };
  readonly fn_iu_health_watch_beat: {
    readonly args: { p_watcher: string | null; p_host: string | null; p_every_seconds: number | null; p_healthy: boolean | null; p_reasons: readonly (string | null)[] | null };
    readonly result: string | null;
  };
  readonly fn_iu_health_watch_forget: {
    readonly args: { p_watcher: string | null };
    readonly result: boolean | null;
  };
  readonly fn_iu_in_probe: {
    readonly args: {  };
    readonly result: boolean | null;
  };
  readonly fn_iu_installation_mark: {
    readonly args: {  };
    readonly result: string | null;
  };
  readonly fn_iu_judged_routes: {
    readonly args: {  };
    readonly result: readonly (string | null)[];
  };
  readonly fn_iu_ladder_capture: {
    readonly args: { p_enable: boolean | null; p_reason: string | null };
    readonly result: null;
  };
  readonly fn_iu_ladder_disable: {
    readonly args: { p_level: number | null; p_reason: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_ladder_enable: {
    readonly args: { p_level: number | null; p_reason: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_ladder_log: {
    readonly args: { p_level: number | null; p_what: string | null; p_reason: string | null };
    readonly result: null;
  };
  readonly fn_iu_lane_refresh: {
    readonly args: { p_route_ids: readonly (string | null)[] | null; p_lane_keys: readonly (string | null)[] | null };
    readonly result: null;
  };
  readonly fn_iu_lane_wake: {
    readonly args: { p_route_ids: readonly (string | null)[] | null; p_lane_keys: readonly (string | null)[] | null; p_event_seqs: readonly (string | null)[] | null };
    readonly result: null;
  };
  readonly fn_iu_living_unit: {
    readonly args: { p_canonical_address: string | null };
    readonly result: InformationUnitRow;
  };
  readonly fn_iu_lock_documents: {
    readonly args: { p_unit_ids: readonly (string | null)[] | null };
    readonly result: readonly (string | null)[] | null;
  };
  readonly fn_iu_log_let_go: {
    readonly args: {  };
    readonly result: readonly (string | null)[] | null;
  };
  readonly fn_iu_log_mark: {
    readonly args: {  };
    readonly result: { floor_seq: string | null; highest_xid: string | null };
  };
  readonly fn_iu_log_partition_ahead: {
    readonly args: { p_quiet?: boolean | null };
    readonly result: number | null;
  };
  readonly fn_iu_log_partition_attached: {
    readonly args: {  };
    readonly result: readonly ({ partition_name: string | null; partition_oid: number | null; from_seq: string | null; to_seq: string | null })[];
  };
  readonly fn_iu_log_partition_back: {
    readonly args: { p_reason: string | null; p_most_rows?: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_log_partition_faults: {
    readonly args: {  };
    readonly result: readonly (string | null)[];
  };
  readonly fn_iu_log_partition_guard: {
    readonly args: { p_partition: string | null };
    readonly result: null;
  };
  readonly fn_iu_log_partition_hold: {
    readonly args: { p_reason: string | null };
    readonly result: null;
  };
  readonly fn_iu_log_partition_kept: {
    readonly args: { p_most_rows: string | null };
    readonly result: { kept: string | null; others: string | null };
  };
  readonly fn_iu_log_partition_make: {
    readonly args: { p_from_seq: string | null; p_to_seq: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_log_partition_missing: {
    readonly args: {  };
    readonly result: number | null;
  };
  readonly fn_iu_log_partition_plan: {
    readonly args: {  };
    readonly result: string | null;
  };
  readonly fn_iu_log_partition_refusals: {
    readonly args: {  };
    readonly result: readonly (string | null)[];
  };
  readonly fn_iu_log_partition_refuse: {
    readonly args: {  };
    readonly result: null;
  };
  readonly fn_iu_log_partition_state: {
    readonly args: {  };
    readonly result: { form: string | null; partitions: number | null; events: string | null; wanted: string | null; last_seq: string | null; end_seq: string | null; numbers_left: string | null };
  };
  readonly fn_iu_log_partition_step: {
    readonly args: { p_reason: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_log_partition_swap: {
    readonly args: { p_reason: string | null };
    readonly result: null;
  };
  readonly fn_iu_log_partition_tend: {
    readonly args: {  };
    readonly result: string | null;
  };
  readonly fn_iu_log_partition_unseen: {
    readonly args: {  };
    readonly result: string | null;
  };
  readonly fn_iu_log_rebind: {
    readonly args: { p_former: number | null; p_statements: readonly (string | null)[] | null; p_reason: string | null };
    readonly result: null;
  };
  readonly fn_iu_metrics: {
    readonly args: { p_deployment?: string | null; p_after_attempt_id?: string | null; p_until_attempt_id?: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_owned_domains: {
    readonly args: { p_event_domain: string | null };
    readonly result: readonly (string | null)[] | null;
  };
  readonly fn_iu_pattern_matches: {
    readonly args: { p_pattern: string | null; p_value: string | null };
    readonly result: boolean | null;
  };
  readonly fn_iu_payload_diff: {
    readonly args: { p_from: string | null; p_to: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_probe_begin: {
    readonly args: { p_marker?: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_prune_archived: {
    readonly args: { p_run_id: string | null; p_batch_no: number | null; p_file: string | null; p_sha256: string | null; p_bytes: string | null; p_rows: number | null };
    readonly result: null;
  };
  readonly fn_iu_prune_asked: {
    readonly args: { p_seqs: readonly (string | null)[] | null; p_until: string | null };
    readonly result: { referenced: readonly (string | null)[] | null; not_asked: number | null };
  };
  readonly fn_iu_prune_cancel: {
    readonly args: { p_run_id: string | null; p_reason: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_prune_certify: {
    readonly args: {  };
    readonly result: null;
  };
  readonly fn_iu_prune_cutoff: {
    readonly args: { p_older_than_days: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_prune_judge: {
    readonly args: { p_after_seq: string | null; p_until_seq: string | null; p_limit: number | null; p_cutoff: string | null };
    readonly result: readonly ({ event_seq: string | null; event_id: string | null; event_domain: string | null; event_type: string | null; created_at: string | null; base_seq: string | null; counted: boolean | null; decided: boolean | null; bytes: string | null; hold: string | null })[];
  };
  readonly fn_iu_prune_preview: {
    readonly args: { p_older_than_days: string | null; p_most?: string | null; p_ask_seconds?: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_prune_ready: {
    readonly args: {  };
    readonly result: null;
  };
  readonly fn_iu_prune_referenced: {
    readonly args: { p_seqs: readonly (string | null)[] | null };
    readonly result: readonly (string | null)[] | null;
  };
  readonly fn_iu_prune_rest: {
    readonly args: { p_run: string | null; p_batch_no: number | null; p_limit: number | null };
    readonly result: readonly ({ table_name: string | null; line: string | null })[];
  };
  readonly fn_iu_prune_said: {
    readonly args: { p_run: string | null; p_status: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_prune_start: {
    readonly args: { p_older_than_days: string | null; p_reason: string | null; p_archive?: string | null; p_archive_place?: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_prune_step: {
    readonly args: { p_run_id: string | null; p_limit?: number | null };
    readonly result: readonly (string | null)[];
  };
  readonly fn_iu_prune_take: {
    readonly args: { p_run: string | null; p_batch_no: number | null; p_seqs: readonly (string | null)[] | null };
    readonly result: readonly ({ table_name: string | null; line: string | null })[];
  };
  readonly fn_iu_rank_between: {
    readonly args: { p_left: string | null; p_right: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_rank_from_integer: {
    readonly args: { p_number: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_rank_to_integer: {
    readonly args: { p_rank: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_readiness_item: {
    readonly args: { p_item: string | null; p_route: string | null; p_catalog: string | null };
    readonly result: { passed: boolean | null; evidence: string | null; action: string | null };
  };
  readonly fn_iu_redaction_apply: {
    readonly args: { p_redaction_id: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_redaction_approve: {
    readonly args: { p_redaction_id: string | null; p_note: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_redaction_decide: {
    readonly args: { p_redaction_id: string | null; p_note: string | null; p_states: readonly (string | null)[] | null };
    readonly result: IuRedactionRow;
  };
  readonly fn_iu_redaction_event_copies: {
    readonly args: { p_event_id: string | null };
    readonly result: readonly ({ table_name: string | null; row_key: string | null; column_name: string | null; sha256: string | null; byte_length: number | null })[];
  };
  readonly fn_iu_redaction_event_overwrite: {
    readonly args: { p_redaction_id: string | null };
    readonly result: null;
  };
  readonly fn_iu_redaction_hashes: {
    readonly args: { p_kind: string | null; p_ref: string | null };
    readonly result: readonly (string | null)[] | null;
  };
  readonly fn_iu_redaction_plan: {
    readonly args: { p_kind: string | null; p_ref: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_redaction_reject: {
    readonly args: { p_redaction_id: string | null; p_note: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_redaction_request: {
    readonly args: { p_kind: string | null; p_ref: string | null; p_reason: string | null; p_legal_ref: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_redaction_said: {
    readonly args: { p_redaction: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_redaction_text_copies: {
    readonly args: { p_hashes: readonly (string | null)[] | null };
    readonly result: readonly ({ table_name: string | null; row_key: string | null; column_name: string | null; sha256: string | null; byte_length: number | null })[];
  };
  readonly fn_iu_redaction_text_overwrite: {
    readonly args: { p_redaction_id: string | null };
    readonly result: null;
  };
  readonly fn_iu_replay_cancel: {
    readonly args: { p_run_id: string | null; p_reason: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_replay_candidates: {
    readonly args: { p_filter: string | null; p_limit?: string | null; p_after_seq?: string | null; p_after_route_id?: string | null };
    readonly result: readonly ({ event_seq: string | null; route_id: string | null; route_code: string | null; status: string | null; reason: string | null; attempt_id: string | null; dead_letter_id: string | null })[];
  };
  readonly fn_iu_replay_preview: {
    readonly args: { p_filter: string | null; p_rate_per_second?: number | null };
    readonly result: string | null;
  };
  readonly fn_iu_replay_said: {
    readonly args: { p_run: string | null; p_status: string | null; p_wait_milliseconds?: number | null };
    readonly result: string | null;
  };
  readonly fn_iu_replay_start: {
    readonly args: { p_filter: string | null; p_reason: string | null; p_rate_per_second?: number | null };
    readonly result: string | null;
  };
  readonly fn_iu_replay_step: {
    readonly args: { p_run_id: string | null; p_limit?: number | null };
    readonly result: string | null;
  };
  readonly fn_iu_require_read_committed: {
    readonly args: {  };
    readonly result: null;
  };
  readonly fn_iu_retry_policy_check: {
    readonly args: { p_policy: string | null };
    readonly result: null;
  };
  readonly fn_iu_revise: {
    readonly args: { p_canonical_address: string | null; p_body: string | null; p_actor: string | null; p_reason?: string | null; p_title?: string | null; p_content_profile?: string | null; p_expected_version_seq?: number | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_add: {
    readonly args: { p_route: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_approval_open: {
    readonly args: { p_approval_id: string | null };
    readonly result: IuRouteApprovalRow;
  };
  readonly fn_iu_route_approval_said: {
    readonly args: { p_approval: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_approval_state: {
    readonly args: { p_route_id: string | null; p_version: number | null; p_approval_id: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_approve: {
    readonly args: { p_approval_id: string | null; p_note: string | null; p_max_events?: string | null; p_expires_at?: string | null; p_canary_share?: string | null; p_failure_budget?: number | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_back_to_dry_run: {
    readonly args: { p_route_code: string | null; p_reason: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_canary: {
    readonly args: { p_route_code: string | null; p_subject_table: string | null; p_subject_ref: string | null; p_event_id: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_change: {
    readonly args: { p_route_code: string | null; p_changes: string | null; p_reason: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_changed: {
    readonly args: { p_route: string | null; p_changes: string | null };
    readonly result: IuOutboundRouteRow;
  };
  readonly fn_iu_route_dead_letter_replay: {
    readonly args: { p_dead_letter_id: string | null; p_new_id?: boolean | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_dead_letter_resolve: {
    readonly args: { p_dead_letter_id: string | null; p_note: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_decide: {
    readonly args: { p_events: readonly (string | null)[] | null; p_routes: readonly (string | null)[] | null; p_run_id: string | null };
    readonly result: { written: number | null; queued: number | null; skipped: number | null };
  };
  readonly fn_iu_route_decide_isolated: {
    readonly args: { p_events: readonly (string | null)[] | null; p_routes: readonly (string | null)[] | null; p_run_id: string | null };
    readonly result: { written: number | null; queued: number | null; skipped: number | null; dead_lettered: number | null };
  };
  readonly fn_iu_route_decide_missing: {
    readonly args: { p_cursor: string | null; p_event_domain: string | null; p_after_seq: string | null; p_kind: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_deliver: {
    readonly args: { p_route_code: string | null; p_event_ref: string | null; p_payload: string | null };
    readonly result: null;
  };
  readonly fn_iu_route_diff: {
    readonly args: { p_route_code: string | null; p_changes: string | null; p_since?: string | null; p_limit?: number | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_fail: {
    readonly args: { p_event_seq: string | null; p_route: string | null; p_attempt_no: number | null; p_run_id: string | null; p_failure_code: string | null; p_failure_detail: string | null };
    readonly result: boolean | null;
  };
  readonly fn_iu_route_flow_settle: {
    readonly args: { p_route_id: string | null; p_sent: number | null; p_failed: number | null; p_spent: number | null; p_trailing: number | null; p_gone: boolean | null; p_failure_code: string | null };
    readonly result: null;
  };
  readonly fn_iu_route_go_live: {
    readonly args: { p_route_code: string | null; p_reason: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_missing: {
    readonly args: { p_cursor: string | null; p_full: boolean | null };
    readonly result: { checked: string | null; event_seqs: readonly (string | null)[] | null; pair_event_seqs: readonly (string | null)[] | null; pair_route_ids: readonly (string | null)[] | null };
  };
  readonly fn_iu_route_must_be_ready: {
    readonly args: { p_readiness: string | null };
    readonly result: null;
  };
  readonly fn_iu_route_observed: {
    readonly args: { p_route_id: string | null; p_version: number | null; p_enough: number | null };
    readonly result: { attempts: number | null; first_at: string | null; last_at: string | null };
  };
  readonly fn_iu_route_of: {
    readonly args: { p_route_code: string | null; p_lock: boolean | null };
    readonly result: IuOutboundRouteRow;
  };
  readonly fn_iu_route_outcome: {
    readonly args: { p_event: string | null; p_route: string | null };
    readonly result: { status: string | null; reason: string | null };
  };
  readonly fn_iu_route_readiness: {
    readonly args: { p_route_code: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_redecide: {
    readonly args: { p_event_seq: string | null; p_route_id: string | null; p_new_id: boolean | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_reject: {
    readonly args: { p_approval_id: string | null; p_reason: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_remove: {
    readonly args: { p_route_code: string | null; p_reason: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_request: {
    readonly args: { p_target_kind: string | null; p_target_ref: string | null; p_target_config: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_request_live: {
    readonly args: { p_route_code: string | null; p_reason: string | null; p_max_events?: string | null; p_expires_at?: string | null; p_canary_share?: string | null; p_failure_budget?: number | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_set_enabled: {
    readonly args: { p_route_code: string | null; p_enabled: boolean | null; p_reason: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_set_paused: {
    readonly args: { p_route_code: string | null; p_paused: boolean | null; p_reason: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_shadow: {
    readonly args: { p_event: string | null; p_route: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_to_dry_run: {
    readonly args: { p_route_id: string | null; p_reason: string | null; p_by: string | null };
    readonly result: boolean | null;
  };
  readonly fn_iu_route_worker_enabled: {
    readonly args: {  };
    readonly result: boolean | null;
  };
  readonly fn_iu_route_worker_health: {
    readonly args: { p_worker_name?: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_worker_heartbeat: {
    readonly args: { p_process_id: string | null; p_worker_names: readonly (string | null)[] | null; p_host: string | null; p_pid: number | null; p_version: string | null; p_state: string | null; p_detail?: string | null; p_unopened_routes?: string | null };
    readonly result: null;
  };
  readonly fn_iu_route_worker_rebase: {
    readonly args: { p_worker_name: string | null; p_reason: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_worker_reconcile: {
    readonly args: { p_worker_name?: string | null; p_full?: boolean | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_worker_register: {
    readonly args: { p_worker_name: string | null; p_event_domain: string | null; p_base: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_worker_rewind: {
    readonly args: { p_worker_name: string | null; p_reason: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_worker_run: {
    readonly args: { p_worker_name?: string | null; p_batch_limit?: number | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_worker_transfer: {
    readonly args: { p_event_domain: string | null; p_from: string | null; p_to: string | null; p_reason: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_route_worker_unregister: {
    readonly args: { p_worker_name: string | null; p_reason: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_routes_readiness: {
    readonly args: { p_route_codes: readonly (string | null)[] | null };
    readonly result: string | null;
  };
  readonly fn_iu_schema: {
    readonly args: {  };
    readonly result: string | null;
  };
  readonly fn_iu_setting: {
    readonly args: { p_key: string | null; p_default: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_setting_number: {
    readonly args: { p_key: string | null; p_default: string | null; p_least: string | null; p_most: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_snapshot_without_self: {
    readonly args: { p_highest_xid?: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_soft_delete: {
    readonly args: { p_canonical_address: string | null; p_actor: string | null; p_reason: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_source_pin: {
    readonly args: { p_bytes: Uint8Array | null; p_media_type: string | null; p_newline_style?: string | null; p_title?: string | null; p_source_note?: string | null };
    readonly result: readonly ({ pin_id: string | null; sha256: string | null; is_new: boolean | null })[];
  };
  readonly fn_iu_sql_link_add: {
    readonly args: { p_link: string | null; p_actor: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_sql_link_exists: {
    readonly args: { p_link: string | null };
    readonly result: boolean | null;
  };
  readonly fn_iu_sql_link_fingerprint: {
    readonly args: { p_link: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_sql_link_refuse: {
    readonly args: { p_units: readonly (string | null)[] | null };
    readonly result: null;
  };
  readonly fn_iu_sql_link_retire: {
    readonly args: { p_link_id: string | null; p_actor: string | null; p_reason: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_sql_link_validate: {
    readonly args: { p_link_id: string | null; p_accept?: boolean | null };
    readonly result: string | null;
  };
  readonly fn_iu_stamp: {
    readonly args: { p_after?: string | null; p_documents?: readonly (string | null)[] | null };
    readonly result: string | null;
  };
  readonly fn_iu_structure_add: {
    readonly args: { p_operation_id: string | null; p_step_no: number | null; p_step: string | null; p_actor: string | null; p_reference: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_structure_claim: {
    readonly args: { p_operation_id: string | null; p_actor: string | null; p_approval_ref: string | null };
    readonly result: IuStructureOperationRow;
  };
  readonly fn_iu_structure_conflict: {
    readonly args: { p_operation_id: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_structure_dependants: {
    readonly args: { p_operation_id: string | null; p_step_no: number | null; p_unit_id: string | null; p_heir_id: string | null; p_policy: string | null; p_link_policy: string | null; p_actor: string | null; p_reference: string | null };
    readonly result: null;
  };
  readonly fn_iu_structure_deprecate: {
    readonly args: { p_operation_id: string | null; p_step_no: number | null; p_step: string | null; p_actor: string | null; p_reference: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_structure_digest: {
    readonly args: { p_operation_id: string | null; p_before: boolean | null };
    readonly result: string | null;
  };
  readonly fn_iu_structure_emit: {
    readonly args: { p_operation_id: string | null; p_step_no: number | null; p_phase: string | null; p_event_type: string | null; p_unit_id: string | null; p_actor: string | null };
    readonly result: null;
  };
  readonly fn_iu_structure_end: {
    readonly args: { p_operation_id: string | null; p_step_no: number | null; p_unit_id: string | null; p_status: string | null; p_actor: string | null; p_reference: string | null };
    readonly result: null;
  };
  readonly fn_iu_structure_events: {
    readonly args: { p_operation_id: string | null; p_phase: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_structure_join: {
    readonly args: { p_operation_id: string | null; p_step_no: number | null; p_unit_id: string | null; p_beside_id: string | null; p_actor: string | null };
    readonly result: null;
  };
  readonly fn_iu_structure_links: {
    readonly args: { p_operation_id: string | null; p_step_no: number | null; p_unit_id: string | null; p_targets: readonly (string | null)[] | null; p_policy: string | null; p_actor: string | null };
    readonly result: null;
  };
  readonly fn_iu_structure_living: {
    readonly args: { p_ref: string | null };
    readonly result: InformationUnitRow;
  };
  readonly fn_iu_structure_lock: {
    readonly args: { p_units: readonly (string | null)[] | null; p_moves_documents: boolean | null };
    readonly result: readonly (string | null)[] | null;
  };
  readonly fn_iu_structure_merge: {
    readonly args: { p_operation_id: string | null; p_step_no: number | null; p_step: string | null; p_actor: string | null; p_reference: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_structure_mint: {
    readonly args: { p_operation_id: string | null; p_step_no: number | null; p_piece: string | null; p_body: string | null; p_parent_id: string | null; p_rank: string | null; p_template_id: string | null; p_actor: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_structure_named: {
    readonly args: { p_steps: string | null };
    readonly result: readonly (string | null)[] | null;
  };
  readonly fn_iu_structure_normalize: {
    readonly args: { p_operation: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_structure_note: {
    readonly args: { p_operation_id: string | null; p_step_no: number | null; p_kind: string | null; p_unit_id: string | null; p_before: string | null; p_after: string | null };
    readonly result: null;
  };
  readonly fn_iu_structure_op_apply: {
    readonly args: { p_operation_id: string | null; p_actor: string | null; p_approval_ref: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_structure_op_plan: {
    readonly args: { p_operation: string | null; p_actor: string | null; p_reason?: string | null; p_request?: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_structure_op_rollback: {
    readonly args: { p_operation_id: string | null; p_actor: string | null; p_approval_ref: string | null; p_reason?: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_structure_op_verify: {
    readonly args: { p_operation_id: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_structure_op_withdraw: {
    readonly args: { p_operation_id: string | null; p_actor: string | null; p_reason: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_structure_ops_enabled: {
    readonly args: {  };
    readonly result: boolean | null;
  };
  readonly fn_iu_structure_place: {
    readonly args: { p_operation_id: string | null; p_step_no: number | null; p_unit_id: string | null; p_parent_id: string | null; p_collection_id: string | null; p_rank: string | null; p_actor: string | null };
    readonly result: null;
  };
  readonly fn_iu_structure_preview: {
    readonly args: { p_document_ids: readonly (string | null)[] | null; p_unit_ids: readonly (string | null)[] | null; p_limit: number | null };
    readonly result: string | null;
  };
  readonly fn_iu_structure_rank: {
    readonly args: { p_parent_id: string | null; p_after_id: string | null; p_position: string | null; p_self_id: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_structure_relate: {
    readonly args: { p_operation_id: string | null; p_step_no: number | null; p_type: string | null; p_from_id: string | null; p_to_id: string | null; p_attributes: string | null; p_actor: string | null };
    readonly result: null;
  };
  readonly fn_iu_structure_renumber: {
    readonly args: { p_operation_id: string | null; p_step_no: number | null; p_step: string | null; p_actor: string | null; p_reference: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_structure_reparent: {
    readonly args: { p_operation_id: string | null; p_step_no: number | null; p_step: string | null; p_actor: string | null; p_reference: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_structure_replace: {
    readonly args: { p_operation_id: string | null; p_step_no: number | null; p_step: string | null; p_actor: string | null; p_reference: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_structure_run: {
    readonly args: { p_operation_id: string | null; p_steps: string | null; p_actor: string | null; p_reference: string | null; p_whole: boolean | null };
    readonly result: string | null;
  };
  readonly fn_iu_structure_said: {
    readonly args: { p_operation: string | null; p_replayed: boolean | null };
    readonly result: string | null;
  };
  readonly fn_iu_structure_split: {
    readonly args: { p_operation_id: string | null; p_step_no: number | null; p_step: string | null; p_actor: string | null; p_reference: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_structure_step: {
    readonly args: { p_operation_id: string | null; p_step_no: number | null; p_step: string | null; p_actor: string | null; p_reference: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_structure_undo: {
    readonly args: { p_change: string | null; p_actor: string | null; p_reference: string | null };
    readonly result: null;
  };
  readonly fn_iu_target_object: {
    readonly args: { p_target_kind: string | null; p_target_ref: string | null };
    readonly result: { call_name: string | null; definition: string | null };
  };
  readonly fn_iu_target_register: {
    readonly args: { p_target_kind: string | null; p_target_ref: string | null; p_identity: string | null; p_reason: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_target_sha256: {
    readonly args: { p_target_kind: string | null; p_target_ref: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_target_try: {
    readonly args: { p_target_kind: string | null; p_target_ref: string | null; p_event: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_target_unregister: {
    readonly args: { p_target_kind: string | null; p_target_ref: string | null; p_reason: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_tree_ancestors: {
    readonly args: { p_unit_id: string | null };
    readonly result: readonly ({ unit_id: string | null; parent_id: string | null; depth: number | null; canonical_address: string | null; section_code: string | null; title: string | null; lifecycle_status: string | null; version_id: string | null })[];
  };
  readonly fn_iu_tree_assert_acyclic: {
    readonly args: { p_unit_id: string | null; p_parent_id: string | null };
    readonly result: null;
  };
  readonly fn_iu_tree_at: {
    readonly args: { p_document_id: string | null; p_at: string | null };
    readonly result: readonly ({ unit_id: string | null; parent_id: string | null; depth: number | null; canonical_address: string | null; section_code: string | null; lifecycle_status: string | null; version_id: string | null; version_seq: number | null; enacted_seq: number | null })[];
  };
  readonly fn_iu_tree_at_version: {
    readonly args: { p_unit_id: string | null; p_version_seq: number | null };
    readonly result: readonly ({ unit_id: string | null; parent_id: string | null; depth: number | null; canonical_address: string | null; section_code: string | null; lifecycle_status: string | null; version_id: string | null; version_seq: number | null; enacted_seq: number | null })[];
  };
  readonly fn_iu_tree_hash: {
    readonly args: { p_document_id: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_tree_is_descendant: {
    readonly args: { p_ancestor_id: string | null; p_node_id: string | null };
    readonly result: boolean | null;
  };
  readonly fn_iu_tree_siblings: {
    readonly args: { p_unit_id: string | null };
    readonly result: readonly ({ unit_id: string | null; sibling_order: string | null; canonical_address: string | null; section_code: string | null; title: string | null; lifecycle_status: string | null; is_self: boolean | null })[];
  };
  readonly fn_iu_tree_subtree: {
    readonly args: { p_unit_id: string | null; p_levels?: number | null };
    readonly result: readonly ({ unit_id: string | null; parent_id: string | null; depth: number | null; canonical_address: string | null; section_code: string | null; title: string | null; lifecycle_status: string | null; version_id: string | null })[];
  };
  readonly fn_iu_tree_verify: {
    readonly args: { p_document_id?: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_tree_verify_document: {
    readonly args: { p_document_id: string | null };
    readonly result: readonly (string | null)[] | null;
  };
  readonly fn_iu_tree_verify_part: {
    readonly args: { p_unit_ids: readonly (string | null)[] | null };
    readonly result: string | null;
  };
  readonly fn_iu_unit_at: {
    readonly args: { p_address: string | null; p_at: string | null };
    readonly result: readonly ({ unit_id: string | null; canonical_address: string | null; number_path: string | null; lifecycle_status: string | null; version_id: string | null; version_seq: number | null; enacted_seq: number | null })[];
  };
  readonly fn_iu_unit_ref: {
    readonly args: { p_ref: string | null };
    readonly result: string | null;
  };
  readonly fn_iu_wakeup_enable: {
    readonly args: { p_enabled: boolean | null };
    readonly result: boolean | null;
  };
  readonly fn_iu_window_batch: {
    readonly args: { p_cursor: string | null; p_limit: number | null; p_excluded: readonly (string | null)[] | null };
    readonly result: { events: readonly (string | null)[] | null; phase: number | null; position_seq: string | null; complete: boolean | null };
  };
  readonly fn_iu_window_open: {
    readonly args: { p_cursor: string | null; p_floor_seq: string | null; p_highest_xid: string | null };
    readonly result: IuRouteWorkerCursorRow;
  };
}
