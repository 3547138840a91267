-- 003_log: the event log, the registry of event types in front of it, and emission.

create table event_type_registry (
  event_domain     text not null check (event_domain ~ '^[A-Za-z0-9_.-]{1,80}$'),
  event_type       text not null check (event_type ~ '^[A-Za-z0-9_.-]{1,80}$'),
  event_stream     text not null check (event_stream in ('comment', 'review', 'update', 'birth', 'task', 'alert', 'health')),
  delivery_lane    text not null check (delivery_lane in ('immediate', 'delayed')),
  default_severity text,
  active           boolean not null default true,
  description      text,
  changed_by       text not null default session_user,
  created_at       timestamptz not null default clock_timestamp(),
  updated_at       timestamptz not null default clock_timestamp(),
  primary key (event_domain, event_type)
);
comment on table event_type_registry is 'Which events may be logged, with their stream and lane. Replaces a fixed list of domains: a new domain is a row.';

create table event_outbox (
  -- tx_id before seq: defaults are evaluated in order of columns, and the transaction must have its xid before it takes a seq
  tx_id                  xid8 not null default pg_current_xact_id(),
  seq                    bigint generated always as identity (cache 1) primary key,
  id                     uuid not null default gen_random_uuid() constraint event_outbox_id_key unique,
  event_domain           text not null,
  event_type             text not null,
  event_stream           text not null,
  delivery_lane          text not null,
  event_severity         text,
  event_subject_table    text not null,
  event_subject_ref      text,
  canonical_address      text not null,
  actor_ref              text not null,
  source_system          text not null,
  correlation_id         text,
  payload_classification text not null default 'safe_metadata',
  safe_payload           jsonb not null default '{}',
  occurred_at            timestamptz not null default now(),
  created_at             timestamptz not null default now()
);
comment on table event_outbox is 'The log: one row an event, written in the transaction of the change it tells about. Append-only.';
comment on column event_outbox.seq is 'Taken at insert, after tx_id; a supplied one is replaced. Order of events of one subject.';
comment on column event_outbox.tx_id is 'The transaction that wrote the row, a supplied one is replaced; the pass decides visibility with it.';
comment on column event_outbox.event_subject_ref is 'Key of the subject as text; null = about nothing in particular, unordered.';
comment on column event_outbox.canonical_address is 'Address of the subject; a null insert becomes the empty string (no address).';
comment on column event_outbox.actor_ref is 'Who did it, in the application''s words; a null insert becomes session_user.';
comment on column event_outbox.created_at is 'Start of the writing transaction: not its commit, so nothing is ever ordered by it.';
create index event_outbox_tx_idx on event_outbox (tx_id, seq);

create table iu_event_dedupe (
  dedupe_key          text primary key check (octet_length(dedupe_key) between 1 and 1024),
  event_id            uuid not null,
  event_domain        text not null,
  event_type          text not null,
  event_subject_table text not null,
  event_subject_ref   text,
  created_at          timestamptz not null default now()
);
comment on table iu_event_dedupe is 'Dedupe keys of emission and the event each stands for. No foreign key: retention may take the event and keep the key.';

create table iu_suppressed_event (
  suppressed_id       bigint generated always as identity primary key,
  event_domain        text not null,
  event_type          text not null,
  event_subject_table text not null,
  event_subject_ref   text,
  canonical_address   text not null,
  actor_ref           text not null,
  suppressed_by       text not null default session_user,
  suppressed_at       timestamptz not null default clock_timestamp()
);
comment on table iu_suppressed_event is 'One row for each event that iu_core.emission_enabled = false kept out of the log: a counter row would make producers wait for each other.';

-- >>> functions/log/fn_iu_event_type_refuse.sql
-- fn_iu_event_type_refuse(text, text) returns void
--
-- Contract:  says why an event type may not be used as it was.
-- Arguments: p_event_domain, p_event_type: what was used
-- Returns:   never
-- Raises:    IU101 not registered, IU102 disabled, IU103 used with another stream or lane
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_event_type_refuse(p_event_domain text, p_event_type text) returns void
language plpgsql
set search_path from current
as $$
declare
  v_type event_type_registry;
begin
  select * into v_type from event_type_registry where event_domain = p_event_domain and event_type = p_event_type;
  if not found then
    raise exception using errcode = 'IU101',
      message = format('event type %s/%s is not registered', left(p_event_domain, 80), left(p_event_type, 80)),
      hint = 'register it first: iu event-type add DOMAIN TYPE, or select fn_iu_event_type_add(...)';
  end if;
  if not v_type.active then
    raise exception using errcode = 'IU102', message = format('event type %s/%s is disabled', p_event_domain, p_event_type),
      hint = 'enable it again with iu event-type add DOMAIN TYPE';
  end if;
  raise exception using errcode = 'IU103',
    message = format('event type %s/%s is registered as %s/%s and was used with another stream or lane', p_event_domain, p_event_type,
                     v_type.event_stream, v_type.delivery_lane),
    hint = 'leave event_stream and delivery_lane null, the registry fills them';
end
$$;
-- <<<

-- >>> functions/log/fn_iu_forbidden_key.sql
-- fn_iu_forbidden_key(text) returns text
--
-- Contract:  finds a key that an event may not carry, at any depth, whatever its case. jsonb prints a key as `"key": ` after `{` or
--            `, `, and inside its strings a quote is always escaped: an unescaped quote is a delimiter, so the pattern finds exactly
--            the keys. Collation C folds ASCII only, the same on every server.
-- Arguments: p_payload: text of a jsonb value
-- Returns:   the first such key as written, or null
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_forbidden_key(p_payload text) returns text
language sql
immutable
set search_path from current
as $$
  select (regexp_match(p_payload collate "C",
    '[{ ]"(body|content|raw|vector|embedding|secret|token|password|ssn|personal_data)": ', 'i'))[1]
$$;
-- <<<

-- >>> functions/log/fn_iu_event_settle.sql
-- fn_iu_event_settle(event_outbox, text, boolean) returns event_outbox
--
-- Contract:  checks one row: fills what an insert left null and names what is wrong, one code a reason. A
--            message names a key or a column, never a value of the payload.
-- Arguments: p_event: the row; p_payload: its payload as text; p_known: registered, active, same stream and lane
-- Returns:   the row with id, times, actor and address filled
-- Raises:    IU101 type not registered, IU102 type disabled, IU103 stream or lane differ from the registry, IU104 payload is no
--            object, IU105 payload too large, IU106 payload too deep, IU107 forbidden key, IU108 unknown classification,
--            IU110 mandatory column is null, IU116 infinite time, IU112 descriptive column too long
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_event_settle(p_event event_outbox, p_payload text, p_known boolean) returns event_outbox
language plpgsql
set search_path from current
as $$
declare
  v_limit integer;
  v_key text;
begin
  if p_known is not true then
    perform fn_iu_event_type_refuse(p_event.event_domain, p_event.event_type);
  end if;
  if p_event.payload_classification is null or p_event.payload_classification not in ('safe_metadata', 'restricted') then
    raise exception using errcode = 'IU108', message = 'payload_classification is neither safe_metadata nor restricted';
  end if;
  if p_event.event_subject_table is null or p_event.source_system is null then
    raise exception using errcode = 'IU110',
      message = format('%s is mandatory', case when p_event.event_subject_table is null then 'event_subject_table' else 'source_system' end);
  end if;
  if p_payload is null or p_payload not like '{%' then
    raise exception using errcode = 'IU104', message = 'safe_payload is not a JSON object';
  end if;
  if octet_length(p_payload) > 4096 then
    v_limit := fn_iu_setting_number('iu_core.max_payload_bytes', 1048576, 4096, 1000000000);
    if octet_length(p_payload) > v_limit then
      raise exception using errcode = 'IU105',
        message = format('safe_payload has %s bytes, the limit is %s', octet_length(p_payload), v_limit),
        hint = 'an event is a signal: send a reference instead of the data, or raise iu_core.max_payload_bytes';
    end if;
  end if;
  if jsonb_path_exists(p_event.safe_payload, 'strict $.**{64} ? (@.type() == "object" || @.type() == "array")') then
    raise exception using errcode = 'IU106', message = 'safe_payload is nested more than 64 levels deep';
  end if;
  v_key := fn_iu_forbidden_key(p_payload);
  if v_key is not null then
    raise exception using errcode = 'IU107', message = format('safe_payload has the forbidden key %s', v_key),
      hint = 'an event carries references, never contents or secrets';
  end if;
  -- the subject is a key of the routing tables' indexes, so it has to fit into one
  if octet_length(p_event.event_subject_ref) > 1024 or octet_length(p_event.event_subject_table) > 1024
     or octet_length(p_event.canonical_address) > 2048 or octet_length(p_event.actor_ref) > 2048
     or octet_length(p_event.source_system) > 2048 or octet_length(p_event.correlation_id) > 2048
     or octet_length(p_event.event_severity) > 80 then
    raise exception using errcode = 'IU112', message = 'a descriptive column of the event is too long',
      hint = 'subject table and ref: 1024 bytes; address, actor, source and correlation: 2048; severity: 80';
  end if;
  if not isfinite(p_event.created_at) or not isfinite(p_event.occurred_at) then
    raise exception using errcode = 'IU116', message = 'created_at and occurred_at are points in time, not infinity';
  end if;
  p_event.actor_ref := coalesce(p_event.actor_ref, session_user);
  p_event.canonical_address := coalesce(p_event.canonical_address, '');
  p_event.id := coalesce(p_event.id, gen_random_uuid());
  p_event.created_at := coalesce(p_event.created_at, now());
  p_event.occurred_at := coalesce(p_event.occurred_at, now());
  return p_event;
end
$$;
-- <<<

-- >>> functions/log/fn_iu_event_recording.sql
-- fn_iu_event_recording() returns trigger
--
-- Contract:  reads the emission switch once a statement and tells the row trigger by a transaction-local setting, which this function
--            sets each time, so that nobody can switch recording off for himself. A probe records all the same: it cannot commit.
-- Arguments: none
-- Returns:   null (statement trigger)
-- Raises:    nothing
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_event_recording() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
  if exists (select from dot_config where key = 'iu_core.emission_enabled' and value = 'false') and not fn_iu_in_probe() then
    perform set_config('iu_core.recording', 'off', true);
  elsif current_setting('iu_core.recording', true) = 'off' then
    perform set_config('iu_core.recording', 'on', true);
  end if;
  return null;
end
$$;
-- <<<

-- >>> functions/log/fn_iu_event_check.sql
-- fn_iu_event_check() returns trigger
--
-- Contract:  checks all rows of a statement against the registry and the rules of payloads at once; one that breaks a rule fails the
--            statement with its code. A row trigger with the same checks cost 26 us a row, this one 4 (bare insert: 8). Forbidden
--            keys are looked for in the joined payloads of up to 4,096 rows, because a regular expression costs 1 us to start and
--            0.005 us a character; joined texts cannot make a key that none of them has, each begins with { and ends with }.
-- Arguments: none
-- Returns:   null (statement trigger)
-- Raises:    IU101..IU116 as fn_event_type_validate
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_event_check() returns trigger
language plpgsql
security definer
set search_path from current
as $$
declare
  v_row record;
begin
  perform from (
    select bool_and(plain) as plain, string_agg(payload, '') as payloads
      from (
        select n.seq, n.payload,
               coalesce(r.active and n.event_stream = r.event_stream and n.delivery_lane = r.delivery_lane
                 and n.payload_classification in ('safe_metadata', 'restricted')
                 and n.payload like '{%' and octet_length(n.payload) <= 4096
                 -- 65 nested containers take at least 130 bytes
                 and (octet_length(n.payload) < 130
                      or not jsonb_path_exists(n.safe_payload, 'strict $.**{64} ? (@.type() == "object" || @.type() == "array")'))
                 -- the shortest limit of a descriptive column, for all of them together; severity has its own
                 and octet_length(concat(n.event_subject_table, n.event_subject_ref, n.canonical_address, n.actor_ref, n.source_system,
                                         n.correlation_id)) <= 1024 and coalesce(octet_length(n.event_severity), 0) <= 80
                 and isfinite(n.created_at) and isfinite(n.occurred_at), false) as plain
          from (select a.*, a.safe_payload::text as payload from added a offset 0) n
          left join event_type_registry r on r.event_domain = n.event_domain and r.event_type = n.event_type
      ) judged
     group by seq / 4096
  ) part
  where not plain or fn_iu_forbidden_key(payloads) is not null;
  if found then
    -- one by one, to name what is wrong; a large payload within the limit passes here
    for v_row in
      select e as event, r.active and e.event_stream = r.event_stream and e.delivery_lane = r.delivery_lane as known
        from added a
        join event_outbox e on e.seq = a.seq
        left join event_type_registry r on r.event_domain = e.event_domain and r.event_type = e.event_type
    loop
      perform fn_iu_event_settle(v_row.event, (v_row.event).safe_payload::text, v_row.known);
    end loop;
  end if;
  return null;
end
$$;
-- <<<

-- >>> functions/log/fn_event_type_validate.sql
-- fn_event_type_validate() returns trigger
--
-- Contract:  the way into the log for every row that is not plain: something is null that the registry or the log can fill, tx_id or seq
--            were supplied (COPY, data move), the row comes by logical apply, or recording is switched off. Checks such a row alone
--            and sets what it may not bring: tx_id, and only after it seq. Plain rows take both from the column defaults, in that
--            order, and are checked together after the statement (fn_iu_event_check). So every row of a transaction with xid >= X has
--            a seq above whatever event_outbox_seq_seq.last_value was read before X was given out: that is the floor of the pass.
-- Arguments: none
-- Returns:   the row to write; null when recording is switched off: it becomes one row of iu_suppressed_event instead
-- Raises:    IU101 type not registered, IU102 type disabled, IU103 stream or lane differ from the registry, IU104 payload is no
--            object, IU105 payload too large, IU106 payload too deep, IU107 forbidden key, IU108 unknown classification,
--            IU110 mandatory column is null, IU112 descriptive columns too long
-- Writes:    iu_suppressed_event (only while recording is switched off)
-- May call:  nobody, it is a trigger
create or replace function fn_event_type_validate() returns trigger
language plpgsql
security definer
set search_path from current
as $$
declare
  v_supplied boolean := new.tx_id is distinct from pg_current_xact_id();
  v_known boolean;
begin
  -- the registry gives stream, lane and severity; a pair that it does not know leaves everything null, and is named below
  select r.active and coalesce(new.event_stream = r.event_stream, true) and coalesce(new.delivery_lane = r.delivery_lane, true),
         coalesce(new.event_stream, r.event_stream), coalesce(new.delivery_lane, r.delivery_lane), coalesce(new.event_severity, r.default_severity)
    into v_known, new.event_stream, new.delivery_lane, new.event_severity
    from event_type_registry r
   where r.event_domain = new.event_domain and r.event_type = new.event_type;
  new := fn_iu_event_settle(new, new.safe_payload::text, v_known);
  if current_setting('iu_core.recording', true) = 'off' then
    insert into iu_suppressed_event (event_domain, event_type, event_subject_table, event_subject_ref, canonical_address, actor_ref)
    values (new.event_domain, new.event_type, new.event_subject_table, new.event_subject_ref, new.canonical_address, new.actor_ref);
    return null;
  end if;
  -- a supplied tx_id can mean that seq was taken before the transaction had its xid
  if v_supplied then
    new.tx_id := pg_current_xact_id();
    new.seq := nextval('event_outbox_seq_seq');
  elsif new.seq is distinct from currval('event_outbox_seq_seq') then
    new.seq := nextval('event_outbox_seq_seq');
  end if;
  return new;
end
$$;
-- <<<

-- >>> functions/log/fn_event_outbox_append_only.sql
-- fn_event_outbox_append_only() returns trigger
--
-- Contract:  what was logged stays as it was. Only the prune deletes and only a redaction updates, as in fn_iu_refuse_change. Invoker
--            on purpose: current_user is then the one who really writes, and iu_owner is nobody's login.
-- Arguments: none
-- Returns:   null (statement trigger), for the prune and the redaction
-- Raises:    IU109 update, delete or truncate of the log
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_event_outbox_append_only() returns trigger
language plpgsql
set search_path from current
as $$
begin
  if tg_table_name = 'event_outbox' and current_user = 'iu_owner' and current_setting('iu_core.governed', true) =
       (case tg_op when 'DELETE' then 'prune ' when 'UPDATE' then 'redact ' end) || pg_current_xact_id_if_assigned()::text then
    return null;
  end if;
  raise exception using errcode = 'IU109',
    message = format('%s is append-only: %s refused', tg_table_name, lower(tg_op)),
    hint = 'a correction is a new event; old events leave through governed retention only';
end
$$;
-- <<<

-- >>> functions/log/fn_iu_emit.sql
-- fn_iu_emit(text, text, text, text, jsonb, ...) returns table (event_id uuid, event_seq bigint, is_new boolean, suppressed boolean)
--
-- Contract:  writes one event into the log, in the caller's transaction: it exists exactly when that commits. Call it after the
--            write that locks the subject; then events of one subject are decided in the order of the changes. With a dedupe key
--            the first call writes and later ones, also concurrent ones, get the first event with is_new = false.
-- Arguments: p_event_domain, p_event_type: a pair of event_type_registry, which also gives stream, lane and default severity;
--            p_subject_table, p_subject_ref: what the event is about; p_safe_payload: object, references only; p_actor_ref: who,
--            null = session_user; p_payload_classification: safe_metadata | restricted; p_occurred_at: null = now();
--            p_dedupe_key: null = every call is an event
-- Returns:   one row; suppressed = true (and nulls) while iu_core.emission_enabled is 'false'; event_seq is null for a known key
--            whose event retention has taken
-- Raises:    IU101..IU112 as fn_event_type_validate, IU111 the dedupe key belongs to an event of another type or subject,
--            IU117 the dedupe key is empty or too long
-- Writes:    event_outbox, iu_event_dedupe, iu_suppressed_event
-- May call:  iu_emitter, iu_worker, iu_operator
create or replace function fn_iu_emit(
  p_event_domain text,
  p_event_type text,
  p_subject_table text,
  p_subject_ref text,
  p_safe_payload jsonb default '{}',
  p_canonical_address text default null,
  p_actor_ref text default null,
  p_correlation_id text default null,
  p_source_system text default 'iu_core',
  p_severity text default null,
  p_payload_classification text default 'safe_metadata',
  p_occurred_at timestamptz default null,
  p_dedupe_key text default null,
  out event_id uuid, out event_seq bigint, out is_new boolean, out suppressed boolean
) returns setof record
language plpgsql
security definer
set search_path from current
as $$
declare
  v_known iu_event_dedupe;
  v_type event_type_registry;
begin
  event_id := gen_random_uuid();
  if p_dedupe_key is not null then
    if octet_length(p_dedupe_key) not between 1 and 1024 then
      raise exception using errcode = 'IU117', message = format('a dedupe key has 1 to 1,024 bytes, this one %s', octet_length(p_dedupe_key));
    end if;
    -- waits for a concurrent writer of the key: when that one commits the key is known, when it aborts the key is ours
    insert into iu_event_dedupe (dedupe_key, event_id, event_domain, event_type, event_subject_table, event_subject_ref)
    values (p_dedupe_key, event_id, p_event_domain, p_event_type, p_subject_table, p_subject_ref)
    on conflict (dedupe_key) do nothing;
    if not found then
      select * into strict v_known from iu_event_dedupe d where d.dedupe_key = p_dedupe_key;
      if (v_known.event_domain, v_known.event_type, v_known.event_subject_table, v_known.event_subject_ref)
         is distinct from (p_event_domain, p_event_type, p_subject_table, p_subject_ref) then
        raise exception using errcode = 'IU111',
          message = format('the dedupe key belongs to an event %s/%s of another type or subject', v_known.event_domain, v_known.event_type),
          hint = 'put type and subject into the key';
      end if;
      event_id := v_known.event_id;
      event_seq := (select o.seq from event_outbox o where o.id = v_known.event_id);
      is_new := false;
      suppressed := false;
      return next;
      return;
    end if;
  end if;
  select * into v_type from event_type_registry r where r.event_domain = p_event_domain and r.event_type = p_event_type;
  insert into event_outbox (id, event_domain, event_type, event_stream, delivery_lane, event_subject_table, event_subject_ref,
                            canonical_address, actor_ref, source_system, correlation_id, event_severity, payload_classification,
                            safe_payload, occurred_at)
  values (event_id, p_event_domain, p_event_type, v_type.event_stream, v_type.delivery_lane, p_subject_table, p_subject_ref,
          coalesce(p_canonical_address, ''), coalesce(p_actor_ref, session_user), p_source_system, p_correlation_id,
          coalesce(p_severity, v_type.default_severity), p_payload_classification, p_safe_payload, coalesce(p_occurred_at, now()))
  returning seq into event_seq;
  is_new := found;
  suppressed := not found;
  if suppressed then
    event_id := null;
    -- the key must not promise an event that was never written
    delete from iu_event_dedupe d where d.dedupe_key = p_dedupe_key;
  end if;
  return next;
end
$$;
-- <<<

-- >>> functions/log/fn_iu_emit_event.sql
-- fn_iu_emit_event(text, text, uuid, text, jsonb) returns uuid
--
-- Contract:  the short form of fn_iu_emit for events about information units: domain iu, source iu_core, subject a unit.
-- Arguments: p_event_type: registered for domain iu; p_canonical_address, p_subject_ref: address and id of the unit;
--            p_actor_ref: who; p_safe_payload: object, references only
-- Returns:   the event's id; null only while iu_core.emission_enabled is 'false' (counted in iu_suppressed_event)
-- Raises:    as fn_iu_emit
-- Writes:    event_outbox, iu_suppressed_event
-- May call:  iu_emitter, iu_worker, iu_operator
create or replace function fn_iu_emit_event(
  p_event_type text,
  p_canonical_address text,
  p_subject_ref uuid,
  p_actor_ref text,
  p_safe_payload jsonb
) returns uuid
language sql
volatile
security definer
set search_path from current
as $$
  select e.event_id
    from fn_iu_emit('iu', p_event_type, 'information_unit', p_subject_ref::text, p_safe_payload,
                    p_canonical_address => p_canonical_address, p_actor_ref => p_actor_ref) e
$$;
-- <<<

-- >>> functions/log/fn_iu_event_type_add.sql
-- fn_iu_event_type_add(text, text, text, text, text, text) returns jsonb
--
-- Contract:  registers an event type, or enables a disabled one. Stream and lane of a known type never change: events already
--            logged carry them.
-- Arguments: p_event_domain, p_event_type: letters, digits, dot, dash, underscore; p_event_stream: comment | review | update |
--            birth | task | alert | health; p_delivery_lane: immediate | delayed; p_default_severity: used when an event has none;
--            p_description: for people
-- Returns:   {event_domain, event_type, event_stream, delivery_lane, status: added | enabled | unchanged}
-- Raises:    IU113 malformed domain, type, stream or lane, IU103 the type exists with another stream or lane
-- Writes:    event_type_registry
-- May call:  iu_operator
create or replace function fn_iu_event_type_add(
  p_event_domain text,
  p_event_type text,
  p_event_stream text default 'update',
  p_delivery_lane text default 'immediate',
  p_default_severity text default null,
  p_description text default null
) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_row event_type_registry;
  v_status text := 'added';
begin
  if p_event_domain is null or p_event_domain !~ '^[A-Za-z0-9_.-]{1,80}$' or p_event_type is null or p_event_type !~ '^[A-Za-z0-9_.-]{1,80}$'
     or p_event_stream is null or p_event_stream not in ('comment', 'review', 'update', 'birth', 'task', 'alert', 'health')
     or p_delivery_lane is null or p_delivery_lane not in ('immediate', 'delayed') then
    raise exception using errcode = 'IU113',
      message = 'domain and type are 1 to 80 letters, digits, dots, dashes or underscores; stream and lane come from their lists',
      hint = 'streams: comment, review, update, birth, task, alert, health; lanes: immediate, delayed';
  end if;
  insert into event_type_registry (event_domain, event_type, event_stream, delivery_lane, default_severity, description)
  values (p_event_domain, p_event_type, p_event_stream, p_delivery_lane, p_default_severity, p_description)
  on conflict (event_domain, event_type) do nothing;
  if not found then
    select * into strict v_row from event_type_registry where event_domain = p_event_domain and event_type = p_event_type for update;
    if v_row.event_stream <> p_event_stream or v_row.delivery_lane <> p_delivery_lane then
      raise exception using errcode = 'IU103',
        message = format('event type %s/%s exists as %s/%s', p_event_domain, p_event_type, v_row.event_stream, v_row.delivery_lane),
        hint = 'use another type name, or the registered stream and lane';
    end if;
    v_status := case when v_row.active then 'unchanged' else 'enabled' end;
    update event_type_registry
       set active = true, default_severity = coalesce(p_default_severity, default_severity),
           description = coalesce(p_description, description), changed_by = session_user, updated_at = clock_timestamp()
     where event_domain = p_event_domain and event_type = p_event_type
       and (not active or p_default_severity is distinct from default_severity or p_description is distinct from description);
  end if;
  return jsonb_build_object('event_domain', p_event_domain, 'event_type', p_event_type, 'event_stream', p_event_stream,
                            'delivery_lane', p_delivery_lane, 'status', v_status);
end
$$;
-- <<<

-- >>> functions/log/fn_iu_event_type_disable.sql
-- fn_iu_event_type_disable(text, text) returns jsonb
--
-- Contract:  from the commit on, events of this type are refused with IU102. What is logged stays and is routed.
-- Arguments: p_event_domain, p_event_type: the registered pair
-- Returns:   {event_domain, event_type, status: disabled | unchanged}
-- Raises:    IU101 not registered
-- Writes:    event_type_registry
-- May call:  iu_operator
create or replace function fn_iu_event_type_disable(p_event_domain text, p_event_type text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_active boolean;
begin
  select active into v_active from event_type_registry
   where event_domain = p_event_domain and event_type = p_event_type for update;
  if v_active is null then
    raise exception using errcode = 'IU101',
      message = format('event type %s/%s is not registered', left(p_event_domain, 80), left(p_event_type, 80)),
      hint = 'iu event-type list shows the registered types';
  end if;
  update event_type_registry set active = false, changed_by = session_user, updated_at = clock_timestamp()
   where event_domain = p_event_domain and event_type = p_event_type and active;
  return jsonb_build_object('event_domain', p_event_domain, 'event_type', p_event_type,
                            'status', case when v_active then 'disabled' else 'unchanged' end);
end
$$;
-- <<<

-- >>> functions/log/fn_iu_wakeup.sql
-- fn_iu_wakeup() returns trigger
--
-- Contract:  rings the worker's bell once per statement, whatever the number of events. A bell, never the event: the payload is empty.
-- Arguments: none
-- Returns:   null (statement trigger)
-- Raises:    nothing
-- Writes:    nothing (NOTIFY iu_event_outbox)
-- May call:  nobody, it is a trigger
create or replace function fn_iu_wakeup() returns trigger
language plpgsql
set search_path from current
as $$
begin
  perform pg_notify('iu_event_outbox', '');
  return null;
end
$$;
-- <<<

-- >>> functions/log/fn_iu_wakeup_enable.sql
-- fn_iu_wakeup_enable(boolean) returns boolean
--
-- Contract:  attaches or detaches the wake-up trigger of the log. Off by default: NOTIFY in every producer transaction cost 33 to 76 %
--            of its throughput, and the worker polls every few milliseconds under load anyway. Takes a short exclusive lock on
--            event_outbox; set lock_timeout before it on a busy server.
-- Arguments: p_enabled: true attaches, false detaches
-- Returns:   true when something changed
-- Raises:    nothing
-- Writes:    nothing (DDL on event_outbox)
-- May call:  iu_operator
create or replace function fn_iu_wakeup_enable(p_enabled boolean) returns boolean
language plpgsql
security definer
set search_path from current
as $$
declare
  v_attached boolean := exists (select from pg_trigger where tgrelid = 'event_outbox'::regclass and tgname = 'trg_iu_wakeup');
begin
  if p_enabled is null or p_enabled = v_attached then
    return false;
  end if;
  if p_enabled then
    create trigger trg_iu_wakeup after insert on event_outbox for each statement execute function fn_iu_wakeup();
  else
    drop trigger trg_iu_wakeup on event_outbox;
  end if;
  return true;
end
$$;
-- <<<

-- >>> views/v_iu_suppressed_event.sql
-- v_iu_suppressed_event: how many events the switch iu_core.emission_enabled = 'false' kept out of the log, by type.
create or replace view v_iu_suppressed_event as
select event_domain,
       event_type,
       count(*) as suppressed,
       min(suppressed_at) as first_suppressed_at,
       max(suppressed_at) as last_suppressed_at
  from iu_suppressed_event
 group by event_domain, event_type;
-- <<<

create trigger trg_event_outbox_recording before insert on event_outbox
  for each statement execute function fn_iu_event_recording();
alter table event_outbox enable always trigger trg_event_outbox_recording;
-- Only rows that are not plain; plpgsql for every row would cost three times the insert itself.
create trigger trg_event_outbox_type_validate before insert on event_outbox
  for each row when (
    new.tx_id is distinct from pg_current_xact_id() or new.seq is distinct from currval('event_outbox_seq_seq')
    or new.event_domain is null or new.event_type is null or new.event_stream is null or new.delivery_lane is null
    or new.event_subject_table is null or new.canonical_address is null or new.actor_ref is null or new.source_system is null
    or new.payload_classification is null or new.safe_payload is null
    or new.id is null or new.created_at is null or new.occurred_at is null
    or current_setting('iu_core.recording', true) = 'off' or current_setting('session_replication_role') = 'replica')
  execute function fn_event_type_validate();
alter table event_outbox enable always trigger trg_event_outbox_type_validate;
create trigger trg_event_outbox_check after insert on event_outbox
  referencing new table as added
  for each statement execute function fn_iu_event_check();
alter table event_outbox enable always trigger trg_event_outbox_check;
create trigger trg_event_outbox_append_only before update or delete or truncate on event_outbox
  for each statement execute function fn_event_outbox_append_only();
alter table event_outbox enable always trigger trg_event_outbox_append_only;
create trigger trg_iu_suppressed_event_append_only before update or delete or truncate on iu_suppressed_event
  for each statement execute function fn_event_outbox_append_only();
alter table iu_suppressed_event enable always trigger trg_iu_suppressed_event_append_only;

insert into event_type_registry (event_domain, event_type, event_stream, delivery_lane, description) values
  ('iu', 'unit_created', 'birth', 'delayed', 'a unit and its first version were born'),
  ('iu', 'version_applied', 'update', 'immediate', 'a unit got a new version'),
  ('iu', 'version_enacted', 'update', 'immediate', 'a version was enacted'),
  ('iu', 'unit_deprecated', 'update', 'immediate', 'a unit was deprecated'),
  ('iu', 'structure_op_applied', 'update', 'immediate', 'a unit moved to another parent'),
  ('iu', 'structure_child_added', 'update', 'immediate', 'a piece was added'),
  ('iu', 'structure_piece_split', 'update', 'immediate', 'a piece was split'),
  ('iu', 'structure_pieces_merged', 'update', 'immediate', 'pieces were merged'),
  ('iu', 'structure_piece_deprecated', 'update', 'immediate', 'a piece was deprecated by an operation'),
  ('iu', 'structure_piece_replaced', 'update', 'immediate', 'a piece was replaced'),
  ('iu', 'structure_piece_renumbered', 'update', 'immediate', 'a piece was renumbered'),
  ('iu', 'structure_op_rolled_back', 'update', 'immediate', 'a structure operation was rolled back')
on conflict (event_domain, event_type) do nothing;
