-- 006_worker: the pass. One cursor row a named worker; snapshot windows decide each event once; runs, replay, rebase, certificate,
-- health. How the windows work is explained in ARCHITECTURE.md, "The pass".

create table iu_route_worker_cursor (
  worker_name          text primary key check (worker_name ~ '^[A-Za-z0-9_.-]{1,80}$'),
  event_domain         text not null unique check (event_domain ~ E'^([A-Za-z0-9_.-]+|\\*)$'),
  base_kind            text not null check (base_kind in ('beginning', 'now', 'transfer', 'rebase')),
  base_snapshot        pg_snapshot not null,
  base_floor_seq       bigint not null default 0,
  base_seq             bigint not null default 0,
  base_history_id      bigint not null default 0,
  done_snapshot        pg_snapshot not null,
  done_floor_seq       bigint not null,
  open_snapshot        pg_snapshot,
  open_floor_seq       bigint,
  open_ceil_seq        bigint,
  phase                smallint not null default 1 check (phase in (1, 2)),
  position_seq         bigint not null default 0,
  rewound_seq          bigint not null default 0,
  last_event_id        uuid,
  last_created_at      timestamptz,
  last_event_seq       bigint,
  events_seen          bigint not null default 0,
  attempts_written     bigint not null default 0,
  dead_lettered        bigint not null default 0,
  passes               bigint not null default 0,
  last_run_at          timestamptz,
  last_run_summary     jsonb,
  reconciled_snapshot  pg_snapshot not null,
  reconciled_floor_seq bigint not null,
  reconciled_at        timestamptz,
  lost_pairs           bigint not null default 0,
  system_identifier    text not null,
  database_oid         oid not null,
  log_oid              oid not null,
  timeline             integer not null,
  registered_at        timestamptz not null default clock_timestamp(),
  registered_by        text not null default session_user,
  constraint iu_route_worker_cursor_window_chk check (
    (open_snapshot is null) = (open_floor_seq is null) and (open_snapshot is null) = (open_ceil_seq is null))
) with (fillfactor = 50);
comment on table iu_route_worker_cursor is 'One row a named worker. done_snapshot: every event visible in it (after base) is decided. open_snapshot: the window being worked on.';
comment on column iu_route_worker_cursor.done_floor_seq is 'The log''s sequence read before done_snapshot was taken: every row of a transaction that began later has a greater seq.';
comment on column iu_route_worker_cursor.rewound_seq is 'Up to here the log was looked at before a rewind or by another worker: passes leave an event alone that has a decision.';
comment on column iu_route_worker_cursor.last_event_id is 'The last event decided (cursor_event_id); for display, the position is the snapshots.';

create table iu_route_worker_heartbeat (
  process_id      text primary key,
  worker_names    text[] not null,
  host            text not null,
  pid             integer not null,
  version         text not null,
  state           text not null check (state in ('starting', 'running', 'waiting', 'stopping', 'stopped')),
  detail          text,
  unopened_routes jsonb check (jsonb_typeof(unopened_routes) = 'object'),
  started_at      timestamptz not null,
  last_beat_at    timestamptz not null
);
comment on table iu_route_worker_heartbeat is 'Worker processes that reported themselves. For people: the promise of silence rests on last_run_at of the cursor.';
comment on column iu_route_worker_heartbeat.unopened_routes is 'Of a process that delivers: why it cannot open the targets of routes, by route id. Null: it does not deliver.';

create table iu_route_run (
  run_id            bigint generated always as identity primary key,
  worker_name       text not null,
  kind              text not null check (kind in ('pass', 'rebase', 'transfer', 'revive')),
  started_at        timestamptz not null,
  finished_at       timestamptz not null,
  seen              integer not null,
  attempts_written  integer not null,
  deliveries_queued integer not null,
  skipped           integer not null,
  dead_lettered     integer not null,
  window_complete   boolean not null,
  first_seq         bigint,
  last_seq          bigint,
  route_snapshot    pg_snapshot not null,
  route_tx_id       xid8 not null,
  route_history_id  bigint not null,
  tool              text
);
create index iu_route_run_worker_idx on iu_route_run (worker_name, run_id);
comment on table iu_route_run is 'A row for each pass that saw an event. route_snapshot says which routes it could see, so that the certificate can check every (event, route) pair. Append-only.';

-- >>> functions/worker/fn_iu_route_worker_enabled.sql
-- fn_iu_route_worker_enabled() returns boolean
--
-- Contract:  whether the worker gate is open.
-- Arguments: none
-- Returns:   true only when open
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_route_worker_enabled() returns boolean
language plpgsql
volatile
set search_path from current
as $$
begin
  return fn_iu_gate_open('iu_core.route_worker_enabled');
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_closed_gate.sql
-- fn_iu_closed_gate() returns text
--
-- Contract:  which gate keeps this transaction from deciding anything; the master is named first. Takes the gates' lock shared
--            before it reads them, until the end of the transaction, so that who closes one can wait for it; a probe's
--            transaction, which cannot commit, takes none.
-- Arguments: none
-- Returns:   master_gate_closed or worker_gate_closed; null when both are open
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_closed_gate() returns text
language plpgsql
volatile
set search_path from current
as $$
begin
  if not fn_iu_in_probe() then
    perform pg_advisory_xact_lock_shared(fn_iu_gate_lock_key());
  end if;
  return case when not fn_iu_core_routes_enabled() then 'master_gate_closed'
              when not fn_iu_route_worker_enabled() then 'worker_gate_closed' end;
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_snapshot_without_self.sql
-- fn_iu_snapshot_without_self(xid8) returns pg_snapshot
--
-- Contract:  the current snapshot with the caller's own transaction as in progress. pg_current_snapshot leaves the own xid out of
--            xip, so a stored snapshot would count this transaction as finished although its later rows are not in it (measured:
--            they were lost). And with every transaction up to p_highest_xid that it does not see named in xip: xmax is the last
--            *finished* xid + 1, so running transactions may lie above it unnamed. Both change nothing in what others' it sees:
--            xmax is raised only over xids that are all named (raised alone, a foreign xid in between would turn visible).
-- Arguments: p_highest_xid: from fn_iu_log_mark; null when only the own one matters
-- Returns:   the snapshot to store
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_snapshot_without_self(p_highest_xid xid8 default null) returns pg_snapshot
language plpgsql
volatile
set search_path from current
as $$
declare
  v_own xid8 := pg_current_xact_id();
  v_snapshot pg_snapshot;
  v_end bigint;
  v_xip text;
begin
  v_snapshot := pg_current_snapshot();
  v_end := greatest(pg_snapshot_xmax(v_snapshot)::text::bigint, p_highest_xid::text::bigint + 1);
  select string_agg(xid::text, ',' order by xid) into v_xip
    from (select pg_snapshot_xip(v_snapshot)::text::bigint as xid
          union select v_own::text::bigint where v_own::text::bigint < v_end
          union select generate_series(pg_snapshot_xmax(v_snapshot)::text::bigint, v_end - 1)) x;
  return (least(pg_snapshot_xmin(v_snapshot), v_own)::text || ':' || v_end || ':' || coalesce(v_xip, ''))::pg_snapshot;
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_log_mark.sql
-- fn_iu_log_mark() returns record
--
-- Contract:  a place in the log and an xid that belong together: every transaction above highest_xid writes only above floor_seq. The
--            log's sequence is read first, then the xid is found: the own one when it is assigned only now, otherwise the highest
--            that holds its lock (a writer takes its xid and that lock before its seq). Without it a transaction that ran at the
--            snapshot, above xmax and so not in xip, was passed over for ever when its seq lay below the floor (measured: 88 of
--            20,060). A sequence that was never called stands at 1 and gives 1 next: its floor is 0.
-- Arguments: none; call it before anything that assigns an xid where possible, and take the snapshot after it
-- Returns:   floor_seq, highest_xid
-- Raises:    nothing
-- Writes:    nothing (assigns a transaction id)
-- May call:  internal
create or replace function fn_iu_log_mark(out floor_seq bigint, out highest_xid xid8)
language plpgsql
volatile
set search_path from current
as $$
declare
  v_own xid8 := pg_current_xact_id_if_assigned();
begin
  select last_value - (not is_called)::integer into floor_seq from event_outbox_seq_seq;
  if v_own is null then
    highest_xid := pg_current_xact_id();
    return;
  end if;
  -- Locks show 32 bits of an xid; running ones lie within 2^31 of the own one.
  select (v_own::text::bigint + greatest(max(((transactionid::text::bigint - v_own::text::bigint) << 32)::bigint >> 32), 0))::text::xid8
    into highest_xid
    from pg_locks
   where locktype = 'transactionid' and mode = 'ExclusiveLock' and granted;
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_cluster_identity.sql
-- fn_iu_cluster_identity() returns table (system_identifier, database_oid, log_oid, timeline)
--
-- Contract:  which cluster, database, log table and timeline this is. Another identifier or oid than the cursor's: a logical restore
--            or upgrade, in which stored snapshots mean nothing. Another timeline only: a promotion or point-in-time restore.
-- Arguments: none
-- Returns:   one row
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_cluster_identity(out system_identifier text, out database_oid oid, out log_oid oid, out timeline integer)
language plpgsql
stable
set search_path from current
as $$
begin
  select (select c.system_identifier::text from pg_control_system() c),
         (select d.oid from pg_database d where d.datname = current_database()),
         'event_outbox'::regclass::oid,
         ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer
    into system_identifier, database_oid, log_oid, timeline;
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_require_read_committed.sql
-- fn_iu_require_read_committed() returns void
--
-- Contract:  each statement of a pass needs a snapshot of its own, and it writes: so READ COMMITTED on a primary only.
-- Arguments: none
-- Returns:   nothing
-- Raises:    IU301 other isolation level, IU302 read-only node or transaction
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_require_read_committed() returns void
language plpgsql
volatile
set search_path from current
as $$
begin
  if pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' then
    raise exception using errcode = 'IU302', message = 'this node or transaction is read-only: a pass runs on the primary',
      hint = 'connect to the primary';
  end if;
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using errcode = 'IU301',
      message = format('a pass needs READ COMMITTED, this transaction is %s', upper(current_setting('transaction_isolation') collate "C")),
      hint = 'a snapshot that is kept for the whole transaction would hide commits from the window; start it with BEGIN ISOLATION LEVEL READ COMMITTED';
  end if;
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_owned_domains.sql
-- fn_iu_owned_domains(text) returns text[]
--
-- Contract:  the domains that a cursor with scope '*' must leave to others.
-- Arguments: p_event_domain: the scope of the asking cursor
-- Returns:   the owned domains for '*', else an empty array
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_owned_domains(p_event_domain text) returns text[]
language plpgsql
stable
set search_path from current
as $$
begin
  return (select coalesce(array_agg(event_domain), '{}') from iu_route_worker_cursor where p_event_domain = '*' and event_domain <> '*');
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_cursor_lock_key.sql
-- fn_iu_cursor_lock_key() returns bigint
--
-- Contract:  the advisory lock key of this installation's cursor registry: registrations and transfers take it one after the other.
--            Passes do not take it; they are held by the row locks of their cursors.
-- Arguments: none
-- Returns:   one key for each schema of a database
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cursor_lock_key() returns bigint
language plpgsql
stable
set search_path from current
as $$
begin
  return hashtextextended('iu_core cursors of schema ' || current_schema(), 0);
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_cursor_change.sql
-- fn_iu_cursor_change(text) returns void
--
-- Contract:  how every change of a cursor by a person begins: with a reason, and one after the other. The lock comes before the gates and
--            the rows of cursors. A prune holds it shared while it judges and deletes: it must not judge by a cursor as it was before.
--            A probe's transaction, which cannot commit, takes no lock.
-- Arguments: p_reason: why
-- Returns:   nothing
-- Raises:    IU301, IU302, IU307 reason missing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cursor_change(p_reason text) returns void
language plpgsql
volatile
set search_path from current
as $$
begin
  perform fn_iu_require_read_committed();
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU307', message = 'a cursor is changed with a reason', hint = 'add --reason TEXT';
  end if;
  if not fn_iu_in_probe() then
    perform pg_advisory_xact_lock(fn_iu_cursor_lock_key());
  end if;
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_route_worker_register.sql
-- fn_iu_route_worker_register(text, text, text) returns jsonb
--
-- Contract:  registers a named worker as the owner of one domain, or of every domain without an owner ('*'). Scopes are disjoint: a
--            domain that '*' already reads is split off with fn_iu_route_worker_transfer, so that no event falls between two.
-- Arguments: p_worker_name; p_event_domain: a domain or '*'; p_base: 'beginning' decides all events there are, 'now' only those
--            that commit after this registration
-- Returns:   {worker_name, event_domain, base_kind}
-- Raises:    IU303 name or scope taken, IU304 the domain is read by '*', IU305 unknown base, IU346 malformed name or domain, IU301, IU302
-- Writes:    iu_route_worker_cursor
-- May call:  iu_operator
create or replace function fn_iu_route_worker_register(p_worker_name text, p_event_domain text, p_base text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_identity record;
  v_mark record;
  v_floor bigint := 0;
  v_snapshot pg_snapshot := '3:3:';
begin
  perform fn_iu_require_read_committed();
  if p_worker_name is null or p_worker_name !~ '^[A-Za-z0-9_.-]{1,80}$' or p_event_domain is null or p_event_domain !~ E'^([A-Za-z0-9_.-]{1,80}|\\*)$' then
    raise exception using errcode = 'IU346', message = 'a worker has a name of letters, digits, _ . - and owns one domain or *';
  end if;
  if p_base is null or p_base not in ('beginning', 'now') then
    raise exception using errcode = 'IU305', message = 'a worker starts from beginning or from now';
  end if;
  -- Two registrations at once must not both find their scope free. A lock of the table would stop passes, and deadlock with one.
  if not fn_iu_in_probe() then
    perform pg_advisory_xact_lock(fn_iu_cursor_lock_key());
  end if;
  if exists (select from iu_route_worker_cursor where worker_name = p_worker_name or event_domain = p_event_domain) then
    raise exception using errcode = 'IU303', message = format('worker %s or domain %s is registered already', p_worker_name, p_event_domain),
      hint = 'iu cursor list shows the workers and what they own';
  end if;
  if p_event_domain <> '*' and not fn_iu_in_probe() and exists (select from iu_route_worker_cursor where event_domain = '*') then
    raise exception using errcode = 'IU304', message = format('domain %s is read by the worker of every domain', p_event_domain),
      hint = 'split it off: iu cursor transfer DOMAIN --to WORKER';
  end if;
  if p_base = 'now' then
    select * into v_mark from fn_iu_log_mark();
    v_floor := v_mark.floor_seq;
    v_snapshot := fn_iu_snapshot_without_self(v_mark.highest_xid);
  end if;
  select * into v_identity from fn_iu_cluster_identity();
  insert into iu_route_worker_cursor (worker_name, event_domain, base_kind, base_snapshot, base_floor_seq, done_snapshot, done_floor_seq,
    reconciled_snapshot, reconciled_floor_seq, system_identifier, database_oid, log_oid, timeline)
  values (p_worker_name, p_event_domain, p_base, v_snapshot, v_floor, v_snapshot, v_floor, v_snapshot, v_floor,
    v_identity.system_identifier, v_identity.database_oid, v_identity.log_oid, v_identity.timeline);
  return jsonb_build_object('worker_name', p_worker_name, 'event_domain', p_event_domain, 'base_kind', p_base);
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_route_outcome.sql
-- fn_iu_route_outcome(event_outbox, iu_judged_route) returns record
--
-- Contract:  what one judged route decides about one event, for whoever decides one at a time: the next attempt of a pair, and the shadow
--            run of a changed route. fn_iu_route_decide says the same for a whole batch; the table of cases and a property test compare them.
-- Arguments: p_event; p_route: as fn_iu_judged_routes gives it; all null = a route that was removed
-- Returns:   status: no_match, skipped, dry_run or queued; reason
-- Raises:    whatever the filter raises
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_route_outcome(p_event event_outbox, p_route iu_judged_route, out status text, out reason text)
language plpgsql
stable
set search_path from current
as $$
begin
  if p_route.route_id is null then
    status := 'skipped';
    reason := 'route_removed';
  -- fn_iu_pattern_matches written out: three calls cost more than everything else here.
  elsif not (p_event.event_domain like replace(replace(p_route.event_domain, '_', E'\\_'), '*', '%')
             and p_event.event_type like replace(replace(p_route.event_type, '_', E'\\_'), '*', '%')
             and p_event.event_stream like replace(replace(p_route.event_stream, '_', E'\\_'), '*', '%')) then
    status := 'no_match';
  elsif p_route.verdict = 'disabled' then
    status := 'skipped';
    reason := p_route.reason;
  elsif p_route.filter is not null and not coalesce(jsonb_path_match(p_event.safe_payload, p_route.filter,
      jsonb_build_object('domain', p_event.event_domain, 'type', p_event.event_type, 'stream', p_event.event_stream,
                         'severity', p_event.event_severity, 'subject_table', p_event.event_subject_table,
                         'subject_ref', p_event.event_subject_ref)), false) then
    status := 'skipped';
    reason := 'filtered';
  elsif p_route.verdict = 'live' and p_route.canary_share < 1
      and fn_iu_route_canary(p_route.route_code, p_event.event_subject_table, p_event.event_subject_ref, p_event.id) >= p_route.canary_share then
    status := 'dry_run';
    reason := 'outside_canary';
  else
    status := case p_route.verdict when 'live' then 'queued' else 'dry_run' end;
    reason := p_route.reason;
  end if;
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_route_decide.sql
-- fn_iu_route_decide(iu_event_key[], iu_judged_route[], bigint) returns record
--
-- Contract:  decides a batch in one statement: routes are resolved once per distinct (domain, type, stream), then joined (with 1,000
--            routes five times as fast as resolving per event). Plain INSERT, which took a third less time than ON CONFLICT: what is
--            given here is undecided, and if it is not, nothing is written. The table of decisions is in ARCHITECTURE.md and in src/contract/decision.ts.
-- Arguments: p_events: in order of seq; p_routes: as judged for this pass; p_run_id: the pass, null outside of one
-- Returns:   {written, queued, skipped}
-- Raises:    whatever a filter raises, and 23505 when a decision exists; the caller isolates it
-- Writes:    iu_route_attempt, iu_route_delivery, iu_route_lane
-- May call:  internal
create or replace function fn_iu_route_decide(p_events iu_event_key[], p_routes iu_judged_route[], p_run_id bigint,
  out written integer, out queued integer, out skipped integer)
language plpgsql
set search_path from current
set enable_seqscan = off
set enable_mergejoin = off
set jit = off
as $$
begin
  with key as materialized (
    select distinct event_domain, event_type, event_stream from unnest(p_events)
  ), resolved as materialized (
    -- fn_iu_pattern_matches written out: as a call, 1,000 routes cost a second a pass.
    select k.*, coalesce(r.route_id, 0) as route_id, coalesce(r.route_code, '-') as route_code, r.version, r.filter,
           r.canary_share, coalesce(r.verdict, 'no_route') as verdict, case when r.route_id is null then 'no_route' else r.reason end as reason,
           case when r.verdict = 'dry_run' or r.canary_share < 1 then r.request end as request
      from key k
      left join unnest(p_routes) r
        on k.event_domain like replace(replace(r.event_domain, '_', E'\\_'), '*', '%')
       and k.event_type like replace(replace(r.event_type, '_', E'\\_'), '*', '%')
       and k.event_stream like replace(replace(r.event_stream, '_', E'\\_'), '*', '%')
  ), decided as (
    insert into iu_route_attempt (event_seq, route_id, attempt_no, route_version, run_id, event_ref, route_kind, route_code,
                                  status, decision, reason, idempotency_key, payload_snapshot)
    select seq, route_id, 1, version, p_run_id, id, 'outbound', route_code, status, status,
           case when filtered then 'filtered' when outside then 'outside_canary' else reason end, route_code || ':' || id,
           case when status = 'dry_run' then request end
      from (
        select e.seq, e.id, r.route_id, r.route_code, r.version, r.reason, r.request, f.matches is false as filtered, coalesce(f.outside, false) as outside,
               case when r.verdict in ('no_route', 'disabled') or f.matches is false then 'skipped'
                    when r.verdict = 'live' and f.outside is not true then 'queued'
                    else 'dry_run' end as status
          from unnest(p_events) e
          join resolved r using (event_domain, event_type, event_stream)
          left join lateral (
            select r.filter is null or coalesce(jsonb_path_match(o.safe_payload, r.filter, jsonb_build_object('domain', o.event_domain,
                     'type', o.event_type, 'stream', o.event_stream, 'severity', o.event_severity,
                     'subject_table', o.event_subject_table, 'subject_ref', o.event_subject_ref)), false) as matches,
                   r.verdict = 'live' and r.canary_share < 1 and fn_iu_route_canary(r.route_code, o.event_subject_table,
                     o.event_subject_ref, o.id) >= r.canary_share as outside
              from event_outbox o
             -- Inside, so that it is a one-time filter: the log is not read again for routes without a filter or canary.
             where o.seq = e.seq and r.verdict <> 'disabled' and (r.filter is not null or r.canary_share < 1) offset 0
          ) f on true
         order by e.seq, r.route_id
      ) outcome
    returning event_seq, route_id, status
  ), enqueued as (
    insert into iu_route_delivery (event_seq, event_ref, route_id, attempt_no, delivery_key, lane_key)
    select d.event_seq, o.id, d.route_id, 1, r.route_code || ':' || o.id,
           case when r.ordering = 'subject' then o.event_subject_table || ':' || o.event_subject_ref end
      from decided d
      join unnest(p_routes) r using (route_id)
     cross join lateral (select * from event_outbox o where o.seq = d.event_seq offset 0) o
     where d.status = 'queued'
     order by d.event_seq
    returning event_seq, route_id, lane_key
  ), woken as (
    select fn_iu_lane_wake(array_agg(route_id), array_agg(lane_key), array_agg(event_seq)) from enqueued where lane_key is not null
  )
  select count(*), count(*) filter (where status = 'queued'), count(*) filter (where status = 'skipped')
    into written, queued, skipped
    from decided cross join woken;
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_route_fail.sql
-- fn_iu_route_fail(bigint, iu_judged_route, integer, bigint, text, text) returns boolean
--
-- Contract:  writes a failed attempt and its dead letter with the whole event, unless this attempt exists already. A live ordered route
--            with on_dead_letter = hold keeps the lane of the subject, as after a send: also what waits there from before, until the
--            letter is resolved.
-- Arguments: p_event_seq; p_route: null when the event itself could not be resolved; p_attempt_no; p_run_id;
--            p_failure_code: SQLSTATE; p_failure_detail: the message, cut to 500 characters
-- Returns:   true when written
-- Raises:    nothing
-- Writes:    iu_route_attempt, iu_route_dead_letter, iu_route_lane
-- May call:  internal
create or replace function fn_iu_route_fail(p_event_seq bigint, p_route iu_judged_route, p_attempt_no integer, p_run_id bigint,
  p_failure_code text, p_failure_detail text) returns boolean
language plpgsql
set search_path from current
as $$
declare
  v_event event_outbox;
  v_code text := coalesce((p_route).route_code, '-');
  -- Messages of data exceptions quote the value that was wrong; a missing key (2203A) is named, it is no value (P15).
  v_detail text := left(case when p_failure_code like '22%' and p_failure_code <> '2203A'
                             then regexp_replace(p_failure_detail, '"[^"]*("|$)', '"..."', 'g') else p_failure_detail end, 500);
  v_written bigint;
begin
  select * into strict v_event from event_outbox where seq = p_event_seq;
  insert into iu_route_attempt (event_seq, route_id, attempt_no, route_version, run_id, event_ref, route_kind, route_code, status, decision,
                                reason, idempotency_key, failure_code, failure_detail)
  values (p_event_seq, coalesce((p_route).route_id, 0), p_attempt_no, (p_route).version, p_run_id, v_event.id, 'outbound', v_code, 'failed',
          'failed', p_failure_code, v_code || ':' || v_event.id, p_failure_code, v_detail)
  on conflict (event_seq, route_id, attempt_no) do nothing
  returning attempt_id into v_written;
  if v_written is null then
    return false;
  end if;
  insert into iu_route_dead_letter (event_seq, event_ref, route_id, route_code, attempt_no, idempotency_key, event_snapshot, failure_code,
                                    failure_detail, failure_signature)
  values (p_event_seq, v_event.id, coalesce((p_route).route_id, 0), v_code, p_attempt_no,
          v_code || ':' || v_event.id || case when p_attempt_no > 1 then '#' || p_attempt_no else '' end,
          to_jsonb(v_event), p_failure_code, v_detail, fn_iu_failure_signature(v_code, p_failure_code, v_detail));
  insert into iu_route_lane (route_id, lane_key, head_seq, due_at)
  select r.route_id, v_event.event_subject_table || ':' || v_event.event_subject_ref, p_event_seq, 'infinity'
    from iu_outbound_route r
   where r.route_id = (p_route).route_id and (p_route).verdict = 'live' and r.ordering = 'subject' and r.on_dead_letter = 'hold'
     and v_event.event_subject_table || ':' || v_event.event_subject_ref is not null
  on conflict (route_id, lane_key) do update set due_at = 'infinity';
  return true;
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_route_decide_isolated.sql
-- fn_iu_route_decide_isolated(iu_event_key[], iu_judged_route[], bigint) returns record
--
-- Contract:  decides a batch so that one event that raises cannot stop the others: the whole batch in one sub-transaction; if it raises, in
--            parts of at most 50; then event by event; then route by route. The culprit (event, route) gets a failed attempt and a dead
--            letter, the rest are decided. An event that has a decision already is left alone. Errors that are not the event's fault
--            (serialization, resources, locks, shutdown, input/output: classes 40, 53, 55, 57, 58, XX) are raised again, so that the pass
--            is repeated whole.
-- Arguments: p_events, p_routes, p_run_id: as for fn_iu_route_decide
-- Returns:   written, queued, skipped, dead_lettered
-- Raises:    errors that are not the event's fault
-- Writes:    iu_route_attempt, iu_route_delivery, iu_route_dead_letter
-- May call:  internal
create or replace function fn_iu_route_decide_isolated(p_events iu_event_key[], p_routes iu_judged_route[], p_run_id bigint,
  out written integer, out queued integer, out skipped integer, out dead_lettered integer)
language plpgsql
set search_path from current
as $$
declare
  v_count integer := coalesce(array_length(p_events, 1), 0);
  v_step integer := case when v_count > 50 then 50 else 1 end;
  v_at integer;
  v_part record;
  v_route iu_judged_route;
  v_matching iu_judged_route[];
  v_undecided iu_event_key[];
  v_state text;
  v_message text;
begin
  written := 0; queued := 0; skipped := 0; dead_lettered := 0;
  begin
    select * into v_part from fn_iu_route_decide(p_events, p_routes, p_run_id);
    written := v_part.written; queued := v_part.queued; skipped := v_part.skipped;
    return;
  exception when others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
    if left(v_state, 2) in ('40', '53', '55', '57', '58', 'XX') then
      raise;
    end if;
  end;
  if v_state = '23505' then
    -- Somebody decided some of it before: an event that has a decision is left alone.
    select coalesce(array_agg(e order by e.seq), '{}') into v_undecided from unnest(p_events) e
     where not exists (select from iu_route_attempt a where a.event_seq = e.seq and a.attempt_no = 1);
    if cardinality(v_undecided) = v_count then
      raise exception using errcode = v_state, message = v_message;
    end if;
    select * into written, queued, skipped, dead_lettered from fn_iu_route_decide_isolated(v_undecided, p_routes, p_run_id);
    return;
  end if;
  if v_count > 1 then
    for v_at in 1 .. v_count by v_step loop
      select * into v_part from fn_iu_route_decide_isolated(p_events[v_at : v_at + v_step - 1], p_routes, p_run_id);
      written := written + v_part.written; queued := queued + v_part.queued;
      skipped := skipped + v_part.skipped; dead_lettered := dead_lettered + v_part.dead_lettered;
    end loop;
    return;
  end if;
  select array_agg(r order by r.route_id) into v_matching from unnest(p_routes) r
   where fn_iu_pattern_matches(r.event_domain, p_events[1].event_domain)
     and fn_iu_pattern_matches(r.event_type, p_events[1].event_type)
     and fn_iu_pattern_matches(r.event_stream, p_events[1].event_stream);
  if array_length(v_matching, 1) > 1 then
    foreach v_route in array v_matching loop
      select * into v_part from fn_iu_route_decide_isolated(p_events, array[v_route], p_run_id);
      written := written + v_part.written; queued := queued + v_part.queued;
      skipped := skipped + v_part.skipped; dead_lettered := dead_lettered + v_part.dead_lettered;
    end loop;
  elsif fn_iu_route_fail(p_events[1].seq, v_matching[1], 1, p_run_id, v_state, v_message) then
    written := 1; dead_lettered := 1;
  end if;
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_window_open.sql
-- fn_iu_window_open(iu_route_worker_cursor, bigint, xid8) returns iu_route_worker_cursor
--
-- Contract:  opens the next window of a cursor: the events visible in open_snapshot and not in done_snapshot. The log's sequence is
--            marked before the snapshot is taken, so that the floor is a lower bound for every transaction that the snapshot does
--            not name or see; the ceiling is read after it, so that it covers everything in the window.
-- Arguments: p_cursor: locked by the caller, without an open window; p_floor_seq, p_highest_xid: from fn_iu_log_mark
-- Returns:   the cursor with the window
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_window_open(p_cursor iu_route_worker_cursor, p_floor_seq bigint, p_highest_xid xid8)
returns iu_route_worker_cursor
language plpgsql
volatile
set search_path from current
as $$
begin
  p_cursor.open_floor_seq := p_floor_seq;
  p_cursor.open_snapshot := fn_iu_snapshot_without_self(p_highest_xid);
  select coalesce(max(seq), 0) into p_cursor.open_ceil_seq from event_outbox;
  p_cursor.phase := 1;
  p_cursor.position_seq := p_cursor.base_seq;
  return p_cursor;
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_window_batch.sql
-- fn_iu_window_batch(iu_route_worker_cursor, integer, text[]) returns record
--
-- Contract:  the next events of the open window in order of seq, at most p_limit. Phase 1, up to the floor: only transactions that
--            were in progress in done and have ended since, by the index (tx_id, seq). Phase 2, above the floor: primary key order,
--            at most 10,000 rows examined a call; the inner LIMIT with OFFSET 0 is a fence, and scans that need a sort are switched
--            off: a log that was never analyzed made the planner sort all of it (424 ms against 0.29 ms per 1,000 events). The
--            position moves over examined rows, so a rare domain in a busy log costs no second look.
-- Arguments: p_cursor: with an open window; p_limit: 1..10000; p_excluded: domains that are not in scope
-- Returns:   events, phase and position after them, complete
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_window_batch(p_cursor iu_route_worker_cursor, p_limit integer, p_excluded text[],
  out events iu_event_key[], out phase smallint, out position_seq bigint, out complete boolean)
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set jit = off
as $$
declare
  -- The text round trip detoasts a long snapshot once instead of once a row.
  v_open pg_snapshot := (p_cursor.open_snapshot::text)::pg_snapshot;
  v_done pg_snapshot := (p_cursor.done_snapshot::text)::pg_snapshot;
  v_floor bigint := greatest(p_cursor.done_floor_seq, p_cursor.base_seq);
  v_all boolean := p_cursor.event_domain = '*';
  -- Only a probe mixes in its own transaction's events: it can never commit.
  v_own xid8 := case when fn_iu_in_probe() then pg_current_xact_id() end;
  v_room integer;
  v_list iu_event_key[];
  v_many integer;
  v_last bigint;
  v_examined integer;
begin
  events := '{}'; phase := p_cursor.phase; position_seq := p_cursor.position_seq; complete := false;
  if phase = 1 then
    select coalesce(array_agg(row(b.seq, b.id, b.event_domain, b.event_type, b.event_stream)::iu_event_key order by b.seq), '{}')
      into events
      from (
        select l.seq, l.id, l.event_domain, l.event_type, l.event_stream
          from pg_snapshot_xip(v_done) as late(xid)
         cross join lateral (
           select e.seq, e.id, e.event_domain, e.event_type, e.event_stream
             from event_outbox e
            where (e.tx_id, e.seq) > (late.xid, p_cursor.position_seq) and (e.tx_id, e.seq) <= (late.xid, v_floor)
              and (v_all and e.event_domain <> all (p_excluded) or e.event_domain = p_cursor.event_domain)
            order by e.tx_id, e.seq
            limit p_limit
         ) l
         where pg_visible_in_snapshot(late.xid, v_open)
         order by l.seq
         limit p_limit
      ) b;
    if array_length(events, 1) = p_limit then
      position_seq := events[p_limit].seq;
      return;
    end if;
    phase := 2;
    position_seq := v_floor;
  end if;
  v_room := p_limit - coalesce(array_length(events, 1), 0);
  -- One statement picks and counts: in two, a prune between them would make the examined rows of the second reach further. The CTE
  -- is read only as far as somebody asks, so a full batch examines no more rows than it needs.
  with examined as materialized (
    select e.seq, e.tx_id, e.id, e.event_domain, e.event_type, e.event_stream
      from event_outbox e
     where e.seq > position_seq and e.seq <= p_cursor.open_ceil_seq
     order by e.seq
     limit 10000 offset 0
  ), picked as materialized (
    select array_agg(row(b.seq, b.id, b.event_domain, b.event_type, b.event_stream)::iu_event_key) as list, count(*) as many
      from (
        select e.*
          from examined e
         where ((pg_visible_in_snapshot(e.tx_id, v_open) and not pg_visible_in_snapshot(e.tx_id, v_done)) or e.tx_id = v_own)
           and (v_all and e.event_domain <> all (p_excluded) or e.event_domain = p_cursor.event_domain)
         limit v_room
      ) b
  )
  select p.list, p.many, case when p.many < v_room then (select coalesce(max(seq), position_seq) from examined) end,
         case when p.many < v_room then (select count(*) from examined) end
    into v_list, v_many, v_last, v_examined
    from picked p;
  events := events || coalesce(v_list, '{}');
  if v_many = v_room then
    position_seq := events[p_limit].seq;
  else
    position_seq := v_last;
    complete := v_examined < 10000;
  end if;
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_route_worker_run.sql
-- fn_iu_route_worker_run(text, integer) returns jsonb
--
-- Contract:  one pass: decides the next batch of a worker's window. Decisions, cursor and run record commit together or not at all
--            (P4). Locks the cursor row only (held by another: busy), never an event. Gates are read under a shared advisory lock,
--            so that who closes one can wait until no pass runs under the old value.
-- Arguments: p_worker_name; p_batch_limit: events, 1..10000, others are taken as the nearest
-- Returns:   {status, worker_name, seen, attempts_written, deliveries_queued, skipped, dead_lettered, window_complete,
--            cursor_created_at, cursor_event_id, cursor_seq}; status ran, busy, master_gate_closed, worker_gate_closed,
--            cluster_changed or unregistered. seen 0 with window_complete: nothing is undecided that had committed before the pass
-- Raises:    IU301 isolation level, IU302 read-only node; 42501 a policy of row security would hide rows
-- Writes:    iu_route_attempt, iu_route_delivery, iu_route_dead_letter, iu_route_run, iu_route_worker_cursor, and as
--            fn_iu_log_partition_ahead
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_route_worker_run(p_worker_name text default 'iu_outbound_default', p_batch_limit integer default 100)
returns jsonb
language plpgsql
security definer
set search_path from current
set row_security = off
as $$
declare
  v_closed text;
  v_limit integer := least(greatest(coalesce(p_batch_limit, 100), 1), 10000);
  v_started timestamptz := clock_timestamp();
  c iu_route_worker_cursor;
  v_mark record;
  v_identity record;
  v_routes iu_judged_route[];
  v_route_snapshot pg_snapshot;
  v_history bigint;
  v_batch record;
  v_events iu_event_key[];
  v_count record;
  v_seen integer;
  v_fresh boolean;
  v_run_id bigint;
  v_last event_outbox;
  v_result jsonb;
begin
  perform fn_iu_require_read_committed();
  v_closed := fn_iu_closed_gate();
  if v_closed is not null then
    return jsonb_build_object('status', v_closed, 'worker_name', p_worker_name);
  end if;
  -- Before the row lock, which assigns an xid.
  select * into v_mark from fn_iu_log_mark();
  select * into c from iu_route_worker_cursor where worker_name = p_worker_name for update skip locked;
  if not found then
    return jsonb_build_object('worker_name', p_worker_name, 'status',
      case when exists (select from iu_route_worker_cursor where worker_name = p_worker_name) then 'busy' else 'unregistered' end);
  end if;
  select * into v_identity from fn_iu_cluster_identity();
  if (c.system_identifier, c.database_oid, c.log_oid) is distinct from
     (v_identity.system_identifier, v_identity.database_oid, v_identity.log_oid) then
    return jsonb_build_object('status', 'cluster_changed', 'worker_name', p_worker_name);
  end if;
  perform fn_iu_log_partition_ahead(true);
  -- Twice when the window of an earlier pass turns out to have nothing left: then the next one is looked at at once.
  loop
    v_fresh := c.open_snapshot is null;
    if v_fresh then
      c := fn_iu_window_open(c, v_mark.floor_seq, v_mark.highest_xid);
    end if;
    select * into v_batch from fn_iu_window_batch(c, v_limit, fn_iu_owned_domains(c.event_domain));
    v_seen := coalesce(array_length(v_batch.events, 1), 0);
    exit when v_fresh or v_seen > 0 or not v_batch.complete;
    c.done_snapshot := c.open_snapshot;
    c.done_floor_seq := c.open_floor_seq;
    c.open_snapshot := null;
  end loop;
  if v_seen > 0 then
    -- One statement reads the routes and the snapshot they were read with, so that the whole batch is decided by one state of them.
    select coalesce(array_agg(r), '{}'), pg_current_snapshot(), (select coalesce(max(history_id), 0) from iu_route_history)
      into v_routes, v_route_snapshot, v_history
      from fn_iu_judged_routes() r;
    v_run_id := nextval(pg_get_serial_sequence('iu_route_run', 'run_id'));
    v_events := v_batch.events;
    if v_events[1].seq <= c.rewound_seq then
      -- Looked at before: what has a decision is left alone, or a route that came later would get events of the past.
      select coalesce(array_agg(e order by e.seq), '{}') into v_events from unnest(v_batch.events) e
       where e.seq > c.rewound_seq or not exists (select from iu_route_attempt a where a.event_seq = e.seq and a.attempt_no = 1);
    end if;
    select * into v_count from fn_iu_route_decide_isolated(v_events, v_routes, v_run_id);
    insert into iu_route_run (run_id, worker_name, kind, started_at, finished_at, seen, attempts_written, deliveries_queued, skipped, dead_lettered,
                              window_complete, first_seq, last_seq, route_snapshot, route_tx_id, route_history_id, tool)
    overriding system value
    values (v_run_id, p_worker_name, 'pass', v_started, clock_timestamp(), v_seen, v_count.written, v_count.queued, v_count.skipped,
            v_count.dead_lettered, v_batch.complete, v_batch.events[1].seq, v_batch.events[v_seen].seq, v_route_snapshot,
            pg_current_xact_id(), v_history, current_setting('application_name', true));
    select * into v_last from event_outbox where seq = v_batch.events[v_seen].seq;
  else
    select 0 as written, 0 as queued, 0 as skipped, 0 as dead_lettered into v_count;
  end if;
  v_result := jsonb_build_object('status', 'ran', 'worker_name', p_worker_name, 'seen', v_seen, 'attempts_written', v_count.written,
    'deliveries_queued', v_count.queued, 'skipped', v_count.skipped, 'dead_lettered', v_count.dead_lettered,
    'window_complete', v_batch.complete,
    'cursor_created_at', case when v_seen > 0 then v_last.created_at else c.last_created_at end,
    'cursor_event_id', case when v_seen > 0 then v_last.id else c.last_event_id end,
    'cursor_seq', case when v_seen > 0 then v_last.seq else c.last_event_seq end::text);
  update iu_route_worker_cursor
     set done_snapshot = case when v_batch.complete then c.open_snapshot else c.done_snapshot end,
         done_floor_seq = case when v_batch.complete then c.open_floor_seq else c.done_floor_seq end,
         open_snapshot = case when not v_batch.complete then c.open_snapshot end,
         open_floor_seq = case when not v_batch.complete then c.open_floor_seq end,
         open_ceil_seq = case when not v_batch.complete then c.open_ceil_seq end,
         phase = v_batch.phase, position_seq = v_batch.position_seq,
         last_event_id = case when v_seen > 0 then v_last.id else c.last_event_id end,
         last_created_at = case when v_seen > 0 then v_last.created_at else c.last_created_at end,
         last_event_seq = case when v_seen > 0 then v_last.seq else c.last_event_seq end,
         events_seen = c.events_seen + v_seen, attempts_written = c.attempts_written + v_count.written,
         dead_lettered = c.dead_lettered + v_count.dead_lettered, passes = c.passes + 1,
         last_run_at = clock_timestamp(), last_run_summary = v_result
   where worker_name = p_worker_name;
  return v_result;
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_route_decide_missing.sql
-- fn_iu_route_decide_missing(iu_route_worker_cursor, text, bigint, text) returns jsonb
--
-- Contract:  decides every committed event in scope that has no decision, found by anti-join and not by snapshots: the way back
--            after a restore, and at a hand-over. In parts of 5,000, in order of seq. At a hand-over only what was visible at its
--            beginning: what commits between two parts is the taking worker's, or two events of one subject could turn round. After a
--            restore the base's snapshot says nothing about what was written here since, whose transaction ids may be lower than those
--            of the former cluster; above the base's floor an event is not the base's, whatever its id.
-- Arguments: p_cursor: names the worker, base and scope; p_event_domain: the domain to look at ('*' as for cursors);
--            p_after_seq: events up to it are left alone; p_kind: of the run record
-- Returns:   {seen, attempts_written, dead_lettered}
-- Raises:    as fn_iu_route_decide_isolated
-- Writes:    iu_route_attempt, iu_route_delivery, iu_route_dead_letter, iu_route_run
-- May call:  internal
create or replace function fn_iu_route_decide_missing(p_cursor iu_route_worker_cursor, p_event_domain text, p_after_seq bigint, p_kind text)
returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_excluded text[] := fn_iu_owned_domains(p_event_domain);
  v_base pg_snapshot := (p_cursor.base_snapshot::text)::pg_snapshot;
  v_now pg_snapshot := fn_iu_snapshot_without_self();
  v_at bigint := p_after_seq;
  v_events iu_event_key[];
  v_routes iu_judged_route[];
  v_route_snapshot pg_snapshot;
  v_history bigint;
  v_run_id bigint;
  v_count record;
  v_started timestamptz;
  v_seen bigint := 0;
  v_written bigint := 0;
  v_dead bigint := 0;
begin
  select coalesce(array_agg(r), '{}'), pg_current_snapshot(), (select coalesce(max(history_id), 0) from iu_route_history)
    into v_routes, v_route_snapshot, v_history
    from fn_iu_judged_routes() r;
  loop
    v_started := clock_timestamp();
    select array_agg(row(m.seq, m.id, m.event_domain, m.event_type, m.event_stream)::iu_event_key order by m.seq) into v_events
      from (select e.seq, e.id, e.event_domain, e.event_type, e.event_stream
              from event_outbox e
             where e.seq > v_at
               and (not pg_visible_in_snapshot(e.tx_id, v_base) or p_kind = 'rebase' and e.seq > p_cursor.base_floor_seq)
               and (p_kind = 'rebase' or pg_visible_in_snapshot(e.tx_id, v_now))
               and (p_event_domain = '*' and e.event_domain <> all (v_excluded) or e.event_domain = p_event_domain)
               and not exists (select from iu_route_attempt a where a.event_seq = e.seq and a.attempt_no = 1)
             order by e.seq
             limit 5000) m;
    exit when v_events is null;
    v_run_id := nextval(pg_get_serial_sequence('iu_route_run', 'run_id'));
    select * into v_count from fn_iu_route_decide_isolated(v_events, v_routes, v_run_id);
    v_at := v_events[array_length(v_events, 1)].seq;
    v_seen := v_seen + array_length(v_events, 1);
    v_written := v_written + v_count.written;
    v_dead := v_dead + v_count.dead_lettered;
    insert into iu_route_run (run_id, worker_name, kind, started_at, finished_at, seen, attempts_written, deliveries_queued, skipped, dead_lettered,
                              window_complete, first_seq, last_seq, route_snapshot, route_tx_id, route_history_id, tool)
    overriding system value
    values (v_run_id, p_cursor.worker_name, p_kind, v_started, clock_timestamp(), array_length(v_events, 1), v_count.written, v_count.queued,
            v_count.skipped, v_count.dead_lettered, true, v_events[1].seq, v_at, v_route_snapshot, pg_current_xact_id(), v_history,
            current_setting('application_name', true));
  end loop;
  return jsonb_build_object('seen', v_seen, 'attempts_written', v_written, 'dead_lettered', v_dead);
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_route_missing.sql
-- fn_iu_route_missing(iu_route_worker_cursor, boolean) returns record
--
-- Contract:  the independent look behind the certificate: events in scope, after base and visible in done, that have no decision; and
--            (event, route) pairs that the deciding pass should have written, by the routes as that pass could see them, from
--            iu_route_history. A route that came later is expected of no earlier event. What is in a table is looked up by key, and what
--            was looked up is joined by hashes: without statistics the planner expects one row of each part and paired all with all,
--            22 million times for 6,600 events (2 s in which no pass ran, and four times that for twice the events).
-- Arguments: p_cursor; p_full: from base on instead of from the last whole check
-- Returns:   checked, events without a decision, and missing pairs as two arrays of one length
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_route_missing(p_cursor iu_route_worker_cursor, p_full boolean,
  out checked bigint, out event_seqs bigint[], out pair_event_seqs bigint[], out pair_route_ids bigint[])
language plpgsql
volatile
set search_path from current
set enable_nestloop = off
set jit = off
as $$
declare
  c alias for p_cursor;
  v_excluded text[] := fn_iu_owned_domains(c.event_domain);
  v_done pg_snapshot := (c.done_snapshot::text)::pg_snapshot;
  v_from pg_snapshot := (case when p_full then c.base_snapshot else c.reconciled_snapshot end::text)::pg_snapshot;
  v_from_floor bigint := greatest(case when p_full then c.base_floor_seq else c.reconciled_floor_seq end, c.base_seq);
begin
  with examined as materialized (
    select e.seq, e.event_domain, e.event_type, e.event_stream, e.tx_id from event_outbox e where e.seq > v_from_floor
    union all
    select l.* from pg_snapshot_xip(v_from) as late(xid)
     cross join lateral (select e.seq, e.event_domain, e.event_type, e.event_stream, e.tx_id from event_outbox e
                          where e.tx_id = late.xid and e.seq > c.base_seq and e.seq <= v_from_floor offset 0) l
  ), event as materialized (
    select seq, event_domain, event_type, event_stream from examined
     where pg_visible_in_snapshot(tx_id, v_done) and not pg_visible_in_snapshot(tx_id, v_from)
       and (c.event_domain = '*' and event_domain <> all (v_excluded) or event_domain = c.event_domain)
  ), decided as materialized (
    select a.event_seq, a.route_id, a.run_id, e.event_domain, e.event_type, e.event_stream
      from event e
     cross join lateral (select t.event_seq, t.route_id, t.run_id from iu_route_attempt t where t.event_seq = e.seq and t.attempt_no = 1 offset 0) a
  ), key as materialized (
    select distinct run_id, event_domain, event_type, event_stream from decided where run_id is not null
  ), run as materialized (
    select r.run_id, r.route_snapshot, r.route_tx_id, greatest(r.route_history_id, c.base_history_id) as history_id
      from (select distinct run_id from key) k
     cross join lateral (select * from iu_route_run t where t.run_id = k.run_id offset 0) r
  ), bound as materialized (
    select h.history_id, (select max(s.tx_id::text::bigint) from iu_route_history s
                           where s.history_id <= h.history_id and s.history_id > c.base_history_id) as last_tx
      from (select distinct history_id from run) h
  ), plain as materialized (
    -- Nobody was changing a route when the pass read them: it saw the history up to its last number, the same for all such passes.
    select r.run_id, h.* from run r join bound b using (history_id)
      join (select d.history_id, s.*
              from (select distinct history_id from run) d
             cross join lateral (
               select distinct on (x.route_id) x.route_id, x.event_domain as d, x.event_type as t, x.event_stream as st, x.removed
                 from iu_route_history x where x.history_id <= d.history_id
                order by x.route_id, x.history_id desc) s) h using (history_id)
     where coalesce(b.last_tx < pg_snapshot_xmin(r.route_snapshot)::text::bigint, true)
  ), seen as materialized (
    -- The routes that a pass could see. Once a pass, or once for all plain passes: inlined into the joins below, 1,200 events of 50
    -- routes took 49 s instead of 0.3; once for each of 3,000 passes 6 s.
    select run_id, route_id, d, t, st, removed from plain
    union all
    select r.run_id, h.*
      from run r join bound b using (history_id)
     cross join lateral (
       select distinct on (s.route_id) s.route_id, s.event_domain as d, s.event_type as t, s.event_stream as st, s.removed
         from iu_route_history s
        where s.history_id <= c.base_history_id or pg_visible_in_snapshot(s.tx_id, r.route_snapshot)
           or (s.tx_id = r.route_tx_id and s.history_id <= r.history_id)
        order by s.route_id, s.history_id desc
     ) h
     where b.last_tx >= pg_snapshot_xmin(r.route_snapshot)::text::bigint
  ), expected as materialized (
    select k.*, h.route_id
      from key k
      join seen h using (run_id)
     -- fn_iu_pattern_matches written out, as in fn_iu_route_decide
     where not h.removed and k.event_domain like replace(replace(h.d, '_', E'\\_'), '*', '%')
       and k.event_type like replace(replace(h.t, '_', E'\\_'), '*', '%') and k.event_stream like replace(replace(h.st, '_', E'\\_'), '*', '%')
  ), one as (
    select distinct on (event_seq) event_seq, run_id, event_domain, event_type, event_stream from decided where run_id is not null
     order by event_seq, run_id
  ), missing_pair as (
    select o.event_seq, x.route_id
      from one o
      join expected x on (x.run_id, x.event_domain, x.event_type, x.event_stream) = (o.run_id, o.event_domain, o.event_type, o.event_stream)
     -- no anti join, which would read the whole audit
     where (select true from iu_route_attempt a where a.event_seq = o.event_seq and a.route_id = x.route_id limit 1) is null
  ), missing_event as (
    select e.seq from event e where not exists (select from decided d where d.event_seq = e.seq)
  )
  select (select count(*) from event), coalesce((select array_agg(seq order by seq) from missing_event), '{}'),
         coalesce(array_agg(p.event_seq order by p.event_seq, p.route_id), '{}'), coalesce(array_agg(p.route_id order by p.event_seq, p.route_id), '{}')
    into checked, event_seqs, pair_event_seqs, pair_route_ids
    from missing_pair p;
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_route_worker_rewind.sql
-- fn_iu_route_worker_rewind(text, text) returns jsonb
--
-- Contract:  goes back to the base of a cursor and decides what the certificate finds missing, and nothing else: events without a
--            decision by the routes of today; (event, route) pairs by that route as it is today, skipped when it is removed or no
--            longer means the event. Then passes look at every event again; up to rewound_seq they leave a decided event alone,
--            so that a route that came later gets nothing of the past (it had been queued for it). Obeys the gates as a pass does.
-- Arguments: p_worker_name; p_reason: why, mandatory
-- Returns:   {status: ran|master_gate_closed|worker_gate_closed, worker_name, rewound_to: base kind, events, pairs,
--            attempts_written, dead_lettered}
-- Raises:    IU306 no such worker, IU307 reason missing, IU301, IU302
-- Writes:    iu_route_attempt, iu_route_delivery, iu_route_dead_letter, iu_route_run, iu_route_worker_cursor
-- May call:  iu_operator
create or replace function fn_iu_route_worker_rewind(p_worker_name text, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
set row_security = off
as $$
declare
  v_closed text;
  c iu_route_worker_cursor;
  v_started timestamptz := clock_timestamp();
  v_missing record;
  v_routes iu_judged_route[];
  v_route iu_judged_route;
  v_route_snapshot pg_snapshot;
  v_history bigint;
  v_part record;
  v_count record;
  v_run_id bigint;
  v_written integer := 0;
  v_queued integer := 0;
  v_skipped integer := 0;
  v_dead integer := 0;
begin
  perform fn_iu_cursor_change(p_reason);
  v_closed := fn_iu_closed_gate();
  if v_closed is not null then
    return jsonb_build_object('status', v_closed, 'worker_name', p_worker_name);
  end if;
  select * into c from iu_route_worker_cursor where worker_name = p_worker_name for update;
  if not found then
    raise exception using errcode = 'IU306', message = format('there is no worker %s', quote_literal(p_worker_name)),
      hint = 'iu cursor list shows the workers';
  end if;
  select * into v_missing from fn_iu_route_missing(c, true);
  select coalesce(array_agg(r), '{}'), pg_current_snapshot(), (select coalesce(max(history_id), 0) from iu_route_history)
    into v_routes, v_route_snapshot, v_history
    from fn_iu_judged_routes() r;
  v_run_id := nextval(pg_get_serial_sequence('iu_route_run', 'run_id'));
  for v_part in
    select null::bigint as route_id, (x.n - 1) / 5000 as part, null::boolean as meant,
           array_agg(row(e.seq, e.id, e.event_domain, e.event_type, e.event_stream)::iu_event_key order by e.seq) as events
      from unnest(v_missing.event_seqs) with ordinality as x(seq, n) join event_outbox e using (seq)
     group by part
    union all
    select r.route_id, (x.n - 1) / 5000,
           r.removed_at is null and fn_iu_pattern_matches(r.event_domain, e.event_domain)
             and fn_iu_pattern_matches(r.event_type, e.event_type) and fn_iu_pattern_matches(r.event_stream, e.event_stream),
           array_agg(row(e.seq, e.id, e.event_domain, e.event_type, e.event_stream)::iu_event_key order by e.seq)
      from unnest(v_missing.pair_event_seqs, v_missing.pair_route_ids) with ordinality as x(seq, route_id, n)
      join event_outbox e using (seq)
      join iu_outbound_route r using (route_id)
     group by 1, 2, 3
     order by 2, 1
  loop
    if v_part.route_id is null then
      select * into v_count from fn_iu_route_decide_isolated(v_part.events, v_routes, v_run_id);
    else
      if v_part.meant then
        select * into strict v_route from unnest(v_routes) r where r.route_id = v_part.route_id;
      else
        select r.route_id, r.route_code, r.version, '*', '*', '*', null, 'disabled', 'route_disabled', r.ordering, null
          into strict v_route from iu_outbound_route r where r.route_id = v_part.route_id;
      end if;
      select * into v_count from fn_iu_route_decide_isolated(v_part.events, array[v_route], v_run_id);
    end if;
    v_written := v_written + v_count.written;
    v_queued := v_queued + v_count.queued;
    v_skipped := v_skipped + v_count.skipped;
    v_dead := v_dead + v_count.dead_lettered;
  end loop;
  insert into iu_route_run (run_id, worker_name, kind, started_at, finished_at, seen, attempts_written, deliveries_queued, skipped, dead_lettered,
                            window_complete, first_seq, last_seq, route_snapshot, route_tx_id, route_history_id, tool)
  overriding system value
  values (v_run_id, p_worker_name, 'revive', v_started, clock_timestamp(), cardinality(v_missing.event_seqs) + cardinality(v_missing.pair_event_seqs),
          v_written, v_queued, v_skipped, v_dead, true, least(v_missing.event_seqs[1], v_missing.pair_event_seqs[1]),
          greatest(v_missing.event_seqs[cardinality(v_missing.event_seqs)], v_missing.pair_event_seqs[cardinality(v_missing.pair_event_seqs)]),
          v_route_snapshot, pg_current_xact_id(), v_history, current_setting('application_name', true));
  update iu_route_worker_cursor
     set done_snapshot = base_snapshot, done_floor_seq = base_floor_seq, open_snapshot = null, open_floor_seq = null, open_ceil_seq = null,
         phase = 1, position_seq = base_seq, rewound_seq = (select coalesce(max(seq), 0) from event_outbox),
         last_event_id = null, last_created_at = null, last_event_seq = null,
         attempts_written = attempts_written + v_written, dead_lettered = dead_lettered + v_dead,
         reconciled_snapshot = base_snapshot, reconciled_floor_seq = base_floor_seq
   where worker_name = p_worker_name;
  return jsonb_build_object('status', 'ran', 'worker_name', p_worker_name, 'rewound_to', c.base_kind, 'events', cardinality(v_missing.event_seqs),
    'pairs', cardinality(v_missing.pair_event_seqs), 'attempts_written', v_written, 'dead_lettered', v_dead);
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_route_worker_rebase.sql
-- fn_iu_route_worker_rebase(text, text) returns jsonb
--
-- Contract:  after a logical restore or upgrade, in which stored snapshots mean nothing: locks the log against writers, decides
--            everything undecided by anti-join and starts a new chain at the last seq. From here on this cluster is the cursor's.
--            Says what it decided; decides nothing twice.
-- Arguments: p_worker_name; p_reason: why, mandatory
-- Returns:   {status: rebased|master_gate_closed|worker_gate_closed, worker_name, seen, attempts_written, dead_lettered, base_seq}
-- Raises:    IU308 log and audit do not belong together, IU306 no such worker, IU307 reason missing, IU301, IU302
-- Writes:    iu_route_worker_cursor, iu_route_attempt, iu_route_delivery, iu_route_dead_letter, iu_route_run
-- May call:  iu_operator
create or replace function fn_iu_route_worker_rebase(p_worker_name text, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
set row_security = off
as $$
declare
  v_closed text;
  c iu_route_worker_cursor;
  v_identity record;
  v_result jsonb;
  v_floor bigint;
  v_snapshot pg_snapshot;
  v_max bigint;
begin
  perform fn_iu_cursor_change(p_reason);
  v_closed := fn_iu_closed_gate();
  if v_closed is not null then
    return jsonb_build_object('status', v_closed, 'worker_name', p_worker_name);
  end if;
  select * into c from iu_route_worker_cursor where worker_name = p_worker_name for update;
  if not found then
    raise exception using errcode = 'IU306', message = format('there is no worker %s', quote_literal(p_worker_name)),
      hint = 'iu cursor list shows the workers';
  end if;
  perform set_config('lock_timeout', '10s', true);
  lock table event_outbox in share mode;
  -- A copy that gave the events new numbers (a data move through the insert trigger) has an audit of other events.
  if exists (select from iu_route_attempt a join event_outbox e on e.seq = a.event_seq
              where a.route_kind = 'outbound' and a.event_ref <> e.id and a.event_seq > c.base_seq) then
    raise exception using errcode = 'IU308', message = 'the audit of this copy belongs to other numbers of the log',
      hint = 'restore log and audit as they were (pg_restore of the whole schema); rows copied through the trigger get new numbers';
  end if;
  v_result := fn_iu_route_decide_missing(c, c.event_domain, c.base_seq, 'rebase');
  select coalesce(max(seq), 0) into v_max from event_outbox;
  -- A restore may bring rows without the sequence's state; the next seq must be greater than every row.
  perform setval('event_outbox_seq_seq', greatest(v_max, (select last_value from event_outbox_seq_seq), 1));
  select last_value into v_floor from event_outbox_seq_seq;
  v_snapshot := fn_iu_snapshot_without_self();
  select * into v_identity from fn_iu_cluster_identity();
  update iu_route_worker_cursor
     set base_kind = 'rebase', base_snapshot = v_snapshot, base_floor_seq = v_floor, base_seq = v_max,
         base_history_id = (select coalesce(max(history_id), 0) from iu_route_history),
         done_snapshot = v_snapshot, done_floor_seq = v_floor, open_snapshot = null, open_floor_seq = null, open_ceil_seq = null,
         phase = 1, position_seq = v_max, reconciled_snapshot = v_snapshot, reconciled_floor_seq = v_floor, lost_pairs = 0,
         events_seen = events_seen + (v_result ->> 'seen')::bigint,
         attempts_written = attempts_written + (v_result ->> 'attempts_written')::bigint,
         dead_lettered = dead_lettered + (v_result ->> 'dead_lettered')::bigint,
         system_identifier = v_identity.system_identifier, database_oid = v_identity.database_oid, log_oid = v_identity.log_oid,
         timeline = v_identity.timeline,
         last_run_at = clock_timestamp(),
         last_run_summary = v_result || jsonb_build_object('status', 'rebased', 'reason', p_reason, 'by', session_user)
   where worker_name = p_worker_name;
  return v_result || jsonb_build_object('status', 'rebased', 'worker_name', p_worker_name, 'base_seq', v_max::text);
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_route_worker_transfer.sql
-- fn_iu_route_worker_transfer(text, text, text, text) returns jsonb
--
-- Contract:  moves a domain between cursors without an event falling between: both are locked and stand at a window boundary.
--            From '*' to a new worker: it starts where '*' stands. Back to '*': what '*' has passed already and the giving worker has
--            not decided is decided here by anti-join, then the giving cursor goes.
-- Arguments: p_event_domain: one domain, not '*'; p_from, p_to: worker names; p_reason: why, mandatory
-- Returns:   {status: transferred|master_gate_closed|worker_gate_closed, event_domain, from, to, seen, attempts_written}
-- Raises:    IU306 no such worker, IU307 reason missing, IU309 a window is open, the scopes do not fit, or a worker stands in another
--            cluster, IU301, IU302
-- Writes:    iu_route_worker_cursor, and decisions as a pass
-- May call:  iu_operator
create or replace function fn_iu_route_worker_transfer(p_event_domain text, p_from text, p_to text, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_closed text;
  v_from iu_route_worker_cursor;
  v_to iu_route_worker_cursor;
  v_moved jsonb := '{"seen": 0, "attempts_written": 0}';
  v_changed text;
begin
  perform fn_iu_cursor_change(p_reason);
  -- The row locks below wait for running passes; a lock of the table would deadlock with one that is about to move its cursor.
  select * into v_from from iu_route_worker_cursor where worker_name = p_from for update;
  if not found then
    raise exception using errcode = 'IU306', message = format('there is no worker %s', quote_literal(p_from)), hint = 'iu cursor list shows the workers';
  end if;
  select * into v_to from iu_route_worker_cursor where worker_name = p_to for update;
  -- Their snapshots say nothing about this cluster: what the giving worker has not decided would be taken for decided.
  select c.worker_name into v_changed from iu_route_worker_cursor c cross join fn_iu_cluster_identity() i
   where c.worker_name in (p_from, p_to)
     and (c.system_identifier, c.database_oid, c.log_oid) is distinct from (i.system_identifier, i.database_oid, i.log_oid)
   order by 1 limit 1;
  if found then
    raise exception using errcode = 'IU309', message = format('worker %s stands in another cluster, database or log', v_changed),
      hint = 'after a restore every worker is rebased first: iu cursor rebase WORKER --reason TEXT';
  end if;
  if v_from.open_snapshot is not null or v_to.open_snapshot is not null then
    raise exception using errcode = 'IU309', message = 'a window is open', hint = 'run passes until window_complete is true, then transfer again';
  end if;
  if p_event_domain = '*' or v_to.worker_name is null and v_from.event_domain <> '*'
     or v_to.worker_name is not null and (v_to.event_domain <> '*' or v_from.event_domain <> p_event_domain) then
    raise exception using errcode = 'IU309', message = format('domain %s cannot go from %s to %s', p_event_domain, p_from, p_to),
      hint = 'either split one domain off the worker of every domain to a new name, or give a domain back to that worker';
  end if;
  if v_to.worker_name is null then
    insert into iu_route_worker_cursor (worker_name, event_domain, base_kind, base_snapshot, base_floor_seq, base_seq, base_history_id,
      done_snapshot, done_floor_seq, position_seq, reconciled_snapshot, reconciled_floor_seq, system_identifier, database_oid, log_oid, timeline)
    values (p_to, p_event_domain, 'transfer', v_from.base_snapshot, v_from.base_floor_seq, v_from.base_seq, v_from.base_history_id,
      v_from.done_snapshot, v_from.done_floor_seq, v_from.base_seq, v_from.reconciled_snapshot, v_from.reconciled_floor_seq,
      v_from.system_identifier, v_from.database_oid, v_from.log_oid, v_from.timeline);
  else
    -- deciding obeys the gates; splitting off decides nothing
    v_closed := fn_iu_closed_gate();
    if v_closed is not null then
      return jsonb_build_object('status', v_closed, 'worker_name', p_from);
    end if;
    v_moved := fn_iu_route_decide_missing(v_from, p_event_domain, v_from.base_seq, 'transfer');
    delete from iu_route_worker_cursor where worker_name = p_from;
    update iu_route_worker_cursor set rewound_seq = (select coalesce(max(seq), 0) from event_outbox) where worker_name = p_to;
  end if;
  return v_moved || jsonb_build_object('status', 'transferred', 'event_domain', p_event_domain, 'from', p_from, 'to', p_to);
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_route_worker_unregister.sql
-- fn_iu_route_worker_unregister(text, text) returns jsonb
--
-- Contract:  takes away a cursor that was registered by mistake. Refused for that of the installation, when it decided anything, because its runs and its
--            certificate would be nobody's, and when the log has events of what it owns, because nobody would decide them: then its
--            domain is given to another worker with fn_iu_route_worker_transfer. Waits for passes of it and of the worker of every domain,
--            which must stand at a window boundary: the window that is open left the domain out, and nobody would decide what is in it.
-- Arguments: p_worker_name; p_reason: why, mandatory
-- Returns:   {worker_name, event_domain, owner: who decides the domain from now on, null = nobody}
-- Raises:    IU306 no such worker, IU307 reason missing, IU309 a window is open, IU387 it decided, IU388 it owns events, IU301, IU302
-- Writes:    iu_route_worker_cursor, iu_gate_log
-- May call:  iu_operator
create or replace function fn_iu_route_worker_unregister(p_worker_name text, p_reason text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  c iu_route_worker_cursor;
  v_rest iu_route_worker_cursor;
begin
  perform fn_iu_cursor_change(p_reason);
  select * into c from iu_route_worker_cursor where worker_name = p_worker_name for update;
  if not found then
    raise exception using errcode = 'IU306', message = format('there is no worker %s', quote_literal(p_worker_name)),
      hint = 'iu cursor list shows the workers';
  end if;
  if p_worker_name = 'iu_outbound_default' then
    raise exception using errcode = 'IU387', message = 'iu_outbound_default belongs to the installation', hint = 'iu cursor list shows the workers';
  elsif c.events_seen > 0 or c.attempts_written > 0 or exists (select from iu_route_run where worker_name = p_worker_name) then
    raise exception using errcode = 'IU387', message = format('worker %s has decided events', p_worker_name),
      hint = 'iu cursor transfer gives its domain back to the worker of every domain, and takes the cursor away';
  end if;
  select * into v_rest from iu_route_worker_cursor where event_domain = '*' and worker_name <> p_worker_name for update;
  if v_rest.open_snapshot is not null then
    raise exception using errcode = 'IU309', message = format('a window of %s is open', v_rest.worker_name),
      hint = 'run passes until window_complete is true, then unregister again';
  end if;
  if exists (select from event_outbox e
              where case c.event_domain when '*' then e.event_domain <> all (fn_iu_owned_domains('*')) else e.event_domain = c.event_domain end) then
    raise exception using errcode = 'IU388', message = format('the log has events of %s, which worker %s owns', c.event_domain, p_worker_name),
      hint = 'run it, or give its domain to another worker: iu cursor transfer';
  end if;
  delete from iu_route_worker_cursor where worker_name = p_worker_name;
  insert into iu_gate_log (config_key, operation, old_value, reason, changed_by, application_name, changed_at)
  values ('worker ' || p_worker_name, 'delete', c.event_domain, p_reason, session_user, current_setting('application_name', true), clock_timestamp());
  return jsonb_build_object('worker_name', p_worker_name, 'event_domain', c.event_domain, 'owner', v_rest.worker_name);
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_route_worker_heartbeat.sql
-- fn_iu_route_worker_heartbeat(text, text[], text, integer, text, text, text, jsonb) returns void
--
-- Contract:  a worker process says that it lives and what it does. Rows of processes silent for a day are taken away.
-- Arguments: p_process_id: unique a process; p_worker_names; p_host; p_pid; p_version; p_state; p_detail; p_unopened_routes: of one
--            that delivers, why it cannot open the targets of routes, by route id; null = it does not deliver
-- Returns:   nothing
-- Raises:    23514 unknown state
-- Writes:    iu_route_worker_heartbeat
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_route_worker_heartbeat(p_process_id text, p_worker_names text[], p_host text, p_pid integer, p_version text,
  p_state text, p_detail text default null, p_unopened_routes jsonb default null) returns void
language plpgsql
security definer
set search_path from current
as $$
begin
  insert into iu_route_worker_heartbeat as h (process_id, worker_names, host, pid, version, state, detail, unopened_routes, started_at, last_beat_at)
  values (p_process_id, p_worker_names, p_host, p_pid, p_version, p_state, left(p_detail, 500), p_unopened_routes, clock_timestamp(), clock_timestamp())
  on conflict (process_id) do update
     set worker_names = excluded.worker_names, state = excluded.state, detail = excluded.detail, unopened_routes = excluded.unopened_routes,
         last_beat_at = excluded.last_beat_at;
  if p_state = 'starting' then
    delete from iu_route_worker_heartbeat where last_beat_at < clock_timestamp() - interval '1 day';
  end if;
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_route_worker_reconcile.sql
-- fn_iu_route_worker_reconcile(text, boolean) returns jsonb
--
-- Contract:  the no-loss certificate: counts (event, route) pairs after base and visible in done that have no decision, from an
--            independent look: routes as the deciding pass could see them, from iu_route_history. Also queued decisions without a
--            delivery, a later attempt or a dead letter. Both must be 0, always. Incremental: what was found whole is not looked at
--            again; what is lost stays in view until it is decided.
-- Arguments: p_worker_name; p_full: from base on instead of from the last whole check
-- Returns:   {worker_name, checked, lost_events, lost_pairs, stranded, lost: their sum, first_lost_seq}
-- Raises:    IU306 no such worker, IU301, IU302
-- Writes:    iu_route_worker_cursor (how far it is checked, and what is lost)
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_route_worker_reconcile(p_worker_name text default 'iu_outbound_default', p_full boolean default false)
returns jsonb
language plpgsql
security definer
set search_path from current
set row_security = off
as $$
declare
  c iu_route_worker_cursor;
  v_missing record;
  v_lost_events bigint;
  v_lost_pairs bigint;
  v_stranded bigint;
begin
  perform fn_iu_require_read_committed();
  -- Not locked: passes go on while the check runs. What it found is stored when the cursor still stands where it was read.
  select * into c from iu_route_worker_cursor where worker_name = p_worker_name;
  if not found then
    raise exception using errcode = 'IU306', message = format('there is no worker %s', quote_literal(p_worker_name)),
      hint = 'iu cursor list shows the workers';
  end if;
  select * into v_missing from fn_iu_route_missing(c, p_full);
  v_lost_events := cardinality(v_missing.event_seqs);
  v_lost_pairs := cardinality(v_missing.pair_event_seqs);
  select count(*) into v_stranded
    from iu_route_attempt q
   where q.status = 'queued'
     and not exists (select from iu_route_delivery d where d.event_seq = q.event_seq and d.route_id = q.route_id)
     and not exists (select from iu_route_attempt l where l.event_seq = q.event_seq and l.route_id = q.route_id and l.attempt_no > q.attempt_no)
     and not exists (select from iu_route_dead_letter d where d.event_seq = q.event_seq and d.route_id = q.route_id);
  update iu_route_worker_cursor
     set lost_pairs = v_lost_events + v_lost_pairs + v_stranded, reconciled_at = clock_timestamp(),
         reconciled_snapshot = case when v_lost_events + v_lost_pairs = 0 then c.done_snapshot else reconciled_snapshot end,
         reconciled_floor_seq = case when v_lost_events + v_lost_pairs = 0 then c.done_floor_seq else reconciled_floor_seq end
   where worker_name = p_worker_name
     and reconciled_snapshot::text = c.reconciled_snapshot::text and base_snapshot::text = c.base_snapshot::text;
  return jsonb_build_object('worker_name', p_worker_name, 'checked', v_missing.checked, 'lost_events', v_lost_events, 'lost_pairs', v_lost_pairs,
    'stranded', v_stranded, 'lost', v_lost_events + v_lost_pairs + v_stranded, 'first_lost_seq', least(v_missing.event_seqs[1], v_missing.pair_event_seqs[1])::text);
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_route_redecide.sql
-- fn_iu_route_redecide(bigint, bigint, boolean) returns jsonb
--
-- Contract:  decides one (event, route) again by today's route, as the next attempt. Locks the decision row, so that two replays of
--            one pair give two numbers in order; refused while a delivery of it waits. The delivery id stays, unless asked for a new
--            one. A payload that was corrected for this pair (iu_event_edit) is what the filter judges and what is sent, under the id
--            of that correction. Gates are the caller's matter.
-- Arguments: p_event_seq; p_route_id: 0 = the event as a whole: routes that have no decision for it get one; p_new_id
-- Returns:   {status: replayed|delivery_waiting|no_decision|redacted, decision, reason, attempt_no, edit_id}
-- Raises:    nothing of its own
-- Writes:    iu_route_attempt, iu_route_delivery, iu_route_lane, iu_route_dead_letter
-- May call:  internal
create or replace function fn_iu_route_redecide(p_event_seq bigint, p_route_id bigint, p_new_id boolean) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_first iu_route_attempt;
  v_event event_outbox;
  v_route iu_judged_route;
  v_routes iu_judged_route[];
  v_no integer;
  v_status text;
  v_reason text;
  v_key text;
  v_count record;
  v_message text;
  v_lane text;
  v_edit record;
begin
  select * into v_first from iu_route_attempt where event_seq = p_event_seq and route_id = p_route_id and attempt_no = 1 for update;
  if not found then
    return jsonb_build_object('status', 'no_decision');
  end if;
  if exists (select from iu_route_delivery where event_seq = p_event_seq and route_id = p_route_id) then
    return jsonb_build_object('status', 'delivery_waiting');
  end if;
  select * into strict v_event from event_outbox where seq = p_event_seq;
  if v_event.safe_payload ? 'iu_redacted' then
    -- what is left of it would be sent as if it were the event
    return jsonb_build_object('status', 'redacted');
  end if;
  if p_route_id = 0 then
    select array_agg(r order by r.route_id) into v_routes from fn_iu_judged_routes() r
     where fn_iu_pattern_matches(r.event_domain, v_event.event_domain) and fn_iu_pattern_matches(r.event_type, v_event.event_type)
       and fn_iu_pattern_matches(r.event_stream, v_event.event_stream)
       and not exists (select from iu_route_attempt a where a.event_seq = p_event_seq and a.route_id = r.route_id);
    if v_routes is null then
      return jsonb_build_object('status', 'replayed', 'decision', 'skipped', 'reason', 'no_route', 'attempt_no', 1, 'written', 0);
    end if;
    select * into v_count from fn_iu_route_decide_isolated(
      array[row(v_event.seq, v_event.id, v_event.event_domain, v_event.event_type, v_event.event_stream)::iu_event_key],
      v_routes, null);
    return jsonb_build_object('status', 'replayed', 'decision', case when v_count.written > 0 then 'decided' else 'skipped' end,
      'reason', case when v_count.written = 0 then 'no_route' end, 'attempt_no', 1, 'written', v_count.written);
  end if;
  select max(attempt_no) + 1 into v_no from iu_route_attempt where event_seq = p_event_seq and route_id = p_route_id;
  select * into v_route from fn_iu_judged_routes() r where r.route_id = p_route_id;
  select x.edit_id, x.attempt_no, x.payload into v_edit from iu_event_edit x
   where x.event_seq = p_event_seq and x.route_id = p_route_id order by x.edit_id desc limit 1;
  v_event.safe_payload := coalesce(v_edit.payload, v_event.safe_payload);
  v_key := v_first.idempotency_key || case when p_new_id then '#' || v_no else coalesce('#' || v_edit.attempt_no, '') end;
  begin
    select o.status, o.reason into v_status, v_reason from fn_iu_route_outcome(v_event, v_route) o;
    if v_status = 'no_match' then
      v_reason := v_status;
      v_status := 'skipped';
    end if;
    insert into iu_route_attempt (event_seq, route_id, attempt_no, route_version, event_ref, route_kind, route_code, status, decision, reason,
                                  idempotency_key, payload_snapshot)
    values (p_event_seq, p_route_id, v_no, v_route.version, v_event.id, 'outbound', v_first.route_code, v_status, v_status, v_reason, v_key,
            case when v_status = 'dry_run' then v_route.request end);
    if v_status = 'queued' then
      insert into iu_route_delivery (event_seq, event_ref, route_id, attempt_no, delivery_key, edit_id, lane_key)
      values (p_event_seq, v_event.id, p_route_id, v_no, v_key, v_edit.edit_id,
              case when v_route.ordering = 'subject' then v_event.event_subject_table || ':' || v_event.event_subject_ref end)
      returning lane_key into v_lane;
      if v_lane is not null then
        perform fn_iu_lane_wake(array[p_route_id], array[v_lane], array[p_event_seq]);
      end if;
    end if;
  exception when others then
    get stacked diagnostics v_status = returned_sqlstate, v_message = message_text;
    if left(v_status, 2) in ('40', '53', '55', '57', '58', 'XX') then
      raise;
    end if;
    v_reason := v_status;
    perform fn_iu_route_fail(p_event_seq, v_route, v_no, null, v_status, v_message);
    v_status := 'failed';
  end;
  return jsonb_build_object('status', 'replayed', 'decision', v_status, 'reason', v_reason, 'attempt_no', v_no, 'edit_id', v_edit.edit_id::text);
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_route_dead_letter_replay.sql
-- fn_iu_route_dead_letter_replay(bigint, boolean) returns jsonb
--
-- Contract:  decides the event of one dead letter again by today's route, as the next attempt, and resolves the dead letter when that gave
--            a dry-run or a queued delivery. Failed again: the new letter takes its place. Refused while the master or the worker gate is
--            closed: a kill switch is total.
-- Arguments: p_dead_letter_id; p_new_id: a new delivery id instead of the same one
-- Returns:   {status: replayed|master_gate_closed|worker_gate_closed|already_resolved|delivery_waiting|unknown_dead_letter,
--            decision, reason, resolved, attempt_no, edit_id}
-- Raises:    IU301, IU302
-- Writes:    iu_route_attempt, iu_route_delivery, iu_route_dead_letter
-- May call:  iu_operator
create or replace function fn_iu_route_dead_letter_replay(p_dead_letter_id bigint, p_new_id boolean default false) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_closed text;
  v_letter iu_route_dead_letter;
  v_result jsonb;
  v_resolved boolean;
begin
  perform fn_iu_require_read_committed();
  v_closed := fn_iu_closed_gate();
  if v_closed is not null then
    return jsonb_build_object('status', v_closed, 'resolved', false);
  end if;
  select * into v_letter from iu_route_dead_letter where dead_letter_id = p_dead_letter_id for update;
  if not found then
    return jsonb_build_object('status', 'unknown_dead_letter', 'resolved', false);
  elsif v_letter.resolved_at is not null then
    return jsonb_build_object('status', 'already_resolved', 'resolved', true, 'resolution', v_letter.resolution);
  end if;
  v_result := fn_iu_route_redecide(v_letter.event_seq, v_letter.route_id, p_new_id);
  v_resolved := v_result ->> 'decision' in ('dry_run', 'queued', 'decided');
  -- A new failure has a letter of its own, so that a pair never has two open ones.
  if v_resolved or v_result ->> 'decision' = 'failed' then
    update iu_route_dead_letter
       set resolved_at = clock_timestamp(), resolved_by = session_user, resolution = 'replayed',
           resolution_note = format('attempt %s: %s%s', v_result ->> 'attempt_no', v_result ->> 'decision', ', edit ' || (v_result ->> 'edit_id'))
     where dead_letter_id = p_dead_letter_id;
  end if;
  return v_result || jsonb_build_object('dead_letter_id', p_dead_letter_id, 'resolved', coalesce(v_resolved, false));
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_route_dead_letter_resolve.sql
-- fn_iu_route_dead_letter_resolve(bigint, text) returns jsonb
--
-- Contract:  closes a dead letter without replaying it, because somebody decided so. The row stays.
-- Arguments: p_dead_letter_id; p_note: why, mandatory
-- Returns:   {dead_letter_id, resolved}
-- Raises:    IU342 no such dead letter, IU343 note missing, IU340 already resolved
-- Writes:    iu_route_dead_letter
-- May call:  iu_operator
create or replace function fn_iu_route_dead_letter_resolve(p_dead_letter_id bigint, p_note text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
begin
  if nullif(btrim(p_note), '') is null then
    raise exception using errcode = 'IU343', message = 'a dead letter is resolved with a note', hint = 'add --note TEXT';
  end if;
  update iu_route_dead_letter
     set resolved_at = clock_timestamp(), resolved_by = session_user, resolution = 'resolved', resolution_note = p_note
   where dead_letter_id = p_dead_letter_id;
  if not found then
    raise exception using errcode = 'IU342', message = format('there is no dead letter %s', p_dead_letter_id),
      hint = 'iu dead-letter list shows the open ones';
  end if;
  return jsonb_build_object('dead_letter_id', p_dead_letter_id, 'resolved', true);
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_blockers.sql
-- fn_iu_blockers(integer) returns table (kind, pid, name, application_name, state, age_seconds, xid)
--
-- Contract:  who holds a transaction open: sessions of this database that have written, and prepared transactions. They delay only
--            their own events (P3); one that is forgotten hides its events until it ends. A role without pg_read_all_stats sees the
--            pid but not the age: then age_seconds is null.
-- Arguments: p_least_age_seconds: younger ones are left out; those of unknown age are shown
-- Returns:   oldest first
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_operator, iu_reader
create or replace function fn_iu_blockers(p_least_age_seconds integer default 60)
returns table (kind text, pid integer, name text, application_name text, state text, age_seconds integer, xid text)
language sql
volatile
security definer
set search_path from current
as $$
  select * from (
    select 'session'::text, l.pid, s.usename::text, s.application_name, s.state, extract(epoch from clock_timestamp() - s.xact_start)::integer as age,
           l.transactionid::text
      from pg_locks l
      join pg_stat_activity s on s.pid = l.pid and s.datname = current_database()
     where l.locktype = 'transactionid' and l.mode = 'ExclusiveLock' and l.granted and l.pid <> pg_backend_pid()
    union all
    select 'prepared', null, p.owner::text, p.gid, 'prepared', extract(epoch from clock_timestamp() - p.prepared)::integer, p.transaction::text
      from pg_prepared_xacts p
     where p.database = current_database()
  ) b
  where b.age is null or b.age >= p_least_age_seconds
  order by b.age desc nulls last
$$;
-- <<<

-- >>> views/v_iu_event_undecided.sql
-- v_iu_event_undecided: the committed events that a worker has still to decide, as its snapshots say: above the floor those not
-- visible in done, below it those of transactions that were in progress then; without what the open window has passed.
create or replace view v_iu_event_undecided as
select c.worker_name, u.seq as event_seq, u.id as event_ref, u.event_domain, u.event_type, u.created_at
  from iu_route_worker_cursor c
 cross join lateral (
   select e.seq, e.id, e.event_domain, e.event_type, e.created_at
     from event_outbox e
    where e.seq > greatest(c.done_floor_seq, c.base_seq)
      and not pg_visible_in_snapshot(e.tx_id, c.done_snapshot)
      and not (c.open_snapshot is not null and c.phase = 2 and e.seq <= c.position_seq and pg_visible_in_snapshot(e.tx_id, c.open_snapshot))
   union all
   select e.seq, e.id, e.event_domain, e.event_type, e.created_at
     from pg_snapshot_xip(c.done_snapshot) as late(xid)
    cross join lateral (
      -- fenced, and by row comparison: only the index (tx_id, seq) answers it, whatever the statistics say
      select o.seq, o.id, o.event_domain, o.event_type, o.created_at
        from event_outbox o
       where (o.tx_id, o.seq) > (late.xid, c.base_seq) and (o.tx_id, o.seq) <= (late.xid, greatest(c.done_floor_seq, c.base_seq))
       order by o.tx_id, o.seq offset 0
    ) e
    where not (c.open_snapshot is not null and pg_visible_in_snapshot(late.xid, c.open_snapshot)
               and (c.phase = 2 or e.seq <= c.position_seq))
 ) u
 where case when c.event_domain = '*'
            then not exists (select 1 from iu_route_worker_cursor o where o.event_domain = u.event_domain)
            else u.event_domain = c.event_domain end;
-- <<<

-- >>> views/v_iu_event_backlog.sql
-- v_iu_event_backlog: how much waits for each worker, and since when. Its cost is that of the backlog, not of the log.
create or replace view v_iu_event_backlog as
select c.worker_name, c.event_domain, count(u.event_seq) as backlog, min(u.created_at) as oldest_created_at, min(u.event_seq) as first_event_seq,
       c.last_created_at as cursor_created_at, c.last_event_id as cursor_event_id
  from iu_route_worker_cursor c
  left join v_iu_event_undecided u on u.worker_name = c.worker_name
 group by c.worker_name, c.event_domain, c.last_created_at, c.last_event_id;
-- <<<

-- >>> views/v_iu_route_dead_letter_open.sql
-- v_iu_route_dead_letter_open: what waits for somebody, without the payload.
create or replace view v_iu_route_dead_letter_open as
select d.dead_letter_id, d.route_code, d.event_ref, d.event_seq, d.attempt_no, d.event_snapshot ->> 'event_domain' as event_domain,
       d.event_snapshot ->> 'event_type' as event_type, d.event_snapshot ->> 'event_subject_ref' as event_subject_ref,
       d.failure_code, d.failure_detail, d.failure_signature, d.created_at
  from iu_route_dead_letter d
 where d.resolved_at is null;
-- <<<

-- >>> functions/worker/fn_iu_route_worker_health.sql
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
-- <<<

-- >>> functions/worker/fn_iu_event_story.sql
-- fn_iu_event_story(uuid) returns jsonb
--
-- Contract:  the whole story of one event: what was recorded, who has to decide it and whether that happened, every attempt with the
--            route version that decided it, dead letters and waiting deliveries.
-- Arguments: p_event_id
-- Returns:   {event, state: undecided|decided|before_base|without_owner, worker_name, attempts, dead_letters, deliveries} or null
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_operator
create or replace function fn_iu_event_story(p_event_id uuid) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  e event_outbox;
  c iu_route_worker_cursor;
  v_attempts jsonb;
begin
  select * into e from event_outbox where id = p_event_id;
  if not found then
    return null;
  end if;
  select * into c from iu_route_worker_cursor where event_domain in (e.event_domain, '*') order by event_domain = '*' limit 1;
  select coalesce(jsonb_agg(to_jsonb(a) - '{event_seq,event_ref,route_kind,attempt_id,run_id}'::text[]
                  || jsonb_build_object('attempt_id', a.attempt_id::text, 'run_id', a.run_id::text, 'route_removed',
                       exists (select from iu_outbound_route r
                                where a.route_kind = 'outbound' and r.route_id = a.route_id and r.removed_at is not null))
                  order by a.attempt_id), '[]')
    into v_attempts from iu_route_attempt a where a.event_seq = e.seq;
  return jsonb_build_object(
    'event', to_jsonb(e) || jsonb_build_object('seq', e.seq::text, 'tx_id', e.tx_id::text, 'safe_payload', e.safe_payload::text),
    'worker_name', c.worker_name,
    'state', case when v_attempts <> '[]' then 'decided'
                  when c.worker_name is null then 'without_owner'
                  when e.seq <= c.base_seq or pg_visible_in_snapshot(e.tx_id, c.base_snapshot) then 'before_base'
                  else 'undecided' end,
    'attempts', v_attempts,
    'dead_letters', (select coalesce(jsonb_agg(to_jsonb(d) - '{event_snapshot,event_seq,event_ref}'::text[] order by d.dead_letter_id), '[]')
                       from iu_route_dead_letter d where d.event_seq = e.seq),
    'deliveries', (select coalesce(jsonb_agg(to_jsonb(q) - '{event_seq,event_ref,lease_token,edit_id}'::text[]
                       || jsonb_build_object('route_code', r.route_code, 'lease_until', l.lease_until) order by q.route_id), '[]')
                     from iu_route_delivery q
                     join iu_outbound_route r using (route_id)
                     left join iu_route_lease l on l.lease_token = q.lease_token and l.route_id = q.route_id
                    where q.event_seq = e.seq));
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_ladder_log.sql
-- fn_iu_ladder_log(integer, text, text) returns void
--
-- Contract:  writes a step of the ladder that changes no setting to the gate log.
-- Arguments: p_level; p_what: disable or enable; p_reason
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    iu_gate_log
-- May call:  internal
create or replace function fn_iu_ladder_log(p_level integer, p_what text, p_reason text) returns void
language sql
volatile
set search_path from current
as $$
  insert into iu_gate_log (config_key, operation, new_value, reason, changed_by, application_name, changed_at)
  values ('ladder level ' || p_level, 'update', p_what, p_reason, session_user, current_setting('application_name', true), clock_timestamp())
$$;
-- <<<

-- >>> functions/worker/fn_iu_ladder_capture.sql
-- fn_iu_ladder_capture(boolean, text) returns void
--
-- Contract:  level 3 of the ladder: switches the triggers that record events of versions and of SQL links, and writes it to the gate
--            log. Waits 300 ms for a table, because every later writer would wait behind it.
-- Arguments: p_enable; p_reason
-- Returns:   nothing
-- Raises:    IU406 a table is in use
-- Writes:    the triggers, iu_gate_log
-- May call:  internal
create or replace function fn_iu_ladder_capture(p_enable boolean, p_reason text) returns void
language plpgsql
volatile
set search_path from current
as $$
declare
  v_what text := case when p_enable then 'enable' else 'disable' end;
begin
  perform set_config('lock_timeout', '300ms', true);
  begin
    execute format('alter table unit_version %s trigger trg_iu_out_version', v_what);
    execute format('alter table iu_sql_link %s trigger trg_iu_sql_in_iu_sql_link', v_what);
  exception when lock_not_available then
    raise exception using errcode = 'IU406', message = 'unit_version or iu_sql_link is in use: no lock within 300 ms',
      hint = 'run it again; iu health names open transactions';
  end;
  perform fn_iu_ladder_log(3, v_what, p_reason);
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_ladder_disable.sql
-- fn_iu_ladder_disable(integer, text) returns jsonb
--
-- Contract:  one step of the disable ladder. 0: worker gate closed (passes and replays stop; events are recorded and wait).
--            1: master gate closed (the same for every worker and claim). 2: every route disabled, remembered for the way back (events
--            met meanwhile are decided skipped and can be revived). 3: the capture triggers on unit_version and iu_sql_link disabled
--            (their events are not recorded: the last resort). Each level does only its own step.
-- Arguments: p_level: 0..3; p_reason: why, mandatory
-- Returns:   {level, did, stops, leaves_running}
-- Raises:    IU404 unknown level, IU402 reason missing, IU406 a table is in use
-- Writes:    dot_config, or iu_outbound_route and iu_sql_event_route, or the triggers; iu_gate_log
-- May call:  iu_operator
create or replace function fn_iu_ladder_disable(p_level integer, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_count bigint;
  v_more bigint;
begin
  perform fn_iu_gate_reason_check(p_reason);
  case p_level
    when 0 then
      perform fn_iu_gate_set('iu_core.route_worker_enabled', false, p_reason);
      return jsonb_build_object('level', 0, 'did', 'worker gate closed', 'stops', 'passes and replays',
        'leaves_running', 'recording of events, which wait; deliveries that are queued already (the delivery gate stops those)');
    when 1 then
      perform fn_iu_gate_set('iu_core.routes_master_enabled', false, p_reason);
      return jsonb_build_object('level', 1, 'did', 'master gate closed', 'stops', 'every pass, replay and claim',
        'leaves_running', 'recording of events; events and deliveries wait until the gate opens');
    when 2 then
      -- the flow before the route, as everybody locks them
      perform from iu_route_flow f join iu_outbound_route r using (route_id) where r.enabled order by f.route_id for update of f;
      update iu_outbound_route set enabled = false, ladder_disabled = true, note = p_reason where enabled;
      get diagnostics v_count = row_count;
      update iu_sql_event_route set enabled = false, ladder_disabled = true, updated_at = clock_timestamp() where enabled;
      get diagnostics v_more = row_count;
      perform fn_iu_ladder_log(2, 'disable', p_reason);
      return jsonb_build_object('level', 2, 'did', format('%s routes disabled', v_count + v_more), 'stops', 'every route and its deliveries',
        'leaves_running', 'recording and passes: events met now are decided skipped and can be revived; deliveries wait');
    when 3 then
      perform fn_iu_ladder_capture(false, p_reason);
      return jsonb_build_object('level', 3, 'did', 'capture triggers disabled', 'stops', 'events of new versions and of SQL links: they are not recorded',
        'leaves_running', 'emission by applications and by governed functions, passes, routes');
    else
      raise exception using errcode = 'IU404', message = 'the ladder has the levels 0 to 3', hint = 'iu disable --help tells what each stops';
  end case;
end
$$;
-- <<<

-- >>> functions/worker/fn_iu_ladder_enable.sql
-- fn_iu_ladder_enable(integer, text) returns jsonb
--
-- Contract:  the way back from one step of the disable ladder: opens the gate, enables just the routes that level 2 disabled, or
--            enables the capture triggers. A route comes back as it was: one that was live and is still validly approved sends
--            again, and the answer counts these; one whose approval is not valid any more comes back in dry-run.
-- Arguments: p_level: 0..3; p_reason: why, mandatory
-- Returns:   {level, did}
-- Raises:    IU404 unknown level, IU402 reason missing, IU406 a table is in use
-- Writes:    dot_config, or iu_outbound_route and iu_sql_event_route, or the triggers; iu_gate_log
-- May call:  iu_operator
create or replace function fn_iu_ladder_enable(p_level integer, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_count bigint;
  v_more bigint;
  v_live bigint;
begin
  perform fn_iu_gate_reason_check(p_reason);
  case p_level
    when 0 then
      perform fn_iu_gate_set('iu_core.route_worker_enabled', true, p_reason);
      return jsonb_build_object('level', 0, 'did', 'worker gate open');
    when 1 then
      perform fn_iu_gate_set('iu_core.routes_master_enabled', true, p_reason);
      return jsonb_build_object('level', 1, 'did', 'master gate open');
    when 2 then
      perform from iu_route_flow f join iu_outbound_route r using (route_id) where r.ladder_disabled order by f.route_id for update of f;
      with back as (
        update iu_outbound_route
           set enabled = true, ladder_disabled = false, note = p_reason,
               dry_run = dry_run or fn_iu_route_approval_state(route_id, version, approval_id) <> 'valid'
         where ladder_disabled and removed_at is null
        returning dry_run)
      select count(*), count(*) filter (where not dry_run) into v_count, v_live from back;
      update iu_sql_event_route set enabled = true, ladder_disabled = false, updated_at = clock_timestamp() where ladder_disabled and removed_at is null;
      get diagnostics v_more = row_count;
      perform fn_iu_ladder_log(2, 'enable', p_reason);
      return jsonb_build_object('level', 2, 'did', format('%s routes enabled, %s of them live', v_count + v_more, v_live));
    when 3 then
      perform fn_iu_ladder_capture(true, p_reason);
      return jsonb_build_object('level', 3, 'did', 'capture triggers enabled');
    else
      raise exception using errcode = 'IU404', message = 'the ladder has the levels 0 to 3', hint = 'iu enable --help tells what each starts';
  end case;
end
$$;
-- <<<

create trigger trg_iu_route_run_append_only before update or delete or truncate on iu_route_run
  for each statement execute function fn_iu_refuse_change();
alter table iu_route_run enable always trigger trg_iu_route_run_append_only;

-- Inert: the worker gate is closed (002_control); this cursor owns the domain iu from the first event on.
select fn_iu_route_worker_register('iu_outbound_default', 'iu', 'beginning');
