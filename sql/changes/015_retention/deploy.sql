-- 015_retention: what may leave: old settled events by a prune that counts what it takes, and texts or payloads that the law wants gone, by a
-- redaction of two people. What may be pruned and why is explained in docs/explanation/retention.md.

create table iu_prune_run (
  run_id        bigint generated always as identity primary key,
  cutoff_at     timestamptz not null,
  archive       text not null check (archive in ('none', 'table', 'folder')),
  archive_place text,
  ceiling_seq   bigint not null,
  reason        text not null,
  started_by    text not null,
  started_at    timestamptz not null default clock_timestamp(),
  state         text not null default 'running' check (state in ('running', 'done', 'cancelled')),
  position_seq  bigint not null default 0,
  batches       integer not null default 0,
  examined      bigint not null default 0,
  events        bigint not null default 0,
  attempts      bigint not null default 0,
  others        bigint not null default 0,
  held          jsonb not null default '{}',
  worked_at     timestamptz,
  ended_by      text,
  ended_at      timestamptz,
  end_reason    text,
  constraint iu_prune_run_ended_chk check ((state = 'running') = (ended_at is null))
);
create unique index iu_prune_run_running_key on iu_prune_run ((true)) where state = 'running';
comment on table iu_prune_run is 'Prunes of the log: from which age on, how far each came, what stayed and why. One runs at a time.';
comment on column iu_prune_run.ceiling_seq is 'The newest event but one when it began: the newest stays, it says how far the numbers went.';
comment on column iu_prune_run.held is 'How many of the events it passed had to stay, by reason.';

create table iu_prune_batch (
  run_id         bigint not null references iu_prune_run,
  batch_no       integer not null,
  tx_id          xid8 not null default pg_current_xact_id(),
  first_seq      bigint,
  last_seq       bigint,
  events         integer not null,
  rows           integer not null,
  archive_file   text,
  archive_sha256 text,
  archive_bytes  bigint,
  pruned_by      text not null default session_user,
  pruned_at      timestamptz not null default clock_timestamp(),
  primary key (run_id, batch_no)
);
comment on table iu_prune_batch is 'Each step of a prune that took something, and the file it was archived in with its hash.';

create table iu_pruned_event (
  event_day    date not null,
  event_domain text not null,
  event_type   text not null,
  base_seq     bigint not null,
  counted      boolean not null,
  events       bigint not null,
  first_seq    bigint not null,
  last_seq     bigint not null,
  primary key (event_day, event_domain, event_type, base_seq, counted)
);
comment on table iu_pruned_event is 'How many events were pruned, by day (UTC), domain and type: what the books add to what is left.';
comment on column iu_pruned_event.counted is 'They were in the books of their worker when its base was base_seq; false = from before its base.';

create table iu_pruned_attempt (
  event_day    date not null,
  event_domain text not null,
  event_type   text not null,
  base_seq     bigint not null,
  counted      boolean not null,
  route_kind   text not null,
  route_code   text not null,
  status       text not null,
  attempts     bigint not null,
  first_at     timestamptz not null,
  last_at      timestamptz not null,
  primary key (event_day, event_domain, event_type, base_seq, counted, route_kind, route_code, status)
);
comment on table iu_pruned_attempt is 'How many attempts were pruned, by day of the event, domain, type, route and status.';

create table iu_archived_row (
  archived_row_id bigint generated always as identity primary key,
  run_id          bigint not null,
  batch_no        integer not null,
  table_name      text not null,
  event_seq       bigint,
  event_id        uuid,
  document        jsonb not null
);
create index iu_archived_row_event_idx on iu_archived_row (event_id) where event_id is not null;
create index iu_archived_row_seq_idx on iu_archived_row (event_seq) where event_seq is not null;
comment on table iu_archived_row is 'What prunes with --archive table took, a row a row. Append-only; a redaction reaches it.';

create table iu_pruned_file_event (
  event_id  uuid not null,
  event_seq bigint not null,
  run_id    bigint not null,
  batch_no  integer not null,
  primary key (event_id, run_id, batch_no),
  foreign key (run_id, batch_no) references iu_prune_batch deferrable initially deferred
);
comment on table iu_pruned_file_event is 'In the file of which step an event is that was pruned into a folder: about 100 bytes an event, so that a redaction can name the file.';

create table iu_redaction (
  redaction_id   bigint generated always as identity primary key,
  subject_kind   text not null check (subject_kind in ('event', 'unit_version', 'source_pin')),
  subject_ref    text not null,
  reason         text not null,
  legal_ref      text not null,
  plan           jsonb not null,
  state          text not null default 'requested' check (state in ('requested', 'approved', 'rejected', 'applied')),
  requested_by   text not null,
  requested_at   timestamptz not null default clock_timestamp(),
  approved_by    text,
  approved_at    timestamptz,
  approval_note  text,
  rejected_by    text,
  rejected_at    timestamptz,
  rejection_note text,
  applied_by     text,
  applied_at     timestamptz,
  constraint iu_redaction_two_people_chk check (approved_by <> requested_by),
  constraint iu_redaction_approved_chk check (state not in ('approved', 'applied') or (approved_by is not null and approved_at is not null)),
  constraint iu_redaction_applied_chk check ((state = 'applied') = (applied_by is not null and applied_at is not null))
);
create unique index iu_redaction_open_key on iu_redaction (subject_kind, subject_ref) where state in ('requested', 'approved');
comment on table iu_redaction is 'Requests to overwrite a payload or a text for good, who asked, who else agreed, and on what ground.';
comment on column iu_redaction.plan is 'Which copies there were, as hashes and lengths; never what stood in them.';

create table iu_redacted_copy (
  redaction_id bigint not null references iu_redaction,
  table_name   text not null,
  row_key      text not null,
  column_name  text not null,
  sha256       text not null,
  byte_length  integer not null,
  redacted_at  timestamptz not null default clock_timestamp(),
  primary key (redaction_id, table_name, row_key, column_name, sha256)
);
comment on table iu_redacted_copy is 'Each value that a redaction overwrote: where it stood, its hash and its length. Append-only.';

update dot_config set value = value || ', fn_iu_redaction' where key = 'iu_create.gateway.allowed_marker_values';

-- >>> functions/retention/fn_iu_prune_cutoff.sql
-- fn_iu_prune_cutoff(numeric) returns timestamptz
--
-- Contract:  the moment before which everything has to have happened that a prune takes.
-- Arguments: p_older_than_days: 0 to 36,500
-- Returns:   the moment
-- Raises:    IU880 the age is no number of days
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_prune_cutoff(p_older_than_days numeric) returns timestamptz
language plpgsql
set search_path from current
as $$
begin
  if p_older_than_days is null or p_older_than_days = 'NaN' or p_older_than_days not between 0 and 36500 then
    raise exception using errcode = 'IU880', message = 'a prune takes what is older than a number of days, 0 to 36500', hint = '--older-than 90';
  end if;
  return clock_timestamp() - (p_older_than_days * 86400)::double precision * interval '1 second';
end
$$;
-- <<<

-- >>> functions/retention/fn_iu_prune_ready.sql
-- fn_iu_prune_ready() returns void
--
-- Contract:  refuses to prune while a cursor cannot vouch for what it decided: another cluster than the cursor's (its snapshots mean
--            nothing here), or a certificate that found something missing; and while a foreign key of the log on itself, or of another
--            table of ours, straight or by way of cascades elsewhere, would delete or change rows that no prune has judged.
-- Arguments: none
-- Returns:   nothing
-- Raises:    IU881 a cursor is of another cluster, IU882 the certificate is broken, IU899 a foreign key of our tables, IU878 a
--            rule, IU301, IU302
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_prune_ready() returns void
language plpgsql
volatile
set search_path from current
as $$
declare
  v_identity record;
  v_worker text;
  v_key record;
  v_rule record;
begin
  perform fn_iu_require_read_committed();
  select * into v_identity from fn_iu_cluster_identity();
  select worker_name into v_worker from iu_route_worker_cursor c
   where (c.system_identifier, c.database_oid, c.log_oid) is distinct from
         (v_identity.system_identifier, v_identity.database_oid, v_identity.log_oid) limit 1;
  if found then
    raise exception using errcode = 'IU881', message = format('worker %s stands in another cluster, database or log', v_worker),
      hint = 'after a restore: iu cursor rebase WORKER --reason TEXT, then prune';
  end if;
  select worker_name into v_worker from iu_route_worker_cursor where lost_pairs > 0 limit 1;
  if found then
    raise exception using errcode = 'IU882', message = format('the certificate of worker %s is broken: decisions are missing', v_worker),
      hint = 'iu cursor rewind WORKER decides what is missing; nothing is pruned before';
  end if;
  select w.rulename, c.relname into v_rule
    from pg_rewrite w join pg_class c on c.oid = w.ev_class join pg_class log on log.relnamespace = c.relnamespace
   where log.oid = 'event_outbox'::regclass and (c.oid = log.oid or c.relname like E'iu\\_%' and pg_get_userbyid(c.relowner) = 'iu_owner')
     and c.relkind in ('r', 'p') and w.ev_enabled <> 'D' order by c.relname, w.rulename limit 1;
  if found then
    raise exception using errcode = 'IU878',
      message = format('rule %s of %s rewrites statements: what is counted as pruned could stay', v_rule.rulename, v_rule.relname),
      hint = format('drop rule %I on %I; an AFTER trigger can do beside a statement what a rule does', v_rule.rulename, v_rule.relname);
  end if;
  -- from table to table as far as deletes go; statement guards of ours do not fire again for what a foreign key sets off
  with recursive key as (
    select k.*, coalesce(pg_partition_root(k.conrelid), k.conrelid) as of_table, coalesce(pg_partition_root(k.confrelid), k.confrelid) as on_table
      from pg_constraint k where k.contype = 'f' and k.confdeltype in ('c', 'n', 'd') and k.conparentid = 0
  ), deleted (table_oid) as (
    select 'event_outbox'::regclass::oid
    union select key.of_table from deleted join key on key.on_table = deleted.table_oid where key.confdeltype = 'c'
  )
  select key.conrelid::regclass as of_table, key.conname as name, pg_get_constraintdef(key.oid) as definition into v_key
    from deleted join key on key.on_table = deleted.table_oid join pg_class c on c.oid = key.conrelid
   where pg_get_userbyid(c.relowner) = 'iu_owner' order by key.conname limit 1;
  if found then
    raise exception using errcode = 'IU899',
      message = format('foreign key %s of %s deletes or changes rows there when events go: nobody judged those', v_key.name, v_key.of_table),
      hint = format('let it keep what is referred to: alter table %1$s drop constraint %2$I, add constraint %2$I %3$s', v_key.of_table, v_key.name,
                    regexp_replace(v_key.definition, E' ON DELETE (CASCADE|SET NULL|SET DEFAULT)( \\([^)]*\\))?', ''));
  end if;
end
$$;
-- <<<

-- >>> functions/retention/fn_iu_prune_certify.sql
-- fn_iu_prune_certify() returns void
--
-- Contract:  brings the certificate of every cursor up to date and refuses when it finds something missing: only what was found whole
--            may be pruned, because afterwards nobody can look again. Its own transaction: it locks the cursors, and no pass runs until it ends.
-- Arguments: none
-- Returns:   nothing
-- Raises:    IU878, IU881, IU882, IU899 as fn_iu_prune_ready, IU301, IU302
-- Writes:    iu_route_worker_cursor (the certificate)
-- May call:  iu_core_pruner, iu_operator
create or replace function fn_iu_prune_certify() returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
  perform fn_iu_prune_ready();
  perform fn_iu_route_worker_reconcile(worker_name) from iu_route_worker_cursor order by worker_name;
  perform fn_iu_prune_ready();
end
$$;
-- <<<

-- >>> functions/retention/fn_iu_prune_said.sql
-- fn_iu_prune_said(iu_prune_run, text) returns jsonb
--
-- Contract:  what the functions of a prune answer with.
-- Arguments: p_run; p_status: what this call did
-- Returns:   {run_id, status, state, archive, cutoff_at, batches, examined, events, attempts, others, held, position_seq, ceiling_seq,
--            installation: cluster and database, so that two of them may archive into one folder}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_prune_said(p_run iu_prune_run, p_status text) returns jsonb
language sql
stable
set search_path from current
as $$
  select jsonb_build_object('run_id', p_run.run_id::text, 'status', p_status, 'state', p_run.state, 'archive', p_run.archive,
    'archive_place', p_run.archive_place, 'cutoff_at', p_run.cutoff_at, 'batches', p_run.batches, 'examined', p_run.examined, 'events', p_run.events,
    'attempts', p_run.attempts, 'others', p_run.others, 'held', p_run.held, 'position_seq', p_run.position_seq::text,
    'ceiling_seq', p_run.ceiling_seq::text,
    'installation', (select i.system_identifier || '-' || i.database_oid from fn_iu_cluster_identity() i))
$$;
-- <<<

-- >>> functions/retention/fn_iu_prune_judge.sql
-- fn_iu_prune_judge(bigint, bigint, integer, timestamptz) returns table (event_seq, ..., hold)
--
-- Contract:  looks at the next events in order of seq and says of each why it has to stay, or that it may go. An event may go when it and
--            all that happened to it is older than the cutoff, done of every cursor sees it that reads its domain or could be given it, the
--            certificate of its owner has found it whole, and nobody needs it any more. By keys and primary key order whatever the
--            statistics say: its cost is that of the events it looks at, not of the log.
-- Arguments: p_after_seq, p_until_seq: the range; p_limit: most events; p_cutoff
-- Returns:   one row an event, in order; hold null = it may go; counted: it is in the books of its owner, whose base_seq is given;
--            bytes: of its payload as stored
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_prune_judge(p_after_seq bigint, p_until_seq bigint, p_limit integer, p_cutoff timestamptz)
returns table (event_seq bigint, event_id uuid, event_domain text, event_type text, created_at timestamptz, base_seq bigint, counted boolean,
               decided boolean, bytes bigint, hold text)
language plpgsql
volatile
set search_path from current
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set jit = off
as $$
begin
  return query
  with cursor as materialized (
    -- the text round trip detoasts a long snapshot once instead of once a row
    select c.event_domain as domain, c.base_seq as base, (c.base_snapshot::text)::pg_snapshot as base_seen,
           (c.done_snapshot::text)::pg_snapshot as done, (c.reconciled_snapshot::text)::pg_snapshot as reconciled
      from iu_route_worker_cursor c
  ), asked as materialized (
    -- routes whose way live is not decided yet: their dry runs are the evidence
    select r.route_id, r.version from iu_outbound_route r
     where r.removed_at is null and exists (
       select from iu_route_approval a
        where a.route_id = r.route_id and a.route_version = r.version and a.live_at is null and a.revoked_at is null
          and (a.expires_at is null or a.expires_at > clock_timestamp()))
  ), replay as materialized (
    select min(r.position_seq) as position_seq from iu_replay_run r where r.state = 'running'
  ), examined as materialized (
    select e.seq, e.id, e.tx_id, e.event_domain as domain, e.event_type as type, e.created_at as at,
           pg_column_size(e.safe_payload)::bigint as size
      from event_outbox e where e.seq > p_after_seq and e.seq <= p_until_seq order by e.seq limit p_limit offset 0
  )
  select x.seq, x.id, x.domain, x.type, x.at, o.base, coalesce(x.seq > o.base and not pg_visible_in_snapshot(x.tx_id, o.base_seen), false),
         coalesce(a.decided, false), x.size,
         case when x.at >= p_cutoff then 'too_young'
              when o.domain is null then 'domain_without_owner'
              when exists (select from cursor c where c.domain in (x.domain, '*') and x.seq > c.base and not pg_visible_in_snapshot(x.tx_id, c.done))
                then 'not_passed_by_every_cursor'
              when x.seq > o.base and not pg_visible_in_snapshot(x.tx_id, o.reconciled) then 'not_certified'
              when a.decided is not true and x.seq > o.base and not pg_visible_in_snapshot(x.tx_id, o.base_seen) then 'not_decided'
              when exists (select from iu_route_delivery d where d.event_seq = x.seq) then 'delivery_waiting'
              when exists (select from iu_route_dead_letter d where d.event_seq = x.seq and d.resolved_at is null) then 'dead_letter_open'
              when a.unknown then 'unknown_not_reconciled'
              when a.last_at >= p_cutoff
                or exists (select from iu_route_dead_letter d where d.event_seq = x.seq and d.resolved_at >= p_cutoff)
                then 'settled_lately'
              when x.seq >= (select r.position_seq from replay r) then 'replay_running'
              when a.evidence then 'approval_evidence'
              when exists (select from iu_redaction q where q.subject_kind = 'event' and q.subject_ref = x.id::text
                                                        and q.state in ('requested', 'approved')) then 'redaction_open'
         end
    from examined x
    left join lateral (
      select c.domain, c.base, c.base_seen, c.reconciled from cursor c where c.domain in (x.domain, '*') order by c.domain = '*' limit 1
    ) o on true
    left join lateral (
      select bool_or(t.attempt_no = 1 and t.route_kind = 'outbound') as decided, max(t.started_at) as last_at,
             bool_or(t.status = 'unknown'
               and not exists (select from iu_attempt_reconciliation n where n.event_seq = t.event_seq and n.route_id = t.route_id
                                                                         and n.attempt_no = t.attempt_no)
               and not exists (select from iu_route_attempt l where l.event_seq = t.event_seq and l.route_id = t.route_id
                                                                and l.attempt_no > t.attempt_no and l.status = 'sent')) as unknown,
             bool_or(t.status = 'dry_run' and exists (select from asked q where q.route_id = t.route_id and q.version = t.route_version)) as evidence
        from iu_route_attempt t where t.event_seq = x.seq and x.at < p_cutoff
    ) a on true
   order by x.seq;
end
$$;
-- <<<

-- >>> functions/retention/fn_iu_prune_preview.sql
-- fn_iu_prune_preview(numeric, bigint, numeric) returns jsonb
--
-- Contract:  what a prune would take and what would stay, and why, without taking anything. Looks from the beginning of the log until
--            nothing is old enough any more, or until it has looked at p_most events. Where foreign keys refer to the log, the server is
--            asked as a step asks it (fn_iu_prune_asked), no longer than p_ask_seconds in all. It locks no cursor, so passes go on however long it
--            looks; fn_iu_prune_certify before it, in a transaction of its own, or what the certificate has not come to is held as not_certified.
-- Arguments: p_older_than_days: 0 or more; p_most: events to look at; p_ask_seconds: for asking what foreign keys hold
-- Returns:   {cutoff_at, examined, events, bytes, first_seq, last_seq, held: {reason: count}, not_asked: how many of events nobody asked the server about, so
--            that a foreign key may hold them, referencing: [foreign keys on events and what a delete does to their rows], complete}
-- Raises:    IU880 the age is no number of days, IU878, IU881, IU882, IU899 as fn_iu_prune_ready, IU301, IU302
-- Writes:    nothing that stays
-- May call:  iu_core_pruner, iu_operator
create or replace function fn_iu_prune_preview(p_older_than_days numeric, p_most bigint default 1000000, p_ask_seconds numeric default 10) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_cutoff timestamptz := fn_iu_prune_cutoff(p_older_than_days);
  v_until bigint;
  v_at bigint := 0;
  v_part record;
  v_asked record;
  v_free record;
  v_left interval := make_interval(secs => greatest(p_ask_seconds, 0));
  v_began timestamptz;
  v_kept jsonb;
  v_examined bigint := 0;
  v_events bigint := 0;
  v_bytes bigint := 0;
  v_not_asked bigint := 0;
  v_first bigint;
  v_last bigint;
  v_held jsonb := '{}';
  v_complete boolean := false;
begin
  perform fn_iu_prune_ready();
  -- the newest event stays: it says how far the numbers of the log went
  select coalesce(max(seq), 0) - 1 into v_until from event_outbox;
  while not v_complete and v_examined < p_most loop
    select count(*) as looked, max(j.event_seq) as at, count(*) filter (where j.hold is distinct from 'too_young') as old,
           array_agg(j.event_seq order by j.event_seq) filter (where j.hold is null) as seqs,
           array_agg(j.bytes order by j.event_seq) filter (where j.hold is null) as bytes,
           (select jsonb_object_agg(h.hold, h.n)
              from (select k.hold, count(*) as n from unnest(array_agg(j.hold)) as k (hold) where k.hold <> 'too_young' group by 1) h) as held
      into v_part
      from fn_iu_prune_judge(v_at, v_until, 5000, v_cutoff) j;
    v_began := clock_timestamp();
    select * into v_asked from fn_iu_prune_asked(v_part.seqs, v_began + v_left);
    v_left := v_left - (clock_timestamp() - v_began);
    select count(*) as events, coalesce(sum(f.bytes), 0) as bytes, min(f.seq) as first_seq, max(f.seq) as last_seq into v_free
      from unnest(v_part.seqs, v_part.bytes) as f (seq, bytes)
     where not exists (select from unnest(v_asked.referenced) as r (seq) where r.seq = f.seq);
    v_complete := v_part.looked < 5000 or v_part.old = 0;
    v_at := coalesce(v_part.at, v_at);
    v_examined := v_examined + v_part.looked;
    v_events := v_events + v_free.events;
    v_bytes := v_bytes + v_free.bytes;
    v_not_asked := v_not_asked + v_asked.not_asked;
    v_first := coalesce(v_first, v_free.first_seq);
    v_last := coalesce(v_free.last_seq, v_last);
    select coalesce(jsonb_object_agg(key, n), '{}') into v_kept
      from (select key, sum(value::bigint) as n
              from (select * from jsonb_each_text(v_held) union all select * from jsonb_each_text(coalesce(v_part.held, '{}'))
                    union all select 'referenced', cardinality(v_asked.referenced)::text where v_asked.referenced is not null) b group by key) s;
    v_held := v_kept;
  end loop;
  return jsonb_build_object('cutoff_at', v_cutoff, 'examined', v_examined, 'events', v_events, 'bytes', v_bytes::text, 'first_seq', v_first::text,
    'last_seq', v_last::text, 'held', v_held, 'not_asked', v_not_asked, 'complete', v_complete, 'referencing', (
      select coalesce(jsonb_agg(format('%s of %s: %s', k.conname, k.conrelid::regclass,
                                       case k.confdeltype when 'c' then 'cascade' when 'n' then 'set null' when 'd' then 'set default' else 'no action' end)
                                order by k.conname), '[]')
        from pg_constraint k where k.confrelid = 'event_outbox'::regclass and k.contype = 'f' and k.conparentid = 0));
end
$$;
-- <<<

-- >>> functions/retention/fn_iu_prune_start.sql
-- fn_iu_prune_start(numeric, text, text, text) returns jsonb
--
-- Contract:  begins a prune; nothing is taken yet. One runs at a time. The newest event of the log stays out of it: it says how far
--            the numbers went, also in a restored copy.
-- Arguments: p_older_than_days; p_reason: why, mandatory; p_archive: none, table (iu_archived_row), or folder (the caller writes what
--            each step hands over and says so by fn_iu_prune_archived before it commits); p_archive_place: the folder, for people
-- Returns:   as fn_iu_prune_said, status started
-- Raises:    IU880 the age is no number of days, IU883 reason missing, IU885 unknown archive, IU886 another one is running, IU878, IU881,
--            IU882, IU899 as fn_iu_prune_ready, IU301, IU302
-- Writes:    iu_prune_run, iu_route_worker_cursor (the certificate)
-- May call:  iu_core_pruner
create or replace function fn_iu_prune_start(p_older_than_days numeric, p_reason text, p_archive text default 'none', p_archive_place text default null)
returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  r iu_prune_run;
begin
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU883', message = 'a prune, and its end, have a reason', hint = 'add --reason TEXT';
  elsif p_archive is null or p_archive not in ('none', 'table', 'folder') then
    raise exception using errcode = 'IU885', message = 'what is pruned goes nowhere (none), into a table or into a folder';
  end if;
  perform fn_iu_prune_certify();
  select * into r from iu_prune_run where state = 'running';
  if found then
    raise exception using errcode = 'IU886', message = format('prune %s is running', r.run_id),
      hint = format('iu prune resume %s goes on with it, iu prune cancel %s ends it', r.run_id, r.run_id);
  end if;
  insert into iu_prune_run (cutoff_at, archive, archive_place, ceiling_seq, reason, started_by)
  values (fn_iu_prune_cutoff(p_older_than_days), p_archive, p_archive_place, coalesce((select max(seq) - 1 from event_outbox), 0), p_reason, session_user)
  returning * into r;
  return fn_iu_prune_said(r, 'started');
exception when unique_violation then
  raise exception using errcode = 'IU886', message = 'another prune is running', hint = 'iu prune list --state running';
end
$$;
-- <<<

-- >>> functions/retention/fn_iu_prune_take.sql
-- fn_iu_prune_take(iu_prune_run, integer, bigint[]) returns table (table_name text, line json)
--
-- Contract:  takes events out of the log with everything that belongs to them: attempts, resolved dead letters, corrected payloads,
--            words about unknown sends, hops. Counts them in iu_pruned_event and iu_pruned_attempt, so that totals and books stay true,
--            and keeps them in iu_archived_row when asked, or notes in which file's step the event is.
--            The caller has judged and locked them.
-- Arguments: p_run, p_batch_no; p_seqs: ascending
-- Returns:   one row for each row taken; line: {table, row} as PostgreSQL writes it, null when nothing is archived
-- Raises:    IU879 something kept an event from going, such as a trigger that gives back nothing: it would be counted as gone
-- Writes:    event_outbox, iu_route_attempt, iu_route_dead_letter, iu_event_edit, iu_attempt_reconciliation, iu_event_hop,
--            iu_pruned_event, iu_pruned_attempt, iu_archived_row, iu_pruned_file_event
-- May call:  internal
create or replace function fn_iu_prune_take(p_run iu_prune_run, p_batch_no integer, p_seqs bigint[])
returns table (table_name text, line json)
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  v_archive boolean := p_run.archive <> 'none';
  v_stayed bigint;
begin
  with base as materialized (
    select e.seq, e.event_domain, e.event_type, (e.created_at at time zone 'UTC')::date as day, o.base_seq,
           coalesce(e.seq > o.base_seq and not pg_visible_in_snapshot(e.tx_id, o.base_snapshot), false) as counted
      from event_outbox e
      left join lateral (select c.base_seq, c.base_snapshot from iu_route_worker_cursor c
                          where c.event_domain in (e.event_domain, '*') order by c.event_domain = '*' limit 1) o on true
     where e.seq = any (p_seqs) and e.seq >= p_seqs[1] and e.seq <= p_seqs[cardinality(p_seqs)]
  ), event as (
    insert into iu_pruned_event as p (event_day, event_domain, event_type, base_seq, counted, events, first_seq, last_seq)
    select day, event_domain, event_type, base_seq, counted, count(*), min(seq), max(seq) from base group by 1, 2, 3, 4, 5
    on conflict on constraint iu_pruned_event_pkey do update
       set events = p.events + excluded.events, first_seq = least(p.first_seq, excluded.first_seq), last_seq = greatest(p.last_seq, excluded.last_seq)
  )
  insert into iu_pruned_attempt as p (event_day, event_domain, event_type, base_seq, counted, route_kind, route_code, status, attempts, first_at, last_at)
  select b.day, b.event_domain, b.event_type, b.base_seq, b.counted, a.route_kind, a.route_code, a.status, count(*), min(a.started_at), max(a.started_at)
    from base b join iu_route_attempt a on a.event_seq = b.seq
   group by 1, 2, 3, 4, 5, 6, 7, 8
  on conflict on constraint iu_pruned_attempt_pkey do update
     set attempts = p.attempts + excluded.attempts, first_at = least(p.first_at, excluded.first_at), last_at = greatest(p.last_at, excluded.last_at);

  perform set_config('iu_core.governed', 'prune ' || pg_current_xact_id()::text, true);
  return query
    with gone as (
      -- the bounds name the partitions; an array alone is looked for in all of them
      delete from event_outbox t where t.seq = any (p_seqs) and t.seq >= p_seqs[1] and t.seq <= p_seqs[cardinality(p_seqs)]
      returning 'event_outbox' as name, t.seq as event_seq, t.id as event_id,
                case when v_archive then row_to_json(t) end as line
    ), attempt as (
      delete from iu_route_attempt t where t.event_seq = any (p_seqs)
      returning 'iu_route_attempt', t.event_seq, t.event_ref, case when v_archive then row_to_json(t) end
    ), letter as (
      delete from iu_route_dead_letter t where t.event_seq = any (p_seqs)
      returning 'iu_route_dead_letter', t.event_seq, t.event_ref, case when v_archive then row_to_json(t) end
    ), edit as (
      delete from iu_event_edit t where t.event_seq = any (p_seqs)
      returning 'iu_event_edit', t.event_seq, null::uuid, case when v_archive then row_to_json(t) end
    ), word as (
      delete from iu_attempt_reconciliation t where t.event_seq = any (p_seqs)
      returning 'iu_attempt_reconciliation', t.event_seq, null::uuid, case when v_archive then row_to_json(t) end
    ), hop as (
      delete from iu_event_hop t where t.event_seq = any (p_seqs)
      returning 'iu_event_hop', t.event_seq, null::uuid, case when v_archive then row_to_json(t) end
    ), gone_row as (
      select * from gone union all select * from attempt union all select * from letter union all select * from edit
      union all select * from word union all select * from hop
    ), kept as (
      insert into iu_archived_row (run_id, batch_no, table_name, event_seq, event_id, document)
      select p_run.run_id, p_batch_no, l.name, l.event_seq, l.event_id, l.line::jsonb from gone_row l where p_run.archive = 'table'
    ), filed as (
      insert into iu_pruned_file_event (event_id, event_seq, run_id, batch_no)
      select g.event_id, g.event_seq, p_run.run_id, p_batch_no from gone g where p_run.archive = 'folder'
    )
    select l.name, case when p_run.archive = 'folder' then json_build_object('table', l.name, 'row', l.line) end from gone_row l;
  perform set_config('iu_core.governed', '', true);
  select e.seq into v_stayed from event_outbox e
   where e.seq = any (p_seqs) and e.seq >= p_seqs[1] and e.seq <= p_seqs[cardinality(p_seqs)] limit 1;
  if found then
    raise exception using errcode = 'IU879', message = format('event %s was to be pruned and is still there: a trigger keeps it without saying so', v_stayed),
      hint = coalesce((
        select format('look at, and for the time of a prune: alter table %s disable trigger %I', t.tgrelid::regclass, t.tgname)
          from pg_trigger t join pg_proc p on p.oid = t.tgfoid
          -- 1: a row, 2: before, 8: on delete
         where t.tgrelid in (select 'event_outbox'::regclass union all select inhrelid from pg_inherits where inhparent = 'event_outbox'::regclass)
           and not t.tgisinternal and t.tgtype & 11 = 11 and t.tgenabled <> 'D' and pg_get_userbyid(p.proowner) <> 'iu_owner'
         -- the one of the whole log before its copies in partitions: that turns all of them off
         order by t.tgparentid <> 0, t.tgname limit 1), 'iu drift names what was added to event_outbox');
  end if;
end
$$;
-- <<<

-- >>> functions/retention/fn_iu_prune_rest.sql
-- fn_iu_prune_rest(iu_prune_run, integer, integer) returns table (table_name text, line json)
--
-- Contract:  after the events: records of passes of which no attempt is left, captures of inbound routes, and worker processes that
--            stopped reporting, all older than the cutoff of the run.
-- Arguments: p_run; p_batch_no; p_limit: most rows of each kind
-- Returns:   as fn_iu_prune_take
-- Raises:    nothing
-- Writes:    iu_route_run, iu_route_attempt, iu_route_worker_heartbeat, iu_pruned_attempt, iu_archived_row
-- May call:  internal
create or replace function fn_iu_prune_rest(p_run iu_prune_run, p_batch_no integer, p_limit integer)
returns table (table_name text, line json)
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  v_archive boolean := p_run.archive <> 'none';
  v_runs bigint[];
  v_captures bigint[];
begin
  -- runs in order of their number; one whose attempts stay does not keep the later ones
  select array_agg(f.run_id) into v_runs
    from (select r.run_id from iu_route_run r
           where r.finished_at < p_run.cutoff_at
             and not exists (select from iu_route_attempt a where a.event_seq between r.first_seq and r.last_seq and a.run_id = r.run_id)
             and r.run_id < (select max(run_id) from iu_route_run)
           order by r.run_id limit p_limit) f;
  select array_agg(c.attempt_id) into v_captures
    from (select a.attempt_id from iu_route_attempt a where a.event_seq is null and a.started_at < p_run.cutoff_at limit p_limit) c;
  insert into iu_pruned_attempt as p (event_day, event_domain, event_type, base_seq, counted, route_kind, route_code, status, attempts, first_at, last_at)
  select (a.started_at at time zone 'UTC')::date, '-', '-', 0, false, a.route_kind, a.route_code, a.status, count(*), min(a.started_at), max(a.started_at)
    from iu_route_attempt a where a.attempt_id = any (v_captures)
   group by 1, 6, 7, 8
  on conflict on constraint iu_pruned_attempt_pkey do update
     set attempts = p.attempts + excluded.attempts, first_at = least(p.first_at, excluded.first_at), last_at = greatest(p.last_at, excluded.last_at);
  perform set_config('iu_core.governed', 'prune ' || pg_current_xact_id()::text, true);
  return query
    with run as (
      delete from iu_route_run t where t.run_id = any (v_runs) returning 'iu_route_run' as name, case when v_archive then row_to_json(t) end as line
    ), capture as (
      delete from iu_route_attempt t where t.attempt_id = any (v_captures) returning 'iu_route_attempt', case when v_archive then row_to_json(t) end
    ), beat as (
      delete from iu_route_worker_heartbeat t
       where t.process_id in (select h.process_id from iu_route_worker_heartbeat h where h.last_beat_at < p_run.cutoff_at limit p_limit)
      returning 'iu_route_worker_heartbeat', case when v_archive then row_to_json(t) end
    ), gone_row as (
      select * from run union all select * from capture union all select * from beat
    ), kept as (
      insert into iu_archived_row (run_id, batch_no, table_name, document)
      select p_run.run_id, p_batch_no, l.name, l.line::jsonb from gone_row l where p_run.archive = 'table'
    )
    select l.name, case when p_run.archive = 'folder' then json_build_object('table', l.name, 'row', l.line) end from gone_row l;
  perform set_config('iu_core.governed', '', true);
end
$$;
-- <<<

-- >>> functions/retention/fn_iu_prune_batch_guard.sql
-- fn_iu_prune_batch_guard() returns trigger
--
-- Contract:  at commit: nothing is deleted that was to be archived in a folder and was not.
-- Arguments: none
-- Returns:   null
-- Raises:    IU884 the batch was not archived
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_prune_batch_guard() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
  if exists (select from iu_prune_batch b join iu_prune_run r using (run_id)
              where b.run_id = new.run_id and b.batch_no = new.batch_no and r.archive = 'folder' and b.archive_sha256 is null) then
    raise exception using errcode = 'IU884', message = format('batch %s of prune %s was not archived, so nothing of it is deleted', new.batch_no, new.run_id),
      hint = 'iu prune writes the archive; from SQL call fn_iu_prune_archived before the commit, or prune into a table';
  end if;
  return null;
end
$$;
-- <<<

-- >>> functions/retention/fn_iu_prune_archived.sql
-- fn_iu_prune_archived(bigint, integer, text, text, bigint, integer) returns void
--
-- Contract:  whoever writes the rows of a step into a file says which file it is, when it is safely on disk and before he commits. Only
--            in the transaction of that step; the rows in the file have to be as many as the step took.
-- Arguments: p_run_id, p_batch_no; p_file: its name; p_sha256: of the file; p_bytes: its size; p_rows: lines in it
-- Returns:   nothing
-- Raises:    IU888 not the batch of this transaction, or not what the step took
-- Writes:    iu_prune_batch
-- May call:  iu_core_pruner
create or replace function fn_iu_prune_archived(p_run_id bigint, p_batch_no integer, p_file text, p_sha256 text, p_bytes bigint, p_rows integer)
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
  update iu_prune_batch
     set archive_file = p_file, archive_sha256 = p_sha256, archive_bytes = p_bytes
   where run_id = p_run_id and batch_no = p_batch_no and rows = p_rows and archive_sha256 is null and tx_id = pg_current_xact_id()
     and p_sha256 ~ '^[0-9a-f]{64}$' and nullif(p_file, '') is not null;
  if not found then
    raise exception using errcode = 'IU888', message = format('batch %s of prune %s is not what was archived', p_batch_no, p_run_id),
      hint = 'write every row of the step, call this in the same transaction, then commit';
  end if;
end
$$;
-- <<<

-- >>> functions/retention/fn_iu_prune_referenced.sql
-- fn_iu_prune_referenced(bigint[]) returns bigint[]
--
-- Contract:  which of these events cannot go because a row of somebody else's table refers to them by a foreign key, or because what that key
--            does to the row (cascade, set null) is refused there. Only the server may look into those tables, so it is asked: the events are
--            deleted in a sub-transaction that is always undone, and halved until those that are refused stand alone. Costs nothing where nothing
--            refers to the log; elsewhere as much as the foreign keys cost without an index.
-- Arguments: p_seqs: ascending
-- Returns:   those that have to stay, ascending; null = all may go
-- Raises:    what says nothing of these events: classes 40, 53, 55, 57, 58 (serialization, resources, locks, the operator, the system)
-- Writes:    nothing that stays
-- May call:  internal
create or replace function fn_iu_prune_referenced(p_seqs bigint[]) returns bigint[]
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set jit = off
as $$
declare
  v_half integer := cardinality(p_seqs) / 2;
begin
  if coalesce(cardinality(p_seqs), 0) = 0
     or not exists (select from pg_constraint where confrelid = 'event_outbox'::regclass and contype = 'f') then
    return null;
  end if;
  begin
    perform set_config('iu_core.governed', 'prune ' || pg_current_xact_id()::text, true);
    -- one that is deferred would refuse at the commit, when it is too late to keep the event
    set constraints all immediate;
    delete from event_outbox where seq = any (p_seqs);
    raise exception using errcode = 'ZZ880', message = 'undone';
  exception
    when sqlstate 'ZZ880' then
      return null;
    when others then
      if left(sqlstate, 2) in ('40', '53', '55', '57', '58') then
        raise;
      end if;
      -- a trigger or a guard of the other table has codes of its own
      if v_half = 0 then
        return p_seqs;
      end if;
  end;
  return (select array_agg(seq order by seq)
            from unnest(fn_iu_prune_referenced(p_seqs[:v_half]) || fn_iu_prune_referenced(p_seqs[v_half + 1:])) seq);
end
$$;
-- <<<

-- >>> functions/retention/fn_iu_prune_asked.sql
-- fn_iu_prune_asked(bigint[], timestamptz) returns record
--
-- Contract:  asks of events that may go, for a preview, which ones fn_iu_prune_referenced would hold, until a moment has come. It begins with one event
--            and doubles while an answer takes less than 50 ms, up to the 1,000 of a step, or a foreign key without an index would be read a
--            thousand times before anybody looks at the clock. It waits 200 ms for a lock: who writes a row that refers to an event holds
--            that event, and is no reason to wait in a preview. It does not ask where a key deletes or changes rows of a table with
--            triggers, or somebody else's trigger sees deletes of the log: they would run, and what they do outside of the database is not undone.
-- Arguments: p_seqs: ascending; p_until: no question begins after it
-- Returns:   referenced: those that have to stay, ascending, null = none; not_asked: how many it did not come to or could not lock
-- Raises:    as fn_iu_prune_referenced, but for locks
-- Writes:    nothing that stays
-- May call:  internal
create or replace function fn_iu_prune_asked(p_seqs bigint[], p_until timestamptz, out referenced bigint[], out not_asked integer)
language plpgsql
volatile
set search_path from current
set lock_timeout = '200ms'
as $$
declare
  v_total integer := coalesce(cardinality(p_seqs), 0);
  v_at integer := 0;
  v_many integer := 1;
  v_began timestamptz := clock_timestamp();
  v_took interval;
begin
  not_asked := 0;
  if not exists (select from pg_constraint where confrelid = 'event_outbox'::regclass and contype = 'f') then
    return;
  elsif exists (
    with recursive reached as (
      select 'event_outbox'::regclass::oid as relation
      union
      select k.conrelid from pg_constraint k join reached r on k.confrelid = r.relation where k.contype = 'f' and k.confdeltype not in ('a', 'r')
    )
    select from pg_trigger t join pg_proc p on p.oid = t.tgfoid
     where not t.tgisinternal
       and case when t.tgrelid = 'event_outbox'::regclass or t.tgrelid in (select inhrelid from pg_inherits where inhparent = 'event_outbox'::regclass)
                -- 8: on delete
                then t.tgtype & 8 <> 0 and pg_get_userbyid(p.proowner) <> 'iu_owner'
                else t.tgrelid in (select relation from reached) end
  ) then
    not_asked := v_total;
    return;
  end if;
  while v_at < v_total and v_began < p_until loop
    begin
      referenced := referenced || fn_iu_prune_referenced(p_seqs[v_at + 1:v_at + v_many]);
      v_at := v_at + v_many;
      v_took := clock_timestamp() - v_began;
      v_many := case when v_took < '50 milliseconds' then least(v_many * 2, 1000) when v_took > '200 milliseconds' then greatest(v_many / 2, 1)
                     else v_many end;
    exception when lock_not_available or deadlock_detected then
      -- one alone is passed over, more are asked again by halves
      if v_many = 1 then
        not_asked := not_asked + 1;
        v_at := v_at + 1;
      end if;
      v_many := greatest(v_many / 2, 1);
    end;
    v_began := clock_timestamp();
  end loop;
  not_asked := not_asked + greatest(v_total - v_at, 0);
end
$$;
-- <<<

-- >>> functions/retention/fn_iu_prune_step.sql
-- fn_iu_prune_step(bigint, integer) returns setof text
--
-- Contract:  one step of a prune: judges the next events in order of seq, takes those that may go, and counts why the others stay. One
--            transaction: killed in the middle it leaves nothing, and the next step goes on where the last committed one ended. What
--            somebody is working on (a replay, a word about an unknown send) is passed over, and so is what a foreign key holds. Holds the
--            lock of the cursors shared, so that no cursor goes back while it judges. For an archive in a folder the caller gets the rows,
--            writes and syncs them, says so (fn_iu_prune_archived) and commits; without that the commit is refused.
-- Arguments: p_run_id; p_limit: most events of this step, 1..10000; a step that archives ends earlier, after 16 MiB of
--            payloads, snapshots and answers, written out
-- Returns:   first a line {.. as fn_iu_prune_said, status stepped|done|cancelled|busy, batch_no or null, rows}; then, for a folder, a
--            line {table, row} for each row taken
-- Raises:    IU887 no such prune, IU878, IU881, IU882, IU899 as fn_iu_prune_ready, IU879 as fn_iu_prune_take,
--            IU301, IU302
-- Writes:    as fn_iu_prune_take and fn_iu_prune_rest; iu_prune_run, iu_prune_batch
-- May call:  iu_core_pruner
create or replace function fn_iu_prune_step(p_run_id bigint, p_limit integer default 1000) returns setof text
language plpgsql
volatile
security definer
set search_path from current
set row_security = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  r iu_prune_run;
  v_limit integer := least(greatest(coalesce(p_limit, 1000), 1), 10000);
  v_seqs bigint[];
  v_busy bigint[];
  v_judged record;
  v_free bigint[];
  v_referenced bigint[];
  v_lines json[];
  v_rows integer := 0;
  v_attempts integer := 0;
  v_moved boolean;
  v_last boolean := false;
begin
  perform fn_iu_require_read_committed();
  select * into r from iu_prune_run where run_id = p_run_id for update skip locked;
  if not found then
    select * into r from iu_prune_run where run_id = p_run_id;
    if not found then
      raise exception using errcode = 'IU887', message = format('there is no prune %s', p_run_id), hint = 'iu prune list shows them';
    end if;
    return next fn_iu_prune_said(r, 'busy')::text;
    return;
  elsif r.state <> 'running' then
    return next fn_iu_prune_said(r, r.state)::text;
    return;
  end if;
  perform pg_advisory_xact_lock_shared(fn_iu_cursor_lock_key());
  -- no foreign key on the log is added behind its back
  lock table event_outbox in row exclusive mode;
  perform fn_iu_prune_ready();
  -- Whoever works on a pair locks its decision row first. Locked here before the judging statement takes its snapshot, or what a
  -- replay queued in between would lose its event.
  select array_agg(e.seq) into v_seqs
    from (select o.seq from event_outbox o where o.seq > r.position_seq and o.seq <= r.ceiling_seq order by o.seq limit v_limit) e;
  with locked as materialized (
    select a.event_seq, a.route_id from iu_route_attempt a where a.event_seq = any (v_seqs) and a.attempt_no = 1 for update skip locked
  )
  select array_agg(b.event_seq) into v_busy
    from (select a.event_seq, a.route_id from iu_route_attempt a where a.event_seq = any (v_seqs) and a.attempt_no = 1
          -- hashed whatever joins may be; a million comparisons a step otherwise
          except all select l.event_seq, l.route_id from locked l) b;
  with judged as materialized (
    select j.event_seq, case when j.event_seq = any (v_busy) then coalesce(j.hold, 'being_worked_on') else j.hold end as hold,
           sum(coalesce(z.size, 0)) over (order by j.event_seq) - coalesce(z.size, 0) < 16777216 as fits
      from fn_iu_prune_judge(r.position_seq, r.ceiling_seq, v_limit, r.cutoff_at) j
      -- as text: what is stored compressed is a hundred times as long in the rows that are gathered
      left join lateral (
        select (select octet_length(e.safe_payload::text) from event_outbox e where e.seq = j.event_seq)::bigint
               + (select coalesce(sum(300 + coalesce(octet_length(a.payload_snapshot::text), 0) + coalesce(octet_length(a.failure_detail), 0)), 0)
                    from iu_route_attempt a where a.event_seq = j.event_seq)
               + (select coalesce(sum(octet_length(d.event_snapshot::text) + coalesce(octet_length(d.failure_detail), 0)), 0)
                    from iu_route_dead_letter d where d.event_seq = j.event_seq)
               + (select coalesce(sum(octet_length(i.payload::text) + coalesce(octet_length(i.diff::text), 0)), 0)
                    from iu_event_edit i where i.event_seq = j.event_seq) as size
         where j.hold is null and r.archive <> 'none') z on true
  )
  select array_agg(event_seq order by event_seq) filter (where hold is null) as free, count(*) as looked, max(event_seq) as at,
         count(*) filter (where hold is distinct from 'too_young') as old,
         (select jsonb_object_agg(h.hold, h.n) from (select hold, count(*) as n from judged where fits and hold is not null group by 1) h) as held
    into v_judged from judged where fits;
  v_referenced := fn_iu_prune_referenced(v_judged.free);
  select array_agg(seq order by seq) into v_free from unnest(v_judged.free) seq where seq = any (v_referenced) is not true;
  if v_free is not null then
    select array_agg(t.line), count(*), count(*) filter (where t.table_name = 'iu_route_attempt') into v_lines, v_rows, v_attempts
      from fn_iu_prune_take(r, r.batches + 1, v_free) t;
  end if;
  v_moved := v_judged.looked > 0 and v_judged.old > 0;
  if v_moved then
    r.position_seq := v_judged.at;
    select coalesce(jsonb_object_agg(key, n), '{}') into r.held
      from (select key, sum(value::bigint) as n
              from (select * from jsonb_each_text(r.held) union all select * from jsonb_each_text(coalesce(v_judged.held, '{}'))
                    union all select 'referenced', cardinality(v_referenced)::text where v_referenced is not null) b group by key) s;
  else
    select array_agg(t.line), count(*), count(*) filter (where t.table_name = 'iu_route_attempt') into v_lines, v_rows, v_attempts
      from fn_iu_prune_rest(r, r.batches + 1, v_limit) t;
    v_last := v_rows = 0;
  end if;
  if v_rows > 0 then
    r.batches := r.batches + 1;
    insert into iu_prune_batch (run_id, batch_no, first_seq, last_seq, events, rows)
    values (p_run_id, r.batches, v_free[1], v_free[cardinality(v_free)], coalesce(cardinality(v_free), 0), v_rows);
  end if;
  update iu_prune_run
     set position_seq = r.position_seq, held = r.held, batches = r.batches, examined = examined + case when v_moved then v_judged.looked else 0 end,
         events = events + coalesce(cardinality(v_free), 0),
         attempts = attempts + v_attempts, others = others + v_rows - v_attempts - coalesce(cardinality(v_free), 0),
         worked_at = clock_timestamp(), state = case when v_last then 'done' else 'running' end,
         ended_by = case when v_last then session_user::text end, ended_at = case when v_last then clock_timestamp() end
   where run_id = p_run_id
  returning * into r;
  return next (fn_iu_prune_said(r, case when v_last then 'done' else 'stepped' end)
    || jsonb_build_object('batch_no', case when v_rows > 0 then r.batches end, 'rows', v_rows))::text;
  if r.archive = 'folder' then
    return query select l::text from unnest(v_lines) l;
  end if;
end
$$;
-- <<<

-- >>> functions/retention/fn_iu_prune_cancel.sql
-- fn_iu_prune_cancel(bigint, text) returns jsonb
--
-- Contract:  ends a prune for good; what it took stays taken and counted.
-- Arguments: p_run_id; p_reason: why, mandatory
-- Returns:   as fn_iu_prune_said
-- Raises:    IU883 reason missing, IU887 no such prune, IU889 it has ended already
-- Writes:    iu_prune_run
-- May call:  iu_core_pruner
create or replace function fn_iu_prune_cancel(p_run_id bigint, p_reason text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  r iu_prune_run;
begin
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU883', message = 'a prune, and its end, have a reason', hint = 'add --reason TEXT';
  end if;
  select * into r from iu_prune_run where run_id = p_run_id for update;
  if not found then
    raise exception using errcode = 'IU887', message = format('there is no prune %s', p_run_id), hint = 'iu prune list shows them';
  elsif r.state <> 'running' then
    raise exception using errcode = 'IU889', message = format('prune %s is %s already', p_run_id, r.state);
  end if;
  update iu_prune_run set state = 'cancelled', ended_by = session_user, ended_at = clock_timestamp(), end_reason = p_reason
   where run_id = p_run_id returning * into r;
  return fn_iu_prune_said(r, 'cancelled');
end
$$;
-- <<<

-- >>> functions/redaction/fn_iu_redaction_guard.sql
-- fn_iu_redaction_guard() returns trigger
--
-- Contract:  two people, also for who writes the table himself: a redaction moves requested, approved, applied, or to rejected, and
--            never back; what was asked for never changes.
-- Arguments: none
-- Returns:   the row
-- Raises:    IU896 the change is refused, IU895 one person for both
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_redaction_guard() returns trigger
language plpgsql
set search_path from current
as $$
begin
  if tg_op = 'INSERT' then
    if new.state <> 'requested' or new.requested_by <> session_user then
      raise exception using errcode = 'IU896', message = 'a redaction begins as a request of the one who is logged in';
    end if;
    return new;
  end if;
  if (old.redaction_id, old.subject_kind, old.subject_ref, old.reason, old.legal_ref, old.requested_by, old.requested_at)
       is distinct from (new.redaction_id, new.subject_kind, new.subject_ref, new.reason, new.legal_ref, new.requested_by, new.requested_at)
     or (old.state, new.state) not in (('requested', 'approved'), ('requested', 'rejected'), ('approved', 'rejected'), ('approved', 'applied'))
     or old.state = 'approved' and (old.approved_by, old.approved_at) is distinct from (new.approved_by, new.approved_at)
     or new.state = 'approved' and new.approved_by is distinct from session_user::text then
    raise exception using errcode = 'IU896', message = format('redaction %s: refused to change what was said', old.redaction_id);
  end if;
  if new.state = 'approved' and new.approved_by = new.requested_by then
    raise exception using errcode = 'IU895', message = 'the one who asked for a redaction cannot approve it';
  end if;
  return new;
end
$$;
-- <<<

-- >>> functions/redaction/fn_iu_redaction_said.sql
-- fn_iu_redaction_said(iu_redaction) returns jsonb
--
-- Contract:  what the functions of a redaction answer with.
-- Arguments: p_redaction
-- Returns:   the row, its id as text, without the plan
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_redaction_said(p_redaction iu_redaction) returns jsonb
language sql
stable
set search_path from current
as $$
  select to_jsonb(p_redaction) - '{plan}'::text[] || jsonb_build_object('redaction_id', p_redaction.redaction_id::text)
$$;
-- <<<

-- >>> functions/redaction/fn_iu_redaction_decide.sql
-- fn_iu_redaction_decide(bigint, text, text[]) returns iu_redaction
--
-- Contract:  how a person's decision about a redaction begins: with a note, on a redaction that waits for it, whose row is locked from here on.
-- Arguments: p_redaction_id; p_note: mandatory; p_states: in which it waits for this decision
-- Returns:   the redaction
-- Raises:    IU890 there is no such redaction, IU892 note missing, IU896 it is not waiting for this
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_redaction_decide(p_redaction_id bigint, p_note text, p_states text[]) returns iu_redaction
language plpgsql
volatile
set search_path from current
as $$
declare
  v_redaction iu_redaction;
begin
  if nullif(btrim(p_note), '') is null then
    raise exception using errcode = 'IU892', message = 'a decision about a redaction has a note', hint = 'add --note TEXT';
  end if;
  select * into v_redaction from iu_redaction where redaction_id = p_redaction_id for update;
  if not found then
    raise exception using errcode = 'IU890', message = format('there is no redaction %s', p_redaction_id), hint = 'iu redact list';
  elsif v_redaction.state <> all (p_states) then
    raise exception using errcode = 'IU896', message = format('redaction %s is %s', p_redaction_id, v_redaction.state);
  end if;
  return v_redaction;
end
$$;
-- <<<

-- >>> functions/redaction/fn_iu_redaction_hashes.sql
-- fn_iu_redaction_hashes(text, text) returns text[]
--
-- Contract:  the hashes of the texts that a redaction of a version or of a source means. A source is meant with what it was extracted
--            from or to, whole, and every piece that was ever cut from it, also by a run that wrote nothing. A piece that differs in format
--            only has another hash than its version: whichever of the two is meant, the other is meant with it.
-- Arguments: p_kind: unit_version or source_pin; p_ref: its id
-- Returns:   sha256 in hexadecimal
-- Raises:    IU890 there is no such thing, IU891 the kind or reference is malformed
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_redaction_hashes(p_kind text, p_ref text) returns text[]
language plpgsql
stable
set search_path from current
as $$
declare
  -- of nothing: what the normaliser leaves of every piece of blanks, which are not one text
  v_nothing constant text := encode(sha256(''), 'hex');
  v_hashes text[];
  v_pins bigint[];
  v_more_pins bigint[];
  v_more text[];
begin
  begin
    if p_kind = 'unit_version' then
      select array[content_hash] into v_hashes from unit_version where id = p_ref::uuid;
    elsif p_kind = 'source_pin' then
      select array[pin_id] into v_pins from iu_source_pin where pin_id = p_ref::bigint;
    end if;
  exception when invalid_text_representation or numeric_value_out_of_range then
    raise exception using errcode = 'IU891', message = format('%s is no id of a %s', quote_literal(left(p_ref, 80)), replace(p_kind, '_', ' '));
  end;
  if v_pins is not null then
    loop
      select array_agg(distinct s.pin_id) into v_more_pins
        from iu_cut_run r
        join iu_source_pin s on s.pin_id = r.pin_id or s.pin_id::text = r.config #>> '{original,pin_id}'
       where r.pin_id = any (v_pins) or r.config #>> '{original,pin_id}' = any (v_pins::text[]);
      exit when coalesce(v_more_pins <@ v_pins, true);
      v_pins := v_more_pins || v_pins;
    end loop;
    select array_agg(h) into v_hashes
      from (select s.sha256 from iu_source_pin s where s.pin_id = any (v_pins)
            union select p.sha256 from iu_cut_run r join iu_cut_piece p using (run_id) where r.pin_id = any (v_pins)
            union select m.sha256 from iu_cut_run r join iu_cut_mark m using (run_id) where r.pin_id = any (v_pins)) x (h);
  end if;
  if v_hashes is null then
    raise exception using errcode = 'IU890', message = format('there is no %s %s', replace(p_kind, '_', ' '), left(p_ref, 80));
  end if;
  loop
    select array_agg(h) into v_more
      from (select p.sha256 from iu_cut_piece p join unit_version v on v.id = p.version_id where v.content_hash = any (v_hashes)
            union select v.content_hash from iu_cut_piece p join unit_version v on v.id = p.version_id where p.sha256 = any (v_hashes)
            union select m.sha256 from iu_cut_mark m
             where m.normalized_sha256 <> v_nothing
               and m.normalized_sha256 in (select n.normalized_sha256 from iu_cut_mark n where n.sha256 = any (v_hashes))) x (h)
     where h <> all (v_hashes);
    exit when v_more is null;
    v_hashes := v_hashes || v_more;
  end loop;
  return v_hashes;
end
$$;
-- <<<

-- >>> functions/redaction/fn_iu_redaction_event_copies.sql
-- fn_iu_redaction_event_copies(uuid) returns table (table_name, row_key, column_name, sha256, byte_length)
--
-- Contract:  every place in this database that holds the payload of an event or something made from it: the log, what attempts would
--            have sent or were answered, dead letters, corrections, and rows that a prune kept. Not those that a redaction
--            has overwritten and said so of that very value (iu_redacted_copy), whatever a payload itself says.
-- Arguments: p_event_id
-- Returns:   one row a value; its hash and length, never the value
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_redaction_event_copies(p_event_id uuid)
returns table (table_name text, row_key text, column_name text, sha256 text, byte_length integer)
language sql
stable
set search_path from current
as $$
  with event as materialized (
    -- each partition of the log has ids of its own, so several events can have one
    select seq from event_outbox where id = p_event_id
  ), archived as materialized (
    select distinct a.event_seq as seq from iu_archived_row a where a.event_id = p_event_id and a.table_name = 'event_outbox'
  ), found as (
    select 'event_outbox' as name, e.seq::text as key, 'safe_payload' as col, e.safe_payload::text as value
      from event x join event_outbox e on e.seq = x.seq
    union all
    select 'iu_route_attempt', a.attempt_id::text, c.col, c.value
      from event x join iu_route_attempt a on a.event_seq = x.seq
     cross join lateral (values ('payload_snapshot', a.payload_snapshot::text), ('failure_detail', a.failure_detail)) c (col, value)
    union all
    select 'iu_route_dead_letter', d.dead_letter_id::text, c.col, c.value
      from event x join iu_route_dead_letter d on d.event_seq = x.seq
     cross join lateral (values ('event_snapshot', d.event_snapshot::text), ('failure_detail', d.failure_detail)) c (col, value)
    union all
    select 'iu_event_edit', i.edit_id::text, c.col, c.value
      from event x join iu_event_edit i on i.event_seq = x.seq
     cross join lateral (values ('payload', i.payload::text), ('diff', i.diff::text)) c (col, value)
    union all
    select 'iu_archived_row', r.archived_row_id::text, 'document', r.document::text
      from archived x join iu_archived_row r on r.event_seq = x.seq
     where r.document ?| '{safe_payload,payload_snapshot,failure_detail,event_snapshot,payload,diff}'
  )
  select name, key, col, encode(pg_catalog.sha256(convert_to(value, 'UTF8')), 'hex'), octet_length(value)
    from found
   where value is not null
     and not exists (
       select from iu_redacted_copy k
        where (k.table_name, k.row_key, k.column_name) = (name, key, col)
          and (value = format('[redacted %s]', k.redaction_id)
               or position(jsonb_build_object('iu_redacted', jsonb_build_object('redaction_id', k.redaction_id::text, 'sha256', k.sha256))::text
                           in value) > 0))
$$;
-- <<<

-- >>> functions/redaction/fn_iu_redaction_text_copies.sql
-- fn_iu_redaction_text_copies(text[]) returns table (table_name, row_key, column_name, sha256, byte_length)
--
-- Contract:  every place in this database that holds one of these texts, whole: versions of units, byte ranges of pinned sources,
--            whether the run that cut them wrote them or not, the bodies in the steps of structure operations. Reads those tables whole: a redaction is rare.
-- Arguments: p_hashes: sha256 of the texts
-- Returns:   one row a value; its hash and length, never the value. Of a source the column is bytes[from,to).
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_redaction_text_copies(p_hashes text[])
returns table (table_name text, row_key text, column_name text, sha256 text, byte_length integer)
language sql
stable
set search_path from current
as $$
  with version as materialized (
    select v.id, v.body, v.content_hash, v.content_profile from unit_version v where v.content_hash = any (p_hashes) and v.redaction_id is null
  ), text as materialized (
    select distinct on (content_hash) content_hash, '"body": ' || to_json(body)::text as member from version where body <> ''
  ), range as (
    select s.pin_id, int4multirange(int4range(p.byte_start, p.byte_end)) as bytes, p.sha256
      from iu_cut_piece p join iu_cut_run r using (run_id) join iu_source_pin s using (pin_id) where p.sha256 = any (p_hashes)
    union
    select r.pin_id, int4multirange(int4range(m.byte_start, m.byte_end)), m.sha256
      from iu_cut_mark m join iu_cut_run r using (run_id) where m.sha256 = any (p_hashes)
    union
    select s.pin_id, int4multirange(int4range(0, s.byte_length)), s.sha256 from iu_source_pin s where s.sha256 = any (p_hashes) and s.byte_length > 0
  )
  select 'unit_version', v.id::text, 'body', v.content_hash, octet_length(v.body) from version v
  union all
  select 'unit_version', v.id::text, 'content_profile', encode(pg_catalog.sha256(convert_to(v.content_profile::text, 'UTF8')), 'hex'),
         octet_length(v.content_profile::text)
    from version v where v.content_profile <> '{}'
  union all
  select 'iu_source_pin', r.pin_id::text, format('bytes[%s,%s)', lower(r.bytes), upper(r.bytes)), r.sha256, upper(r.bytes) - lower(r.bytes)
    from range r join iu_source_pin s using (pin_id) where not s.redacted @> r.bytes
  union all
  select 'iu_structure_operation', o.operation_id::text, c.col, t.content_hash, octet_length(t.member) - 8
    from text t
    join iu_structure_operation o on position(t.member in concat(o.payload::text, o.preview::text, o.impact_summary::text)) > 0
   cross join lateral (values ('payload', o.payload::text), ('preview', o.preview::text), ('impact_summary', o.impact_summary::text)) c (col, value)
   where position(t.member in c.value) > 0
  union all
  select 'iu_structure_change', o.operation_id || '.' || o.change_no, c.col, t.content_hash, octet_length(t.member) - 8
    from text t
    join iu_structure_change o on position(t.member in concat(o.before::text, o.after::text)) > 0
   cross join lateral (values ('before', o.before::text), ('after', o.after::text)) c (col, value)
   where position(t.member in c.value) > 0
$$;
-- <<<

-- >>> functions/redaction/fn_iu_redaction_plan.sql
-- fn_iu_redaction_plan(text, text) returns jsonb
--
-- Contract:  what a redaction would overwrite, and what stands in its way now. Writes nothing and shows no text.
-- Arguments: p_kind: event, unit_version, source_pin, or cut_piece (its version is meant); p_ref: the id; of a piece RUN:ORDINAL
-- Returns:   {subject_kind, subject_ref, copies: [{table_name, row_key, column_name, sha256, byte_length}], blockers: [{code, count}],
--            archive_files: files of earlier prunes that hold the event, of which only a person can take it out,
--            leftovers: [{code, ref, count, action}] what holds the text or something of it and is not overwritten: original_source, an
--            original that a touched source was extracted from; piece_title, titles and labels of pieces}
-- Raises:    IU890 there is no such thing, IU891 the kind or reference is malformed
-- Writes:    nothing
-- May call:  iu_operator, iu_approver
create or replace function fn_iu_redaction_plan(p_kind text, p_ref text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_kind text := p_kind;
  v_ref text := p_ref;
  v_seqs bigint[];
  v_copies jsonb;
  v_blockers jsonb := '[]';
  v_files jsonb := '[]';
  v_hashes text[];
  v_leftovers jsonb := '[]';
begin
  if p_kind is null or p_ref is null or p_kind not in ('event', 'unit_version', 'source_pin', 'cut_piece') then
    raise exception using errcode = 'IU891', message = 'a redaction is of an event, a unit_version, a source_pin or a cut_piece, by its id';
  elsif p_kind = 'cut_piece' then
    if p_ref !~ E'^\\d{1,15}:\\d{1,9}$' then
      raise exception using errcode = 'IU891', message = 'a piece is named RUN:ORDINAL, for example 3:17';
    end if;
    select 'unit_version', p.version_id::text into v_kind, v_ref from iu_cut_piece p
     where p.run_id = split_part(p_ref, ':', 1)::bigint and p.ordinal = split_part(p_ref, ':', 2)::integer;
    if v_ref is null then
      raise exception using errcode = 'IU890', message = format('there is no cut piece %s', p_ref);
    end if;
  elsif p_kind = 'event' and p_ref !~* '^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$' then
    raise exception using errcode = 'IU891', message = 'an event is named by its id';
  end if;
  if v_kind = 'event' then
    v_ref := lower(v_ref);
    -- each partition of the log has ids of its own, so several events can have one: all of them are meant
    v_seqs := array(select e.seq from event_outbox e where e.id = v_ref::uuid
                    union select a.event_seq from iu_archived_row a where a.event_id = v_ref::uuid and a.table_name = 'event_outbox'
                    union select f.event_seq from iu_pruned_file_event f where f.event_id = v_ref::uuid);
    if v_seqs = '{}' then
      raise exception using errcode = 'IU890', message = format('there is no event %s, neither in the log nor in an archive of a prune', v_ref),
        hint = 'what was pruned without an archive is gone';
    end if;
    select coalesce(jsonb_agg(to_jsonb(c)), '[]') into v_copies from fn_iu_redaction_event_copies(v_ref::uuid) c;
    select coalesce(jsonb_agg(jsonb_build_object('code', code, 'count', n)), '[]') into v_blockers
      from (values ('delivery_waiting', (select count(*) from iu_route_delivery d where d.event_seq = any (v_seqs))),
                   ('dead_letter_open', (select count(*) from iu_route_dead_letter d where d.event_seq = any (v_seqs) and d.resolved_at is null)),
                   ('not_decided', (select count(*) from event_outbox e where e.id = v_ref::uuid
                      and not exists (select from iu_route_attempt a where a.event_seq = e.seq and a.attempt_no = 1)
                      and not exists (select from iu_route_worker_cursor c where c.event_domain in (e.event_domain, '*')
                                         and (e.seq <= c.base_seq or pg_visible_in_snapshot(e.tx_id, c.base_snapshot)))))) b (code, n)
     where n > 0;
    select coalesce(jsonb_agg(concat_ws('/', r.archive_place, b.archive_file) order by f.run_id, f.batch_no), '[]') into v_files
      from iu_pruned_file_event f join iu_prune_batch b using (run_id, batch_no) join iu_prune_run r using (run_id)
     where f.event_id = v_ref::uuid;
  else
    v_hashes := fn_iu_redaction_hashes(v_kind, v_ref);
    select coalesce(jsonb_agg(to_jsonb(c)), '[]') into v_copies from fn_iu_redaction_text_copies(v_hashes) c;
    select coalesce(jsonb_agg(jsonb_build_object('code', l.code, 'ref', l.ref, 'count', l.n, 'action', l.action) order by l.code, l.ref), '[]')
      into v_leftovers
      from (select 'original_source' as code, o.pin_id::text as ref, count(*) as n, format('iu redact request source %s', o.pin_id) as action
              from iu_cut_run r
              join iu_source_pin s on s.pin_id = r.pin_id
              join iu_source_pin o on o.pin_id::text = r.config #>> '{original,pin_id}'
             where o.sha256 <> all (v_hashes) and not o.redacted @> int4range(0, o.byte_length)
               and (s.sha256 = any (v_hashes)
                    or exists (select from iu_cut_mark m where m.run_id = r.run_id and m.sha256 = any (v_hashes))
                    or exists (select from iu_cut_piece p where p.run_id = r.run_id and p.sha256 = any (v_hashes)))
             group by o.pin_id
            union all
            select 'piece_title', null, count(*),
                   'titles, labels and addresses of its pieces stay; a revision of the unit gives it another title'
              from iu_cut_mark m where m.sha256 = any (v_hashes) and (m.title <> '' or m.label <> '')
            having count(*) > 0) l;
  end if;
  return jsonb_build_object('subject_kind', v_kind, 'subject_ref', v_ref, 'copies', v_copies, 'blockers', v_blockers, 'archive_files', v_files,
    'leftovers', v_leftovers);
end
$$;
-- <<<

-- >>> functions/redaction/fn_iu_redaction_request.sql
-- fn_iu_redaction_request(text, text, text, text) returns jsonb
--
-- Contract:  asks for a redaction; nothing is overwritten yet, and a prune leaves the event alone until it is decided. What stands in
--            the way now (a waiting delivery) does not keep anybody from asking.
-- Arguments: p_kind, p_ref: as fn_iu_redaction_plan; p_reason: why; p_legal_ref: the request or rule it rests on. Both stay, so no text
--            of the thing itself belongs into them.
-- Returns:   the redaction, state requested
-- Raises:    IU890 no such thing or no copy of it is left, IU891 malformed, IU892 reason or legal reference missing, IU894 asked for already
-- Writes:    iu_redaction
-- May call:  iu_operator
create or replace function fn_iu_redaction_request(p_kind text, p_ref text, p_reason text, p_legal_ref text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_plan jsonb;
  v_redaction iu_redaction;
begin
  if nullif(btrim(p_reason), '') is null or nullif(btrim(p_legal_ref), '') is null then
    raise exception using errcode = 'IU892', message = 'a redaction has a reason and a legal reference', hint = 'add --reason TEXT --legal-ref TEXT';
  end if;
  v_plan := fn_iu_redaction_plan(p_kind, p_ref);
  if v_plan -> 'copies' = '[]' then
    raise exception using errcode = 'IU890', message = format('nothing of %s %s is left to overwrite', v_plan ->> 'subject_kind', v_plan ->> 'subject_ref'),
      hint = coalesce((select 'only a person can take it out of ' || string_agg(f, ', ') from jsonb_array_elements_text(v_plan -> 'archive_files') f),
                      'iu redact list');
  end if;
  insert into iu_redaction (subject_kind, subject_ref, reason, legal_ref, plan, requested_by)
  values (v_plan ->> 'subject_kind', v_plan ->> 'subject_ref', p_reason, p_legal_ref, v_plan, session_user)
  on conflict (subject_kind, subject_ref) where state in ('requested', 'approved') do nothing
  returning * into v_redaction;
  if not found then
    raise exception using errcode = 'IU894', message = format('a redaction of %s %s is asked for already', v_plan ->> 'subject_kind', v_plan ->> 'subject_ref'),
      hint = 'iu redact list --state requested';
  end if;
  return fn_iu_redaction_said(v_redaction);
end
$$;
-- <<<

-- >>> functions/redaction/fn_iu_redaction_approve.sql
-- fn_iu_redaction_approve(bigint, text) returns jsonb
--
-- Contract:  the second person agrees. Another login than the one that asked, whatever role it has (session_user).
-- Arguments: p_redaction_id; p_note: mandatory
-- Returns:   the redaction, state approved
-- Raises:    IU890 there is no such redaction, IU895 the one who asked, IU896 it is not waiting for this, IU892 note missing
-- Writes:    iu_redaction
-- May call:  iu_approver
create or replace function fn_iu_redaction_approve(p_redaction_id bigint, p_note text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_redaction iu_redaction := fn_iu_redaction_decide(p_redaction_id, p_note, array['requested']);
begin
  if v_redaction.requested_by = session_user then
    raise exception using errcode = 'IU895', message = format('%s asked for it and cannot approve it', session_user),
      hint = 'a second person approves, with a login of their own';
  end if;
  update iu_redaction set state = 'approved', approved_by = session_user, approved_at = clock_timestamp(), approval_note = p_note
   where redaction_id = p_redaction_id returning * into v_redaction;
  return fn_iu_redaction_said(v_redaction);
end
$$;
-- <<<

-- >>> functions/redaction/fn_iu_redaction_reject.sql
-- fn_iu_redaction_reject(bigint, text) returns jsonb
--
-- Contract:  says no, or takes a request or an approval back, before it is applied.
-- Arguments: p_redaction_id; p_note: mandatory
-- Returns:   the redaction, state rejected
-- Raises:    IU890 there is no such redaction, IU896 it is not waiting for this, IU892 note missing
-- Writes:    iu_redaction
-- May call:  iu_operator, iu_approver
create or replace function fn_iu_redaction_reject(p_redaction_id bigint, p_note text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_redaction iu_redaction := fn_iu_redaction_decide(p_redaction_id, p_note, array['requested', 'approved']);
begin
  update iu_redaction set state = 'rejected', rejected_by = session_user, rejected_at = clock_timestamp(), rejection_note = p_note
   where redaction_id = p_redaction_id returning * into v_redaction;
  return fn_iu_redaction_said(v_redaction);
end
$$;
-- <<<

-- >>> functions/redaction/fn_iu_redaction_event_overwrite.sql
-- fn_iu_redaction_event_overwrite(bigint) returns void
--
-- Contract:  overwrites the copies of an event's payload that iu_redacted_copy names for a redaction. A document becomes
--            {"iu_redacted": {redaction_id, sha256}}, a text [redacted ID]; of the whole event in a dead letter or an archived row only the
--            members that hold something.
-- Arguments: p_redaction_id
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    event_outbox, iu_route_attempt, iu_route_dead_letter, iu_event_edit, iu_archived_row
-- May call:  internal
create or replace function fn_iu_redaction_event_overwrite(p_redaction_id bigint) returns void
language plpgsql
volatile
set search_path from current
as $$
declare
  c iu_redacted_copy;
  v_mark jsonb;
  v_text text := format('[redacted %s]', p_redaction_id);
begin
  for c in select * from iu_redacted_copy where redaction_id = p_redaction_id loop
    v_mark := jsonb_build_object('iu_redacted', jsonb_build_object('redaction_id', p_redaction_id::text, 'sha256', c.sha256));
    case c.table_name || '.' || c.column_name
      when 'event_outbox.safe_payload' then update event_outbox set safe_payload = v_mark where seq = c.row_key::bigint;
      when 'iu_route_attempt.payload_snapshot' then update iu_route_attempt set payload_snapshot = v_mark where attempt_id = c.row_key::bigint;
      when 'iu_route_attempt.failure_detail' then update iu_route_attempt set failure_detail = v_text where attempt_id = c.row_key::bigint;
      when 'iu_route_dead_letter.event_snapshot' then
        update iu_route_dead_letter set event_snapshot = event_snapshot || jsonb_build_object('safe_payload', v_mark) where dead_letter_id = c.row_key::bigint;
      when 'iu_route_dead_letter.failure_detail' then update iu_route_dead_letter set failure_detail = v_text where dead_letter_id = c.row_key::bigint;
      when 'iu_event_edit.payload' then update iu_event_edit set payload = v_mark where edit_id = c.row_key::bigint;
      when 'iu_event_edit.diff' then update iu_event_edit set diff = v_mark where edit_id = c.row_key::bigint;
      when 'iu_archived_row.document' then
        update iu_archived_row
           set document = document || coalesce((select jsonb_object_agg(m.key, case m.key when 'failure_detail' then to_jsonb(v_text)
                                                                                when 'event_snapshot' then m.value || jsonb_build_object('safe_payload', v_mark)
                                                                                else v_mark end)
                                                  from jsonb_each(document) m
                                                 where m.key in ('safe_payload', 'payload_snapshot', 'failure_detail', 'event_snapshot', 'payload', 'diff')
                                                   and m.value <> 'null'), '{}')
         where archived_row_id = c.row_key::bigint;
    end case;
  end loop;
end
$$;
-- <<<

-- >>> functions/redaction/fn_iu_redaction_text_overwrite.sql
-- fn_iu_redaction_text_overwrite(bigint) returns void
--
-- Contract:  overwrites the copies of a text that iu_redacted_copy names for a redaction. A body becomes [redacted ID] and keeps the
--            hash of what it was; bytes of a source become X, as many as they were, so that every other range stays where it is.
-- Arguments: p_redaction_id
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    unit_version, iu_source_pin, iu_structure_operation, iu_structure_change
-- May call:  internal
create or replace function fn_iu_redaction_text_overwrite(p_redaction_id bigint) returns void
language plpgsql
volatile
set search_path from current
as $$
declare
  v_text text := format('[redacted %s]', p_redaction_id);
  v_member text := '"body": ' || to_json(v_text)::text;
  v_found record;
  v_pin record;
  v_range int4range;
  v_bytes bytea;
begin
  -- the steps first: they are found by the bodies
  for v_found in
    select c.table_name, c.row_key, '"body": ' || to_json(v.body)::text as member
      from (select distinct table_name, row_key, sha256 from iu_redacted_copy
             where redaction_id = p_redaction_id and table_name in ('iu_structure_operation', 'iu_structure_change')) c
     cross join lateral (select u.body from unit_version u where u.content_hash = c.sha256 and u.redaction_id is null limit 1) v
  loop
    if v_found.table_name = 'iu_structure_operation' then
      update iu_structure_operation
         set payload = replace(payload::text, v_found.member, v_member)::jsonb, preview = replace(preview::text, v_found.member, v_member)::jsonb,
             impact_summary = replace(impact_summary::text, v_found.member, v_member)::jsonb
       where operation_id = v_found.row_key::bigint;
    else
      update iu_structure_change
         set before = replace(before::text, v_found.member, v_member)::jsonb, after = replace(after::text, v_found.member, v_member)::jsonb
       where operation_id = split_part(v_found.row_key, '.', 1)::bigint and change_no = split_part(v_found.row_key, '.', 2)::integer;
    end if;
  end loop;
  perform set_config(fn_iu_setting('iu_create.gateway.marker_key', 'app.canonical_writer'), 'fn_iu_redaction', true);
  update unit_version v
     set body = v_text, redaction_id = p_redaction_id,
         content_profile = case when v.content_profile = '{}' then v.content_profile
                                else jsonb_build_object('iu_redacted', jsonb_build_object('redaction_id', p_redaction_id::text)) end
   where v.redaction_id is null
     and v.id in (select c.row_key::uuid from iu_redacted_copy c where c.redaction_id = p_redaction_id and c.table_name = 'unit_version');
  perform set_config(fn_iu_setting('iu_create.gateway.marker_key', 'app.canonical_writer'), '', true);
  for v_pin in
    select c.row_key::bigint as pin_id, range_agg(substring(c.column_name from 6)::int4range) as ranges
      from iu_redacted_copy c where c.redaction_id = p_redaction_id and c.table_name = 'iu_source_pin' group by 1
  loop
    select bytes into strict v_bytes from iu_source_pin where pin_id = v_pin.pin_id for update;
    foreach v_range in array array(select unnest(v_pin.ranges)) loop
      v_bytes := overlay(v_bytes placing convert_to(repeat('X', upper(v_range) - lower(v_range)), 'UTF8')
                         from lower(v_range) + 1 for upper(v_range) - lower(v_range));
    end loop;
    update iu_source_pin set bytes = v_bytes, redacted = redacted + v_pin.ranges where pin_id = v_pin.pin_id;
  end loop;
end
$$;
-- <<<

-- >>> functions/redaction/fn_iu_redaction_apply.sql
-- fn_iu_redaction_apply(bigint) returns jsonb
--
-- Contract:  overwrites every copy that there is now, in one transaction, and writes down of each the hash and length of what stood
--            there. Counts, decisions, trees and proofs stay: rows stay, sizes of sources stay. An event that is still to be decided or
--            delivered is refused: what is left of it would be sent. Old row versions are gone after the next vacuum; backups, replicas'
--            archives and files of prunes are not reached from here.
-- Arguments: p_redaction_id: approved
-- Returns:   the redaction, state applied, and {overwritten: number of values, archive_files, leftovers: as fn_iu_redaction_plan}
-- Raises:    IU890 there is no such redaction, IU896 it is not approved, IU893 the event waits to be decided or delivered, IU861
--            something keeps what stood there
-- Writes:    iu_redaction, iu_redacted_copy, iu_cut_run, iu_cut_log and every table of fn_iu_redaction_event_copies or fn_iu_redaction_text_copies
-- May call:  iu_operator
create or replace function fn_iu_redaction_apply(p_redaction_id bigint) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_redaction iu_redaction;
  v_plan jsonb;
  v_pins bigint[];
  v_stayed text;
begin
  perform fn_iu_require_read_committed();
  select * into v_redaction from iu_redaction where redaction_id = p_redaction_id for update;
  if not found then
    raise exception using errcode = 'IU890', message = format('there is no redaction %s', p_redaction_id), hint = 'iu redact list';
  elsif v_redaction.state <> 'approved' then
    raise exception using errcode = 'IU896', message = format('redaction %s is %s, not approved', p_redaction_id, v_redaction.state),
      hint = 'a second person approves: iu redact approve ID --note TEXT';
  end if;
  if v_redaction.subject_kind = 'event' then
    -- letters, then decision rows, as a replay locks: from here on nobody queues it again
    perform from iu_route_dead_letter d join event_outbox e on e.seq = d.event_seq where e.id = v_redaction.subject_ref::uuid for update of d;
    perform from iu_route_attempt a join event_outbox e on e.seq = a.event_seq
      where e.id = v_redaction.subject_ref::uuid and a.attempt_no = 1 for update of a;
  end if;
  v_plan := fn_iu_redaction_plan(v_redaction.subject_kind, v_redaction.subject_ref);
  if v_redaction.subject_kind <> 'event' then
    v_pins := array(select (c ->> 'row_key')::bigint from jsonb_array_elements(v_plan -> 'copies') c where c ->> 'table_name' = 'iu_source_pin');
    -- runs, then pins, as a cut locks that writes; planned again, because one may have written until now
    perform from iu_cut_run r where r.pin_id = any (v_pins) order by r.run_id for no key update;
    perform from iu_source_pin s where s.pin_id = any (v_pins) order by s.pin_id for update;
    v_plan := fn_iu_redaction_plan(v_redaction.subject_kind, v_redaction.subject_ref);
  end if;
  if v_plan -> 'blockers' <> '[]' then
    raise exception using errcode = 'IU893',
      message = format('event %s still waits: %s', v_redaction.subject_ref,
                       (select string_agg(b ->> 'code', ', ') from jsonb_array_elements(v_plan -> 'blockers') b)),
      hint = 'let it be decided; iu delivery cancel, iu dead-letter resolve; then apply again';
  end if;
  insert into iu_redacted_copy (redaction_id, table_name, row_key, column_name, sha256, byte_length)
  select p_redaction_id, c.table_name, c.row_key, c.column_name, c.sha256, c.byte_length
    from jsonb_to_recordset(v_plan -> 'copies') as c (table_name text, row_key text, column_name text, sha256 text, byte_length integer);
  perform set_config('iu_core.governed', 'redact ' || pg_current_xact_id()::text, true);
  if v_redaction.subject_kind = 'event' then
    perform fn_iu_redaction_event_overwrite(p_redaction_id);
  else
    perform fn_iu_redaction_text_overwrite(p_redaction_id);
    update iu_cut_run r
       set state = 'voided_by_person', actor_ref = session_user, finished_at = clock_timestamp(),
           detail = jsonb_build_object('code', 'IU897', 'reason', format('redaction %s overwrote something in its source', p_redaction_id))
     where r.apply_tx_id is null and fn_iu_cut_may_follow(r.state, 'voided_by_person') and r.state <> 'voided_by_person'
       and r.pin_id::text in (select c.row_key from iu_redacted_copy c where c.redaction_id = p_redaction_id and c.table_name = 'iu_source_pin');
  end if;
  perform set_config('iu_core.governed', '', true);
  -- looked for once more: nobody is told that a text is gone which a trigger or a rule has kept
  select string_agg(distinct format('%s of %s', c ->> 'column_name', c ->> 'table_name'), ', ') into v_stayed
    from jsonb_array_elements(fn_iu_redaction_plan(v_redaction.subject_kind, v_redaction.subject_ref) -> 'copies') c;
  if v_stayed is not null then
    raise exception using errcode = 'IU861', message = format('redaction %s: %s would still hold what stood there', p_redaction_id, v_stayed),
      hint = 'a trigger or rule of that table keeps it: iu drift names them; drop or disable it, then apply again';
  end if;
  update iu_redaction set state = 'applied', applied_by = session_user, applied_at = clock_timestamp(), plan = v_plan
   where redaction_id = p_redaction_id returning * into v_redaction;
  return fn_iu_redaction_said(v_redaction) || jsonb_build_object('overwritten', jsonb_array_length(v_plan -> 'copies'),
    'archive_files', v_plan -> 'archive_files', 'leftovers', v_plan -> 'leftovers');
end
$$;
-- <<<

-- >>> views/v_iu_event_accounting.sql
-- v_iu_event_accounting: the books of each worker since its base. decided + pending = events, lost = 0; queued = waiting + settled.
-- What was pruned since the base counts on both sides (column pruned): it had been decided, certified and settled.
-- Reads the whole log and audit: for the certificate, not for every second.
create or replace view v_iu_event_accounting as
select c.worker_name, c.event_domain, n.events + p.events as events, n.decided + p.events as decided, n.pending, n.lost,
       q.queued + p.queued as queued, q.waiting, q.settled + p.queued as settled,
       n.lost = 0 and n.decided + n.pending = n.events and q.queued = q.waiting + q.settled as balanced, p.events as pruned
  from iu_route_worker_cursor c
 cross join lateral (
   select count(*) as events,
          count(*) filter (where d.event_seq is not null) as decided,
          count(*) filter (where d.event_seq is null and not pg_visible_in_snapshot(e.tx_id, c.done_snapshot)) as pending,
          count(*) filter (where d.event_seq is null and pg_visible_in_snapshot(e.tx_id, c.done_snapshot)) as lost
     from event_outbox e
     left join (select distinct a.event_seq from iu_route_attempt a where a.attempt_no = 1 and a.route_kind = 'outbound') d on d.event_seq = e.seq
    where e.seq > c.base_seq and not pg_visible_in_snapshot(e.tx_id, c.base_snapshot)
      and case when c.event_domain = '*'
               then not exists (select 1 from iu_route_worker_cursor o where o.event_domain = e.event_domain)
               else e.event_domain = c.event_domain end
 ) n
 cross join lateral (
   select count(*) as queued,
          count(*) filter (where p.is_waiting) as waiting,
          count(*) filter (where not p.is_waiting and (p.has_later or p.has_dead_letter)) as settled
     from (
       select exists (select 1 from iu_route_delivery w where w.event_seq = a.event_seq and w.route_id = a.route_id) as is_waiting,
              exists (select 1 from iu_route_attempt l where l.event_seq = a.event_seq and l.route_id = a.route_id
                                                         and l.attempt_no > a.attempt_no) as has_later,
              exists (select 1 from iu_route_dead_letter x where x.event_seq = a.event_seq and x.route_id = a.route_id) as has_dead_letter
         from iu_route_attempt a
         join event_outbox e on e.seq = a.event_seq
        where a.status = 'queued' and a.event_seq > c.base_seq
          and case when c.event_domain = '*'
                   then not exists (select 1 from iu_route_worker_cursor o where o.event_domain = e.event_domain)
                   else e.event_domain = c.event_domain end
     ) p
 ) q
 cross join lateral (
   select (select coalesce(sum(g.events), 0)::bigint from iu_pruned_event g
            where g.counted and g.base_seq = c.base_seq
              and case when c.event_domain = '*'
               then not exists (select 1 from iu_route_worker_cursor o where o.event_domain = g.event_domain)
               else g.event_domain = c.event_domain end) as events,
          (select coalesce(sum(g.attempts), 0)::bigint from iu_pruned_attempt g
            where g.counted and g.base_seq = c.base_seq and g.status = 'queued'
              and case when c.event_domain = '*'
               then not exists (select 1 from iu_route_worker_cursor o where o.event_domain = g.event_domain)
               else g.event_domain = c.event_domain end) as queued
 ) p;
-- <<<

-- >>> views/v_iu_route_attempt_summary.sql
-- v_iu_route_attempt_summary: the audit counted by kind, route and status, with what was pruned.
create or replace view v_iu_route_attempt_summary as
select s.route_kind, s.route_code, s.status, sum(s.attempts)::bigint as attempts, min(s.first_at) as first_at, max(s.last_at) as last_at
  from (
    select a.route_kind, a.route_code, a.status, count(*) as attempts, min(a.started_at) as first_at, max(a.started_at) as last_at
      from iu_route_attempt a
     group by a.route_kind, a.route_code, a.status
    union all
    select p.route_kind, p.route_code, p.status, sum(p.attempts), min(p.first_at), max(p.last_at)
      from iu_pruned_attempt p
     group by p.route_kind, p.route_code, p.status
  ) s
 group by s.route_kind, s.route_code, s.status;
-- <<<

create trigger trg_iu_prune_run_keep before delete or truncate on iu_prune_run
  for each statement execute function fn_iu_refuse_change();
alter table iu_prune_run enable always trigger trg_iu_prune_run_keep;
create trigger trg_iu_prune_batch_keep before delete or truncate on iu_prune_batch
  for each statement execute function fn_iu_refuse_change();
alter table iu_prune_batch enable always trigger trg_iu_prune_batch_keep;
create constraint trigger trg_iu_prune_batch_guard after insert on iu_prune_batch
  deferrable initially deferred
  for each row execute function fn_iu_prune_batch_guard();
alter table iu_prune_batch enable always trigger trg_iu_prune_batch_guard;
create trigger trg_iu_pruned_event_keep before delete or truncate on iu_pruned_event
  for each statement execute function fn_iu_refuse_change();
alter table iu_pruned_event enable always trigger trg_iu_pruned_event_keep;
create trigger trg_iu_pruned_attempt_keep before delete or truncate on iu_pruned_attempt
  for each statement execute function fn_iu_refuse_change();
alter table iu_pruned_attempt enable always trigger trg_iu_pruned_attempt_keep;
create trigger trg_iu_pruned_file_event_keep before update or delete or truncate on iu_pruned_file_event
  for each statement execute function fn_iu_refuse_change();
alter table iu_pruned_file_event enable always trigger trg_iu_pruned_file_event_keep;
create trigger trg_iu_archived_row_append_only before update or delete or truncate on iu_archived_row
  for each statement execute function fn_iu_refuse_change();
alter table iu_archived_row enable always trigger trg_iu_archived_row_append_only;
create trigger trg_iu_redaction_guard before insert or update on iu_redaction
  for each row execute function fn_iu_redaction_guard();
alter table iu_redaction enable always trigger trg_iu_redaction_guard;
create trigger trg_iu_redaction_keep before delete or truncate on iu_redaction
  for each statement execute function fn_iu_refuse_change();
alter table iu_redaction enable always trigger trg_iu_redaction_keep;
create trigger trg_iu_redacted_copy_append_only before update or delete or truncate on iu_redacted_copy
  for each statement execute function fn_iu_refuse_change();
alter table iu_redacted_copy enable always trigger trg_iu_redacted_copy_append_only;
