-- v_iu_structure_operation_log: every structure operation with what it touched, who approved it and how many events it gave.
create or replace view v_iu_structure_operation_log as
select o.operation_id, o.operation_type, o.operation_status, o.step_count, o.actor_ref, o.reason, o.approval_ref, o.applied_by, o.applied_seq,
       o.source_unit_ids, o.target_unit_ids, o.parent_unit_id, o.created_at, o.enacted_at, o.rolled_back_at, o.rolled_back_by, o.rollback_reason,
       o.rollback_approval_ref, o.withdrawn_at, o.withdrawn_by, o.withdraw_reason, o.created_by, o.applied_login, o.rolled_back_login, o.withdrawn_login,
       (o.impact_summary ->> 'units')::bigint as units, (o.impact_summary ->> 'tree_rows')::bigint as tree_rows,
       (select count(*) from iu_structure_event e where e.operation_id = o.operation_id and e.event_id is not null) as events,
       (select count(*) from iu_structure_event e where e.operation_id = o.operation_id and e.event_id is null) as suppressed_events,
       (select count(*) from iu_structure_change c where c.operation_id = o.operation_id and c.change_kind = 'review') as reviews
  from iu_structure_operation o;
comment on view v_iu_structure_operation_log is 'Every structure operation: what it touched, who approved it, how many events it gave.';
