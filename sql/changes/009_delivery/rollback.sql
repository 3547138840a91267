-- Refuses while deliveries wait or are being sent: they would be forgotten.
-- The rows stand in a table of an earlier change, so a way back that discards records (iu_core.discard) comes to them there.
-- Before it is counted: what a transaction is about to commit would go with its table.
lock table iu_route_delivery, iu_event_edit, iu_log_gap in access exclusive mode;
do $$
declare
  v_waiting bigint := (select count(*) from iu_route_delivery);
  v_edits bigint := (select count(*) from iu_event_edit);
  v_gaps bigint := (select count(*) from iu_log_gap);
begin
  if v_waiting > 0 and current_setting('iu_core.discard', true) is distinct from 'yes' then
    raise exception using errcode = 'IU811', message = format('rollback of 009_delivery refused: %s deliveries wait', v_waiting),
      hint = 'let them settle, or cancel them: iu delivery cancel';
  elsif v_edits > 0 then
    raise exception using errcode = 'IU811', message = format('rollback of 009_delivery refused: %s corrected payloads are part of the audit', v_edits),
      hint = 'the audit is kept; export it and use the option that names what it discards';
  elsif v_gaps > 0 then
    raise exception using errcode = 'IU811', message = format('rollback of 009_delivery refused: %s gaps of the log are part of the audit', v_gaps),
      hint = 'the audit is kept; export it and use the option that names what it discards';
  end if;
end
$$;

drop trigger trg_iu_lane_release on iu_route_dead_letter;
drop procedure pr_iu_deliver_local(integer, text);
drop function fn_iu_schema();
drop function fn_iu_target_try(text, text, jsonb);
drop function fn_iu_delivery_health();
drop function fn_iu_delivery_unopened();
drop function fn_iu_delivery_queue(integer);
drop function fn_iu_delivery_execute(text, uuid);
drop function fn_iu_delivery_hop(integer);
drop function fn_iu_delivery_take(uuid);
drop function fn_iu_delivery_cancel_many(text, timestamptz, bigint, text, integer);
drop function fn_iu_delivery_cancel(uuid, text, text);
drop function fn_iu_delivery_routes(bigint[]);
drop function fn_iu_delivery_state(text, bigint[], integer[]);
drop function fn_iu_delivery_disown(text, uuid[]);
drop view v_iu_log_gap;
drop function fn_iu_gap_acknowledge(bigint, text);
drop function fn_iu_gap_report(text, bigint[], uuid[], bigint[], integer[]);
drop function fn_iu_delivery_claim(text, integer, integer, text, boolean, bigint[], integer[], integer, bigint);
drop function fn_iu_delivery_look(bigint);
drop function fn_iu_delivery_pick(bigint, bigint, integer, integer, uuid);
drop function fn_iu_delivery_allowance(bigint, integer, timestamptz);
drop function fn_iu_delivery_sweep();
drop function fn_iu_delivery_settle(text, uuid[], bigint[], bigint[], text[], integer[], text[], text[], boolean[], integer[], boolean[]);
drop function fn_iu_delivery_settle_rest(text, iu_settled[]);
drop function fn_iu_delivery_dead(iu_route_delivery, text, text, text);
drop function fn_iu_route_flow_settle(bigint, integer, integer, integer, integer, boolean, text);
drop function fn_iu_delivery_closed(timestamptz, timestamptz);
drop function fn_iu_route_set_paused(text, boolean, text);
drop function fn_iu_route_to_dry_run(bigint, text, text);
drop function fn_iu_target_register(text, text, text, text);
drop function fn_iu_target_sha256(text, text);
drop function fn_iu_target_object(text, text);
drop function fn_iu_delivery_hold(text);
drop function fn_iu_deployment_claim(text, text);
drop function fn_iu_lane_release();
drop function fn_iu_lane_refresh(bigint[], text[]);
drop function fn_iu_delivery_delay(jsonb, integer, integer, double precision);
drop type iu_claimed;
drop type iu_settled;
drop table iu_event_edit;
drop table iu_event_hop;
drop table iu_delivery_target;
drop table iu_log_gap_acknowledgement;
drop table iu_log_gap;
drop table iu_deployment;
