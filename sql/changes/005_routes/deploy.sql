-- 005_routes: what should happen with an event (routes, approvals, their history), and what happened (attempts, dead letters,
-- the delivery queue). The shapes of delivery and approval are settled here; the code that claims and sends is a later change.

create table iu_outbound_route (
  route_id         bigint generated always as identity primary key,
  route_code       text not null unique check (route_code ~ '^[A-Za-z0-9_.:-]{1,120}$' and route_code <> '-'),
  version          integer not null default 1 check (version > 0),
  event_domain     text not null default '*' check (event_domain ~ E'^([A-Za-z0-9_.-]{1,80}\\*?|\\*)$'),
  event_type       text not null default '*' check (event_type ~ E'^([A-Za-z0-9_.-]{1,80}\\*?|\\*)$'),
  event_stream     text not null default '*' check (event_stream ~ E'^([A-Za-z0-9_.-]{1,80}\\*?|\\*)$'),
  filter           jsonpath,
  target_kind      text not null check (target_kind in ('sql_function', 'table', 'webhook', 'directus_flow', 'nats', 'kafka',
                                                         'workflow', 'vector', 'report', 'external_endpoint')),
  target_ref       text not null check (target_ref ~ E'\\S' and target_ref !~ '[[:cntrl:]]' and octet_length(target_ref) <= 2048),
  target_config    jsonb not null default '{}' check (jsonb_typeof(target_config) = 'object'),
  ordering         text not null default 'none' check (ordering in ('none', 'subject')),
  on_dead_letter   text not null default 'continue' check (on_dead_letter in ('continue', 'hold')),
  retry_policy     jsonb not null default '{}' check (jsonb_typeof(retry_policy) = 'object'),
  rate_per_second  integer check (rate_per_second > 0),
  max_concurrency  integer check (max_concurrency > 0),
  fail_closed      boolean not null default true,
  enabled          boolean not null default false,
  dry_run          boolean not null default true,
  approval_id      bigint,
  ladder_disabled  boolean not null default false,
  note             text,
  removed_at       timestamptz,
  created_at       timestamptz not null default clock_timestamp(),
  updated_at       timestamptz not null default clock_timestamp(),
  constraint iu_outbound_route_safe_chk check (not enabled or dry_run or approval_id is not null),
  constraint iu_outbound_route_removed_chk check (removed_at is null or not enabled)
);
comment on table iu_outbound_route is 'Which events go where. Installed and added disabled and in dry-run; a route is never deleted, a route_code never reused.';
comment on column iu_outbound_route.version is 'Raised by trigger with every change of what an approval covers; an approval is for one version.';
comment on column iu_outbound_route.event_type is '''*'' matches all, a trailing * a prefix (structure_*). The same for domain and stream.';
comment on column iu_outbound_route.filter is 'jsonpath predicate over safe_payload; variables $domain, $type, $stream, $severity, $subject_table, $subject_ref.';
comment on column iu_outbound_route.ladder_disabled is 'True while level 2 of the disable ladder holds this route; its way back enables just these.';

create table iu_route_approval (
  approval_id   bigint generated always as identity primary key,
  route_id      bigint not null references iu_outbound_route,
  route_version integer not null,
  requested_by  text not null,
  requested_at  timestamptz not null default clock_timestamp(),
  evidence      jsonb not null default '{}',
  approved_by   text,
  approved_at   timestamptz,
  expires_at    timestamptz,
  max_events    bigint check (max_events > 0),
  events_used   bigint not null default 0,
  canary_share  numeric not null default 1 check (canary_share > 0 and canary_share <= 1),
  failure_budget integer not null default 50 check (failure_budget > 0),
  target_sha256 text,
  reason        text,
  approval_note text,
  live_at       timestamptz,
  revoked_at    timestamptz,
  revoked_by    text,
  revoke_reason text,
  constraint iu_route_approval_two_people_chk check (approved_by is null or approved_by <> requested_by),
  constraint iu_route_approval_approved_chk check ((approved_by is null) = (approved_at is null)),
  unique (route_id, route_version, approval_id)
);
comment on table iu_route_approval is 'A request to take one version of a route live, and who else approved it, for how long and how much.';
comment on column iu_route_approval.canary_share is 'Share of subjects that is delivered; the events of the others are decided dry_run with the reason outside_canary.';
comment on column iu_route_approval.failure_budget is 'Failed and unknown sends within one hour; one more takes the route back to dry-run and revokes the approval.';
comment on column iu_route_approval.target_sha256 is 'For a target in the database: the hash of its definition when it was approved.';
alter table iu_outbound_route add constraint iu_outbound_route_approval_fk
  foreign key (route_id, version, approval_id) references iu_route_approval (route_id, route_version, approval_id);

create table iu_route_history (
  history_id   bigint generated always as identity primary key,
  route_id     bigint not null,
  route_code   text not null,
  version      integer not null,
  event_domain text not null,
  event_type   text not null,
  event_stream text not null,
  removed      boolean not null,
  route        jsonb not null,
  tx_id        xid8 not null,
  changed_by   text not null,
  changed_at   timestamptz not null
);
create index iu_route_history_route_idx on iu_route_history (route_id, history_id);
comment on table iu_route_history is 'Every state a route ever had. tx_id lets the certificate say which routes a pass could see. Append-only.';

create table iu_sql_event_route (
  route_id             bigint generated always as identity primary key,
  route_code           text not null unique check (route_code ~ '^[A-Za-z0-9_.:-]{1,120}$' and route_code <> '-'),
  version              integer not null default 1,
  source_object_kind   text not null default 'table' check (source_object_kind in ('table', 'view', 'collection')),
  source_schema        text,
  source_table         text not null,
  sql_event            text not null check (sql_event in ('insert', 'update', 'delete')),
  target_event_domain  text not null check (target_event_domain in ('iu', 'iu_sql')),
  target_event_type    text not null,
  target_event_stream  text not null,
  idempotency_policy   text not null default 'per_row' check (idempotency_policy in ('per_row')),
  payload_contract     jsonb not null default '{}',
  fail_closed          boolean not null default true,
  enabled              boolean not null default false,
  dry_run              boolean not null default true,
  ladder_disabled      boolean not null default false,
  removed_at           timestamptz,
  created_at           timestamptz not null default clock_timestamp(),
  updated_at           timestamptz not null default clock_timestamp(),
  constraint iu_sql_event_route_safe_chk check (not enabled or dry_run)
);
comment on table iu_sql_event_route is 'Inbound: which changes of SQL objects would become events. Captures metadata only, and only in dry-run.';
comment on column iu_sql_event_route.source_schema is 'null = the schema IU Core is installed in.';

create table iu_route_attempt (
  attempt_id       bigint generated always as identity primary key,
  event_seq        bigint,
  route_id         bigint not null,
  attempt_no       integer not null check (attempt_no > 0),
  route_version    integer,
  run_id           bigint,
  delivered        boolean not null default false,
  started_at       timestamptz not null default clock_timestamp(),
  event_ref        uuid,
  route_kind       text not null check (route_kind in ('outbound', 'inbound')),
  route_code       text not null,
  status           text not null check (status in ('dry_run', 'skipped', 'queued', 'failed', 'sent', 'unknown', 'cancelled', 'pending')),
  decision         text not null,
  reason           text,
  idempotency_key  text not null,
  payload_snapshot jsonb,
  failure_code     text,
  failure_detail   text,
  send_milliseconds integer,
  runner_id        text,
  constraint iu_route_attempt_once unique (event_seq, route_id, attempt_no),
  constraint iu_route_attempt_delivered_chk check (not delivered or status = 'sent')
);
create index iu_route_attempt_queued_idx on iu_route_attempt (event_seq, route_id) where status = 'queued';
create index iu_route_attempt_trouble_idx on iu_route_attempt (attempt_id) where status in ('failed', 'unknown');
comment on table iu_route_attempt is 'The audit: one decision (attempt_no 1) for each event and matching route, then one row for each send or replay. Append-only.';
comment on column iu_route_attempt.route_id is '0 with route_code ''-'' when no route matched.';
comment on column iu_route_attempt.idempotency_key is 'route_code:event_id, the same whoever decides; root of the delivery id. Unindexed: uniqueness is (event_seq, route_id, attempt_no).';
comment on column iu_route_attempt.payload_snapshot is 'For a dry run: the request that would be sent, redacted. Never the payload.';

create table iu_route_delivery (
  event_seq     bigint not null,
  route_id      bigint not null,
  event_ref     uuid not null,
  attempt_no    integer not null,
  sends         integer not null default 0,
  delivery_key  text not null,
  lane_key      text,
  due_at        timestamptz not null default clock_timestamp(),
  lease_token   uuid,
  edit_id       bigint,
  counted_by    bigint,
  created_at    timestamptz not null default clock_timestamp(),
  primary key (event_seq, route_id)
) with (fillfactor = 50);
create index iu_route_delivery_due_idx on iu_route_delivery (route_id, due_at, event_seq) where lane_key is null;
create index iu_route_delivery_lane_idx on iu_route_delivery (route_id, lane_key, event_seq) where lane_key is not null;
create index iu_route_delivery_counted_idx on iu_route_delivery (route_id, counted_by, due_at) where counted_by is not null;
comment on table iu_route_delivery is 'The queue of live deliveries: a row waits here until it is settled, and is gone then; the attempts stay. Its routes are never deleted, so no foreign key (10 us a row).';
comment on column iu_route_delivery.attempt_no is 'Number of the latest attempt of this pair: of the decision or replay that queued it, then of each send, counted at the claim.';
comment on column iu_route_delivery.sends is 'Sends since it was queued: what the retry policy counts.';
comment on column iu_route_delivery.counted_by is 'Approval that counted it and under which it failed: that one lets it be tried again when it is used up. Written when a send failed, not at the claim, because it is in an index.';
comment on column iu_route_delivery.lease_token is 'Of the claim that holds it, null while it waits. In no index, so a claim updates in place.';

create table iu_route_lane (
  route_id    bigint not null,
  lane_key    text not null,
  head_seq    bigint not null,
  due_at      timestamptz not null,
  lease_token uuid,
  primary key (route_id, lane_key)
) with (fillfactor = 70);
create index iu_route_lane_due_idx on iu_route_lane (route_id, due_at);
comment on table iu_route_lane is 'One row for each subject with waiting deliveries of an ordered route: only its head may be claimed.';
comment on column iu_route_lane.due_at is 'When the head may be sent; infinity = held behind a dead letter (on_dead_letter = hold).';

create table iu_route_lease (
  lease_token uuid not null,
  route_id    bigint not null,
  route_code  text not null,
  route_version integer not null,
  approval_id bigint not null,
  runner_id   text not null,
  event_seqs  bigint[] not null,
  unsettled   integer not null,
  claimed_at  timestamptz not null,
  lease_until timestamptz not null,
  primary key (lease_token, route_id)
);
comment on table iu_route_lease is 'What is being sent now: a row for each claim and route, gone when everything in it is settled. What is left when it runs out becomes unknown.';

create table iu_route_flow (
  route_id          bigint primary key references iu_outbound_route,
  claimed_at        timestamptz,
  tokens            numeric not null default 0,
  tokens_at         timestamptz,
  paused_at         timestamptz,
  paused_by         text,
  pause_reason      text,
  breaker           text not null default 'closed' check (breaker in ('closed', 'open', 'half_open')),
  breaker_until     timestamptz,
  breaker_seconds   integer not null default 0,
  failures_in_row   integer not null default 0,
  failing_since     timestamptz,
  budget_started_at timestamptz,
  budget_failures   integer not null default 0,
  last_sent_at      timestamptz,
  last_failure_at   timestamptz,
  last_failure_code text,
  picked            bigint not null default 0,
  due_from          timestamptz,
  lane_due_from     timestamptz,
  looked_at         timestamptz,
  look_at           timestamptz
) with (fillfactor = 50);
comment on table iu_route_flow is 'What holds or slows the deliveries of a route, shared by all runners: pause, breaker, rate, failures. One row a route; a claim locks it.';
comment on column iu_route_flow.picked is 'Deliveries claimed since a look at the whole queue cost nothing: so many dead entries may stand at the head of its index while an old snapshot is open.';
comment on column iu_route_flow.due_from is 'A claim looks for due deliveries from here on, not from the beginning; null = from the beginning. What became due before it is found at look_at.';
comment on column iu_route_flow.lane_due_from is 'The same for due lanes.';

create table iu_route_dead_letter (
  dead_letter_id    bigint generated always as identity primary key,
  event_seq         bigint not null,
  event_ref         uuid not null,
  route_id          bigint not null,
  route_code        text not null,
  attempt_no        integer not null,
  idempotency_key   text not null unique,
  event_snapshot    jsonb not null,
  failure_code      text not null,
  failure_detail    text,
  failure_signature text not null,
  created_at        timestamptz not null default clock_timestamp(),
  resolved_at       timestamptz,
  resolved_by       text,
  resolution        text check (resolution in ('replayed', 'resolved')),
  resolution_note   text,
  constraint iu_route_dead_letter_resolved_chk check ((resolved_at is null) = (resolution is null))
);
create index iu_route_dead_letter_open_idx on iu_route_dead_letter (failure_signature, dead_letter_id) where resolved_at is null;
create index iu_route_dead_letter_event_idx on iu_route_dead_letter (event_seq, route_id);
comment on table iu_route_dead_letter is 'What could not be decided or delivered, with the whole event, until somebody resolves it. Never deleted.';
comment on column iu_route_dead_letter.failure_signature is 'Failures of one cause share it: md5 of route, code and the message without its numbers and quoted values.';

create type iu_judged_route as (
  route_id     bigint,
  route_code   text,
  version      integer,
  event_domain text,
  event_type   text,
  event_stream text,
  filter       jsonpath,
  verdict      text,
  reason       text,
  ordering     text,
  request      jsonb,
  canary_share numeric
);
comment on type iu_judged_route is 'A route as one pass sees it: verdict disabled, dry_run or live, judged once a pass.';

create type iu_event_key as (
  seq          bigint,
  id           uuid,
  event_domain text,
  event_type   text,
  event_stream text
);
comment on type iu_event_key is 'What a decision needs of an event; payloads stay in the log (a batch of 1 MiB payloads must not be in memory at once).';

-- >>> functions/routes/fn_iu_pattern_matches.sql
-- fn_iu_pattern_matches(text, text) returns boolean
--
-- Contract:  '*' matches everything, a trailing * a prefix, anything else only itself. The rule of matchesPattern in src/contract.
-- Arguments: p_pattern: of a route; p_value: of an event
-- Returns:   true when it matches
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_pattern_matches(p_pattern text, p_value text) returns boolean
language sql
immutable
set search_path from current
as $$
  select p_pattern = '*' or p_pattern = p_value
      or (right(p_pattern, 1) = '*' and starts_with(p_value, left(p_pattern, -1)))
$$;
-- <<<

-- >>> functions/routes/fn_iu_core_routes_enabled.sql
-- fn_iu_core_routes_enabled() returns boolean
--
-- Contract:  whether the master gate is open.
-- Arguments: none
-- Returns:   true only when open
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_core_routes_enabled() returns boolean
language plpgsql
volatile
set search_path from current
as $$
begin
  return fn_iu_gate_open('iu_core.routes_master_enabled');
end
$$;
-- <<<

-- >>> functions/routes/fn_iu_delivery_enabled.sql
-- fn_iu_delivery_enabled() returns boolean
--
-- Contract:  whether the delivery gate is open.
-- Arguments: none
-- Returns:   true only when open
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_delivery_enabled() returns boolean
language plpgsql
volatile
set search_path from current
as $$
begin
  return fn_iu_gate_open('iu_core.delivery_enabled');
end
$$;
-- <<<

-- >>> functions/routes/fn_iu_route_approval_state.sql
-- fn_iu_route_approval_state(bigint, integer, bigint) returns text
--
-- Contract:  judges an approval for one version of a route (P6). 'valid': approved by somebody else than the requester, not
--            revoked, not expired, events left. 'spent': was valid, now expired or used up: events queue, and the claim holds them (fn_iu_delivery_allowance).
--            'missing': anything else, so a forged flag sends nothing.
-- Arguments: p_route_id, p_version, p_approval_id: as the route row has them
-- Returns:   valid, spent or missing
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_route_approval_state(p_route_id bigint, p_version integer, p_approval_id bigint) returns text
language plpgsql
security definer
set search_path from current
as $$
declare
  v_state text;
begin
  if p_approval_id is null then
    return 'missing';
  end if;
  select case
           when approved_by is null or approved_by = requested_by or revoked_at is not null then 'missing'
           when expires_at <= clock_timestamp() or events_used >= max_events then 'spent'
           else 'valid'
         end
    into v_state
    from iu_route_approval
   where approval_id = p_approval_id and route_id = p_route_id and route_version = p_version;
  return coalesce(v_state, 'missing');
end
$$;
-- <<<

-- >>> functions/routes/fn_iu_retry_policy_check.sql
-- fn_iu_retry_policy_check(jsonb) returns void
--
-- Contract:  a retry policy says when to try again: {delays_seconds: 1 to 50 numbers from 1 to 2592000, jitter_share: 0 to 0.5},
--            each may be left out.
-- Arguments: p_policy
-- Returns:   nothing
-- Raises:    IU360 malformed
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_retry_policy_check(p_policy jsonb) returns void
language plpgsql
immutable
set search_path from current
as $$
begin
  if p_policy - '{delays_seconds,jitter_share}'::text[] <> '{}'
     or p_policy ? 'delays_seconds' and not jsonb_path_match(p_policy, 'strict $.delays_seconds.type() == "array"
          && $.delays_seconds.size() > 0 && $.delays_seconds.size() <= 50
          && !exists($.delays_seconds[*] ? (@.type() != "number")) && !exists($.delays_seconds[*] ? (@ < 1 || @ > 2592000))')
     or p_policy ? 'jitter_share' and not jsonb_path_match(p_policy, 'strict $.jitter_share.type() == "number"
          && $.jitter_share >= 0 && $.jitter_share <= 0.5') then
    raise exception using errcode = 'IU360', message = 'the retry policy is malformed',
      hint = 'write {"delays_seconds": [5, 300, 1800], "jitter_share": 0.2}: 1 to 50 delays of 1 second to 30 days, a share from 0 to 0.5';
  end if;
end
$$;
-- <<<

-- >>> functions/routes/fn_iu_route_guard.sql
-- fn_iu_route_guard() returns trigger
--
-- Contract:  keeps every route safe, whoever writes it: code and id never change, a removed route stays removed, a filter is a
--            predicate, secrets in target_config are references, a change of what an approval covers raises the version and takes
--            the route back to dry-run, and a live flag without a valid approval is refused (P6).
-- Arguments: none
-- Returns:   the row to write
-- Raises:    IU330 identity of a route changed, IU331 removed route changed, IU332 filter is not a predicate,
--            IU333 a secret in target_config or target_ref, IU345 target_config is nested too deep, IU360 malformed retry policy, IU410 live without a valid approval, IU411 target kind cannot go live
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_route_guard() returns trigger
language plpgsql
security definer
set search_path from current
as $$
declare
  v_key text;
begin
  if tg_op = 'UPDATE' then
    if new.route_id <> old.route_id or new.route_code <> old.route_code or new.created_at <> old.created_at then
      raise exception using errcode = 'IU330', message = format('route %s keeps its id and code', old.route_code),
        hint = 'add a new route and remove this one';
    end if;
    if old.removed_at is not null then
      raise exception using errcode = 'IU331', message = format('route %s was removed', old.route_code),
        hint = 'a route code is never reused; add a route with another code';
    end if;
    if (new.event_domain, new.event_type, new.event_stream, new.filter::text, new.target_kind, new.target_ref, new.target_config,
        new.ordering, new.on_dead_letter, new.retry_policy, new.rate_per_second, new.max_concurrency, new.fail_closed)
       is distinct from
       (old.event_domain, old.event_type, old.event_stream, old.filter::text, old.target_kind, old.target_ref, old.target_config,
        old.ordering, old.on_dead_letter, old.retry_policy, old.rate_per_second, old.max_concurrency, old.fail_closed) then
      new.version := old.version + 1;
      new.approval_id := null;
      new.dry_run := true;
    else
      new.version := old.version;
    end if;
    -- A claim reads a route after it has locked this row: when this change has committed, nothing more is claimed under the old state.
    perform from iu_route_flow where route_id = new.route_id for update;
  end if;
  if new.filter is not null and (tg_op = 'INSERT' or new.filter::text is distinct from old.filter::text) then
    begin
      perform jsonb_path_match('{}', new.filter, '{"domain":"","type":"","stream":"","severity":"","subject_table":"","subject_ref":""}');
    exception
      when singleton_sql_json_item_required then
        raise exception using errcode = 'IU332', message = format('the filter of route %s is not a predicate', new.route_code),
          hint = 'write a condition that is true or false, such as $.version_seq > 1 or exists($.tags)';
      when undefined_object then
        raise exception using errcode = 'IU332', message = format('the filter of route %s uses an unknown variable', new.route_code),
          hint = 'variables are $domain, $type, $stream, $severity, $subject_table, $subject_ref';
      when others then
        null;  -- strict paths raise on an empty payload; they are judged event by event
    end;
  end if;
  if tg_op = 'INSERT' or new.retry_policy is distinct from old.retry_policy then
    perform fn_iu_retry_policy_check(new.retry_policy);
  end if;
  if jsonb_path_exists(new.target_config, 'strict $.**{17}') then
    raise exception using errcode = 'IU345', message = format('target_config of route %s is nested more than 16 levels deep', new.route_code),
      hint = 'no target has a setting so deep';
  end if;
  -- every key at any depth, headers included
  select k ->> 'key' into v_key
    from jsonb_path_query(new.target_config, 'strict $.** ? (@.type() == "object").keyvalue()') as k
   where (k ->> 'key') collate "C" ~* '(secret|token|passw|credential|private[_-]?key|api[_-]?key|authorization|cookie|bearer|signature)'
     -- a list of references is what a rotation needs
     and exists (select from jsonb_path_query(k -> 'value', 'lax $[*]') as v
                  where jsonb_typeof(v) <> 'object' and coalesce(v #>> '{}', '') !~ E'^(env|file):\\S+$')
   limit 1;
  if v_key is not null then
    raise exception using errcode = 'IU333', message = format('target_config.%s of route %s holds a secret', v_key, new.route_code),
      hint = 'store a reference: env:NAME or file:PATH';
  end if;
  if new.target_ref ~ '://[^/?#]*@' or new.target_ref ~ '^[^/?#@:]+:[^/?#@]*@' then
    raise exception using errcode = 'IU333', message = format('target_ref of route %s holds user information', new.route_code),
      hint = 'a target has no user:password@ part; credentials are references in target_config';
  end if;
  if new.target_ref collate "C" ~* '[?&][^=&]*(secret|token|passw|credential|key|signature)[^=&]*=' then
    raise exception using errcode = 'IU333', message = format('target_ref of route %s holds a secret in its query', new.route_code),
      hint = 'credentials are references in target_config, sent as headers';
  end if;
  if new.enabled and not new.dry_run then
    if new.target_kind in ('workflow', 'vector', 'report', 'external_endpoint') then
      raise exception using errcode = 'IU411', message = format('route %s: target kind %s cannot go live', new.route_code, new.target_kind),
        hint = 'live kinds are sql_function, table, webhook, directus_flow, nats, kafka';
    end if;
    if fn_iu_route_approval_state(new.route_id, new.version, new.approval_id) <> 'valid' then
      raise exception using errcode = 'IU410', message = format('route %s has no valid approval for version %s', new.route_code, new.version),
        hint = 'a route goes live by request, approval of a second person, go-live; until then it stays in dry-run';
    end if;
  end if;
  new.updated_at := clock_timestamp();
  return new;
end
$$;
-- <<<

-- >>> functions/routes/fn_iu_route_history_write.sql
-- fn_iu_route_history_write() returns trigger
--
-- Contract:  keeps every state of a route, so that an attempt can name the version that decided it and the certificate can say
--            which routes a pass could see.
-- Arguments: none
-- Returns:   null (after trigger)
-- Raises:    nothing
-- Writes:    iu_route_history
-- May call:  nobody, it is a trigger
create or replace function fn_iu_route_history_write() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
  insert into iu_route_history (route_id, route_code, version, event_domain, event_type, event_stream, removed, route, tx_id,
                                changed_by, changed_at)
  values (new.route_id, new.route_code, new.version, new.event_domain, new.event_type, new.event_stream, new.removed_at is not null,
          to_jsonb(new), pg_current_xact_id(), session_user, clock_timestamp());
  return null;
end
$$;
-- <<<

-- >>> functions/routes/fn_iu_route_flow_birth.sql
-- fn_iu_route_flow_birth() returns trigger
--
-- Contract:  gives a new route its row in iu_route_flow.
-- Arguments: none
-- Returns:   null (after trigger)
-- Raises:    nothing
-- Writes:    iu_route_flow
-- May call:  nobody, it is a trigger
create or replace function fn_iu_route_flow_birth() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
  insert into iu_route_flow (route_id) values (new.route_id);
  return null;
end
$$;
-- <<<

-- >>> functions/routes/fn_iu_route_keep.sql
-- fn_iu_route_keep() returns trigger
--
-- Contract:  a route is removed by fn_iu_route_remove and stays as a row: its attempts name it.
-- Arguments: none
-- Returns:   never
-- Raises:    IU334 routes are removed, not deleted
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_route_keep() returns trigger
language plpgsql
set search_path from current
as $$
begin
  raise exception using errcode = 'IU334', message = format('%s: routes are removed, not deleted', tg_table_name),
    hint = 'iu route remove CODE --reason TEXT';
end
$$;
-- <<<

-- >>> functions/routes/fn_iu_dead_letter_guard.sql
-- fn_iu_dead_letter_guard() returns trigger
--
-- Contract:  a dead letter changes once, when it is resolved, and only in its resolution (P9). A redaction overwrites its
--            copy of the payload, as in fn_iu_refuse_change.
-- Arguments: none
-- Returns:   the row to write
-- Raises:    IU340 already resolved, IU341 another column changed
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_dead_letter_guard() returns trigger
language plpgsql
set search_path from current
as $$
begin
  if current_user = 'iu_owner' and current_setting('iu_core.governed', true) = 'redact ' || pg_current_xact_id_if_assigned()::text then
    return new;
  end if;
  if old.resolved_at is not null then
    raise exception using errcode = 'IU340', message = format('dead letter %s is already resolved', old.dead_letter_id);
  end if;
  if to_jsonb(new) - '{resolved_at,resolved_by,resolution,resolution_note}'::text[]
     is distinct from to_jsonb(old) - '{resolved_at,resolved_by,resolution,resolution_note}'::text[] then
    raise exception using errcode = 'IU341', message = format('dead letter %s: only its resolution can be written', old.dead_letter_id);
  end if;
  return new;
end
$$;
-- <<<

-- >>> functions/routes/fn_iu_route_request.sql
-- fn_iu_route_request(text, text, jsonb) returns jsonb
--
-- Contract:  the part of a request that a route fixes for every event, redacted: kind, target without user info and query, names of
--            extra headers. It is the same for all events of a version, so it is built once a pass and not per event.
-- Arguments: p_target_kind, p_target_ref, p_target_config: of the route
-- Returns:   {kind, target, headers?}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_route_request(p_target_kind text, p_target_ref text, p_target_config jsonb) returns jsonb
language plpgsql
immutable
set search_path from current
as $$
begin
  return jsonb_strip_nulls(jsonb_build_object(
    'kind', p_target_kind,
    'target', regexp_replace(regexp_replace(p_target_ref, '^([A-Za-z][A-Za-z0-9+.-]*://)[^/@]*@', E'\\1'), '[?#].*$', ''),
    'headers', case when jsonb_typeof(p_target_config -> 'headers') = 'object'
                    then (select jsonb_agg(key order by key) from jsonb_object_keys(p_target_config -> 'headers') as key) end));
end
$$;
-- <<<

-- >>> functions/routes/fn_iu_route_canary.sql
-- fn_iu_route_canary(text, text, text, uuid) returns numeric
--
-- Contract:  where a subject stands between 0 and 1 for the canary of a route: delivered are those below its share. The same
--            subject always stands at the same place; another route has other first subjects. canaryPosition in src/contract says
--            the same.
-- Arguments: p_route_code; p_subject_table, p_subject_ref: of the event, a null ref is unordered and stands by its own; p_event_id
-- Returns:   0 up to, not including, 1
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_route_canary(p_route_code text, p_subject_table text, p_subject_ref text, p_event_id uuid) returns numeric
language sql
immutable
set search_path from current
as $$
  select ('x' || left(md5(p_route_code || ':' || coalesce(p_subject_table || ':' || p_subject_ref, p_event_id::text)), 8))::bit(32)::bigint / 4294967296.0
$$;
-- <<<

-- >>> functions/routes/fn_iu_lane_wake.sql
-- fn_iu_lane_wake(bigint[], text[], bigint[]) returns void
--
-- Contract:  after deliveries of ordered routes were inserted: makes or finds their lanes, in sorted order, so that two passes
--            cannot deadlock. The lock of the update is what prevents a lost wake-up: a settle that is about to take an empty lane
--            away holds it until it has committed, and then this makes a new one. An older event (a replay) becomes the head of a
--            lane that is neither leased nor held.
-- Arguments: p_route_ids, p_lane_keys, p_event_seqs: of one length, one element a delivery; null arrays do nothing
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    iu_route_lane
-- May call:  internal
create or replace function fn_iu_lane_wake(p_route_ids bigint[], p_lane_keys text[], p_event_seqs bigint[]) returns void
language plpgsql
volatile
set search_path from current
as $$
begin
  if p_route_ids is null then
    return;
  end if;
  insert into iu_route_lane as l (route_id, lane_key, head_seq, due_at)
  select d.route_id, d.lane_key, min(d.event_seq), clock_timestamp()
    from unnest(p_route_ids, p_lane_keys, p_event_seqs) as d (route_id, lane_key, event_seq)
   group by d.route_id, d.lane_key
   order by d.route_id, d.lane_key
  on conflict (route_id, lane_key) do update
     set head_seq = case when l.lease_token is null and l.due_at < 'infinity' then least(l.head_seq, excluded.head_seq) else l.head_seq end,
         due_at = case when l.lease_token is null and l.due_at < 'infinity' and excluded.head_seq < l.head_seq then excluded.due_at else l.due_at end;
end
$$;
-- <<<

-- >>> functions/routes/fn_iu_judged_routes.sql
-- fn_iu_judged_routes() returns setof iu_judged_route
--
-- Contract:  every route that is not removed, judged for one pass: disabled, dry_run (with the reason not_approved when it claims to
--            be live without an approval for this version) or live. Expired or spent approvals count as live: their events queue
--            and are held at the claim.
-- Arguments: none
-- Returns:   one row a route
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_judged_routes() returns setof iu_judged_route
language plpgsql
stable
set search_path from current
as $$
begin
  return query
  select r.route_id, r.route_code, r.version, r.event_domain, r.event_type, r.event_stream, r.filter,
         case when not r.enabled then 'disabled'
              when r.dry_run or a.state = 'missing' then 'dry_run'
              else 'live' end,
         case when not r.enabled then 'route_disabled'
              when not r.dry_run and a.state = 'missing' then 'not_approved' end,
         r.ordering,
         fn_iu_route_request(r.target_kind, r.target_ref, r.target_config),
         case when a.state in ('valid', 'spent') then (select canary_share from iu_route_approval p where p.approval_id = r.approval_id) end
    from iu_outbound_route r
   cross join lateral (
     select case when r.enabled and not r.dry_run then fn_iu_route_approval_state(r.route_id, r.version, r.approval_id) end as state
   ) a
   where r.removed_at is null
   order by r.route_id;
end
$$;
-- <<<

-- >>> functions/routes/fn_iu_failure_signature.sql
-- fn_iu_failure_signature(text, text, text) returns text
--
-- Contract:  failures of one cause on one route share it: quoted values, and words with a digit in them (numbers, ids of requests), in
--            the message do not count.
-- Arguments: p_route_code, p_failure_code, p_failure_detail: of the failure
-- Returns:   12 hex digits
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_operator, iu_reader
create or replace function fn_iu_failure_signature(p_route_code text, p_failure_code text, p_failure_detail text) returns text
language sql
immutable
set search_path from current
as $$
  select left(md5(p_route_code || '|' || p_failure_code || '|' || regexp_replace(regexp_replace(coalesce(p_failure_detail, ''),
    '"[^"]*"|''[^'']*''', '?', 'g'), E'[0-9a-f]{8}-[0-9a-f-]{27}|\\w*[0-9]\\w*', '#', 'g')), 12)
$$;
-- <<<

-- >>> functions/routes/fn_iu_route_add.sql
-- fn_iu_route_add(jsonb) returns jsonb
--
-- Contract:  adds a route, disabled and in dry-run whatever is asked (P7).
-- Arguments: p_route: {route_code, event_domain?, event_type?, event_stream?, filter?, target_kind, target_ref, target_config?,
--            ordering?, on_dead_letter?, retry_policy?, rate_per_second?, max_concurrency?, note?}
-- Returns:   the route
-- Raises:    IU335 unknown key, IU336 the code was used before, IU332 and IU333 from the guard, IU345 a value is refused
-- Writes:    iu_outbound_route, iu_route_history
-- May call:  iu_operator
create or replace function fn_iu_route_add(p_route jsonb) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_unknown text;
  v_route iu_outbound_route;
  v_what text;
begin
  if p_route is null or jsonb_typeof(p_route) <> 'object' or jsonb_typeof(coalesce(p_route -> 'target_config', '{}')) <> 'object'
     or jsonb_typeof(coalesce(p_route -> 'retry_policy', '{}')) <> 'object' then
    raise exception using errcode = 'IU345', message = 'a route, its target_config and its retry_policy are JSON objects';
  end if;
  select string_agg(key, ', ') into v_unknown from jsonb_object_keys(p_route) as key
   where key not in ('route_code', 'event_domain', 'event_type', 'event_stream', 'filter', 'target_kind', 'target_ref', 'target_config',
                     'ordering', 'on_dead_letter', 'retry_policy', 'rate_per_second', 'max_concurrency', 'note');
  if v_unknown is not null then
    raise exception using errcode = 'IU335', message = format('a route has no %s', v_unknown),
      hint = 'a route is added disabled and in dry-run; enable it with iu route enable CODE';
  end if;
  insert into iu_outbound_route (route_code, event_domain, event_type, event_stream, filter, target_kind, target_ref, target_config,
                                 ordering, on_dead_letter, retry_policy, rate_per_second, max_concurrency, note)
  values (p_route ->> 'route_code', coalesce(p_route ->> 'event_domain', '*'), coalesce(p_route ->> 'event_type', '*'),
          coalesce(p_route ->> 'event_stream', '*'), (p_route ->> 'filter')::jsonpath, p_route ->> 'target_kind', p_route ->> 'target_ref',
          coalesce(p_route -> 'target_config', '{}'), coalesce(p_route ->> 'ordering', 'none'),
          coalesce(p_route ->> 'on_dead_letter', 'continue'), coalesce(p_route -> 'retry_policy', '{}'),
          (p_route ->> 'rate_per_second')::integer, (p_route ->> 'max_concurrency')::integer, p_route ->> 'note')
  returning * into v_route;
  return to_jsonb(v_route);
exception
  when check_violation or not_null_violation then
    get stacked diagnostics v_what = constraint_name;
    if v_what = '' then
      get stacked diagnostics v_what = column_name;
    end if;
    raise exception using errcode = 'IU345', message = format('a value of the route is refused: %s', v_what),
      hint = 'iu route add --help tells what each takes; patterns are *, a name, or a name with a trailing *';
  when syntax_error or invalid_text_representation or numeric_value_out_of_range then
    get stacked diagnostics v_what = message_text;
    raise exception using errcode = 'IU332', message = format('the filter or a number of the route cannot be read: %s', v_what),
      hint = 'a filter is a jsonpath condition such as $.version_seq > 1';
  when unique_violation then
  raise exception using errcode = 'IU336', message = format('route code %s is taken', p_route ->> 'route_code'),
    hint = 'a code is never reused, even of a removed route: choose another one';
end
$$;
-- <<<

-- >>> functions/routes/fn_iu_route_set_enabled.sql
-- fn_iu_route_set_enabled(text, boolean, text) returns jsonb
--
-- Contract:  enables or disables a route. Enabling takes nothing live that was not, and brings a route back as it was, as level 2 of
--            the ladder does: one that was live and is still validly approved sends again, one whose approval is not valid any more
--            comes back in dry-run. Events met while it is disabled are decided skipped and can be revived.
-- Arguments: p_route_code: outbound or inbound; p_enabled; p_reason: why, mandatory
-- Returns:   {route_code, route_kind, enabled, dry_run, version}
-- Raises:    IU337 no such route, IU338 reason missing
-- Writes:    iu_outbound_route or iu_sql_event_route, iu_route_history
-- May call:  iu_operator
create or replace function fn_iu_route_set_enabled(p_route_code text, p_enabled boolean, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_route record;
begin
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU338', message = 'a route is enabled, disabled or removed with a reason', hint = 'add --reason TEXT';
  end if;
  -- the flow before the route, as everybody locks them
  perform from iu_route_flow f join iu_outbound_route r using (route_id) where r.route_code = p_route_code and r.removed_at is null for update of f;
  update iu_outbound_route
     set enabled = p_enabled, ladder_disabled = false, note = p_reason,
         dry_run = dry_run or p_enabled and not enabled and fn_iu_route_approval_state(route_id, version, approval_id) <> 'valid'
   where route_code = p_route_code and removed_at is null
  returning route_code, 'outbound' as route_kind, enabled, dry_run, version into v_route;
  if not found then
    update iu_sql_event_route set enabled = p_enabled, ladder_disabled = false, updated_at = clock_timestamp()
     where route_code = p_route_code and removed_at is null
    returning route_code, 'inbound' as route_kind, enabled, dry_run, version into v_route;
  end if;
  if not found then
    raise exception using errcode = 'IU337', message = format('there is no route %s', quote_literal(p_route_code)),
      hint = 'iu route list shows the routes';
  end if;
  return to_jsonb(v_route);
end
$$;
-- <<<

-- >>> functions/routes/fn_iu_route_remove.sql
-- fn_iu_route_remove(text, text) returns jsonb
--
-- Contract:  takes a route out of use for good: it matches nothing any more, its row, history and attempts stay, its code is never
--            used again. Refused while deliveries of it wait. Waits for running passes and replays, which may be queueing one by what they
--            read of the route before.
-- Arguments: p_route_code; p_reason: why, mandatory
-- Returns:   {route_code, removed_at}
-- Raises:    IU337 no such route, IU338 reason missing, IU339 deliveries are waiting
-- Writes:    iu_outbound_route or iu_sql_event_route, iu_route_history
-- May call:  iu_operator
create or replace function fn_iu_route_remove(p_route_code text, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_waiting bigint;
  v_removed timestamptz;
begin
  -- exclusively, as who drains a gate: what held it shared has committed, what comes reads the route as removed
  if not fn_iu_in_probe() then
    perform pg_advisory_xact_lock(fn_iu_gate_lock_key());
  end if;
  perform fn_iu_route_set_enabled(p_route_code, false, p_reason);
  select count(*) into v_waiting from iu_route_delivery d join iu_outbound_route r using (route_id) where r.route_code = p_route_code;
  if v_waiting > 0 then
    raise exception using errcode = 'IU339', message = format('route %s has %s waiting deliveries', p_route_code, v_waiting),
      hint = 'let them settle or cancel them first';
  end if;
  update iu_outbound_route set removed_at = clock_timestamp() where route_code = p_route_code returning removed_at into v_removed;
  if not found then
    update iu_sql_event_route set removed_at = clock_timestamp(), updated_at = clock_timestamp()
     where route_code = p_route_code returning removed_at into v_removed;
  end if;
  return jsonb_build_object('route_code', p_route_code, 'removed_at', v_removed);
end
$$;
-- <<<

-- >>> functions/routes/fn_iu_route_deliver.sql
-- fn_iu_route_deliver(text, uuid, jsonb) returns void
--
-- Contract:  fails closed: a route that is not live delivers nothing (W6), and a live one delivers only through the claimed queue,
--            never by this call.
-- Arguments: p_route_code, p_event_ref, p_payload: as the earlier system called it
-- Returns:   never
-- Raises:    IU410 the route is not live, IU412 deliveries go through the queue
-- Writes:    nothing
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_route_deliver(p_route_code text, p_event_ref uuid, p_payload jsonb) returns void
language plpgsql
security definer
set search_path from current
as $$
begin
  if not exists (select from iu_outbound_route
                  where route_code = p_route_code and removed_at is null and enabled and not dry_run
                    and fn_iu_route_approval_state(route_id, version, approval_id) = 'valid') then
    raise exception using errcode = 'IU410', message = format('route %s is not live', quote_literal(p_route_code)),
      hint = 'a dry-run route delivers nothing';
  end if;
  raise exception using errcode = 'IU412', message = format('route %s delivers through its queue', quote_literal(p_route_code)),
    hint = 'the delivery step claims and sends; nothing is delivered by a direct call';
end
$$;
-- <<<

-- >>> functions/routes/fn_iu_sql_link_inbound_capture.sql
-- fn_iu_sql_link_inbound_capture() returns trigger
--
-- Contract:  when an enabled inbound route names this table and event, writes one inbound attempt with metadata of the link: dry_run
--            (or pending for a route out of dry-run, which its check forbids today). Without an enabled route: nothing.
-- Arguments: none
-- Returns:   null (after trigger)
-- Raises:    nothing
-- Writes:    iu_route_attempt
-- May call:  nobody, it is a trigger
create or replace function fn_iu_sql_link_inbound_capture() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
  insert into iu_route_attempt (route_kind, route_id, route_code, route_version, status, decision, idempotency_key, attempt_no, payload_snapshot)
  select 'inbound', r.route_id, r.route_code, r.version,
         case when r.dry_run then 'dry_run' else 'pending' end, case when r.dry_run then 'dry_run' else 'pending' end,
         r.route_code || ':' || new.id, 1,
         jsonb_build_object('schema', tg_table_schema, 'table', tg_table_name, 'operation', lower(tg_op collate "C"), 'link_id', new.id,
                            'object_kind', new.object_kind, 'target_event_type', r.target_event_type)
    from iu_sql_event_route r
   where r.enabled and r.removed_at is null and r.source_table = tg_table_name
     and coalesce(r.source_schema, tg_table_schema) = tg_table_schema and r.sql_event = lower(tg_op collate "C");
  return null;
end
$$;
-- <<<

create trigger trg_iu_route_guard before insert or update on iu_outbound_route
  for each row execute function fn_iu_route_guard();
alter table iu_outbound_route enable always trigger trg_iu_route_guard;
create trigger trg_iu_route_history after insert or update on iu_outbound_route
  for each row execute function fn_iu_route_history_write();
alter table iu_outbound_route enable always trigger trg_iu_route_history;
create trigger trg_iu_route_flow_birth after insert on iu_outbound_route
  for each row execute function fn_iu_route_flow_birth();
alter table iu_outbound_route enable always trigger trg_iu_route_flow_birth;
create trigger trg_iu_route_keep before delete or truncate on iu_outbound_route
  for each statement execute function fn_iu_route_keep();
alter table iu_outbound_route enable always trigger trg_iu_route_keep;
create trigger trg_iu_sql_event_route_keep before delete or truncate on iu_sql_event_route
  for each statement execute function fn_iu_route_keep();
alter table iu_sql_event_route enable always trigger trg_iu_sql_event_route_keep;
create trigger trg_iu_route_history_append_only before update or delete or truncate on iu_route_history
  for each statement execute function fn_iu_refuse_change();
alter table iu_route_history enable always trigger trg_iu_route_history_append_only;
create trigger trg_iu_route_attempt_append_only before update or delete or truncate on iu_route_attempt
  for each statement execute function fn_iu_refuse_change();
alter table iu_route_attempt enable always trigger trg_iu_route_attempt_append_only;
create trigger trg_iu_dead_letter_guard before update on iu_route_dead_letter
  for each row execute function fn_iu_dead_letter_guard();
alter table iu_route_dead_letter enable always trigger trg_iu_dead_letter_guard;
create trigger trg_iu_dead_letter_keep before delete or truncate on iu_route_dead_letter
  for each statement execute function fn_iu_refuse_change();
alter table iu_route_dead_letter enable always trigger trg_iu_dead_letter_keep;
create trigger trg_iu_sql_in_iu_sql_link after insert on iu_sql_link
  for each row execute function fn_iu_sql_link_inbound_capture();

insert into iu_outbound_route (route_code, event_domain, event_type, event_stream, target_kind, target_ref, note) values
  ('iu.version_applied.workflow', 'iu', 'version_applied', 'update', 'workflow', 'event_outbox', 'installed disabled and in dry-run');
insert into iu_sql_event_route (route_code, source_table, sql_event, target_event_domain, target_event_type, target_event_stream) values
  ('iu_sql.iu_sql_link.insert', 'iu_sql_link', 'insert', 'iu_sql', 'sql_link_inserted', 'update');
