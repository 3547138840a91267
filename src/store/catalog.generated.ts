// Written by scripts/generate.mjs from the catalog. Do not edit: npm run generate
//
// int8, numeric, xid8, timestamps, json and jsonb are PostgreSQL's own text. Of a view or function the catalog does not say what is never null.

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
  readonly extractor: string | null;
  readonly finished_at: string | null;
  readonly gate_1_approved_by: string | null;
  readonly gate_2_approved_by: string | null;
  readonly grammar: string | null;
  readonly manifest_digest: string | null;
  readonly media_type: string | null;
  readonly newline_style: string | null;
  readonly original_encoding: string | null;
  readonly original_media_type: string | null;
  readonly original_sha256: string | null;
  readonly piece_count: number | null;
  readonly pin_sha256: string | null;
  readonly revision_label: string | null;
  readonly run_id: string | null;
  readonly source_note: string | null;
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

/** A row of the function fn_iu_blockers. */
export interface FnIuBlockersRow {
  readonly age_seconds: number | null;
  readonly application_name: string | null;
  readonly kind: string | null;
  readonly name: string | null;
  readonly pid: number | null;
  readonly state: string | null;
  readonly xid: string | null;
}

/** A row of the function fn_iu_catalog_fingerprint. */
export interface FnIuCatalogFingerprintRow {
  readonly fingerprint: string | null;
  readonly identity: string | null;
  readonly kind: string | null;
}

/** A row of the function fn_iu_cluster_identity. */
export interface FnIuClusterIdentityRow {
  readonly database_oid: number | null;
  readonly log_oid: number | null;
  readonly system_identifier: string | null;
  readonly timeline: number | null;
}

/** A row of the function fn_iu_create_many. */
export interface FnIuCreateManyRow {
  readonly canonical_address: string | null;
  readonly ordinal: string | null;
  readonly unit_id: string | null;
  readonly version_id: string | null;
}

/** A row of the function fn_iu_cut_bridge_requests. */
export interface FnIuCutBridgeRequestsRow {
  readonly kind: string | null;
  readonly operation_id: string | null;
  readonly place: string | null;
  readonly request: string | null;
  readonly request_key: string | null;
  readonly unit_id: string | null;
}

/** A row of the function fn_iu_cut_living_units. */
export interface FnIuCutLivingUnitsRow {
  readonly body: string | null;
  readonly body_sha256: string | null;
  readonly canonical_address: string | null;
  readonly parent_id: string | null;
  readonly position: string | null;
  readonly unit_id: string | null;
  readonly version_id: string | null;
}

/** A row of the function fn_iu_delivery_holds. */
export interface FnIuDeliveryHoldsRow {
  readonly hold: string | null;
  readonly route_code: string | null;
  readonly route_id: string | null;
}

/** A row of the function fn_iu_delivery_take. */
export interface FnIuDeliveryTakeRow {
  readonly call_name: string | null;
  readonly event: string | null;
  readonly event_id: string | null;
  readonly event_seq: string | null;
  readonly hop: number | null;
  readonly route_id: string | null;
  readonly route_version: number | null;
  readonly target_kind: string | null;
}

/** A row of the function fn_iu_delivery_unopened. */
export interface FnIuDeliveryUnopenedRow {
  readonly by_all: boolean | null;
  readonly reason: string | null;
  readonly route_code: string | null;
  readonly route_id: string | null;
  readonly runners: number | null;
}

/** A row of the function fn_iu_emit. */
export interface FnIuEmitRow {
  readonly event_id: string | null;
  readonly event_seq: string | null;
  readonly is_new: boolean | null;
  readonly suppressed: boolean | null;
}

/** A row of the function fn_iu_log_partition_state. */
export interface FnIuLogPartitionStateRow {
  readonly end_seq: string | null;
  readonly events: string | null;
  readonly form: string | null;
  readonly last_seq: string | null;
  readonly numbers_left: string | null;
  readonly partitions: number | null;
  readonly wanted: string | null;
}

/** A row of the function fn_iu_source_pin. */
export interface FnIuSourcePinRow {
  readonly is_new: boolean | null;
  readonly pin_id: string | null;
  readonly sha256: string | null;
}

/** A row of the function fn_iu_target_object. */
export interface FnIuTargetObjectRow {
  readonly call_name: string | null;
  readonly definition: string | null;
}

/** A row of the function fn_iu_tree_ancestors. */
export interface FnIuTreeAncestorsRow {
  readonly canonical_address: string | null;
  readonly depth: number | null;
  readonly lifecycle_status: string | null;
  readonly parent_id: string | null;
  readonly section_code: string | null;
  readonly title: string | null;
  readonly unit_id: string | null;
  readonly version_id: string | null;
}

/** A row of the function fn_iu_tree_at. */
export interface FnIuTreeAtRow {
  readonly canonical_address: string | null;
  readonly depth: number | null;
  readonly enacted_seq: number | null;
  readonly lifecycle_status: string | null;
  readonly parent_id: string | null;
  readonly section_code: string | null;
  readonly unit_id: string | null;
  readonly version_id: string | null;
  readonly version_seq: number | null;
}

/** A row of the function fn_iu_tree_at_version. */
export interface FnIuTreeAtVersionRow {
  readonly canonical_address: string | null;
  readonly depth: number | null;
  readonly enacted_seq: number | null;
  readonly lifecycle_status: string | null;
  readonly parent_id: string | null;
  readonly section_code: string | null;
  readonly unit_id: string | null;
  readonly version_id: string | null;
  readonly version_seq: number | null;
}

/** A row of the function fn_iu_tree_siblings. */
export interface FnIuTreeSiblingsRow {
  readonly canonical_address: string | null;
  readonly is_self: boolean | null;
  readonly lifecycle_status: string | null;
  readonly section_code: string | null;
  readonly sibling_order: string | null;
  readonly title: string | null;
  readonly unit_id: string | null;
}

/** A row of the function fn_iu_tree_subtree. */
export interface FnIuTreeSubtreeRow {
  readonly canonical_address: string | null;
  readonly depth: number | null;
  readonly lifecycle_status: string | null;
  readonly parent_id: string | null;
  readonly section_code: string | null;
  readonly title: string | null;
  readonly unit_id: string | null;
  readonly version_id: string | null;
}

/** A row of the function fn_iu_unit_at. */
export interface FnIuUnitAtRow {
  readonly canonical_address: string | null;
  readonly enacted_seq: number | null;
  readonly lifecycle_status: string | null;
  readonly number_path: string | null;
  readonly unit_id: string | null;
  readonly version_id: string | null;
  readonly version_seq: number | null;
}
