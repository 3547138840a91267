-- Refuses while somebody asked to go live or recorded evidence: who approved what cannot be made again. A backup, or going without one, is no
-- such evidence: the way back demands the one or the other, and would refuse itself.
-- The rows stand in a table of an earlier change, so a way back that discards records (iu_core.discard) comes to them there.
-- Before it is counted: what a transaction is about to commit would go with its table.
lock table iu_route_approval, iu_evidence in access exclusive mode;
do $$
declare
  v_approvals bigint := (select count(*) from iu_route_approval);
  v_evidence bigint := (select count(*) from iu_evidence where kind not in ('backup', 'backup_waived'));
begin
  if v_approvals + v_evidence > 0 and current_setting('iu_core.discard', true) is distinct from 'yes' then
    raise exception using errcode = 'IU811',
      message = format('rollback of 010_going_live refused: %s requests and approvals, %s rows of evidence', v_approvals, v_evidence),
      hint = 'who approved what is kept; back it up and remove it with iu uninstall';
  end if;
end
$$;

drop trigger trg_iu_route_approval_keep on iu_route_approval;
drop trigger trg_iu_route_approval_journal on iu_route_approval;
drop trigger trg_iu_route_approval_guard on iu_route_approval;
drop view v_iu_route_approval;
drop function fn_iu_route_diff(text, jsonb, timestamp with time zone, integer);
drop function fn_iu_route_shadow(event_outbox, iu_judged_route);
drop function fn_iu_route_change(text, jsonb, text);
drop function fn_iu_route_changed(iu_outbound_route, jsonb);
drop function fn_iu_route_back_to_dry_run(text, text);
drop function fn_iu_route_go_live(text, text);
drop function fn_iu_route_reject(bigint, text);
drop function fn_iu_route_approve(bigint, text, bigint, timestamp with time zone, numeric, integer);
drop function fn_iu_route_request_live(text, text, bigint, timestamp with time zone, numeric, integer);
drop function fn_iu_route_approval_open(bigint);
drop function fn_iu_route_approval_said(iu_route_approval);
drop function fn_iu_route_approval_journal();
drop function fn_iu_route_approval_guard();
drop function fn_iu_route_must_be_ready(jsonb);
drop function fn_iu_route_readiness(text);
drop function fn_iu_routes_readiness(text[]);
drop function fn_iu_readiness_item(text, iu_outbound_route, text);
drop function fn_iu_route_observed(bigint, integer, integer);
drop function fn_iu_route_of(text, boolean);
drop function fn_iu_going_live_reason(text);
drop function fn_iu_evidence_judge(text, iu_outbound_route, numeric, text);
drop function fn_iu_evidence_record(text, boolean, jsonb, text, integer);
drop function fn_iu_catalog_digest();
drop function fn_iu_installation_mark();
drop table iu_evidence;
