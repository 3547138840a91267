-- Refuses while the worker gate is open or decisions were recorded.
-- Before it is counted: what a transaction is about to commit would go with its table.
lock table iu_route_worker_cursor, iu_route_run in access exclusive mode;
do $$
declare
  v_runs bigint := (select count(*) from iu_route_run);
  v_others text := (select string_agg(worker_name, ', ') from iu_route_worker_cursor where worker_name <> 'iu_outbound_default');
begin
  if fn_iu_route_worker_enabled() then
    raise exception using errcode = 'IU810', message = 'rollback of 006_worker refused: the worker gate is open',
      hint = 'close it first: iu disable --level 0 --reason TEXT';
  end if;
  if v_others is not null then
    raise exception using errcode = 'IU811', message = format('rollback of 006_worker refused: registered workers: %s', v_others),
      hint = 'give their domains back first: iu cursor transfer';
  end if;
  if v_runs > 0 then
    raise exception using errcode = 'IU811', message = format('rollback of 006_worker refused: %s recorded runs', v_runs),
      hint = 'the audit is kept; export it and use the option that names what it discards';
  end if;
end
$$;

drop function fn_iu_ladder_enable(integer, text);
drop function fn_iu_ladder_disable(integer, text);
drop function fn_iu_ladder_capture(boolean, text);
drop function fn_iu_ladder_log(integer, text, text);
drop function fn_iu_event_story(uuid);
drop function fn_iu_route_worker_health(text);
drop view v_iu_route_dead_letter_open;
drop view v_iu_event_backlog;
drop view v_iu_event_undecided;
drop function fn_iu_blockers(integer);
drop function fn_iu_route_dead_letter_resolve(bigint, text);
drop function fn_iu_route_dead_letter_replay(bigint, boolean);
drop function fn_iu_route_redecide(bigint, bigint, boolean);
drop function fn_iu_route_worker_reconcile(text, boolean);
drop function fn_iu_route_worker_heartbeat(text, text[], text, integer, text, text, text, jsonb);
drop function fn_iu_route_worker_unregister(text, text);
drop function fn_iu_route_worker_transfer(text, text, text, text);
drop function fn_iu_route_worker_rebase(text, text);
drop function fn_iu_route_worker_rewind(text, text);
drop function fn_iu_route_missing(iu_route_worker_cursor, boolean);
drop function fn_iu_route_decide_missing(iu_route_worker_cursor, text, bigint, text);
drop function fn_iu_route_worker_run(text, integer);
drop function fn_iu_window_batch(iu_route_worker_cursor, integer, text[]);
drop function fn_iu_window_open(iu_route_worker_cursor, bigint, xid8);
drop function fn_iu_route_decide_isolated(iu_event_key[], iu_judged_route[], bigint);
drop function fn_iu_route_fail(bigint, iu_judged_route, integer, bigint, text, text);
drop function fn_iu_route_decide(iu_event_key[], iu_judged_route[], bigint);
drop function fn_iu_route_outcome(event_outbox, iu_judged_route);
drop function fn_iu_route_worker_register(text, text, text);
drop function fn_iu_cursor_change(text);
drop function fn_iu_cursor_lock_key();
drop function fn_iu_owned_domains(text);
drop function fn_iu_require_read_committed();
drop function fn_iu_cluster_identity();
drop function fn_iu_log_mark();
drop function fn_iu_snapshot_without_self(xid8);
drop function fn_iu_closed_gate();
drop function fn_iu_route_worker_enabled();
drop table iu_route_run;
drop table iu_route_worker_heartbeat;
drop table iu_route_worker_cursor;
