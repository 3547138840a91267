-- fn_iu_route_worker_health(text) returns jsonb
--
-- Contract:  tells honestly whether this worker's events are being decided (P10): healthy is true only when there is no reason
--            against it, and every reason has a name, a sentence and what to do. Silence is a reason.
-- Arguments: p_worker_name
-- Returns:   the earlier system's fields {master_gate_open, worker_gate_open, registered, cursor_created_at, cursor_event_id,
--            last_run_at, events_seen_total, attempts_written_total, dead_lettered_total, backlog_iu_events, dead_letter_open,
--            outbound_attempts_in_audit, healthy} and {reasons: [{code, message, action}], seconds_since_last_run,
--            oldest_undecided_seconds, deliveries_waiting, oldest_delivery_seconds, delivery_hold, lost, blockers, suppressed_events, processes}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_route_worker_health(p_worker_name text default 'iu_outbound_default') returns jsonb
language plpgsql
volatile
security definer
set search_path from current
set jit = off
as $$
declare
  c iu_route_worker_cursor;
  v_master boolean := fn_iu_core_routes_enabled();
  v_worker boolean := fn_iu_route_worker_enabled();
  v_silence_allowed numeric := fn_iu_setting_number('iu_core.health_max_silence_seconds', 120, 1, 86400);
  v_backlog_allowed numeric := fn_iu_setting_number('iu_core.health_max_undecided_seconds', 300, 1, 604800);
  v_silence numeric;
  v_backlog record;
  v_delivery jsonb := fn_iu_delivery_health();
  v_dead bigint;
  v_unowned text;
  v_disabled text;
  v_secured text;
  v_identity record;
  v_blockers jsonb;
  v_suppressed bigint;
  v_log record;
  v_faults text;
  v_found jsonb := '[]';
begin
  select * into c from iu_route_worker_cursor where worker_name = p_worker_name;
  select coalesce(sum(backlog), 0) as waiting, extract(epoch from clock_timestamp() - min(oldest_created_at)) as age into v_backlog
    from v_iu_event_backlog where worker_name = p_worker_name;
  select count(*) into v_dead from iu_route_dead_letter where resolved_at is null;
  select string_agg(distinct t.event_domain, ', ') into v_unowned from event_type_registry t
   where t.active and not exists (select from iu_route_worker_cursor o where o.event_domain in ('*', t.event_domain));
  -- of ours: an adoption leaves those of the former system beside them, switched off
  select string_agg(t.tgname, ', ' order by t.tgname) into v_disabled from pg_trigger t join pg_proc f on f.oid = t.tgfoid
   where t.tgrelid in ('event_outbox'::regclass, 'unit_version'::regclass, 'iu_sql_link'::regclass, 'iu_outbound_route'::regclass,
                       'iu_route_attempt'::regclass) and not t.tgisinternal and t.tgenabled = 'D'
     and f.proowner = (select relowner from pg_class where oid = 'event_outbox'::regclass);
  select string_agg(r.relname, ', ' order by r.relname) into v_secured from pg_class r join pg_class log on log.oid = 'event_outbox'::regclass
   where r.relnamespace = log.relnamespace and r.relowner = log.relowner and r.relrowsecurity;
  select coalesce(jsonb_agg(to_jsonb(b)), '[]') into v_blockers from fn_iu_blockers(60) b;
  select count(*) into v_suppressed from iu_suppressed_event;
  select * into v_log from fn_iu_log_partition_state();
  select string_agg(fault, '; ') into v_faults from fn_iu_log_partition_faults() fault;
  v_silence := extract(epoch from clock_timestamp() - coalesce(c.last_run_at, c.registered_at));

  select coalesce(jsonb_agg(jsonb_build_object('code', code, 'message', message, 'action', action)), '[]') into v_found from (values
    (not v_master, 'master_gate_closed', 'the master gate is closed: no pass decides', 'iu gate open routes_master_enabled --reason TEXT'),
    (not v_worker, 'worker_gate_closed', 'the worker gate is closed: no pass decides', 'iu gate open route_worker_enabled --reason TEXT'),
    (c.worker_name is null, 'unregistered', format('worker %s is not registered', p_worker_name), 'iu cursor register WORKER --domain DOMAIN --from beginning (or now, to leave out what there is)'),
    (v_silence > v_silence_allowed, 'silent', format('no pass for %s s, %s s are allowed', v_silence::bigint, v_silence_allowed),
      'start iu worker, or look at its log'),
    (v_backlog.age > v_backlog_allowed, 'undecided_too_old', format('%s events wait, the oldest for %s s, %s s are allowed',
      v_backlog.waiting, v_backlog.age::bigint, v_backlog_allowed), 'see blockers, the worker''s log and iu cursor list'),
    (v_dead > 0, 'dead_letters_open', format('%s dead letters are open', v_dead), 'iu dead-letter list; replay or resolve them'),
    (c.lost_pairs > 0, 'certificate_broken', format('%s decisions are missing', c.lost_pairs), 'iu cursor rewind WORKER decides what is missing'),
    (v_unowned is not null, 'domain_without_owner', format('no worker decides the domains: %s', v_unowned),
      'iu cursor register WORKER --domain DOMAIN --from beginning (or now, to leave out what there is)'),
    (fn_iu_setting('iu_core.emission_enabled', 'true') = 'false', 'emission_disabled',
      format('recording is switched off; %s events were suppressed so far', v_suppressed), 'iu gate open emission_enabled --reason TEXT'),
    (v_log.numbers_left < case v_log.form when 'unfinished' then v_log.events else v_log.wanted / 2 end, case v_log.form when 'unfinished' then 'log_partition_unfinished' else 'log_partition_low' end,
      format('%s events until the log has no place for the next, %s should be left; then emitting fails', v_log.numbers_left, v_log.wanted),
      case v_log.form when 'unfinished' then 'iu log partition apply goes on, iu log partition back takes the bound away' else 'iu log partition tend' end),
    (v_faults is not null, 'log_partition_fault', format('the partitions of the log are not what was made: %s', v_faults),
      'attach what was detached, take away what is not ours; iu log partition tend books what was dropped'),
    (v_secured is not null, 'row_security', format('row security is on, so rows can be hidden from those who decide, certify or look: %s', v_secured),
      'alter table TABLE disable row level security, no force row level security'),
    (v_disabled is not null, 'trigger_disabled', format('triggers are disabled: %s', v_disabled), 'iu enable --level 3 --reason TEXT'),
    (jsonb_path_exists(v_blockers, '$[*] ? (@.kind == "prepared")'), 'prepared_transaction',
      'a prepared transaction is forgotten: its events stay undecided', 'see blockers: COMMIT PREPARED or ROLLBACK PREPARED by its name'))
    as reason (holds, code, message, action)
   where holds;
  v_found := v_found || (v_delivery -> 'reasons');
  if not pg_is_in_recovery() and c.worker_name is not null then
    select * into v_identity from fn_iu_cluster_identity();
    if (c.system_identifier, c.database_oid, c.log_oid) is distinct from
       (v_identity.system_identifier, v_identity.database_oid, v_identity.log_oid) then
      v_found := v_found || jsonb_build_object('code', 'cluster_changed', 'message', 'this is another cluster, database or log than the cursor''s',
        'action', 'after a restore: iu cursor rebase WORKER --reason TEXT');
    end if;
  end if;
  return jsonb_build_object(
    'worker_name', p_worker_name, 'master_gate_open', v_master, 'worker_gate_open', v_worker, 'registered', c.worker_name is not null,
    'event_domain', c.event_domain, 'cursor_created_at', c.last_created_at, 'cursor_event_id', c.last_event_id, 'last_run_at', c.last_run_at,
    'events_seen_total', coalesce(c.events_seen, 0), 'attempts_written_total', coalesce(c.attempts_written, 0),
    'dead_lettered_total', coalesce(c.dead_lettered, 0), 'backlog_iu_events', v_backlog.waiting, 'dead_letter_open', v_dead,
    'outbound_attempts_in_audit', case
      -- above a million the planner's estimate, or health would read the whole audit each time
      when (select reltuples from pg_class where oid = 'iu_route_attempt'::regclass) > 1000000
        then (select reltuples::bigint from pg_class where oid = 'iu_route_attempt'::regclass)
      else (select count(*) from iu_route_attempt where route_kind = 'outbound') end,
    'healthy', v_found = '[]', 'reasons', v_found,
    'seconds_since_last_run', round(v_silence, 1), 'oldest_undecided_seconds', round(v_backlog.age, 1),
    'deliveries_waiting', v_delivery -> 'waiting', 'oldest_delivery_seconds', v_delivery -> 'oldest_seconds', 'delivery_hold', v_delivery -> 'hold', 'lost', coalesce(c.lost_pairs, 0),
    'reconciled_at', c.reconciled_at, 'blockers', v_blockers, 'suppressed_events', v_suppressed,
    'processes', (select coalesce(jsonb_agg(jsonb_build_object('process_id', process_id, 'host', host, 'pid', pid, 'state', state,
                    'seconds_since_beat', round(extract(epoch from clock_timestamp() - last_beat_at), 1)) order by last_beat_at desc), '[]')
                    from iu_route_worker_heartbeat where (p_worker_name = any (worker_names) or worker_names = '{}') and state <> 'stopped'
                     and last_beat_at > clock_timestamp() - interval '1 hour'));
end
$$;
