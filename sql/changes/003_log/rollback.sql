-- Refuses while events are logged or were suppressed: both are a record of what happened.
-- Before it is counted: what a transaction is about to commit would go with its table.
lock table event_outbox, iu_suppressed_event in access exclusive mode;
do $$
declare
  v_events bigint := (select count(*) from event_outbox);
  v_suppressed bigint := (select count(*) from iu_suppressed_event);
begin
  if v_events > 0 or v_suppressed > 0 then
    raise exception using errcode = 'IU811',
      message = format('rollback of 003_log refused: event_outbox has %s rows, iu_suppressed_event %s', v_events, v_suppressed),
      hint = 'the log is the record of what happened; back it up and remove it with iu uninstall';
  end if;
end
$$;

drop view v_iu_suppressed_event;
drop table iu_suppressed_event;
drop table iu_event_dedupe;
drop trigger trg_event_outbox_check on event_outbox;
drop trigger trg_event_outbox_type_validate on event_outbox;
drop trigger trg_event_outbox_recording on event_outbox;
drop function fn_iu_event_check();
drop function fn_event_type_validate();
drop function fn_iu_event_recording();
drop function fn_iu_event_settle(event_outbox, text, boolean);
drop function fn_iu_forbidden_key(text);
drop function fn_iu_forbidden_key_pattern();
drop table event_outbox;
drop function fn_iu_log_partition_attached();
drop function fn_iu_log_partition_missing();
drop function fn_iu_log_partition_hold(text);
drop function fn_iu_log_partition_state();
drop function fn_iu_log_partition_direct();
drop function fn_iu_log_partition_guard(text);
drop function fn_iu_log_partition_make(bigint, bigint);
drop function fn_iu_log_partition_ahead(boolean);
drop function fn_iu_log_partition_tend();
drop function fn_iu_log_partition_unseen();
drop function fn_iu_log_partition_refuse();
drop function fn_iu_log_partition_refusals();
drop function fn_iu_log_partition_faults();
drop function fn_iu_log_partition_plan();
drop function fn_iu_log_partition_swap(text);
drop function fn_iu_log_partition_step(text);
drop function fn_iu_log_partition_kept(bigint);
drop function fn_iu_log_partition_back(text, bigint);
drop function fn_iu_log_let_go();
drop function fn_iu_log_rebind(oid, text[], text);
drop table iu_log_partition;
drop table event_type_registry;
drop function fn_iu_wakeup_enable(boolean);
drop function fn_iu_wakeup();
drop function fn_iu_event_type_disable(text, text);
drop function fn_iu_event_type_add(text, text, text, text, text, text);
drop function fn_iu_emit_event(text, text, uuid, text, jsonb);
drop function fn_iu_emit(text, text, text, text, jsonb, text, text, text, text, text, text, timestamptz, text);
drop function fn_event_outbox_append_only();
drop function fn_iu_event_type_refuse(text, text);
