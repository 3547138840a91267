-- Refuses while a replay runs, and when replays or words about unknown attempts are part of the audit: they would be forgotten.
-- Before it is counted: what a transaction is about to commit would go with its table.
lock table iu_replay_run, iu_attempt_reconciliation in access exclusive mode;
do $$
declare
  v_running bigint := (select count(*) from iu_replay_run where state = 'running');
  v_kept bigint := (select count(*) from iu_replay_run) + (select count(*) from iu_attempt_reconciliation);
begin
  if v_running > 0 then
    raise exception using errcode = 'IU811', message = format('rollback of 011_dead_letter_tools refused: %s replays are running', v_running),
      hint = 'let them end, or cancel them: iu replay cancel';
  elsif v_kept > 0 then
    raise exception using errcode = 'IU811', message = format('rollback of 011_dead_letter_tools refused: %s replays and reconciliations are part of the audit', v_kept),
      hint = 'the audit is kept; export it and use the option that names what it discards';
  end if;
end
$$;

drop view v_iu_delivery;
drop function fn_iu_metrics(text, bigint, bigint);
drop function fn_iu_delivery_holds(text);
drop function fn_iu_target_unregister(text, text, text);
drop function fn_iu_replay_cancel(bigint, text);
drop function fn_iu_replay_step(bigint, integer);
drop function fn_iu_replay_start(jsonb, text, integer);
drop function fn_iu_replay_said(iu_replay_run, text, integer);
drop function fn_iu_dead_letter_preview(bigint);
drop function fn_iu_replay_preview(jsonb, integer);
drop function fn_iu_replay_candidates(jsonb, bigint, bigint, bigint);
drop function fn_iu_attempt_reconcile(uuid, text, integer, text, text);
drop function fn_iu_dead_letter_resolve_many(jsonb, text, integer);
drop function fn_iu_dead_letter_edit_retry(bigint, jsonb, text, boolean);
drop function fn_iu_payload_diff(jsonb, jsonb);
drop index iu_route_dead_letter_route_idx;
drop table iu_attempt_reconciliation;
drop table iu_replay_run;
drop function fn_iu_replay_run_guard();
