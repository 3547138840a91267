-- Refuses while a prune runs or a redaction is open, and when something was pruned or redacted: the counts are all that is left of it.
-- Before it is counted: what a transaction is about to commit would go with its table.
lock table iu_prune_run, iu_redaction in access exclusive mode;
do $$
declare
  v_kept bigint := (select count(*) from iu_prune_run) + (select count(*) from iu_redaction);
begin
  if v_kept > 0 then
    raise exception using errcode = 'IU811', message = format('rollback of 015_retention refused: %s prunes and redactions are part of the audit', v_kept),
      hint = 'the audit is kept; export it and use the option that names what it discards';
  end if;
end
$$;

drop view v_iu_route_attempt_summary;
drop view v_iu_event_accounting;
drop function fn_iu_redaction_apply(bigint);
drop function fn_iu_redaction_text_overwrite(bigint);
drop function fn_iu_redaction_event_overwrite(bigint);
drop function fn_iu_redaction_reject(bigint, text);
drop function fn_iu_redaction_approve(bigint, text);
drop function fn_iu_redaction_request(text, text, text, text);
drop function fn_iu_redaction_plan(text, text);
drop function fn_iu_redaction_text_copies(text[]);
drop function fn_iu_redaction_event_copies(uuid);
drop function fn_iu_redaction_hashes(text, text);
drop function fn_iu_redaction_decide(bigint, text, text[]);
drop function fn_iu_redaction_said(iu_redaction);
drop function fn_iu_prune_cancel(bigint, text);
drop function fn_iu_prune_step(bigint, integer);
drop function fn_iu_prune_archived(bigint, integer, text, text, bigint, integer);
drop function fn_iu_prune_asked(bigint[], timestamptz);
drop function fn_iu_prune_referenced(bigint[]);
drop function fn_iu_prune_rest(iu_prune_run, integer, integer);
drop function fn_iu_prune_take(iu_prune_run, integer, bigint[]);
drop function fn_iu_prune_start(numeric, text, text, text);
drop function fn_iu_prune_preview(numeric, bigint, numeric);
drop function fn_iu_prune_judge(bigint, bigint, integer, timestamptz);
drop function fn_iu_prune_said(iu_prune_run, text);
drop function fn_iu_prune_certify();
drop function fn_iu_prune_ready();
drop function fn_iu_prune_cutoff(numeric);
drop table iu_redacted_copy;
drop table iu_redaction;
drop table iu_archived_row;
drop table iu_pruned_attempt;
drop table iu_pruned_event;
drop table iu_pruned_file_event;
drop table iu_prune_batch;
drop table iu_prune_run;
drop function fn_iu_redaction_guard();
drop function fn_iu_prune_batch_guard();
update dot_config set value = replace(value, ', fn_iu_redaction', '') where key = 'iu_create.gateway.allowed_marker_values';
