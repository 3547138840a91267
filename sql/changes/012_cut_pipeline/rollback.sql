-- Refuses while a run exists: what was approved and written is part of the audit.
-- The rows stand in a table of an earlier change, so a way back that discards records (iu_core.discard) comes to them there.
-- Before it is counted: what a transaction is about to commit would go with its table.
lock table iu_cut_run in access exclusive mode;
do $$
declare
  v_runs bigint := (select count(*) from iu_cut_run);
begin
  if v_runs > 0 and current_setting('iu_core.discard', true) is distinct from 'yes' then
    raise exception using errcode = 'IU811', message = format('rollback of 012_cut_pipeline refused: %s cut runs', v_runs),
      hint = 'the audit is kept; export it and use the option that names what it discards';
  end if;
end
$$;

drop trigger trg_iu_cut_run_born on iu_cut_run;
drop trigger trg_iu_cut_run_journal on iu_cut_run;
drop view v_iu_cut_plan;
drop view v_iu_cut_run;
drop function fn_iu_cut_write_check(iu_cut_run);
drop function fn_iu_cut_void(bigint, text, text);
drop function fn_iu_cut_unenact(uuid[], text, text, text);
drop function fn_iu_cut_undo_texts(iu_cut_run, text, text);
drop function fn_iu_cut_undo_birth(iu_cut_run, text, text);
drop function fn_iu_cut_structural_check(iu_cut_run);
drop function fn_iu_cut_stop(iu_cut_run, text, text, jsonb);
drop function fn_iu_cut_start(bigint, text, text, text, text, text, text, jsonb, text);
drop function fn_iu_cut_run_journal();
drop function fn_iu_cut_rollback(bigint, text, text, text);
drop function fn_iu_cut_record(iu_cut_run);
drop function fn_iu_cut_backup(bigint);
drop function fn_iu_cut_prepare(iu_cut_run);
drop function fn_iu_cut_plan(bigint, jsonb, text);
drop function fn_iu_cut_misplaced(bigint, uuid);
drop function fn_iu_cut_refuse_drafts(uuid);
drop function fn_iu_cut_mark(bigint, jsonb, text);
drop function fn_iu_cut_enact(iu_cut_run);
drop function fn_iu_cut_document(text);
drop function fn_iu_cut_decide(bigint, integer, uuid[], text, text);
drop function fn_iu_cut_words(bigint);
drop function fn_iu_cut_conflict(iu_cut_run);
drop function fn_iu_cut_bridge_requests(bigint);
drop function fn_iu_cut_bridge(iu_cut_run);
drop function fn_iu_cut_birth(iu_cut_run);
drop function fn_iu_cut_base(text);
drop function fn_iu_cut_await_lifecycle(iu_cut_run);
drop function fn_iu_cut_approve(bigint, integer, text, text, text);
drop function fn_iu_cut_apply_texts(iu_cut_run);
drop function fn_iu_cut_apply_steps(iu_cut_run, text);
drop function fn_iu_cut_apply(iu_cut_run);
drop function fn_iu_cut_anchor(iu_cut_run);
drop function fn_iu_cut_advance(bigint, text);
drop function fn_iu_cut_piece_units(bigint);
drop function fn_iu_cut_reference(bigint, integer);
drop function fn_iu_cut_said(iu_cut_run);
drop function fn_iu_cut_waits_for(iu_cut_run);
drop function fn_iu_cut_claim(bigint, text);
drop function fn_iu_cut_manifest(bigint, jsonb, jsonb, text, text);
drop function fn_iu_cut_digest(bigint, text);
drop function fn_iu_cut_manifest_digest(jsonb);
drop function fn_iu_cut_may_follow(text, text);
drop function fn_iu_cut_may_approve(bigint, text);
drop table iu_cut_bridge_request;
drop table iu_cut_version;
drop table iu_cut_operation;
drop table iu_cut_approval;
drop table iu_cut_decision;
drop table iu_cut_doubt;
drop table iu_cut_plan_piece;
drop table iu_cut_plan_step;
drop table iu_cut_mark;
drop table iu_cut_log;
drop function fn_iu_cut_approval_guard();
