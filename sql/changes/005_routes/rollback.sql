-- Refuses while something waits or was audited: that history cannot be made again.
-- Before it is counted: what a transaction is about to commit would go with its table.
lock table iu_outbound_route, iu_sql_event_route, iu_route_attempt, iu_route_delivery, iu_route_dead_letter in access exclusive mode;
do $$
declare
  v_attempts bigint := (select count(*) from iu_route_attempt);
  v_waiting bigint := (select count(*) from iu_route_delivery);
  v_dead bigint := (select count(*) from iu_route_dead_letter);
  v_enabled text := (select string_agg(route_code, ', ') from (
    select route_code from iu_outbound_route where enabled union all select route_code from iu_sql_event_route where enabled) r);
begin
  if v_enabled is not null then
    raise exception using errcode = 'IU810', message = format('rollback of 005_routes refused: enabled routes: %s', v_enabled),
      hint = 'disable them first: iu route disable CODE --reason TEXT';
  end if;
  if v_attempts + v_waiting + v_dead > 0 then
    raise exception using errcode = 'IU811',
      message = format('rollback of 005_routes refused: %s attempts, %s waiting deliveries, %s dead letters', v_attempts, v_waiting, v_dead),
      hint = 'the audit is kept; export it and use the option that names what it discards';
  end if;
end
$$;

drop trigger trg_iu_sql_in_iu_sql_link on iu_sql_link;
drop table iu_route_dead_letter;
drop table iu_route_flow;
drop table iu_route_lease;
drop table iu_route_lane;
drop table iu_route_delivery;
drop table iu_route_attempt;
drop table iu_sql_event_route;
drop table iu_route_history;
alter table iu_outbound_route drop constraint iu_outbound_route_approval_fk;
drop table iu_route_approval;
drop table iu_outbound_route;
drop function fn_iu_sql_link_inbound_capture();
drop function fn_iu_route_deliver(text, uuid, jsonb);
drop function fn_iu_route_remove(text, text);
drop function fn_iu_route_set_enabled(text, boolean, text);
drop function fn_iu_route_add(jsonb);
drop function fn_iu_failure_signature(text, text, text);
drop function fn_iu_judged_routes();
drop function fn_iu_lane_wake(bigint[], text[], bigint[]);
drop function fn_iu_route_canary(text, text, text, uuid);
drop function fn_iu_route_request(text, text, jsonb);
drop function fn_iu_dead_letter_guard();
drop function fn_iu_route_keep();
drop function fn_iu_route_flow_birth();
drop function fn_iu_route_history_write();
drop function fn_iu_route_guard();
drop function fn_iu_retry_policy_check(jsonb);
drop function fn_iu_route_approval_state(bigint, integer, bigint);
drop function fn_iu_delivery_enabled();
drop function fn_iu_core_routes_enabled();
drop function fn_iu_pattern_matches(text, text);
drop type iu_event_key;
drop type iu_judged_route;
