-- 009_delivery: claim, send, settle. What waits is leased to a runner, sent with no transaction open, and settled by its token; targets in
-- the database run in the transaction of their attempt. How it works is explained in ARCHITECTURE.md, "Delivery".

create table iu_deployment (
  claim_id          bigint generated always as identity primary key,
  name              text not null,
  system_identifier text not null,
  database_oid      oid not null,
  log_oid           oid not null,
  timeline          integer not null,
  claimed_by        text not null,
  reason            text not null,
  claimed_at        timestamptz not null default clock_timestamp()
);
comment on table iu_deployment is 'Which cluster and database somebody said is the real one, and its name; the last row counts. Append-only. A copy holds every send.';

create table iu_log_gap (
  gap_id           bigint generated always as identity primary key,
  process_id       text not null,
  event_seq        bigint not null,
  event_id         uuid not null,
  has_event        boolean not null,
  route_id         bigint,
  attempt_no       integer,
  highest_seq      bigint,
  timeline         integer not null,
  claimed_timeline integer,
  reported_by      text not null,
  reported_at      timestamptz not null default clock_timestamp()
);
comment on table iu_log_gap is 'What a process saw committed and what is not here any more: the log went back, because a standby that was behind was promoted or an older backup restored. Append-only.';
comment on column iu_log_gap.has_event is 'The event is there; what is missing is the attempt that was written about its send.';
comment on column iu_log_gap.highest_seq is 'Highest number in the log when this was found; what was written after the loss is among it.';

create table iu_log_gap_acknowledgement (
  until_gap_id    bigint primary key,
  acknowledged_by text not null,
  acknowledged_at timestamptz not null default clock_timestamp(),
  reason          text not null
);
comment on table iu_log_gap_acknowledgement is 'Who saw the gaps up to this one, and what he found and did. Health is red for later ones only. Append-only.';

create table iu_delivery_target (
  target_kind   text not null check (target_kind in ('sql_function', 'table')),
  target_ref    text not null,
  identity      text not null,
  registered_by text not null,
  reason        text not null,
  registered_at timestamptz not null default clock_timestamp(),
  primary key (target_kind, target_ref)
);
comment on table iu_delivery_target is 'Functions and tables of this database that a route may deliver to. Looked up by identity, never executed as text.';

create table iu_event_hop (
  event_seq bigint primary key,
  hop       integer not null check (hop > 0)
);
comment on table iu_event_hop is 'Events that were emitted by a target in the database: how many such targets are behind them. More than 16 is a loop.';

create table iu_event_edit (
  edit_id    bigint generated always as identity primary key,
  event_seq  bigint not null,
  route_id   bigint not null,
  attempt_no integer not null,
  payload    jsonb not null,
  diff       jsonb not null,
  edited_by  text not null,
  reason     text not null,
  edited_at  timestamptz not null default clock_timestamp()
);
create index iu_event_edit_event_idx on iu_event_edit (event_seq, route_id);
comment on table iu_event_edit is 'Payloads that a person corrected to try a dead letter again, with the difference to the event. The event itself never changes. Append-only.';

create type iu_settled as (
  lease_token         uuid,
  route_id            bigint,
  event_seq           bigint,
  status              text,
  milliseconds        integer,
  detail              text,
  failure_code        text,
  permanent           boolean,
  retry_after_seconds integer,
  gone                boolean,
  ordinality          bigint
);
comment on type iu_settled is 'What became of one send, as fn_iu_delivery_settle works on it.';

create type iu_claimed as (
  hold                   text,
  lease_token            uuid,
  route_id               bigint,
  route_version          integer,
  event_seq              bigint,
  attempt_no             integer,
  delivery_key           text,
  event_id               uuid,
  event_domain           text,
  event_type             text,
  event_stream           text,
  event_severity         text,
  event_subject_table    text,
  event_subject_ref      text,
  canonical_address      text,
  actor_ref              text,
  source_system          text,
  correlation_id         text,
  payload_classification text,
  occurred_at            timestamptz,
  safe_payload           jsonb
);
comment on type iu_claimed is 'One leased delivery with its event; or hold alone: why nothing may be claimed.';

-- >>> functions/delivery/fn_iu_delivery_delay.sql
-- fn_iu_delivery_delay(jsonb, integer, integer, double precision) returns integer
--
-- Contract:  when a send that failed is tried again. Delays come from the route's retry policy {delays_seconds: [..],
--            jitter_share}; without one from 5 s to 24 h, 10 sends over 75 hours. What the target asked for counts within [delay,
--            the greater of 2 x delay and one hour]. retryDelaySeconds in src/contract says the same.
-- Arguments: p_policy: of the route; p_sends: made so far, 1 or more; p_retry_after_seconds: what the target asked for, null =
--            nothing; p_random: 0 to 1
-- Returns:   seconds, at most 30 days; null when no try is left
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_delivery_delay(p_policy jsonb, p_sends integer, p_retry_after_seconds integer, p_random double precision)
returns integer
language sql
immutable
set search_path from current
as $$
  select least(2592000, ceil(case when p_retry_after_seconds > 0
                                  then least(greatest(j.delay, p_retry_after_seconds), greatest(2 * j.delay, 3600))
                                  else j.delay end))::integer
    from (select coalesce(p_policy -> 'delays_seconds', '[5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]') ->> (p_sends - 1) as base) b
   cross join lateral (select b.base::numeric * (1 + coalesce((p_policy ->> 'jitter_share')::numeric, 0.2) * (2 * p_random::numeric - 1)) as delay) j
   where b.base is not null
$$;
-- <<<

-- >>> functions/delivery/fn_iu_lane_refresh.sql
-- fn_iu_lane_refresh(bigint[], text[]) returns void
--
-- Contract:  after a head was settled, rescheduled, released or cancelled: gives its lane the next head and its due time, or takes
--            the empty lane away; a held lane stays as it is. Never due in the past: lanes take turns, whatever waits behind them,
--            and a claim need not look back. The caller holds the locks of these lanes since an earlier statement, so this one sees every
--            delivery whose wake-up it could miss.
-- Arguments: p_route_ids, p_lane_keys: of one length, one element a lane
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    iu_route_lane
-- May call:  internal
create or replace function fn_iu_lane_refresh(p_route_ids bigint[], p_lane_keys text[]) returns void
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
begin
  with lane as materialized (
    select g.route_id, g.lane_key, h.event_seq, h.due_at
      from (select distinct route_id, lane_key from unnest(p_route_ids, p_lane_keys) as u (route_id, lane_key)) g
      left join lateral (select d.event_seq, d.due_at from iu_route_delivery d
                          where d.route_id = g.route_id and d.lane_key = g.lane_key order by d.event_seq limit 1) h on true
  ), gone as (
    delete from iu_route_lane l using lane n where l.route_id = n.route_id and l.lane_key = n.lane_key and n.event_seq is null and l.due_at < 'infinity'
  )
  update iu_route_lane l
     set head_seq = n.event_seq, due_at = greatest(n.due_at, clock_timestamp()), lease_token = null
    from lane n
   where l.route_id = n.route_id and l.lane_key = n.lane_key and n.event_seq is not null and l.due_at < 'infinity';
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_lane_release.sql
-- fn_iu_lane_release() returns trigger
--
-- Contract:  when a dead letter is resolved: the lane that it held (on_dead_letter = hold) goes on, unless another open dead letter
--            of the same subject still holds it.
-- Arguments: none
-- Returns:   null (after trigger)
-- Raises:    nothing
-- Writes:    iu_route_lane
-- May call:  nobody, it is a trigger
create or replace function fn_iu_lane_release() returns trigger
language plpgsql
security definer
set search_path from current
as $$
declare
  v_lane text := new.event_snapshot ->> 'event_subject_table' || ':' || (new.event_snapshot ->> 'event_subject_ref');
begin
  perform from iu_route_lane where route_id = new.route_id and lane_key = v_lane and due_at = 'infinity' for update;
  if found and not exists (
       select from iu_route_dead_letter o
        where o.route_id = new.route_id and o.resolved_at is null and o.dead_letter_id <> new.dead_letter_id
          and o.event_snapshot ->> 'event_subject_table' || ':' || (o.event_snapshot ->> 'event_subject_ref') = v_lane) then
    update iu_route_lane set due_at = clock_timestamp() where route_id = new.route_id and lane_key = v_lane;
    perform fn_iu_lane_refresh(array[new.route_id], array[v_lane]);
  end if;
  return null;
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_deployment_claim.sql
-- fn_iu_deployment_claim(text, text) returns jsonb
--
-- Contract:  says that this cluster and database are the real ones and what the installation is called. From here on a runner that
--            says the same name may send from here; a copy of it, wherever it is restored, holds every send until somebody claims
--            it there under a name that its runners use.
-- Arguments: p_name: letters, digits, dot, dash or underscore, 63 at most; p_reason: why, mandatory
-- Returns:   {name, was, system_identifier, timeline, was_timeline: of the last claim in this cluster and database, null = none; another
--            one: this server was promoted or restored since, and what only the former primary had may be missing; waiting: deliveries that
--            runners may send from now on; after a restore each of them may have been sent before, under the same id}
-- Raises:    IU350 malformed name, IU351 reason missing, IU302 read-only node
-- Writes:    iu_deployment, dot_config
-- May call:  iu_operator
create or replace function fn_iu_deployment_claim(p_name text, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_was text := fn_iu_setting('iu_core.deployment', null);
  v_identity record;
  v_timeline integer;
begin
  perform fn_iu_require_read_committed();
  if p_name is null or p_name !~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$' then
    raise exception using errcode = 'IU350', message = 'a deployment is named by letters, digits, dot, dash or underscore, 63 at most';
  end if;
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU351', message = 'a deployment is claimed with a reason', hint = 'add --reason TEXT';
  end if;
  -- a change of the log's form holds this table: its claim comes before, or this one names the new log
  lock table iu_deployment in row exclusive mode;
  select * into v_identity from fn_iu_cluster_identity();
  select d.timeline into v_timeline from iu_deployment d
   where (d.system_identifier, d.database_oid) = (v_identity.system_identifier, v_identity.database_oid) order by d.claim_id desc limit 1;
  insert into iu_deployment (name, system_identifier, database_oid, log_oid, timeline, claimed_by, reason)
  values (p_name, v_identity.system_identifier, v_identity.database_oid, v_identity.log_oid, v_identity.timeline, session_user, p_reason);
  insert into dot_config (key, value, reason) values ('iu_core.deployment', p_name, p_reason)
  on conflict (key) do update set value = excluded.value, reason = excluded.reason;
  return jsonb_build_object('name', p_name, 'was', v_was, 'system_identifier', v_identity.system_identifier, 'timeline', v_identity.timeline,
    'was_timeline', v_timeline,
    'waiting', (select count(*) from iu_route_delivery));
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_delivery_hold.sql
-- fn_iu_delivery_hold(text) returns text
--
-- Contract:  what keeps every delivery of this database from being claimed by a runner of that deployment: a closed gate (the
--            master is named first), a deployment that nobody claimed, another name than the runner's, another cluster than the one
--            that was claimed, or another timeline (a promotion or point-in-time restore; allowed when iu_core.ha is true). Nothing
--            is dropped: it waits.
-- Arguments: p_deployment: name the runner was given (IU_DEPLOYMENT); null = none
-- Returns:   null when deliveries may be claimed; else master_gate_closed, delivery_gate_closed, deployment_unclaimed,
--            deployment_not_named, deployment_differs, cluster_changed or timeline_changed
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_delivery_hold(p_deployment text) returns text
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_name text := fn_iu_setting('iu_core.deployment', null);
  v_claim iu_deployment;
  v_identity record;
begin
  if not fn_iu_core_routes_enabled() then
    return 'master_gate_closed';
  elsif not fn_iu_delivery_enabled() then
    return 'delivery_gate_closed';
  end if;
  select * into v_claim from iu_deployment order by claim_id desc limit 1;
  if v_claim.name is null or v_name is distinct from v_claim.name then
    return 'deployment_unclaimed';
  elsif nullif(p_deployment, '') is null then
    return 'deployment_not_named';
  elsif p_deployment <> v_name then
    return 'deployment_differs';
  end if;
  select * into v_identity from fn_iu_cluster_identity();
  if (v_claim.system_identifier, v_claim.database_oid, v_claim.log_oid) is distinct from
     (v_identity.system_identifier, v_identity.database_oid, v_identity.log_oid) then
    return 'cluster_changed';
  elsif v_claim.timeline <> v_identity.timeline and fn_iu_setting('iu_core.ha', 'false') <> 'true' then
    return 'timeline_changed';
  end if;
  return null;
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_target_object.sql
-- fn_iu_target_object(text, text) returns record
--
-- Contract:  the database object behind a registered target, looked up by its stored identity: a restored database has other oids,
--            the same names. Null when it is not registered or not there any more.
-- Arguments: p_target_kind: sql_function or table; p_target_ref: the name it was registered under
-- Returns:   call_name: quoted, for a call or insert; definition: text that an approval pins by hash
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_target_object(p_target_kind text, p_target_ref text, out call_name text, out definition text)
language plpgsql
stable
security definer
set search_path from current
as $$
declare
  v_identity text := (select t.identity from iu_delivery_target t where t.target_kind = p_target_kind and t.target_ref = p_target_ref);
begin
  if p_target_kind = 'sql_function' then
    select format('%I.%I', n.nspname, p.proname), pg_get_functiondef(p.oid) into call_name, definition
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.oid = to_regprocedure(v_identity);
  elsif p_target_kind = 'table' then
    -- with its name: another table with the same columns is another target
    select format('%I.%I', n.nspname, c.relname), format('%s %I.%I ', c.relkind, n.nspname, c.relname) || (
             select string_agg(format('%s %s %s', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull), ', ' order by a.attnum)
               from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
      into call_name, definition
      from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = to_regclass(v_identity);
  end if;
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_target_sha256.sql
-- fn_iu_target_sha256(text, text) returns text
--
-- Contract:  the hash of what a target in the database does today; an approval pins it, and a claim compares.
-- Arguments: p_target_kind, p_target_ref: as the route has them
-- Returns:   hex; null for a target outside the database, or one that is not registered or gone
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_target_sha256(p_target_kind text, p_target_ref text) returns text
language sql
stable
security definer
set search_path from current
as $$
  select encode(sha256(convert_to(o.definition, 'UTF8')), 'hex') from fn_iu_target_object(p_target_kind, p_target_ref) o
$$;
-- <<<

-- >>> functions/delivery/fn_iu_target_register.sql
-- fn_iu_target_register(text, text, text, text) returns jsonb
--
-- Contract:  allows a function (uuid, jsonb) or a table (delivery_id text, event_id uuid, event jsonb) as a target of routes under
--            a name. Only what stands here can be called; a route names it, never its text. Registering under a taken name points
--            it at the new object, which voids what was approved for the old one.
-- Arguments: p_target_kind: sql_function or table; p_target_ref: the name routes use; p_identity: schema.function(uuid,jsonb) or
--            schema.table; p_reason: why, mandatory
-- Returns:   {target_kind, target_ref, identity, sha256}
-- Raises:    IU357 not such an object, IU358 reason missing
-- Writes:    iu_delivery_target
-- May call:  iu_operator
create or replace function fn_iu_target_register(p_target_kind text, p_target_ref text, p_identity text, p_reason text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_identity text;
  v_message text;
begin
  if nullif(btrim(p_reason), '') is null or nullif(btrim(p_target_ref), '') is null then
    raise exception using errcode = 'IU358', message = 'a target is registered with a name and a reason', hint = 'add --reason TEXT';
  end if;
  begin
    if p_target_kind = 'sql_function' then
      select format('%I.%I(uuid,jsonb)', n.nspname, p.proname) into v_identity
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace
       where p.oid = to_regprocedure(p_identity) and p.prokind = 'f' and p.proargtypes = array_to_string(array['uuid'::regtype::oid, 'jsonb'::regtype::oid], ' ')::oidvector;
    elsif p_target_kind = 'table' then
      select format('%I.%I', n.nspname, c.relname) into v_identity
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.oid = to_regclass(p_identity) and c.relkind in ('r', 'p')
         and 3 = (select count(*) from pg_attribute a
                   where a.attrelid = c.oid and not a.attisdropped
                     and (a.attname, a.atttypid::regtype::text) in (('delivery_id', 'text'), ('event_id', 'uuid'), ('event', 'jsonb')));
    end if;
  exception when syntax_error or invalid_name or undefined_object or invalid_text_representation then
    v_identity := null;
  when insufficient_privilege then
    get stacked diagnostics v_message = message_text;
    raise exception using errcode = 'IU357', message = format('%s cannot be looked up: %s', quote_literal(p_identity), v_message),
      hint = 'grant usage on its schema to iu_owner, which looks it up, and to iu_worker, which also needs execute or insert on it';
  end;
  if v_identity is null then
    raise exception using errcode = 'IU357', message = format('%s is no target of kind %s', quote_literal(p_identity), p_target_kind),
      hint = 'a function takes (uuid, jsonb): event id and event; a table has the columns delivery_id text, event_id uuid, event jsonb';
  end if;
  insert into iu_delivery_target as t (target_kind, target_ref, identity, registered_by, reason)
  values (p_target_kind, p_target_ref, v_identity, session_user, p_reason)
  on conflict (target_kind, target_ref) do update
     set identity = excluded.identity, registered_by = excluded.registered_by, reason = excluded.reason, registered_at = clock_timestamp();
  return jsonb_build_object('target_kind', p_target_kind, 'target_ref', p_target_ref, 'identity', v_identity,
    'sha256', fn_iu_target_sha256(p_target_kind, p_target_ref));
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_route_to_dry_run.sql
-- fn_iu_route_to_dry_run(bigint, text, text) returns boolean
--
-- Contract:  takes a route back to dry-run and revokes its approval; what is queued stays queued and is held. Going live again
--            takes a new request and a new approval.
-- Arguments: p_route_id; p_reason: why; p_by: who, a person or the failure budget
-- Returns:   true when it was not in dry-run before
-- Raises:    nothing
-- Writes:    iu_outbound_route, iu_route_approval
-- May call:  internal
create or replace function fn_iu_route_to_dry_run(p_route_id bigint, p_reason text, p_by text) returns boolean
language plpgsql
volatile
set search_path from current
as $$
declare
  v_approval bigint;
  v_was_live boolean;
begin
  -- the flow row first: what a claim locks before it reads the route
  perform from iu_route_flow where route_id = p_route_id for update;
  select approval_id, not dry_run into v_approval, v_was_live from iu_outbound_route where route_id = p_route_id for update;
  update iu_outbound_route set dry_run = true, note = p_reason where route_id = p_route_id and not dry_run;
  update iu_route_approval set revoked_at = clock_timestamp(), revoked_by = p_by, revoke_reason = p_reason
   where approval_id = v_approval and revoked_at is null;
  return coalesce(v_was_live, false);
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_route_set_paused.sql
-- fn_iu_route_set_paused(text, boolean, text) returns jsonb
--
-- Contract:  pauses the deliveries of a route, or lets them go on. Events are decided and queued meanwhile, nothing is dropped.
--            Resuming closes the breaker and forgets the failures that led to a pause.
-- Arguments: p_route_code; p_paused; p_reason: why, mandatory
-- Returns:   {route_code, paused, waiting}
-- Raises:    IU337 no such route, IU338 reason missing
-- Writes:    iu_route_flow, iu_gate_log
-- May call:  iu_operator
create or replace function fn_iu_route_set_paused(p_route_code text, p_paused boolean, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_route_id bigint;
begin
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU338', message = 'a route is paused or resumed with a reason', hint = 'add --reason TEXT';
  end if;
  select route_id into v_route_id from iu_outbound_route where route_code = p_route_code and removed_at is null;
  if not found then
    raise exception using errcode = 'IU337', message = format('there is no route %s', quote_literal(p_route_code)),
      hint = 'iu route list shows the routes';
  end if;
  update iu_route_flow
     set paused_at = case when p_paused then coalesce(paused_at, clock_timestamp()) end,
         paused_by = case when p_paused then session_user end, pause_reason = case when p_paused then p_reason end,
         breaker = case when p_paused then breaker else 'closed' end, breaker_until = case when p_paused then breaker_until end,
         breaker_seconds = case when p_paused then breaker_seconds else 0 end,
         failures_in_row = case when p_paused then failures_in_row else 0 end,
         failing_since = case when p_paused then failing_since end
   where route_id = v_route_id;
  insert into iu_gate_log (config_key, operation, new_value, reason, changed_by, application_name, changed_at)
  values ('route ' || p_route_code, 'update', case when p_paused then 'paused' else 'resumed' end, p_reason, session_user,
          current_setting('application_name', true), clock_timestamp());
  return jsonb_build_object('route_code', p_route_code, 'paused', p_paused,
    'waiting', (select count(*) from iu_route_delivery where route_id = v_route_id));
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_delivery_closed.sql
-- fn_iu_delivery_closed(timestamptz, timestamptz) returns interval
--
-- Contract:  for how long a gate that deliveries need, the master's or their own, was closed between two moments, by the log of the
--            gates. A time limit that passed closed it too. Before the first entry of a gate it counts as open.
-- Arguments: p_since, p_until
-- Returns:   the time, 0 when none
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_delivery_closed(p_since timestamptz, p_until timestamptz) returns interval
language plpgsql
volatile
set search_path from current
as $$
begin
  return (
    with said as (
      select l.operation <> 'delete' and l.new_value is not distinct from 'true' as is_open, l.open_until, l.changed_at,
             lead(l.changed_at, 1, 'infinity') over (partition by l.config_key order by l.log_id) as until
        from iu_gate_log l
       where l.config_key in ('iu_core.routes_master_enabled', 'iu_core.delivery_enabled')
    ), closed as (
      select greatest(p_since, case when s.is_open then greatest(s.changed_at, s.open_until) else s.changed_at end) as since, least(p_until, s.until) as until
        from said s where not s.is_open or s.open_until is not null
    )
    -- Both gates closed at once count once.
    select coalesce(sum(upper(r) - lower(r)), interval '0')
      from unnest((select range_agg(tstzrange(c.since, c.until)) from closed c where c.since < c.until)) as r
  );
end
$$;
-- <<<
-- >>> functions/delivery/fn_iu_route_flow_settle.sql
-- fn_iu_route_flow_settle(bigint, integer, integer, integer, integer, boolean, text) returns void
--
-- Contract:  what a settled batch means for its route. Breaker: opens after 10 failures in a row for 30 s, doubling to 10 minutes
--            while the one send of the half-open state fails, and closes with a success; refused for good
--            or not made, it gives its turn to the next. Pause: when the target is gone for good,
--            or nothing but failures came for iu_core.pause_after_failing_seconds (a day), the time in which a gate was closed not counted.
--            Failure budget: more failed and unknown sends within an hour than the approval allows take the route back to dry-run. A
--            refusal for good is about one event, so the breaker does not count it; the budget does, or a target that refuses every
--            event would get them all.
-- Arguments: p_route_id; p_sent, p_failed: of the batch, refusals of single events not counted; p_spent: what counts against the
--            budget; p_trailing: failures after the last success; p_gone: the target asked to be left alone; p_failure_code: of the
--            last failure
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    iu_route_flow, iu_outbound_route, iu_route_approval, iu_gate_log
-- May call:  internal
create or replace function fn_iu_route_flow_settle(p_route_id bigint, p_sent integer, p_failed integer, p_spent integer, p_trailing integer,
  p_gone boolean, p_failure_code text) returns void
language plpgsql
volatile
set search_path from current
as $$
declare
  v_now timestamptz := clock_timestamp();
  f iu_route_flow;
  v_budget integer;
  v_pause text;
  v_pause_after interval := make_interval(secs => fn_iu_setting_number('iu_core.pause_after_failing_seconds', 86400, 60, 2592000));
begin
  select * into strict f from iu_route_flow where route_id = p_route_id for update;
  if p_sent > 0 then
    f.breaker := 'closed'; f.breaker_until := null; f.breaker_seconds := 0;
    f.failures_in_row := 0; f.failing_since := null; f.last_sent_at := v_now;
  end if;
  if p_failed > 0 then
    f.last_failure_at := v_now; f.last_failure_code := p_failure_code;
    f.failures_in_row := f.failures_in_row + p_trailing;
    if p_trailing > 0 then
      f.failing_since := coalesce(f.failing_since, v_now);
    end if;
    if f.breaker = 'half_open' or f.breaker = 'closed' and f.failures_in_row >= 10 then
      f.breaker_seconds := case when f.breaker = 'half_open' then least(600, greatest(30, f.breaker_seconds * 2)) else 30 end;
      f.breaker := 'open';
      f.breaker_until := v_now + make_interval(secs => f.breaker_seconds);
    end if;
  end if;
  if p_spent > 0 then
    if f.budget_started_at is null or f.budget_started_at < v_now - interval '1 hour' then
      f.budget_started_at := v_now; f.budget_failures := 0;
    end if;
    f.budget_failures := f.budget_failures + p_spent;
  end if;
  if f.breaker = 'half_open' and p_sent = 0 and p_failed = 0 then
    f.breaker_until := v_now;
  end if;
  if p_gone then
    v_pause := 'the target is gone for good (it answered 410)';
  elsif f.failing_since < v_now - v_pause_after and v_now - f.failing_since - fn_iu_delivery_closed(f.failing_since, v_now) > v_pause_after then
    v_pause := format('nothing but failures since %s', f.failing_since);
  end if;
  if v_pause is not null and f.paused_at is null then
    f.paused_at := v_now; f.paused_by := 'iu_core'; f.pause_reason := v_pause;
    insert into iu_gate_log (config_key, operation, new_value, reason, changed_by, application_name, changed_at)
    select 'route ' || route_code, 'update', 'paused', v_pause, 'iu_core', current_setting('application_name', true), v_now
      from iu_outbound_route where route_id = p_route_id;
  end if;
  update iu_route_flow
     set breaker = f.breaker, breaker_until = f.breaker_until, breaker_seconds = f.breaker_seconds, failures_in_row = f.failures_in_row,
         failing_since = f.failing_since, last_sent_at = f.last_sent_at, last_failure_at = f.last_failure_at,
         last_failure_code = f.last_failure_code, budget_started_at = f.budget_started_at, budget_failures = f.budget_failures,
         paused_at = f.paused_at, paused_by = f.paused_by, pause_reason = f.pause_reason
   where route_id = p_route_id;
  if p_spent > 0 then
    select a.failure_budget into v_budget from iu_outbound_route r join iu_route_approval a using (approval_id)
     where r.route_id = p_route_id and not r.dry_run;
    if f.budget_failures > v_budget then
      perform fn_iu_route_to_dry_run(p_route_id, format('failure budget spent: %s failed sends within an hour, %s are allowed',
        f.budget_failures, v_budget), 'iu_core');
    end if;
  end if;
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_delivery_dead.sql
-- fn_iu_delivery_dead(iu_route_delivery, text, text, text) returns void
--
-- Contract:  the end of a delivery that no try is left for: its dead letter with the whole event. The row of the queue and the
--            attempt are the caller's matter. An ordered route with on_dead_letter = hold keeps the lane of the subject until the
--            letter is resolved.
-- Arguments: p_delivery: with the number of its last attempt; p_route_code; p_failure_code; p_failure_detail
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    iu_route_dead_letter
-- May call:  internal
create or replace function fn_iu_delivery_dead(p_delivery iu_route_delivery, p_route_code text, p_failure_code text, p_failure_detail text)
returns void
language plpgsql
volatile
set search_path from current
as $$
begin
  insert into iu_route_dead_letter (event_seq, event_ref, route_id, route_code, attempt_no, idempotency_key, event_snapshot, failure_code,
                                    failure_detail, failure_signature)
  select p_delivery.event_seq, p_delivery.event_ref, p_delivery.route_id, p_route_code, p_delivery.attempt_no,
         p_delivery.delivery_key || '@' || p_delivery.attempt_no, to_jsonb(e), p_failure_code, p_failure_detail,
         fn_iu_failure_signature(p_route_code, p_failure_code, p_failure_detail)
    from event_outbox e where e.seq = p_delivery.event_seq;
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_delivery_settle_rest.sql
-- fn_iu_delivery_settle_rest(text, iu_settled[]) returns record
--
-- Contract:  settles what was not sent: failed and unknown sends become an attempt and are due again by the retry policy, or end as
--            a dead letter; released ones give their number back. The caller holds the locks and has settled what was sent.
-- Arguments: p_runner_id; p_settled: with status failed, unknown or released
-- Returns:   settled, dead_lettered; of each dead letter that holds its lane: held_route_ids, held_lane_keys, held_seqs; of each send
--            that was settled: done_tokens, done_route_ids; unused_approval_ids: one for each send that a claim counted and that was not made, for the
--            caller to give back
-- Raises:    nothing
-- Writes:    iu_route_delivery, iu_route_attempt, iu_route_dead_letter
-- May call:  internal
create or replace function fn_iu_delivery_settle_rest(p_runner_id text, p_settled iu_settled[], out settled integer, out dead_lettered integer,
  out held_route_ids bigint[], out held_lane_keys text[], out held_seqs bigint[], out done_tokens uuid[], out done_route_ids bigint[],
  out unused_approval_ids bigint[])
language plpgsql
volatile
set search_path from current
as $$
declare
  s record;
  d iu_route_delivery;
  v_delay integer;
begin
  settled := 0; dead_lettered := 0;
  held_route_ids := '{}'; held_lane_keys := '{}'; held_seqs := '{}';
  done_tokens := '{}'; done_route_ids := '{}'; unused_approval_ids := '{}';
  for s in
    select u.*, l.route_version, l.approval_id, r.route_code, r.retry_policy, r.on_dead_letter
      from unnest(p_settled) u
      join iu_route_lease l using (lease_token, route_id)
      join iu_outbound_route r using (route_id)
     order by u.event_seq, u.route_id
  loop
    select * into d from iu_route_delivery q where q.event_seq = s.event_seq and q.route_id = s.route_id and q.lease_token = s.lease_token for update;
    continue when not found;
    settled := settled + 1;
    done_tokens := done_tokens || s.lease_token;
    done_route_ids := done_route_ids || s.route_id;
    if s.status = 'released' then
      update iu_route_delivery q set lease_token = null, attempt_no = d.attempt_no - 1, sends = d.sends - 1
       where q.event_seq = d.event_seq and q.route_id = d.route_id;
      if d.counted_by is distinct from s.approval_id then
        unused_approval_ids := unused_approval_ids || s.approval_id;
      end if;
      continue;
    end if;
    s.failure_code := coalesce(s.failure_code, s.status);
    insert into iu_route_attempt (event_seq, route_id, attempt_no, route_version, event_ref, route_kind, route_code, status, decision, reason,
                                  idempotency_key, failure_code, failure_detail, send_milliseconds, runner_id)
    values (d.event_seq, d.route_id, d.attempt_no, s.route_version, d.event_ref, 'outbound', s.route_code, s.status, s.status, s.failure_code,
            d.delivery_key, s.failure_code, left(s.detail, 500), s.milliseconds, p_runner_id);
    v_delay := case when s.permanent and s.status = 'failed' then null
                    else fn_iu_delivery_delay(s.retry_policy, d.sends, s.retry_after_seconds, random()) end;
    if v_delay is null then
      dead_lettered := dead_lettered + 1;
      perform fn_iu_delivery_dead(d, s.route_code, s.failure_code, left(s.detail, 500));
      delete from iu_route_delivery q where q.event_seq = d.event_seq and q.route_id = d.route_id;
      if d.lane_key is not null and s.on_dead_letter = 'hold' then
        held_route_ids := held_route_ids || d.route_id;
        held_lane_keys := held_lane_keys || d.lane_key;
        held_seqs := held_seqs || d.event_seq;
      end if;
    else
      update iu_route_delivery q set lease_token = null, due_at = clock_timestamp() + make_interval(secs => v_delay), counted_by = s.approval_id
       where q.event_seq = d.event_seq and q.route_id = d.route_id;
    end if;
  end loop;
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_delivery_settle.sql
-- fn_iu_delivery_settle(text, uuid[], bigint[], bigint[], text[], integer[], text[], text[], boolean[], integer[], boolean[]) returns jsonb
--
-- Contract:  writes what became of sends, fenced by the lease token: who comes back after his lease ran out finds nothing and
--            writes nothing. sent: the delivery is gone, an attempt says so. failed, unknown: an attempt, and due again by the
--            retry policy, or a dead letter. released: was not sent, the number is given back. Works while gates are closed: what
--            happened is recorded always. A call that is repeated because its answer was lost changes nothing. Locks in one order: leases,
--            lanes, deliveries, flow, route, approval.
-- Arguments: p_runner_id; then arrays of one length, one element a send: p_lease_tokens, p_route_ids, p_event_seqs, p_statuses,
--            p_milliseconds, p_details (what the target said, or the failure), p_failure_codes, p_permanent, p_retry_after_seconds,
--            p_gone (the target is gone for good: pause); the last four may be empty when nothing failed
-- Returns:   {settled, refused: fenced or unknown, dead_lettered}
-- Raises:    IU352 unknown status, IU301, IU302
-- Writes:    iu_route_delivery, iu_route_lane, iu_route_lease, iu_route_attempt, iu_route_dead_letter, iu_route_flow,
--            iu_route_approval
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_delivery_settle(p_runner_id text, p_lease_tokens uuid[], p_route_ids bigint[], p_event_seqs bigint[],
  p_statuses text[], p_milliseconds integer[], p_details text[], p_failure_codes text[], p_permanent boolean[],
  p_retry_after_seconds integer[], p_gone boolean[]) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  v_settled iu_settled[];
  v_lane_routes bigint[];
  v_lane_keys text[];
  v_all_sent boolean;
  v_sent integer;
  v_done_tokens uuid[];
  v_done_routes bigint[];
  v_rest record;
  f record;
begin
  perform fn_iu_require_read_committed();
  if not p_statuses <@ '{sent,failed,unknown,released}' then
    raise exception using errcode = 'IU352', message = 'a send is settled as sent, failed, unknown or released';
  end if;
  -- Of these routes only: a sweep has the lease of one route, and must not wait for one that a settle of the same claim has locked before it.
  perform from iu_route_lease l where l.lease_token = any (p_lease_tokens) and l.route_id = any (p_route_ids) order by l.lease_token, l.route_id for update;
  v_all_sent := not exists (select from unnest(p_statuses) as u (status) where u.status <> 'sent');
  -- Almost always everything was sent: then no row is looked at twice.
  if not v_all_sent then
    select array_agg(row(u.lease_token, u.route_id, u.event_seq, u.status, u.milliseconds, u.detail, u.failure_code, u.permanent,
                         u.retry_after_seconds, u.gone, u.ordinality)::iu_settled)
      into v_settled
      from unnest(p_lease_tokens, p_route_ids, p_event_seqs, p_statuses, p_milliseconds, p_details, p_failure_codes, p_permanent,
                  p_retry_after_seconds, p_gone) with ordinality
             as u (lease_token, route_id, event_seq, status, milliseconds, detail, failure_code, permanent, retry_after_seconds, gone, ordinality)
      join iu_route_lease l using (lease_token, route_id);
  end if;
  if exists (select from iu_route_lease l where l.lease_token = any (p_lease_tokens)
                and exists (select from iu_route_lane a where a.route_id = l.route_id)) then
    select array_agg(d.route_id), array_agg(d.lane_key) into v_lane_routes, v_lane_keys
      from unnest(p_lease_tokens, p_route_ids, p_event_seqs) as u (lease_token, route_id, event_seq)
      join iu_route_delivery d on d.event_seq = u.event_seq and d.route_id = u.route_id and d.lease_token = u.lease_token
     where d.lane_key is not null;
    perform from iu_route_lane l
      join unnest(v_lane_routes, v_lane_keys) as k (route_id, lane_key) using (route_id, lane_key)
     order by l.route_id, l.lane_key for update of l;
  end if;
  with gone as (
    delete from iu_route_delivery d
     using unnest(p_lease_tokens, p_route_ids, p_event_seqs, p_statuses, p_milliseconds, p_details)
             as s (lease_token, route_id, event_seq, status, milliseconds, detail)
      join iu_route_lease l using (lease_token, route_id)
     where d.event_seq = s.event_seq and d.route_id = s.route_id and d.lease_token = s.lease_token and s.status = 'sent'
    returning d.event_seq, d.route_id, d.attempt_no, d.event_ref, d.delivery_key, d.lease_token, l.route_version, l.route_code, s.milliseconds,
              s.detail
  ), written as (
  insert into iu_route_attempt (event_seq, route_id, attempt_no, route_version, delivered, event_ref, route_kind, route_code, status, decision,
                                reason, idempotency_key, send_milliseconds, runner_id)
  select g.event_seq, g.route_id, g.attempt_no, g.route_version, true, g.event_ref, 'outbound', g.route_code, 'sent', 'sent',
         left(g.detail, 200), g.delivery_key, g.milliseconds, p_runner_id
    from gone g
  )
  select coalesce(array_agg(g.lease_token), '{}'), coalesce(array_agg(g.route_id), '{}'), count(*) into v_done_tokens, v_done_routes, v_sent from gone g;
  select 0 as settled, 0 as dead_lettered, '{}'::bigint[] as held_route_ids, '{}'::text[] as held_lane_keys, '{}'::bigint[] as held_seqs into v_rest;
  if not v_all_sent then
    select * into v_rest from fn_iu_delivery_settle_rest(p_runner_id, (select array_agg(s) from unnest(v_settled) s where s.status <> 'sent'));
    v_done_tokens := v_done_tokens || v_rest.done_tokens;
    v_done_routes := v_done_routes || v_rest.done_route_ids;
  end if;
  if v_lane_routes is not null then
    perform fn_iu_lane_refresh(v_lane_routes, v_lane_keys);
    insert into iu_route_lane (route_id, lane_key, head_seq, due_at)
    select h.route_id, h.lane_key, h.head_seq, 'infinity' from unnest(v_rest.held_route_ids, v_rest.held_lane_keys, v_rest.held_seqs) as h (route_id, lane_key, head_seq)
     order by 1, 2
    on conflict (route_id, lane_key) do update set due_at = 'infinity', lease_token = null;
  end if;
  if not v_all_sent then
    -- The flow before the approval, as a claim locks them, and both in order of route.
    perform from iu_route_flow w where w.route_id = any (select s.route_id from unnest(v_settled) s) order by w.route_id for update;
    update iu_route_approval a set events_used = greatest(a.events_used - b.n, 0)
      from (select approval_id, count(*) as n from unnest(v_rest.unused_approval_ids) as u (approval_id) group by 1) b
     where a.approval_id = b.approval_id;
    -- What was released keeps its due time, so that it is not behind what came later: claims have to look back to it.
    update iu_route_flow w set due_from = b.due_at
      from (select d.route_id, min(d.due_at) as due_at from unnest(v_settled) s join iu_route_delivery d using (event_seq, route_id)
             where s.status = 'released' and d.lane_key is null and d.lease_token is null group by 1) b
     where w.route_id = b.route_id and w.due_from > b.due_at;
  end if;
  for f in
    select s.route_id, count(*) filter (where s.status = 'sent')::integer as sent,
           count(*) filter (where s.is_failure)::integer as failed,
           count(*) filter (where s.is_failure or s.status = 'failed' and s.permanent)::integer as spent,
           count(*) filter (where s.is_failure and s.ordinality > s.last_sent)::integer as trailing,
           coalesce(bool_or(s.gone), false) as gone, max(s.failure_code) filter (where s.is_failure) as failure_code
      from (select u.*, (u.status = 'unknown' or u.status = 'failed' and u.permanent is not true) and u.failure_code <> 'lease_expired' as is_failure,
                   coalesce(max(u.ordinality) filter (where u.status = 'sent') over (partition by u.route_id), 0) as last_sent
              from unnest(v_settled) u) s
      join iu_route_flow w using (route_id)
     group by s.route_id, w.breaker, w.failures_in_row
    having count(*) filter (where s.is_failure or s.status = 'failed') > 0 or bool_or(s.gone) or w.breaker <> 'closed' or w.failures_in_row > 0
    union all
    select distinct l.route_id, 1, 0, 0, 0, false, null::text
      from iu_route_lease l join iu_route_flow w using (route_id)
     where v_all_sent and v_sent > 0 and l.lease_token = any (p_lease_tokens) and (w.breaker <> 'closed' or w.failures_in_row > 0)
       and l.route_id = any (p_route_ids)
     order by 1
  loop
    perform fn_iu_route_flow_settle(f.route_id, f.sent, f.failed, f.spent, f.trailing, f.gone, f.failure_code);
  end loop;
  -- What was settled here, not what was asked for: a repeated call must not end the lease of what is still in flight.
  with counted as (select u.lease_token, u.route_id, count(*)::integer as n from unnest(v_done_tokens, v_done_routes) as u (lease_token, route_id) group by 1, 2),
  done as (delete from iu_route_lease l using counted c where l.lease_token = c.lease_token and l.route_id = c.route_id and l.unsettled <= c.n)
  update iu_route_lease l set unsettled = l.unsettled - c.n
    from counted c where l.lease_token = c.lease_token and l.route_id = c.route_id and l.unsettled > c.n;
  return jsonb_build_object('settled', v_sent + v_rest.settled, 'refused', cardinality(p_statuses) - v_sent - v_rest.settled,
                            'dead_lettered', v_rest.dead_lettered);
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_delivery_sweep.sql
-- fn_iu_delivery_sweep() returns integer
--
-- Contract:  settles the oldest lease that ran out: nobody knows what became of its sends, so each is an attempt unknown with the
--            code lease_expired, and is due again by the retry policy under the same delivery id. Of a target in the database it is
--            known: its effect would have settled it in the same transaction, so the attempt is failed. One lease, of one route, a
--            call, and its settle locks no other, so that two callers never wait for each other in a circle.
-- Arguments: none
-- Returns:   sends that were settled
-- Raises:    IU301, IU302
-- Writes:    as fn_iu_delivery_settle
-- May call:  internal
create or replace function fn_iu_delivery_sweep() returns integer
language plpgsql
volatile
set search_path from current
as $$
declare
  l iu_route_lease;
  v_open bigint[];
  v_count integer;
  v_is_local boolean;
begin
  select * into l from iu_route_lease where lease_until <= clock_timestamp() order by lease_until limit 1 for update skip locked;
  if not found then
    return 0;
  end if;
  select array_agg(d.event_seq order by d.event_seq) into v_open
    from unnest(l.event_seqs) as e (event_seq)
    join iu_route_delivery d on d.event_seq = e.event_seq and d.route_id = l.route_id and d.lease_token = l.lease_token;
  v_count := coalesce(cardinality(v_open), 0);
  if v_count > 0 then
    v_is_local := (select h.route ->> 'target_kind' in ('sql_function', 'table') from iu_route_history h
                    where h.route_id = l.route_id and h.version = l.route_version limit 1);
    perform fn_iu_delivery_settle(l.runner_id, array_fill(l.lease_token, array[v_count]), array_fill(l.route_id, array[v_count]), v_open,
      array_fill(case when v_is_local then 'failed' else 'unknown' end, array[v_count]), array_fill(null::integer, array[v_count]),
      array_fill(case when v_is_local then 'the lease ran out before its transaction committed: nothing stays'
                 else 'the lease ran out before the runner said what happened' end, array[v_count]),
      array_fill('lease_expired'::text, array[v_count]), array_fill(false, array[v_count]), array_fill(null::integer, array[v_count]),
      array_fill(false, array[v_count]));
  end if;
  delete from iu_route_lease where lease_token = l.lease_token and route_id = l.route_id;
  return v_count;
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_delivery_allowance.sql
-- fn_iu_delivery_allowance(bigint, integer, timestamptz) returns record
--
-- Contract:  how many deliveries of a route may be claimed now, judged anew by the caller that has locked its flow row: the route
--            is enabled and live with a valid approval for this version (P6), not paused, its breaker lets through (one send when
--            half-open), rate and concurrency have room, and a target in the database is still what was approved. An approval that
--            has expired holds everything; one that is used up holds what it has not counted: what it has counted is tried again
--            until it is sent or a dead letter.
-- Arguments: p_route_id; p_wanted; p_lease_until: when a half-open send has to be over
-- Returns:   allowed (0 or more), uncounted: how many of them the approval need not have counted yet, route_version, approval_id, held: why 0, else null
-- Raises:    nothing
-- Writes:    iu_route_flow
-- May call:  internal
create or replace function fn_iu_delivery_allowance(p_route_id bigint, p_wanted integer, p_lease_until timestamptz,
  out allowed integer, out uncounted integer, out route_version integer, out approval_id bigint, out held text)
language plpgsql
volatile
set search_path from current
as $$
declare
  v_now timestamptz := clock_timestamp();
  r iu_outbound_route;
  a iu_route_approval;
  f iu_route_flow;
  v_state text;
begin
  select * into r from iu_outbound_route o where o.route_id = p_route_id;
  select * into f from iu_route_flow o where o.route_id = p_route_id;
  route_version := r.version;
  approval_id := r.approval_id;
  allowed := 0;
  v_state := case when r.removed_at is not null or not r.enabled then 'disabled' when r.dry_run then 'dry_run'
                  else fn_iu_route_approval_state(r.route_id, r.version, r.approval_id) end;
  if v_state not in ('valid', 'spent') then
    held := case v_state when 'missing' then 'not_approved' else 'route_' || v_state end;
    return;
  end if;
  select * into strict a from iu_route_approval o where o.approval_id = r.approval_id;
  if a.expires_at <= clock_timestamp() then
    held := 'approval_expired';
  elsif f.paused_at is not null then
    held := 'route_paused';
  elsif f.breaker <> 'closed' and f.breaker_until > v_now then
    held := 'breaker_open';
  elsif r.target_kind in ('sql_function', 'table') and (fn_iu_target_sha256(r.target_kind, r.target_ref) = a.target_sha256) is not true then
    held := 'target_changed';
  end if;
  if held is not null then
    return;
  end if;
  allowed := p_wanted;
  if r.max_concurrency is not null then
    allowed := least(allowed, r.max_concurrency - (select coalesce(sum(unsettled), 0) from iu_route_lease l
                                                   where l.route_id = p_route_id and l.lease_until > v_now));
  end if;
  if r.rate_per_second is not null then
    -- a bucket of one second; a clock that went back gives nothing and takes nothing
    f.tokens := least(r.rate_per_second, f.tokens + r.rate_per_second * greatest(coalesce(extract(epoch from v_now - f.tokens_at), 1), 0));
    allowed := least(allowed, floor(f.tokens)::integer);
    update iu_route_flow o set tokens = f.tokens, tokens_at = v_now where o.route_id = p_route_id;
  end if;
  if f.breaker <> 'closed' then
    allowed := least(allowed, 1);
  end if;
  allowed := greatest(allowed, 0);
  uncounted := case when a.max_events is null then allowed else least(allowed, greatest(a.max_events - a.events_used, 0)) end;
  if allowed = 0 then
    held := 'limit_reached';
  end if;
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_delivery_pick.sql
-- fn_iu_delivery_pick(bigint, bigint, integer, integer, uuid) returns record
--
-- Contract:  leases at most so many due deliveries of a route: unordered ones in order of due time, then the heads of due lanes.
--            Each takes its attempt number here. The caller has locked the flow row, so no other claim picks from this route; plans
--            are pinned, because the statistics of a queue are always stale. Looks no further back than the route's due_from.
--            A lane whose head is gone, or not here yet, is not leased, or it would be for ever: it is given the head that there is.
--            Where the approval does not have an event left for each, what it has counted goes first, found by an index of its own, or a
--            million that are held would be read to find one that may be tried again.
-- Arguments: p_route_id; p_approval_id; p_limit; p_uncounted: at most so many that this approval has not counted yet; p_lease_token
-- Returns:   event_seqs, first_sends: how many of them the approval has not counted yet; due_from, lane_due_from: nothing that was due
--            before waits, in the snapshot of this call
-- Raises:    nothing
-- Writes:    iu_route_delivery, iu_route_lane
-- May call:  internal
create or replace function fn_iu_delivery_pick(p_route_id bigint, p_approval_id bigint, p_limit integer, p_uncounted integer, p_lease_token uuid,
  out event_seqs bigint[], out first_sends integer, out due_from timestamptz, out lane_due_from timestamptz)
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_sort = off
set jit = off
as $$
declare
  -- What is picked is leased by its place: joined by its key, a session that planned this for a short queue read the whole queue for each one
  -- (400 of 3,000 cost 2.4 million rows). Written so that no index of what is free answers, it is asked of the row alone.
  v_free constant uuid := '00000000-0000-0000-0000-000000000000';
  v_now timestamptz := clock_timestamp();
  v_from timestamptz;
  v_lane_from timestamptz;
  v_limit integer := p_limit;
  v_counted bigint[] := '{}';
  v_picked integer;
  v_heads bigint[];
  v_first integer;
  v_stale text[];
begin
  select coalesce(f.due_from, '-infinity'), coalesce(f.lane_due_from, '-infinity') into v_from, v_lane_from from iu_route_flow f where f.route_id = p_route_id;
  if p_uncounted < p_limit then
    -- A range and not an equality: only the index of what was counted has this order, and sorting is off.
    with picked as materialized (
      select d.ctid as place from iu_route_delivery d
       where d.route_id = p_route_id and d.counted_by between p_approval_id and p_approval_id and d.due_at <= v_now and d.lane_key is null
         and d.lease_token is null
       order by d.counted_by, d.due_at
       limit p_limit
    ), leased as (
      update iu_route_delivery d set lease_token = p_lease_token, attempt_no = d.attempt_no + 1, sends = d.sends + 1
        from picked p where d.ctid = p.place and coalesce(d.lease_token, v_free) = v_free
      returning d.event_seq
    )
    select coalesce(array_agg(event_seq), '{}') into v_counted from leased;
    with picked as materialized (
      select d.ctid as place, l.ctid as lane from iu_route_delivery d
        join iu_route_lane l on l.route_id = d.route_id and l.lane_key = d.lane_key
       where d.route_id = p_route_id and d.counted_by between p_approval_id and p_approval_id and d.due_at <= v_now and d.lease_token is null
         and l.head_seq = d.event_seq and l.due_at <= v_now and l.lease_token is null
       order by d.counted_by, d.due_at
       limit p_limit - cardinality(v_counted) for update of l skip locked
    ), leased as (
      update iu_route_delivery d set lease_token = p_lease_token, attempt_no = d.attempt_no + 1, sends = d.sends + 1
        from picked p where d.ctid = p.place and coalesce(d.lease_token, v_free) = v_free
      returning d.event_seq, p.lane
    ), lane as (
      update iu_route_lane l set lease_token = p_lease_token from leased h where l.ctid = h.lane
    )
    select v_counted || coalesce(array_agg(event_seq), '{}') into v_counted from leased;
    v_limit := least(p_limit - cardinality(v_counted), p_uncounted);
    if v_limit <= 0 then
      event_seqs := v_counted; first_sends := 0; due_from := '-infinity'; lane_due_from := '-infinity';
      return;
    end if;
  end if;
  with picked as materialized (
    select d.ctid as place, d.due_at from iu_route_delivery d
     where d.route_id = p_route_id and d.lane_key is null and d.due_at >= v_from and d.due_at <= v_now and d.lease_token is null
     order by d.due_at, d.event_seq
     limit v_limit
  ), leased as (
    update iu_route_delivery d set lease_token = p_lease_token, attempt_no = d.attempt_no + 1, sends = d.sends + 1
      from picked p where d.ctid = p.place and coalesce(d.lease_token, v_free) = v_free
    returning d.event_seq, d.counted_by, p.due_at
  )
  select v_counted || coalesce(array_agg(event_seq order by event_seq), '{}'), count(*) filter (where counted_by is distinct from p_approval_id), (select count(*) from picked), (select max(due_at) from picked)
    into event_seqs, first_sends, v_picked, due_from from leased;
  -- By what was picked: one of them may have been cancelled meanwhile, and more is due all the same.
  if v_picked = v_limit then
    lane_due_from := '-infinity';
    return;
  end if;
  due_from := v_now;
  with picked as materialized (
    select l.ctid as lane, l.lane_key, l.head_seq, l.due_at from iu_route_lane l
     where l.route_id = p_route_id and l.due_at >= v_lane_from and l.due_at <= v_now and l.lease_token is null
     order by l.due_at
     limit v_limit - v_picked for update skip locked
  ), head as materialized (
    select p.lane, p.lane_key, (select d.ctid from iu_route_delivery d where d.route_id = p_route_id and d.event_seq = p.head_seq) as place
      from picked p
  ), leased as (
    update iu_route_delivery d set lease_token = p_lease_token, attempt_no = d.attempt_no + 1, sends = d.sends + 1
      from head h where d.ctid = h.place and d.lane_key = h.lane_key and coalesce(d.lease_token, v_free) = v_free
    returning d.event_seq, d.counted_by, h.lane, h.lane_key
  ), lane as (
    update iu_route_lane l set lease_token = p_lease_token from leased h where l.ctid = h.lane
  )
  select coalesce(array_agg(event_seq order by event_seq), '{}'), count(*) filter (where counted_by is distinct from p_approval_id),
         case when (select count(*) from picked) = v_limit - v_picked then (select max(due_at) from picked) else v_now end,
         (select array_agg(p.lane_key) from picked p where p.lane_key <> all (array(select h.lane_key from leased h)))
    into v_heads, v_first, lane_due_from, v_stale from leased;
  if v_stale is not null then
    perform fn_iu_lane_refresh(array_fill(p_route_id, array[cardinality(v_stale)]), v_stale);
  end if;
  -- Somebody had these locked: the next claim must not begin behind them.
  lane_due_from := least(lane_due_from, (select l.due_at from iu_route_lane l
     where l.route_id = p_route_id and l.due_at >= v_lane_from and l.due_at <= v_now and l.lease_token is null order by l.due_at limit 1));
  event_seqs := event_seqs || v_heads;
  first_sends := first_sends + v_first;
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_delivery_look.sql
-- fn_iu_delivery_look(bigint) returns void
--
-- Contract:  looks at the whole queue of a route whose claims begin at due_from, and moves that back to what it finds before it: what
--            a transaction that took long committed with an older due time. Where the look costs nothing, because vacuum could take
--            the dead entries away, claims begin at the beginning again. The next look comes after 10 s, or 20 times what this one
--            took, at most 60 s. The caller has locked the flow row.
-- Arguments: p_route_id
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    iu_route_flow
-- May call:  internal
create or replace function fn_iu_delivery_look(p_route_id bigint) returns void
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $$
declare
  v_started timestamptz := clock_timestamp();
  v_due timestamptz;
  v_lane_due timestamptz;
  v_took interval;
begin
  select d.due_at into v_due from iu_route_delivery d
   where d.route_id = p_route_id and d.lane_key is null and d.lease_token is null order by d.due_at limit 1;
  select l.due_at into v_lane_due from iu_route_lane l
   where l.route_id = p_route_id and l.lease_token is null order by l.due_at limit 1;
  v_took := clock_timestamp() - v_started;
  if v_took < interval '2 milliseconds' then
    update iu_route_flow set picked = 0, due_from = null, lane_due_from = null, looked_at = null, look_at = null where route_id = p_route_id;
  else
    update iu_route_flow
       set due_from = least(due_from, v_due, clock_timestamp()), lane_due_from = least(lane_due_from, v_lane_due, clock_timestamp()), looked_at = clock_timestamp(),
           look_at = clock_timestamp() + least(greatest(interval '10 seconds', 20 * v_took), interval '60 seconds')
     where route_id = p_route_id;
  end if;
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_delivery_claim.sql
-- fn_iu_delivery_claim(text, integer, integer, text, boolean, bigint[], integer[], integer, bigint) returns setof iu_claimed
--
-- Contract:  leases due deliveries to a runner and counts the attempt, before anything is sent. Judges everything again: gates
--            (under the shared lock, so that who closes one can wait), deployment and cluster, each route. Routes are taken in
--            turn, the one that waited longest first, and each gets its share of what is asked for, so that one with a million
--            waiting does not keep the others waiting; a route that another runner claims from right now is left out. First settles
--            a lease that ran out. Payloads of more than p_most_bytes together are not handed out: what comes behind them is given back
--            unsent, but for the first.
-- Arguments: p_runner_id: unique a process; p_limit: 1..1000; p_lease_seconds: 5..600; p_deployment: IU_DEPLOYMENT of the runner;
--            p_in_database: true = targets in the database, false = all others; p_route_ids, p_rooms: most to claim of these
--            routes; p_room: most of every other; p_most_bytes: of all payloads together, null = whatever they have
-- Returns:   a row a delivery, in order of event; or one row whose hold says why nothing may be claimed
-- Raises:    IU353 runner not named, IU301, IU302
-- Writes:    iu_route_delivery, iu_route_lane, iu_route_lease, iu_route_flow, iu_route_approval, and as fn_iu_delivery_settle for a
--            lease that ran out
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_delivery_claim(p_runner_id text, p_limit integer, p_lease_seconds integer, p_deployment text,
  p_in_database boolean default false, p_route_ids bigint[] default '{}', p_rooms integer[] default '{}', p_room integer default 1000,
  p_most_bytes bigint default null)
returns setof iu_claimed
language plpgsql
volatile
security definer
set search_path from current
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  v_left integer := least(greatest(coalesce(p_limit, 100), 1), 1000);
  -- One by one from each of 1,000 routes, a claim of 500 took 316 ms; the others have their turn with the next claims.
  v_least constant integer := 8;
  v_until timestamptz;
  v_token uuid := gen_random_uuid();
  v_hold text;
  v_held iu_claimed;
  v_candidates bigint[];
  v_rooms integer[];
  v_at integer;
  v_allow record;
  v_pick record;
  v_over_routes bigint[];
  v_over_seqs bigint[];
begin
  perform fn_iu_require_read_committed();
  if nullif(btrim(p_runner_id), '') is null then
    raise exception using errcode = 'IU353', message = 'a runner claims under a name';
  end if;
  -- Until the end of this transaction, for fn_iu_delivery_disown.
  perform pg_advisory_xact_lock_shared(hashtextextended('iu_core claims of ' || p_runner_id, 0));
  -- Before anything else is locked: who drains a gate waits for passes, and they may wait for what the sweep locks.
  if not fn_iu_in_probe() then
    perform pg_advisory_xact_lock_shared(fn_iu_gate_lock_key());
  end if;
  perform fn_iu_delivery_sweep();
  v_hold := fn_iu_delivery_hold(p_deployment);
  if v_hold is not null then
    v_held.hold := v_hold;
    return next v_held;
    return;
  end if;
  v_until := clock_timestamp() + make_interval(secs => least(greatest(coalesce(p_lease_seconds, 60), 5), 600));
  select array_agg(c.route_id order by c.claimed_at nulls first, c.route_id), array_agg(c.room order by c.claimed_at nulls first, c.route_id)
    into v_candidates, v_rooms
    from (select o.route_id, f.claimed_at, coalesce(b.room, p_room) as room
            from iu_outbound_route o
            join iu_route_flow f using (route_id)
            left join unnest(p_route_ids, p_rooms) as b (route_id, room) using (route_id)
           where o.enabled and not o.dry_run and o.removed_at is null and f.paused_at is null
             and (f.breaker = 'closed' or f.breaker_until <= clock_timestamp())
             and (o.target_kind in ('sql_function', 'table')) = p_in_database and coalesce(b.room, p_room) > 0
             and (exists (select from iu_route_delivery d where d.route_id = o.route_id and d.lane_key is null
                             and d.due_at >= coalesce(f.due_from, '-infinity') and d.due_at <= clock_timestamp() and d.lease_token is null)
                  or exists (select from iu_route_lane l where l.route_id = o.route_id
                             and l.due_at >= coalesce(f.lane_due_from, '-infinity') and l.due_at <= clock_timestamp() and l.lease_token is null)
                  or f.due_from is not null and clock_timestamp() not between f.looked_at and f.look_at)) c;
  for v_at in 1 .. coalesce(cardinality(v_candidates), 0) loop
    exit when v_left <= 0;
    perform from iu_route_flow where route_id = v_candidates[v_at] for update skip locked;
    continue when not found;
    -- A clock that went back is a reason too.
    if exists (select from iu_route_flow f where f.route_id = v_candidates[v_at]
                  and f.due_from is not null and clock_timestamp() not between f.looked_at and f.look_at) then
      perform fn_iu_delivery_look(v_candidates[v_at]);
    end if;
    v_allow := fn_iu_delivery_allowance(v_candidates[v_at],
      least(v_rooms[v_at], v_left, greatest(v_least, ceil(v_left::numeric / (cardinality(v_candidates) - v_at + 1))::integer)), v_until);
    continue when v_allow.allowed <= 0;
    v_pick := fn_iu_delivery_pick(v_candidates[v_at], v_allow.approval_id, v_allow.allowed, v_allow.uncounted, v_token);
    continue when cardinality(v_pick.event_seqs) = 0;
    insert into iu_route_lease (lease_token, route_id, route_code, route_version, approval_id, runner_id, event_seqs, unsettled, claimed_at, lease_until)
    select v_token, route_id, route_code, v_allow.route_version, v_allow.approval_id, p_runner_id, v_pick.event_seqs, cardinality(v_pick.event_seqs), clock_timestamp(), v_until
      from iu_outbound_route where route_id = v_candidates[v_at];
    update iu_route_flow
       set claimed_at = clock_timestamp(), tokens = greatest(tokens - cardinality(v_pick.event_seqs), 0),
           breaker = case breaker when 'open' then 'half_open' else breaker end,
           breaker_until = case when breaker <> 'closed' then v_until end,
           -- So many dead entries are read in a millisecond or two. What commits now was due when it was written: 2 s for it to commit in.
           picked = picked + cardinality(v_pick.event_seqs),
           due_from = case when due_from is not null or picked >= 5000 then greatest(due_from, least(v_pick.due_from, clock_timestamp() - interval '2 s')) end,
           lane_due_from = case when due_from is not null or picked >= 5000
                                then greatest(lane_due_from, least(v_pick.lane_due_from, clock_timestamp() - interval '2 s')) end,
           looked_at = case when due_from is null and picked >= 5000 then clock_timestamp() else looked_at end,
           look_at = case when due_from is null and picked >= 5000 then clock_timestamp() + interval '10 s' else look_at end
     where route_id = v_candidates[v_at];
    if v_pick.first_sends > 0 then
      update iu_route_approval set events_used = events_used + v_pick.first_sends where approval_id = v_allow.approval_id;
    end if;
    v_left := v_left - cardinality(v_pick.event_seqs);
  end loop;
  if p_most_bytes is not null then
    select array_agg(s.route_id), array_agg(s.event_seq) into v_over_routes, v_over_seqs
      from (select z.route_id, z.event_seq, sum(z.bytes) over w as bytes, row_number() over w as at
              from (select l.route_id, q.event_seq,
                           -- one that is not compressed need not be read to be measured
                           case when pg_column_compression(e.safe_payload) is null then pg_column_size(e.safe_payload) else octet_length(e.safe_payload::text) end as bytes
                      from iu_route_lease l
                     cross join unnest(l.event_seqs) as q (event_seq)
                      join event_outbox e on e.seq = q.event_seq
                     where l.lease_token = v_token) z
            window w as (order by z.event_seq, z.route_id)) s
     where s.bytes > p_most_bytes and s.at > 1;
    if v_over_seqs is not null then
      v_at := cardinality(v_over_seqs);
      perform fn_iu_delivery_settle(p_runner_id, array_fill(v_token, array[v_at]), v_over_routes, v_over_seqs, array_fill('released'::text, array[v_at]),
        array_fill(null::integer, array[v_at]), array_fill(null::text, array[v_at]), array_fill(null::text, array[v_at]),
        array_fill(false, array[v_at]), array_fill(null::integer, array[v_at]), array_fill(false, array[v_at]));
    end if;
  end if;
  return query
    select null::text, v_token, d.route_id, l.route_version, d.event_seq, d.attempt_no, d.delivery_key, e.id, e.event_domain, e.event_type,
           e.event_stream, e.event_severity, e.event_subject_table, e.event_subject_ref, e.canonical_address, e.actor_ref, e.source_system,
           e.correlation_id, e.payload_classification, e.occurred_at, coalesce(x.payload, e.safe_payload)
      from iu_route_lease l
     cross join unnest(l.event_seqs) as q (event_seq)
     -- each by its key: a session that planned this for a short queue paired all with all
     cross join lateral (select i.* from iu_route_delivery i where i.route_id = l.route_id and i.event_seq = q.event_seq and i.lease_token = v_token offset 0) d
     cross join lateral (select i.* from event_outbox i where i.seq = q.event_seq offset 0) e
      left join iu_event_edit x on x.edit_id = d.edit_id
     where l.lease_token = v_token
     order by d.event_seq, d.route_id;
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_gap_report.sql
-- fn_iu_gap_report(text, bigint[], uuid[], bigint[], integer[]) returns jsonb
--
-- Contract:  a process says what it saw committed: events it was handed, and sends whose outcome it was told is written. What is not here
--            (any more) was lost: a standby that was behind was promoted, or an older backup restored. Log, cursor, audit and queue went
--            back together, so only who was outside can tell. Each of them is a row in iu_log_gap, and health is red until a person
--            acknowledges it. What retention pruned is no gap; a standby that is still behind says nothing.
-- Arguments: p_process_id: who says so, for sends the name they were claimed under; then arrays of one length: p_event_seqs,
--            p_event_ids, p_route_ids, p_attempt_nos (null: the event alone)
-- Returns:   {missing: how many of them, highest_seq: of the log now}; null = a standby cannot know
-- Raises:    nothing
-- Writes:    iu_log_gap
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_gap_report(p_process_id text, p_event_seqs bigint[], p_event_ids uuid[], p_route_ids bigint[], p_attempt_nos integer[])
returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_pruned bigint[] := '{}';
  v_highest bigint;
  v_missing bigint;
begin
  if pg_is_in_recovery() then
    return null;
  end if;
  -- Retention is a later change; a statement is planned when it is reached.
  if to_regclass('iu_pruned_event') is not null then
    select coalesce(array_agg(k.event_seq), '{}') into v_pruned from unnest(p_event_seqs) as k (event_seq)
     where exists (select from iu_pruned_event p where k.event_seq between p.first_seq and p.last_seq);
  end if;
  select max(seq) into v_highest from event_outbox;
  -- numbers in the order of commits: who acknowledges up to one has seen all before it
  lock table iu_log_gap in share row exclusive mode;
  with known as materialized (
    select k.event_seq, k.event_id, k.route_id, k.attempt_no, e.seq is not null as has_event
      from unnest(p_event_seqs, p_event_ids, p_route_ids, p_attempt_nos) as k (event_seq, event_id, route_id, attempt_no)
      left join event_outbox e on e.seq = k.event_seq and e.id = k.event_id
  ), gone as (
    select k.* from known k
     where (not k.has_event or k.attempt_no is not null and not exists (
              -- by whom: another send may have taken the number since
              select from iu_route_attempt a where a.event_seq = k.event_seq and a.route_id = k.route_id and a.attempt_no = k.attempt_no
                 and a.runner_id = p_process_id))
       and k.event_seq <> all (v_pruned)
  ), written as (
    insert into iu_log_gap (process_id, event_seq, event_id, has_event, route_id, attempt_no, highest_seq, timeline, claimed_timeline, reported_by)
    select p_process_id, g.event_seq, g.event_id, g.has_event, g.route_id, g.attempt_no, v_highest, i.timeline,
           (select d.timeline from iu_deployment d order by d.claim_id desc limit 1), session_user
      from gone g cross join fn_iu_cluster_identity() i
     order by g.event_seq, g.route_id
    returning 1
  )
  select count(*) into v_missing from written;
  return jsonb_build_object('missing', v_missing, 'highest_seq', v_highest::text);
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_delivery_disown.sql
-- fn_iu_delivery_disown(text, uuid[]) returns integer
--
-- Contract:  gives back what a runner leased without learning of it: the claim committed, and its answer was lost with the
--            connection or the server. Nothing of it can have been sent, so each send is released: its number is given back and no
--            attempt is written. A claim of this runner that still runs could commit later; then nothing is done and the caller
--            asks again. A lease that somebody settles right now is left alone. The caller is the only one who sends under this
--            name: a second process of the same name would be robbed of what it is sending.
-- Arguments: p_runner_id: as at the claim; p_held: lease tokens that the runner knows, whatever it did with them
-- Returns:   sends that were released; null while a claim of this runner still runs
-- Raises:    IU353 runner not named, IU301, IU302
-- Writes:    as fn_iu_delivery_settle
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_delivery_disown(p_runner_id text, p_held uuid[]) returns integer
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_leases uuid[];
  v_lease_routes bigint[];
  v_tokens uuid[];
  v_routes bigint[];
  v_seqs bigint[];
  v_count integer;
begin
  perform fn_iu_require_read_committed();
  if nullif(btrim(p_runner_id), '') is null then
    raise exception using errcode = 'IU353', message = 'a runner gives back under a name';
  end if;
  -- A claim holds it shared until it ends: who has it alone knows that none can commit any more.
  if not pg_try_advisory_xact_lock(hashtextextended('iu_core claims of ' || p_runner_id, 0)) then
    return null;
  end if;
  select array_agg(l.lease_token), array_agg(l.route_id) into v_leases, v_lease_routes
    from (select lease_token, route_id from iu_route_lease
           where runner_id = p_runner_id and lease_token <> all (coalesce(p_held, '{}'))
           order by lease_token, route_id for update skip locked) l;
  if v_leases is null then
    return 0;
  end if;
  select coalesce(array_agg(d.lease_token), '{}'), coalesce(array_agg(d.route_id), '{}'), coalesce(array_agg(d.event_seq), '{}')
    into v_tokens, v_routes, v_seqs
    from unnest(v_leases, v_lease_routes) as u (lease_token, route_id)
    join iu_route_lease l using (lease_token, route_id)
   cross join unnest(l.event_seqs) as e (event_seq)
    join iu_route_delivery d on d.event_seq = e.event_seq and d.route_id = l.route_id and d.lease_token = l.lease_token;
  v_count := cardinality(v_seqs);
  if v_count > 0 then
    perform fn_iu_delivery_settle(p_runner_id, v_tokens, v_routes, v_seqs, array_fill('released'::text, array[v_count]),
      array_fill(null::integer, array[v_count]), array_fill(null::text, array[v_count]), array_fill(null::text, array[v_count]),
      array_fill(false, array[v_count]), array_fill(null::integer, array[v_count]), array_fill(false, array[v_count]));
  end if;
  delete from iu_route_lease l using unnest(v_leases, v_lease_routes) as u (lease_token, route_id)
   where l.lease_token = u.lease_token and l.route_id = u.route_id;
  return v_count;
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_delivery_state.sql
-- fn_iu_delivery_state(text, bigint[], integer[]) returns jsonb
--
-- Contract:  what a runner asks several times a second about what it has claimed and not sent yet: may it still be sent? Everything
--            or single routes may have been stopped since the claim, or changed: another version may be live by now, and what was claimed
--            of this one is not for its target.
-- Arguments: p_deployment: of the runner; p_route_ids: routes it holds deliveries of; p_route_versions: at the claim, one element a
--            route, null = whichever it is
-- Returns:   {hold: as fn_iu_delivery_hold, stopped: ids of routes (as text) that may not be sent to now}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_delivery_state(p_deployment text, p_route_ids bigint[], p_route_versions integer[] default null)
returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
  return jsonb_build_object('hold', fn_iu_delivery_hold(p_deployment), 'stopped', (
    select coalesce(jsonb_agg(r.route_id::text), '[]')
      from unnest(p_route_ids, p_route_versions) as k (route_id, version)
      join iu_outbound_route r using (route_id)
      join iu_route_flow f using (route_id)
     where (r.version <> k.version or not r.enabled or r.dry_run or r.removed_at is not null or f.paused_at is not null
            or fn_iu_route_approval_state(r.route_id, r.version, r.approval_id) = 'missing')));
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_delivery_routes.sql
-- fn_iu_delivery_routes(bigint[]) returns jsonb
--
-- Contract:  what a runner needs to reach the targets of these routes. Secrets in target_config are references, never values.
-- Arguments: p_route_ids
-- Returns:   [{route_id, route_code, version, target_kind, target_ref, target_config}]
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_delivery_routes(p_route_ids bigint[]) returns jsonb
language sql
stable
security definer
set search_path from current
as $$
  select coalesce(jsonb_agg(jsonb_build_object('route_id', route_id::text, 'route_code', route_code, 'version', version, 'target_kind', target_kind,
                                               'target_ref', target_ref, 'target_config', target_config)), '[]')
    from iu_outbound_route where route_id = any (p_route_ids)
$$;
-- <<<

-- >>> functions/delivery/fn_iu_delivery_cancel.sql
-- fn_iu_delivery_cancel(uuid, text, text) returns jsonb
--
-- Contract:  takes a waiting delivery out of the queue for good, because a person decided so: an attempt cancelled stays. One that
--            is being sent is refused.
-- Arguments: p_event_id; p_route_code; p_reason: why, mandatory
-- Returns:   {event_id, route_code, attempt_no, status: cancelled}
-- Raises:    IU354 no such delivery waits, IU355 it is being sent, IU356 reason missing
-- Writes:    iu_route_delivery, iu_route_lane, iu_route_attempt
-- May call:  iu_operator
create or replace function fn_iu_delivery_cancel(p_event_id uuid, p_route_code text, p_reason text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_route iu_outbound_route;
  v_lane_token uuid;
  d iu_route_delivery;
begin
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU356', message = 'a delivery is cancelled with a reason', hint = 'add --reason TEXT';
  end if;
  select * into v_route from iu_outbound_route where route_code = p_route_code;
  -- The lane first, as a settle locks. One whose head is being sent keeps its lease: the settle gives it the next head.
  select l.lease_token into v_lane_token from iu_route_lane l join iu_route_delivery q using (route_id, lane_key) join event_outbox e on e.seq = q.event_seq
    where e.id = p_event_id and l.route_id = v_route.route_id for update of l;
  select q.* into d from iu_route_delivery q join event_outbox e on e.seq = q.event_seq
   where e.id = p_event_id and q.route_id = v_route.route_id for update of q;
  if not found then
    raise exception using errcode = 'IU354', message = format('no delivery of event %s to route %s is waiting', p_event_id, p_route_code),
      hint = 'iu delivery list shows what waits, iu event show ID what became of it';
  elsif d.lease_token is not null then
    raise exception using errcode = 'IU355', message = format('event %s is being sent to route %s right now', p_event_id, p_route_code),
      hint = 'wait until the send is settled; iu route pause CODE keeps the next one from starting';
  end if;
  delete from iu_route_delivery q where q.event_seq = d.event_seq and q.route_id = d.route_id;
  insert into iu_route_attempt (event_seq, route_id, attempt_no, route_version, event_ref, route_kind, route_code, status, decision, reason,
                                idempotency_key, failure_detail)
  values (d.event_seq, d.route_id, d.attempt_no + 1, v_route.version, d.event_ref, 'outbound', v_route.route_code, 'cancelled', 'cancelled',
          'by_person', d.delivery_key, left(session_user || ': ' || p_reason, 500));
  if d.lane_key is not null and v_lane_token is null then
    perform fn_iu_lane_refresh(array[d.route_id], array[d.lane_key]);
  end if;
  return jsonb_build_object('event_id', p_event_id, 'route_code', p_route_code, 'attempt_no', d.attempt_no + 1, 'status', 'cancelled');
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_delivery_cancel_many.sql
-- fn_iu_delivery_cancel_many(text, timestamptz, bigint, text, integer) returns jsonb
--
-- Contract:  takes waiting deliveries of a route out of the queue for good, the oldest events first, because a person decided so: an
--            attempt cancelled of each stays. What is being sent, or is locked right now, is left alone. Call it again with the returned until_event_seq until
--            remaining is 0; each call is one transaction.
-- Arguments: p_route_code; p_created_before: only queued before then, null = all; p_until_event_seq: only up to this event, null = what
--            waits now; p_reason: why, mandatory; p_limit: 0 (only count) to 1000
-- Returns:   {route_code, cancelled, remaining: not cancelled here, those that somebody took meanwhile too (counted up to 10,001), until_event_seq}
-- Raises:    IU337 no such route, IU356 reason missing
-- Writes:    iu_route_delivery, iu_route_lane, iu_route_attempt
-- May call:  iu_operator
create or replace function fn_iu_delivery_cancel_many(p_route_code text, p_created_before timestamptz, p_until_event_seq bigint, p_reason text,
  p_limit integer default 100) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_route iu_outbound_route;
  v_limit integer := least(greatest(coalesce(p_limit, 100), 0), 1000);
  v_until bigint := p_until_event_seq;
  v_seqs bigint[];
  v_locked bigint[];
  v_lanes text[];
  v_count integer;
begin
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU356', message = 'a delivery is cancelled with a reason', hint = 'add --reason TEXT';
  end if;
  select * into v_route from iu_outbound_route where route_code = p_route_code;
  if not found then
    raise exception using errcode = 'IU337', message = format('there is no route %s', quote_literal(p_route_code)),
      hint = 'iu route list shows the routes';
  end if;
  v_until := coalesce(v_until, (select max(event_seq) from iu_route_delivery where route_id = v_route.route_id), 0);
  select coalesce(array_agg(d.event_seq), '{}') into v_seqs from (
    select d.event_seq from iu_route_delivery d
     where d.route_id = v_route.route_id and d.lease_token is null and d.event_seq <= v_until
       and (p_created_before is null or d.created_at < p_created_before)
     order by d.event_seq limit v_limit + 10001) d;
  -- Lanes before deliveries, both in order, as a settle locks. All of them, whatever their lease: a settle that gives a lane its next
  -- head waits until that is gone. Of a lane whose head is being sent after the lock the settle looks after the rest.
  select array_agg(k.lane_key) filter (where k.lease_token is null) into v_lanes from (
    select l.lane_key, l.lease_token from iu_route_lane l
     where l.route_id = v_route.route_id
       and l.lane_key in (select d.lane_key from iu_route_delivery d where d.route_id = v_route.route_id and d.event_seq = any (v_seqs[1:v_limit]))
     order by l.lane_key for update) k;
  -- Never waits here: a claim locks in order of due time.
  select coalesce(array_agg(k.event_seq), '{}') into v_locked from (
    select d.event_seq from iu_route_delivery d
     where d.route_id = v_route.route_id and d.event_seq = any (v_seqs[1:v_limit]) and d.lease_token is null
     order by d.event_seq for update skip locked) k;
  with gone as (
    delete from iu_route_delivery d
     where d.route_id = v_route.route_id and d.event_seq = any (v_locked)
    returning d.*
  )
  insert into iu_route_attempt (event_seq, route_id, attempt_no, route_version, event_ref, route_kind, route_code, status, decision, reason,
                                idempotency_key, failure_detail)
  select g.event_seq, g.route_id, g.attempt_no + 1, v_route.version, g.event_ref, 'outbound', v_route.route_code, 'cancelled', 'cancelled',
         'by_person', g.delivery_key, left(session_user || ': ' || p_reason, 500)
    from gone g order by g.event_seq;
  get diagnostics v_count = row_count;
  if v_lanes is not null then
    perform fn_iu_lane_refresh(array_fill(v_route.route_id, array[cardinality(v_lanes)]), v_lanes);
  end if;
  return jsonb_build_object('route_code', v_route.route_code, 'cancelled', v_count, 'remaining', least(cardinality(v_seqs) - v_count, 10001),
    'until_event_seq', v_until::text);
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_delivery_take.sql
-- fn_iu_delivery_take(uuid) returns table (...)
--
-- Contract:  what a claim in the database holds, with the object to call and the event as it is handed over. Locks the lease, so
--            that it cannot be swept while its targets run; a lease that ran out, or that somebody else runs, gives nothing.
-- Arguments: p_lease_token
-- Returns:   route_id, route_version: at the claim, event_seq, event_id, target_kind, call_name (null: changed since the approval, or gone), event, hop: how
--            many targets in the database this event came through
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_delivery_take(p_lease_token uuid)
returns table (route_id bigint, route_version integer, event_seq bigint, event_id uuid, target_kind text, call_name text, event jsonb, hop integer)
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
  perform from iu_route_lease l where l.lease_token = p_lease_token and l.lease_until > clock_timestamp() for update skip locked;
  if not found then
    return;
  end if;
  return query
    select d.route_id, l.route_version, d.event_seq, e.id, r.target_kind,
           case when encode(sha256(convert_to(o.definition, 'UTF8')), 'hex') = a.target_sha256 then o.call_name end,
           to_jsonb(e) - '{seq,tx_id}'::text[] || jsonb_build_object('safe_payload', coalesce(x.payload, e.safe_payload), 'seq', e.seq::text,
             'delivery_id', replace(d.delivery_key, '.', '~'), 'route_code', r.route_code, 'attempt_no', d.attempt_no),
           coalesce(h.hop, 0)
      from iu_route_lease l
      join iu_outbound_route r on r.route_id = l.route_id
      left join iu_route_approval a on a.approval_id = r.approval_id
     cross join lateral fn_iu_target_object(r.target_kind, r.target_ref) o
     cross join unnest(l.event_seqs) as q (event_seq)
      join iu_route_delivery d on d.event_seq = q.event_seq and d.route_id = l.route_id and d.lease_token = p_lease_token
      join event_outbox e on e.seq = d.event_seq
      left join iu_event_edit x on x.edit_id = d.edit_id
      left join iu_event_hop h on h.event_seq = d.event_seq
     where l.lease_token = p_lease_token and l.lease_until > clock_timestamp()
     order by d.event_seq, d.route_id;
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_delivery_hop.sql
-- fn_iu_delivery_hop(integer) returns void
--
-- Contract:  events that a target in the database emitted in this transaction came one hop further than the event it was given;
--            what loops is found by that number.
-- Arguments: p_hop: of the events emitted since the last call in this transaction
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    iu_event_hop
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_delivery_hop(p_hop integer) returns void
language sql
volatile
security definer
set search_path from current
as $$
  insert into iu_event_hop (event_seq, hop)
  select e.seq, p_hop from event_outbox e where e.tx_id = pg_current_xact_id()
  on conflict (event_seq) do nothing
$$;
-- <<<

-- >>> functions/delivery/fn_iu_delivery_execute.sql
-- fn_iu_delivery_execute(text, uuid) returns jsonb
--
-- Contract:  runs the targets of a claim that has committed, each in a sub-transaction, as the role that calls this and under its
--            rights; then settles them. Effects, attempts and the settled queue commit together: exactly once. What a target raises
--            undoes that target alone; search_path, role and deferred constraints are set back after each, and what it deferred is
--            judged at its end. Once a gate was closed or the route stopped or changed, what did not run yet is released. An event that came
--            through more than 16 targets is refused for good: a loop. Claim at most 50 at a time.
-- Arguments: p_runner_id: as at the claim; p_lease_token: of the claim, in an earlier transaction
-- Returns:   {settled, refused, dead_lettered, sent, failed}; settled counts what was released too
-- Raises:    IU359 the lease was lost, IU301, IU302, and what ends the whole transaction
-- Writes:    as fn_iu_delivery_settle, and whatever the targets write
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_delivery_execute(p_runner_id text, p_lease_token uuid) returns jsonb
language plpgsql
volatile
set search_path from current
as $$
declare
  d record;
  v_count integer := 0;
  v_routes bigint[] := '{}';
  v_seqs bigint[] := '{}';
  v_statuses text[] := '{}';
  v_times integer[] := '{}';
  v_details text[] := '{}';
  v_codes text[] := '{}';
  v_permanent boolean[] := '{}';
  v_started timestamptz;
  v_state text;
  v_message text;
  v_result jsonb;
  v_path constant text := current_setting('search_path');
  v_role constant text := current_setting('role');
  v_judged_at timestamptz := '-infinity';
  v_state_now jsonb;
  v_deferred text;
begin
  for d in select t.*, array_agg(t.route_id) over () as route_ids, array_agg(t.route_version) over () as route_versions from fn_iu_delivery_take(p_lease_token) t order by t.event_seq, t.route_id loop
    v_started := clock_timestamp();
    v_state := null; v_message := null;
    if v_started > v_judged_at + interval '100 milliseconds' then
      v_state_now := fn_iu_delivery_state(fn_iu_setting('iu_core.deployment', null), d.route_ids, d.route_versions);
      v_judged_at := v_started;
    end if;
    if v_state_now ->> 'hold' is not null or v_state_now -> 'stopped' ? d.route_id::text then
      v_state := 'released';
    elsif d.hop >= 16 then
      v_state := 'hop_limit';
      v_message := 'the event came through 16 targets in this database already: a loop';
    elsif d.call_name is null then
      v_state := 'target_changed';
      v_message := 'the target is gone or not what was approved';
    else
      begin
        -- The target before made every constraint of the transaction immediate; this one finds them as its tables say.
        if v_count > 0 then
          v_deferred := coalesce(v_deferred, (
            select string_agg(distinct format('%I.%I', n.nspname, c.conname), ', ')
              from pg_constraint c join pg_namespace n on n.oid = c.connamespace
             where c.condeferred and has_schema_privilege(n.oid, 'usage')
               and not exists (select from pg_constraint o where o.connamespace = c.connamespace and o.conname = c.conname and not o.condeferrable)), '');
          if v_deferred <> '' then
            execute format('set constraints %s deferred', v_deferred);
          end if;
        end if;
        if d.target_kind = 'sql_function' then
          execute format('select %s($1, $2)', d.call_name) using d.event_id, d.event;
        else
          execute format('insert into %s (delivery_id, event_id, event) values ($1, $2, $3) on conflict do nothing', d.call_name)
            using d.event ->> 'delivery_id', d.event_id, d.event;
        end if;
        set constraints all immediate;
        -- What a target set stays set after it; nobody else may run under it.
        if pg_catalog.current_setting('role') operator(pg_catalog.<>) v_role then
          perform pg_catalog.set_config('role', v_role, true);
        end if;
        perform pg_catalog.set_config('search_path', v_path, true);
        perform fn_iu_delivery_hop(d.hop + 1);
      exception when query_canceled or assert_failure or others then
        get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
        v_message := case when v_state like '22%' then regexp_replace(v_message, '"[^"]*("|$)', '"..."', 'g') else v_message end;
      end;
    end if;
    v_count := v_count + 1;
    v_routes := v_routes || d.route_id;
    v_seqs := v_seqs || d.event_seq;
    v_statuses := v_statuses || case when v_state is null then 'sent' when v_state = 'released' then 'released' else 'failed' end;
    v_times := v_times || (extract(epoch from clock_timestamp() - v_started) * 1000)::integer;
    v_details := v_details || coalesce(left(v_message, 500), 'committed with its attempt');
    v_codes := v_codes || v_state;
    v_permanent := v_permanent || (coalesce(v_state, '') = 'hop_limit');
  end loop;
  if v_count = 0 then
    return jsonb_build_object('settled', 0, 'refused', 0, 'dead_lettered', 0, 'sent', 0, 'failed', 0);
  end if;
  v_result := fn_iu_delivery_settle(p_runner_id, array_fill(p_lease_token, array[v_count]), v_routes, v_seqs, v_statuses, v_times, v_details,
    v_codes, v_permanent, array_fill(null::integer, array[v_count]), array_fill(false, array[v_count]));
  -- Nothing was fenced off: the lease is locked since it was taken. If it were, no effect may stay.
  if (v_result ->> 'refused')::integer > 0 then
    raise exception using errcode = 'IU359', message = 'the lease was lost while its targets ran: nothing was kept',
      hint = 'it is claimed again when its time is over';
  end if;
  return v_result || jsonb_build_object('sent', cardinality(array_positions(v_statuses, 'sent')),
                                        'failed', cardinality(array_positions(v_statuses, 'failed')));
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_gap_acknowledge.sql
-- fn_iu_gap_acknowledge(bigint, text) returns jsonb
--
-- Contract:  a person has seen what is missing, up to and with this gap, and says what was done about it: health is red for it no
--            longer. What is reported later is red again. Nothing is repaired here.
-- Arguments: p_gap_id: the last one that was seen; p_reason: what was found and done, mandatory
-- Returns:   {gap_id, acknowledged: how many were open, open: how many still are}
-- Raises:    IU365 not open, IU366 no reason
-- Writes:    iu_log_gap_acknowledgement
-- May call:  iu_operator
create or replace function fn_iu_gap_acknowledge(p_gap_id bigint, p_reason text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_seen bigint;
  v_count bigint;
begin
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU366', message = 'a gap is acknowledged with a reason', hint = 'add --reason TEXT';
  end if;
  -- two people at once: the second finds nothing open
  lock table iu_log_gap_acknowledgement in share row exclusive mode;
  select coalesce(max(until_gap_id), 0) into v_seen from iu_log_gap_acknowledgement;
  select count(*) into v_count from iu_log_gap where gap_id > v_seen and gap_id <= p_gap_id;
  if v_count = 0 or not exists (select from iu_log_gap where gap_id = p_gap_id) then
    raise exception using errcode = 'IU365', message = format('gap %s is not open', p_gap_id), hint = 'iu gap list';
  end if;
  insert into iu_log_gap_acknowledgement (until_gap_id, acknowledged_by, reason) values (p_gap_id, session_user, p_reason);
  return jsonb_build_object('gap_id', p_gap_id::text, 'acknowledged', v_count,
    'open', (select count(*) from iu_log_gap where gap_id > p_gap_id));
end
$$;
-- <<<

-- >>> views/v_iu_log_gap.sql
-- v_iu_log_gap: what processes saw committed and what is not here any more, and who acknowledged it.
create or replace view v_iu_log_gap as
select g.gap_id, g.event_seq, g.event_id, g.has_event, r.route_code, g.attempt_no, g.process_id, g.highest_seq, g.timeline, g.claimed_timeline,
       g.reported_by, g.reported_at, a.acknowledged_by, a.acknowledged_at, a.reason
  from iu_log_gap g
  left join iu_outbound_route r on r.route_id = g.route_id
  left join lateral (
    select c.acknowledged_by, c.acknowledged_at, c.reason from iu_log_gap_acknowledgement c
     where c.until_gap_id >= g.gap_id order by c.until_gap_id limit 1) a on true;
-- <<<

-- >>> functions/delivery/fn_iu_delivery_queue.sql
-- fn_iu_delivery_queue(integer) returns table (route_id, waiting, due_at, oldest_at)
--
-- Contract:  what waits for each route, for health and a scrape: never more than so many of a route and of its lanes are read. Where
--            claims of a route begin at due_from, this begins there too, and behind the head of each lane, or the dead entries that
--            an old snapshot keeps in the indexes would all be read; what a long transaction committed before due_from is seen
--            when a claim has looked back. Nobody claims for two minutes: from the beginning.
-- Arguments: p_bound: a count stops above it
-- Returns:   a row a route: waiting, not leased (p_bound + 1 = more than p_bound); due_at: the first one that is not leased; oldest_at: when
--            the oldest of those read, tried again or being sent was queued. And a row of route 0 with the oldest_at of all that waits, by the order of events,
--            where the queue can be read from its beginning. Where it cannot, the heads of the lanes of ordered routes are read besides: the
--            oldest up to p_bound lanes of a route, whatever waits behind each. No index says it at once for more: entries in the order of
--            age die at the end where the oldest is looked for, and what an old snapshot keeps of them would all be read
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_delivery_queue(p_bound integer) returns table (route_id bigint, waiting bigint, due_at timestamptz, oldest_at timestamptz)
language sql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
  -- Ordered as their indexes are, and sorting is off: or statistics of yesterday make a count read the whole queue.
  with leased as materialized (
    select l.route_id, e.event_seq from iu_route_lease l cross join unnest(l.event_seqs) as e (event_seq)
  ), flow as materialized (
    select f.route_id, case when b.is_bounded then f.due_from end as due_from, case when b.is_bounded then f.lane_due_from end as lane_due_from
      from iu_route_flow f
     cross join lateral (select clock_timestamp() between f.looked_at and f.look_at + interval '2 minutes' as is_bounded) b
  ), bounded as materialized (
    select exists (select from flow f where f.due_from is not null) as is_any
  )
  select 0, 0, null::timestamptz, (select min(q.created_at) from (select d.created_at from iu_route_delivery d order by d.event_seq, d.route_id limit 1000) q)
   where not (select b.is_any from bounded b)
  union all
  select f.route_id, least(u.waiting + o.waiting, p_bound + 1), least(u.due_at, n.due_at), least(u.oldest_at, o.oldest_at, h.oldest_at, t.oldest_at, s.oldest_at)
    from flow f
   cross join lateral (
     select count(*) as waiting, min(q.due_at) as due_at, min(q.created_at) as oldest_at
       from (select d.due_at, d.created_at from iu_route_delivery d
              where d.route_id = f.route_id and d.lane_key is null and d.due_at >= coalesce(f.due_from, '-infinity') and d.lease_token is null
              order by d.due_at limit p_bound + 1) q) u
   cross join lateral (
     select count(*) as waiting, min(q.created_at) as oldest_at
       from ((select d.created_at from iu_route_delivery d
               where f.lane_due_from is null and d.route_id = f.route_id and d.lane_key is not null and d.lease_token is null
               order by d.lane_key limit p_bound + 1)
             union all
             (select d.created_at
                from ((select l.lane_key, l.head_seq from iu_route_lane l
                        where f.lane_due_from is not null and l.route_id = f.route_id and l.due_at >= f.lane_due_from and l.lease_token is null
                        order by l.due_at limit p_bound + 1)
                      union all
                      (select l.lane_key, l.head_seq from leased e
                         join iu_route_delivery h on h.event_seq = e.event_seq and h.route_id = e.route_id
                         join iu_route_lane l on l.route_id = h.route_id and l.lane_key = h.lane_key
                        where f.lane_due_from is not null and e.route_id = f.route_id)) l
                join iu_route_delivery d on d.route_id = f.route_id and d.lane_key = l.lane_key and d.event_seq >= l.head_seq and d.lease_token is null
               limit p_bound + 1)) q) o
   cross join lateral (
     -- those of a leased lane are younger than its head, which is being sent
     select min(d.created_at) as oldest_at
       from (select l.lane_key, l.head_seq from iu_route_lane l
              where (select b.is_any from bounded b) and l.route_id = f.route_id and l.due_at >= coalesce(f.lane_due_from, '-infinity')
                and l.lease_token is null
              order by l.due_at limit p_bound + 1) l
      cross join lateral (
        select d.created_at from iu_route_delivery d
         where d.route_id = f.route_id and d.lane_key = l.lane_key and d.event_seq >= l.head_seq order by d.event_seq limit 1) d) h
   cross join lateral (
     select (select l.due_at from iu_route_lane l
              where l.route_id = f.route_id and l.due_at >= coalesce(f.lane_due_from, '-infinity') and l.lease_token is null
              order by l.due_at limit 1) as due_at) n
   cross join lateral (
     select min(q.created_at) as oldest_at
       from (select d.created_at from iu_route_delivery d
              where d.route_id = f.route_id and d.counted_by is not null order by d.counted_by, d.due_at limit p_bound + 1) q) t
   cross join lateral (
     select min(d.created_at) as oldest_at from leased e join iu_route_delivery d on d.event_seq = e.event_seq and d.route_id = e.route_id
      where e.route_id = f.route_id) s
$$;
-- <<<

-- >>> functions/delivery/fn_iu_delivery_unopened.sql
-- fn_iu_delivery_unopened() returns table (route_id, route_code, by_all, runners, reason)
--
-- Contract:  live routes whose target a runner that beat lately (one of a timer has stopped since) could not open, because a secret or
--            a file is not there for it, or its configuration cannot work. Such a runner leaves the deliveries of the route to the
--            others. A runner that has not come upon a route yet counts as one that can, until it has claimed of it; one that something
--            holds altogether does not count.
-- Arguments: none
-- Returns:   a row a route; by_all: no runner that delivers can open it; runners: how many cannot; reason: of the one that said it last
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_delivery_unopened() returns table (route_id bigint, route_code text, by_all boolean, runners integer, reason text)
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_alive timestamptz := clock_timestamp() - make_interval(secs => fn_iu_setting_number('iu_core.health_max_silence_seconds', 120, 1, 86400));
begin
  return query
    select r.route_id, r.route_code,
           not exists (select from iu_route_worker_heartbeat o
                        where o.last_beat_at > v_alive and o.state in ('running', 'stopped') and not o.unopened_routes ? r.route_id::text),
           count(*)::integer, (array_agg(format('%s, on %s', u.value, h.host) order by h.last_beat_at desc))[1]
      from iu_route_worker_heartbeat h
     cross join lateral jsonb_each_text(h.unopened_routes) u
      join iu_outbound_route r on r.route_id = u.key::bigint
     where h.last_beat_at > v_alive and r.enabled and not r.dry_run and r.removed_at is null
     group by r.route_id;
end
$$;
-- <<<
-- >>> functions/delivery/fn_iu_delivery_health.sql
-- fn_iu_delivery_health() returns jsonb
--
-- Contract:  what is wrong with deliveries, for health (P10): the oldest one that waits is too old, something other than a closed gate
--            holds all of them, deliveries are due and nobody claims them, no runner can open the target of a live route, a route is
--            paused, the failure budget took one back to dry-run and nobody said a word since (any change of its note is one), something
--            that was committed is gone and nobody acknowledged it. Counts up to 10,000 a route, so that a long queue does not make health
--            slow, and begins where claims do (fn_iu_delivery_queue).
-- Arguments: none
-- Returns:   {waiting, oldest_seconds, hold, reasons: [{code, message, action}]}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_delivery_health() returns jsonb
language plpgsql
volatile
set search_path from current
as $$
declare
  v_allowed numeric := fn_iu_setting_number('iu_core.health_max_delivery_seconds', 3600, 1, 2592000);
  v_unclaimed interval := make_interval(secs => fn_iu_setting_number('iu_core.health_max_silence_seconds', 120, 1, 86400));
  v_hold text := fn_iu_delivery_hold(fn_iu_setting('iu_core.deployment', null));
  v_waiting bigint;
  v_age numeric;
  v_unclaimed_routes bigint[];
  v_paused text;
  v_nobody text;
  v_unopened text;
  v_unopened_routes bigint[];
  v_fallen text;
  v_gap record;
begin
  select coalesce(sum(q.waiting), 0) + (select coalesce(sum(unsettled), 0) from iu_route_lease), extract(epoch from clock_timestamp() - min(q.oldest_at)),
         array_agg(q.route_id) filter (where q.due_at < clock_timestamp() - v_unclaimed)
    into v_waiting, v_age, v_unclaimed_routes from fn_iu_delivery_queue(10000) q;
  select string_agg(format('%s (%s)', r.route_code, f.pause_reason), ', ' order by r.route_code) into v_paused
    from iu_route_flow f join iu_outbound_route r using (route_id)
   where f.paused_at is not null and r.removed_at is null and r.enabled and not r.dry_run;
  select string_agg(format('%s (%s)', u.route_code, u.reason), ', ' order by u.route_code), array_agg(u.route_id)
    into v_unopened, v_unopened_routes from fn_iu_delivery_unopened() u where u.by_all;
  select string_agg(r.route_code, ', ' order by r.route_code) into v_nobody
    from iu_route_flow f join iu_outbound_route r using (route_id)
   where r.route_id = any (v_unclaimed_routes) and (r.route_id = any (v_unopened_routes)) is not true and r.enabled and not r.dry_run and f.paused_at is null and f.breaker = 'closed' and v_hold is null
     and fn_iu_route_approval_state(r.route_id, r.version, r.approval_id) = 'valid';
  select string_agg(format('%s (%s)', r.route_code, r.note), ', ' order by r.route_code) into v_fallen
    from iu_outbound_route r
   where r.enabled and r.dry_run and exists (select from iu_route_approval a
           where a.route_id = r.route_id and a.route_version = r.version and a.revoked_by = 'iu_core' and a.revoke_reason = r.note);
  select count(*) as missing, max(g.gap_id) as last_id, min(g.reported_at) as since, min(g.event_seq) as first_seq, max(g.event_seq) as last_seq,
         count(*) filter (where not g.has_event) as events, max(g.timeline) as timeline, max(g.claimed_timeline) as claimed_timeline
    into v_gap from iu_log_gap g where g.gap_id > (select coalesce(max(until_gap_id), 0) from iu_log_gap_acknowledgement);
  return jsonb_build_object('waiting', v_waiting, 'oldest_seconds', round(v_age, 1), 'hold', v_hold, 'reasons', (
    select coalesce(jsonb_agg(jsonb_build_object('code', code, 'message', message, 'action', action)), '[]') from (values
      (v_age > v_allowed, 'delivery_too_old', format('%s deliveries wait, the oldest for %s s, %s s are allowed', v_waiting, v_age::bigint, v_allowed),
       'iu delivery list names what holds them'),
      (v_waiting > 0 and v_hold not like '%gate_closed', 'deliveries_held', format('%s deliveries are held: %s', v_waiting, v_hold),
       'iu deployment show; claim it only when this is the real one'),
      (v_nobody is not null, 'deliveries_not_claimed', format('deliveries are due and no runner claims them: %s', v_nobody),
       'start iu worker with IU_DEPLOYMENT, or look at its log'),
      (v_unopened is not null, 'target_not_opened', format('no runner can open the target, nothing is sent to it: %s', v_unopened),
       'give the secret or file to a host where iu worker runs (iu secret check --route CODE there); it tries again within a minute'),
      (v_gap.missing > 0, 'committed_work_missing', format('the log went back: %s things that processes saw committed are gone since %s, among them %s events (numbers %s to %s); this is timeline %s, claimed on timeline %s',
        v_gap.missing, v_gap.since, v_gap.events, v_gap.first_seq, v_gap.last_seq, v_gap.timeline, coalesce(v_gap.claimed_timeline::text, 'none')),
       format('iu gap list names them; more may be lost than was seen: ask producers and receivers (docs/how-to/failover.md); then iu gap acknowledge %s --reason TEXT', v_gap.last_id)),
      (v_fallen is not null, 'failure_budget_spent', format('back in dry-run, nothing more is sent: %s', v_fallen),
       'iu route show CODE; mend it and ask again (iu route request-live), or leave it so: iu route back-to-dry-run CODE --reason TEXT'),
      (v_paused is not null, 'route_paused', format('paused: %s', v_paused), 'iu route resume CODE --reason TEXT')
    ) as reason (holds, code, message, action) where holds));
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_target_try.sql
-- fn_iu_target_try(text, text, jsonb) returns jsonb
--
-- Contract:  calls a registered target in the database with a marked event and undoes everything it did: a test send. As the role
--            that calls and under its rights.
-- Arguments: p_target_kind, p_target_ref: as a route has them; p_event: the event, marked as a test
-- Returns:   {passed, code, detail}
-- Raises:    nothing
-- Writes:    nothing that stays
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_target_try(p_target_kind text, p_target_ref text, p_event jsonb) returns jsonb
language plpgsql
volatile
set search_path from current
as $$
declare
  v_name text := (select o.call_name from fn_iu_target_object(p_target_kind, p_target_ref) o);
  v_state text;
  v_message text;
begin
  if v_name is null then
    return jsonb_build_object('passed', false, 'code', 'target_unregistered', 'detail', 'iu target register allows an object as a target');
  end if;
  begin
    if p_target_kind = 'sql_function' then
      execute format('select %s($1, $2)', v_name) using (p_event ->> 'id')::uuid, p_event;
    else
      execute format('insert into %s (delivery_id, event_id, event) values ($1, $2, $3) on conflict do nothing', v_name)
        using p_event ->> 'delivery_id', (p_event ->> 'id')::uuid, p_event;
    end if;
    set constraints all immediate;
    raise exception using errcode = 'IU362', message = 'undo';
  exception when query_canceled or assert_failure or others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
  end;
  return jsonb_build_object('passed', v_state = 'IU362', 'code', nullif(v_state, 'IU362'),
    'detail', case when v_state = 'IU362' then 'called and undone' when v_state like '22%' then 'data refused' else left(v_message, 200) end);
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_schema.sql
-- fn_iu_schema() returns text
--
-- Contract:  the schema IU Core is installed in, whatever the caller's search_path is: for procedures, which cannot pin one because
--            they commit.
-- Arguments: none
-- Returns:   its name
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_schema() returns text
language sql
stable
set search_path from current
as $$
  select current_schema()::text
$$;
-- <<<

-- >>> functions/delivery/pr_iu_deliver_local.sql
-- pr_iu_deliver_local(integer, text)
--
-- Contract:  delivers to targets in the database until nothing is due or p_limit is reached: claims 50 and commits, runs them and
--            commits. For pg_cron and any SQL client, with no Node: call it outside of a transaction. The deployment is the server
--            setting iu.deployment, set in postgresql.conf, which a dump does not carry.
-- Arguments: p_limit: deliveries, 1..100000; p_schema: leave it
-- Returns:   nothing; the audit tells
-- Raises:    IU301, IU302
-- Writes:    as fn_iu_delivery_claim and fn_iu_delivery_execute
-- May call:  iu_worker, iu_operator
create or replace procedure pr_iu_deliver_local(p_limit integer default 1000, p_schema text default fn_iu_schema())
language plpgsql
as $$
-- No "set search_path from current": a procedure with one cannot commit. It runs with the caller's rights and sets the path itself.
declare
  v_path text := quote_ident(p_schema) || ', pg_temp';
  v_runner text := 'sql:' || pg_catalog.pg_backend_pid();
  v_left integer := least(greatest(p_limit, 1), 100000);
  v_token uuid;
  v_hold text;
  v_count integer;
begin
  loop
    perform pg_catalog.set_config('search_path', v_path, true);
    select c.hold, c.lease_token, pg_catalog.count(*) over () into v_hold, v_token, v_count
      from fn_iu_delivery_claim(v_runner, least(v_left, 50), 300, pg_catalog.current_setting('iu.deployment', true), true) c limit 1;
    commit;
    exit when v_token is null;
    perform pg_catalog.set_config('search_path', v_path, true);
    perform fn_iu_delivery_execute(v_runner, v_token);
    commit;
    v_left := v_left - v_count;
    exit when v_left <= 0;
  end loop;
end
$$;
-- <<<

create trigger trg_iu_lane_release after update of resolved_at on iu_route_dead_letter
  for each row when (old.resolved_at is null and new.resolved_at is not null) execute function fn_iu_lane_release();
alter table iu_route_dead_letter enable always trigger trg_iu_lane_release;
create trigger trg_iu_deployment_append_only before update or delete or truncate on iu_deployment
  for each statement execute function fn_iu_refuse_change();
alter table iu_deployment enable always trigger trg_iu_deployment_append_only;
create trigger trg_iu_log_gap_append_only before update or delete or truncate on iu_log_gap
  for each statement execute function fn_iu_refuse_change();
alter table iu_log_gap enable always trigger trg_iu_log_gap_append_only;
create trigger trg_iu_log_gap_acknowledgement_append_only before update or delete or truncate on iu_log_gap_acknowledgement
  for each statement execute function fn_iu_refuse_change();
alter table iu_log_gap_acknowledgement enable always trigger trg_iu_log_gap_acknowledgement_append_only;
create trigger trg_iu_event_edit_append_only before update or delete or truncate on iu_event_edit
  for each statement execute function fn_iu_refuse_change();
alter table iu_event_edit enable always trigger trg_iu_event_edit_append_only;
