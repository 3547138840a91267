-- W1 to W9 of the earlier system, and the promises that can be read off a live database. Read-only. Run verify_w6_seam.sql before it
-- in the same transaction. One row a check: id, what, passed, evidence.
with missing_table as (
  select string_agg(n, ', ') as names from unnest(array['dot_config', 'iu_gate_log', 'event_outbox', 'event_type_registry', 'iu_event_dedupe',
    'information_unit', 'unit_version', 'iu_sql_link', 'iu_outbound_route', 'iu_route_history', 'iu_route_approval', 'iu_sql_event_route',
    'iu_route_attempt', 'iu_route_delivery', 'iu_route_lane', 'iu_route_lease', 'iu_route_flow', 'iu_deployment', 'iu_delivery_target',
    'iu_route_dead_letter', 'iu_route_worker_cursor', 'iu_route_run', 'iu_route_worker_heartbeat', 'iu_evidence']) n
   where to_regclass(n) is null or (select c.relkind from pg_class c where c.oid = to_regclass(n)) not in ('r', 'p')
), missing_function as (
  select string_agg(n, ', ') as names from unnest(array['fn_iu_emit', 'fn_iu_emit_event', 'fn_event_type_validate', 'fn_iu_core_routes_enabled',
    'fn_iu_route_worker_enabled', 'fn_iu_delivery_enabled', 'fn_iu_route_worker_run', 'fn_iu_route_worker_health',
    'fn_iu_route_worker_reconcile', 'fn_iu_route_worker_rebase', 'fn_iu_route_dead_letter_replay', 'fn_iu_route_deliver',
    'fn_iu_gate_set', 'fn_iu_gate_open', 'fn_iu_create', 'fn_iu_revise', 'fn_iu_enact', 'fn_iu_deprecate']) n
   where not exists (select from pg_proc p where p.proname = n
                        and p.pronamespace = (select relnamespace from pg_class where oid = 'event_outbox'::regclass))
), missing_view as (
  select string_agg(n, ', ') as names from unnest(array['v_iu_route_attempt_summary', 'v_iu_event_backlog', 'v_iu_route_dead_letter_open',
    'v_iu_event_accounting']) n
   where to_regclass(n) is null or (select c.relkind from pg_class c where c.oid = to_regclass(n)) <> 'v'
), gate as (
  select g.key, (select count(*) from dot_config d where d.key = g.key) as rows, (select max(d.value) from dot_config d where d.key = g.key) as value,
         fn_iu_gate_open(g.key) as open
    from unnest(array['iu_core.routes_master_enabled', 'iu_core.route_worker_enabled']) g(key)
), cursor_state as (
  select count(*) as cursors, count(*) filter (where worker_name = 'iu_outbound_default') as standard,
         count(*) filter (where (c.system_identifier, c.database_oid, c.log_oid) is distinct from (i.system_identifier, i.database_oid, i.log_oid)) as strangers
    from iu_route_worker_cursor c cross join fn_iu_cluster_identity() i
), health as materialized (
  select c.worker_name, fn_iu_route_worker_health(c.worker_name) as h from iu_route_worker_cursor c
), books as materialized (
  select * from v_iu_event_accounting
), backlog as (
  select worker_name, backlog from v_iu_event_backlog
), guard as (
  select t.tgrelid::regclass::text as table_name, t.tgname, t.tgenabled
    from pg_trigger t
   where not t.tgisinternal and t.tgparentid = 0
     and t.tgname in ('trg_event_outbox_type_validate', 'trg_event_outbox_append_only', 'trg_iu_route_attempt_append_only',
                      'trg_iu_route_history_append_only', 'trg_iu_route_run_append_only', 'trg_iu_gate_log_append_only',
                      'trg_iu_dead_letter_guard', 'trg_iu_dead_letter_keep', 'trg_iu_route_guard', 'trg_iu_route_history',
                      'trg_iu_probe_commit_guard', 'trg_iu_evidence_append_only', 'trg_iu_route_approval_guard',
                      'trg_iu_route_approval_journal', 'trg_iu_route_approval_keep')
     and (select c.relnamespace from pg_class c where c.oid = t.tgrelid) = (select relnamespace from pg_class where oid = 'event_outbox'::regclass)
), own_function as (
  select p.* from pg_proc p
   where p.pronamespace = (select relnamespace from pg_class where oid = 'event_outbox'::regclass)
     and (p.proname like E'fn\\_iu\\_%' or p.proname like E'fn\\_event\\_%')
     and p.proowner = (select relowner from pg_class where oid = 'event_outbox'::regclass)
), log_sequence as (
  select s.cache_size, s.cycle, s.increment_by from pg_sequences s
   where s.schemaname = (select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = 'event_outbox'::regclass)
     and s.sequencename = 'event_outbox_seq_seq'
)
select 'W1' as id, 'tables' as what, names is null as passed, coalesce('missing: ' || names, 'all present') as evidence from missing_table
union all
select 'W2', 'functions', names is null, coalesce('missing: ' || names, 'all present') from missing_function
union all
select 'W3', 'views', names is null, coalesce('missing: ' || names, 'all present') from missing_view
union all
select 'W4', 'worker gate is one well-formed row', rows = 1 and value in ('true', 'false'), format('%s row, value %s', rows, coalesce(value, 'null'))
  from gate where key = 'iu_core.route_worker_enabled'
union all
select 'W5', 'cursors registered in this very cluster', standard = 1 and strangers = 0,
       format('%s registered, iu_outbound_default %s, of another cluster %s', cursors, case standard when 1 then 'yes' else 'no' end, strangers)
  from cursor_state
union all
select 'W6', 'the seam fails closed', split_part(s, ' of ', 1) = split_part(s, ' of ', 2), format('%s calls refused', s)
  from current_setting('iu_core.verify.seam', true) s
union all
select 'W7', 'two gates, missing means closed',
       bool_and(rows = 1 and (not open or value = 'true')) and count(*) = 2 and not fn_iu_gate_open('iu_core.no_such_gate')
         and bool_or(open) filter (where key = 'iu_core.routes_master_enabled') = fn_iu_core_routes_enabled()
         and bool_or(open) filter (where key = 'iu_core.route_worker_enabled') = fn_iu_route_worker_enabled(),
       string_agg(format('%s %s', replace(key, 'iu_core.', ''), case when open then 'open' else 'closed' end), ', ' order by key)
  from gate
union all
select 'W8', 'health answers for each cursor', count(*) > 0 and bool_and(h ?& array['healthy', 'reasons', 'backlog_iu_events', 'last_run_at']),
       coalesce(string_agg(format('%s: %s', worker_name, case when (h ->> 'healthy')::boolean then 'healthy'
         else (select string_agg(r ->> 'code', ' ') from jsonb_array_elements(h -> 'reasons') r) end), ', ' order by worker_name), 'no cursor')
  from health
union all
select 'W9', 'backlog is counted and agrees with the books', count(*) > 0 and bool_and(b.backlog >= a.pending),
       coalesce(string_agg(format('%s: %s', b.worker_name, b.backlog), ', ' order by b.worker_name), 'no cursor')
  from backlog b join books a using (worker_name)
union all
select 'P1', 'certificate: nothing lost', coalesce(bool_and(balanced), false),
       coalesce(string_agg(format('%s: %s events = %s decided + %s pending, %s lost', worker_name, events, decided, pending, lost), '; ' order by worker_name), 'no cursor')
  from books
union all
select 'P2', 'order of the log: sequence without cache, owned by seq',
       count(*) = 1 and bool_and(cache_size = 1 and not cycle and increment_by = 1)
         and pg_get_serial_sequence('event_outbox', 'seq') is not null,
       coalesce(string_agg(format('cache %s, increment %s', cache_size, increment_by), ''), 'no sequence')
  from log_sequence
union all
select 'P3', 'index for late transactions', coalesce(bool_or(i.indisvalid), false), coalesce(string_agg(i.indexrelid::regclass::text, ', '), 'no index (tx_id, seq)')
  from pg_index i
 where i.indrelid = 'event_outbox'::regclass and i.indpred is null
   and (select array_agg(a.attname::text order by k.n) from unnest(i.indkey::smallint[]) with ordinality k(attnum, n)
          join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum) = array['tx_id', 'seq']
union all
select 'P6', 'no live route without an approval, no approval past the functions', count(*) = 0, coalesce(string_agg(problem, '; '), 'none') from (
  select format('route %s is flagged live without', route_code) as problem
    from iu_outbound_route
   where enabled and not dry_run and removed_at is null and fn_iu_route_approval_state(route_id, version, approval_id) = 'missing'
  union all
  select format('approval %s of %s was not made by fn_iu_route_approve', a.approval_id, a.route_code)
    from v_iu_route_approval a
   where a.approved_by is not null
     and not exists (select from iu_evidence e where e.kind = 'approval' and e.detail ->> 'step' = 'approved'
                        and e.detail ->> 'approval_id' = a.approval_id::text and e.recorded_by = a.approved_by)
) forged
union all
select 'P9', 'guards enabled ALWAYS', count(*) = 15 and bool_and(tgenabled = 'A'),
       format('%s of 15%s', count(*) filter (where tgenabled = 'A'),
         coalesce('; not: ' || string_agg(tgname, ', ') filter (where tgenabled <> 'A'), ''))
  from guard
union all
select 'P9', 'no row security on tables of ours', count(*) = 0, coalesce(string_agg(c.relname, ', '), 'none')
  from pg_class c join pg_class log on log.oid = 'event_outbox'::regclass
 where c.relnamespace = log.relnamespace and c.relowner = log.relowner and c.relrowsecurity
union all
select 'P9', 'partitions of the log: as they were made, closed to direct writes', count(*) = 0, coalesce(string_agg(fault, '; '), 'none at fault')
  from fn_iu_log_partition_faults() fault
union all
select 'P15', 'functions: search_path pinned, closed to PUBLIC, definers no superuser',
       count(*) filter (where not coalesce(array_to_string(proconfig, '|') like E'%search\\_path=%', false)) = 0
         and count(*) filter (where has_function_privilege('public', oid, 'execute')) = 0
         and count(*) filter (where prosecdef and (select rolsuper from pg_roles r where r.oid = proowner)) = 0,
       format('%s functions%s%s', count(*),
         coalesce('; open to PUBLIC: ' || string_agg(proname, ', ') filter (where has_function_privilege('public', oid, 'execute')), ''),
         coalesce('; not pinned: ' || string_agg(proname, ', ') filter (where not coalesce(array_to_string(proconfig, '|') like E'%search\\_path=%', false)), ''))
  from own_function
