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

-- >>> functions/log/fn_iu_forbidden_key_pattern.sql
-- fn_iu_forbidden_key_pattern() returns text
--
-- Contract:  a regular expression, whatever the case, for a key that an event may not carry, at any depth. jsonb prints a key as
--            `"key": ` after `{` or `, `, and inside its strings a quote is always escaped: an unescaped quote is a delimiter, so the
--            pattern finds exactly the keys. To be used with collation C, which folds ASCII only, the same on every server.
-- Arguments: none
-- Returns:   the pattern; a constant for the planner
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_forbidden_key_pattern() returns text
language sql
immutable
set search_path from current
as $$
  select '[{ ]"(body|content|raw|vector|embedding|secret|token|password|ssn|personal_data)": '
$$;
-- <<<

-- >>> functions/log/fn_iu_forbidden_key.sql
-- fn_iu_forbidden_key(text) returns text
--
-- Contract:  finds a key that an event may not carry, at any depth, whatever its case (fn_iu_forbidden_key_pattern).
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
  select (regexp_match(p_payload collate "C", fn_iu_forbidden_key_pattern(), 'i'))[1]
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
--            keys are looked for in the joined payloads of up to 4,096 rows: a regular expression costs 1 us to start and 0.005 us a
--            character, and row by row a statement of 100 rows took a tenth longer. Joined texts cannot make a key that none of them has,
--            each begins with { and ends with }. The pattern is a constant here, not a call of fn_iu_forbidden_key, an SQL function that
--            each statement would plan anew: a third of what a statement of one row paid for its triggers.
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
                 and jsonb_typeof(n.safe_payload) = 'object' and octet_length(n.payload) <= 4096
                 -- 65 nested containers take at least 130 bytes
                 and (octet_length(n.payload) < 130
                      or not jsonb_path_exists(n.safe_payload, 'strict $.**{64} ? (@.type() == "object" || @.type() == "array")'))
                 -- the shortest limit of a descriptive column, for all of them together; severity has its own
                 and octet_length(n.event_subject_table) + octet_length(n.canonical_address) + octet_length(n.actor_ref)
                   + octet_length(n.source_system) + coalesce(octet_length(n.event_subject_ref), 0)
                   + coalesce(octet_length(n.correlation_id), 0) <= 1024 and coalesce(octet_length(n.event_severity), 0) <= 80
                 and isfinite(n.created_at) and isfinite(n.occurred_at), false) as plain
          from (select a.*, a.safe_payload::text as payload from added a offset 0) n
          left join event_type_registry r on r.event_domain = n.event_domain and r.event_type = n.event_type
      ) judged
     group by seq / 4096
  ) part
  where not plain or payloads collate "C" ~* fn_iu_forbidden_key_pattern();
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
--            IU110 mandatory column is null, IU112 descriptive columns too long, IU118 tx_id or seq supplied to a partitioned log
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
  -- in a partition: its row was sent there by its seq, and another seq can belong elsewhere
  if tg_table_name <> 'event_outbox' and (v_supplied or new.seq is distinct from currval('event_outbox_seq_seq')) then
    raise exception using errcode = 'IU118', message = 'tx_id and seq of an event are given by the log, and in a partitioned log they cannot be replaced',
      hint = 'leave both columns out: of INSERT, of COPY and of a data move; and emit in a statement of its own what a value of this insert emits';
  end if;
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
    message = format('%s is append-only: %s refused', tg_table_name, lower(tg_op collate "C")),
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
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
  return (select e.event_id
            from fn_iu_emit('iu', p_event_type, 'information_unit', p_subject_ref::text, p_safe_payload,
                            p_canonical_address => p_canonical_address, p_actor_ref => p_actor_ref) e);
end
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

-- The log can be one table or, for large logs, partitions by seq: docs/explanation/retention.md. Here it is one table.
create table iu_log_partition (
  partition_no   integer generated always as identity primary key,
  partition_name text not null generated always as ('event_outbox_p' || partition_no::text) stored unique,
  from_seq       bigint,
  to_seq         bigint not null,
  made_by        text not null default session_user,
  made_at        timestamptz not null default clock_timestamp(),
  gone_by        text,
  gone_at        timestamptz,
  gone_reason    text,
  check (from_seq < to_seq),
  check ((gone_at is null) = (gone_by is null))
);
create unique index iu_log_partition_to_key on iu_log_partition (to_seq) where gone_at is null;
comment on table iu_log_partition is 'Partitions of the log: which were made, with which numbers, and which are gone and why. None while the log is one table.';
comment on column iu_log_partition.from_seq is 'Its first number; null: the first partition, which was the whole log.';
comment on column iu_log_partition.to_seq is 'The first number after it.';

-- >>> functions/partitions/fn_iu_log_partition_attached.sql
-- fn_iu_log_partition_attached() returns table (partition_name, partition_oid, from_seq, to_seq)
--
-- Contract:  the partitions that the log has now, whatever the books say: somebody with the right to can drop or detach one by hand.
-- Arguments: none
-- Returns:   one row a partition in the order of numbers; from_seq null: from the beginning. A DEFAULT partition is not one of them
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_log_partition_attached() returns table (partition_name text, partition_oid oid, from_seq bigint, to_seq bigint)
language sql
volatile
set search_path from current
as $$
  select c.relname::text, c.oid, b.bound[1]::bigint, b.bound[2]::bigint
    from pg_inherits h join pg_class c on c.oid = h.inhrelid
   cross join lateral (select regexp_match(pg_get_expr(c.relpartbound, c.oid), E'FROM \\((?:MINVALUE|''?(\\d+)''?)\\) TO \\(''?(\\d+)''?\\)') as bound) b
   where h.inhparent = 'event_outbox'::regclass and not h.inhdetachpending and b.bound is not null
   order by 4
$$;
-- <<<

-- >>> functions/partitions/fn_iu_log_partition_missing.sql
-- fn_iu_log_partition_missing() returns integer
--
-- Contract:  books as gone the partitions whose table somebody dropped by hand, so that their numbers can have a place again. One that was
--            only detached stays in the books: it may hold events, and nothing is made in its place.
-- Arguments: none
-- Returns:   partitions booked
-- Raises:    nothing
-- Writes:    iu_log_partition
-- May call:  internal
create or replace function fn_iu_log_partition_missing() returns integer
language plpgsql
volatile
set search_path from current
as $$
declare
  v_booked integer;
begin
  update iu_log_partition set gone_at = clock_timestamp(), gone_by = session_user, gone_reason = 'found missing'
   where gone_at is null and to_regclass(quote_ident(partition_name)) is null;
  get diagnostics v_booked = row_count;
  return v_booked;
end
$$;
-- <<<

-- >>> functions/partitions/fn_iu_log_partition_hold.sql
-- fn_iu_log_partition_hold(text) returns void
--
-- Contract:  how every change of the form of the log begins: with a reason, keeping everybody else from changing the log until the
--            transaction ends, and holding up no writer. Waits longer than the locks that do hold writers: the server calls autovacuum off
--            only for who has waited for deadlock_timeout, a second unless told otherwise.
-- Arguments: p_reason: mandatory
-- Returns:   nothing
-- Raises:    IU872 reason missing, IU301, IU302; 55P03 when somebody else is at it for three seconds
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_log_partition_hold(p_reason text) returns void
language plpgsql
volatile
set search_path from current
set lock_timeout = '3s'
as $$
begin
  perform fn_iu_require_read_committed();
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU872', message = 'the form of the log is changed for a reason', hint = 'add --reason TEXT';
  end if;
  lock table event_outbox in share update exclusive mode;
end
$$;
-- <<<

-- >>> functions/partitions/fn_iu_log_partition_state.sql
-- fn_iu_log_partition_state() returns record
--
-- Contract:  where the log stands: one table or partitions, how many numbers are left until the last partition ends, and how many should
--            be; from what is attached, not from the books. A conversion that began and did not end leaves a bound on the plain log; it is told as end_seq too.
-- Arguments: none
-- Returns:   form plain|unfinished|partitioned; partitions; events: numbers in a partition; wanted: numbers that should be left after a look;
--            last_seq: the last number given out; end_seq: the first number after it without a place, null = no end; numbers_left
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_log_partition_state(out form text, out partitions integer, out events bigint, out wanted bigint, out last_seq bigint,
  out end_seq bigint, out numbers_left bigint)
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
  events := fn_iu_setting_number('iu_core.log_partition_events', 10000000, 100, 100000000000);
  wanted := events * fn_iu_setting_number('iu_core.log_partitions_ahead', 4, 2, 100);
  select s.last_value - (not s.is_called)::integer into last_seq from event_outbox_seq_seq s;
  if (select c.relkind from pg_class c where c.oid = 'event_outbox'::regclass) = 'p' then
    form := 'partitioned';
    with recursive attached as materialized (
      select a.from_seq, a.to_seq from fn_iu_log_partition_attached() a
    ), place (next_seq) as (
      select last_seq + 1
      union all
      select a.to_seq from place p join attached a on p.next_seq >= coalesce(a.from_seq, p.next_seq) and p.next_seq < a.to_seq
    )
    select (select count(*) from attached), max(p.next_seq) into partitions, end_seq from place p;
  else
    partitions := 0;
    select (regexp_match(pg_get_constraintdef(k.oid), E'< ''?(\\d+)'))[1]::bigint into end_seq
      from pg_constraint k where k.conrelid = 'event_outbox'::regclass and k.conname = 'iu_log_first_partition_chk';
    form := case when found then 'unfinished' else 'plain' end;
  end if;
  numbers_left := end_seq - last_seq - 1;
end
$$;
-- <<<

-- >>> functions/partitions/fn_iu_log_partition_direct.sql
-- fn_iu_log_partition_direct() returns trigger
--
-- Contract:  refuses every statement that names a partition of the log. What comes through event_outbox does not fire it, except TRUNCATE,
--            which event_outbox refuses before.
-- Arguments: none
-- Returns:   never
-- Raises:    IU119
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_log_partition_direct() returns trigger
language plpgsql
set search_path from current
as $$
begin
  raise exception using errcode = 'IU119',
    message = format('%s is a partition of the log: %s refused', tg_table_name, lower(tg_op collate "C")),
    hint = 'insert into event_outbox; what was logged stays as it was';
end
$$;
-- <<<

-- >>> functions/partitions/fn_iu_log_partition_guard.sql
-- fn_iu_log_partition_guard(text) returns void
--
-- Contract:  closes a partition to everybody who does not come through event_outbox: no rights, and a trigger that refuses every statement
--            that names it. Statement triggers of event_outbox do not fire for a partition that is named, so it needs one of its own.
-- Arguments: p_partition: its name
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    nothing (DDL on the partition)
-- May call:  internal
create or replace function fn_iu_log_partition_guard(p_partition text) returns void
language plpgsql
volatile
set search_path from current
as $$
declare
  v_role text;
begin
  for v_role in
    select distinct case a.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end
      from pg_class c
      cross join lateral (select c.relacl as acl union all select t.attacl from pg_attribute t where t.attrelid = c.oid) o
      cross join aclexplode(o.acl) a where c.oid = quote_ident(p_partition)::regclass and a.grantee <> c.relowner
  loop
    -- rights on columns go with those on the table, and what somebody granted on with what was granted
    execute format('revoke all on table %I from %s cascade', p_partition, v_role);
  end loop;
  execute format('create trigger trg_iu_log_partition_direct before insert or update or delete or truncate on %I
    for each statement execute function fn_iu_log_partition_direct()', p_partition);
  execute format('alter table %I enable always trigger trg_iu_log_partition_direct', p_partition);
end
$$;
-- <<<

-- >>> functions/partitions/fn_iu_log_partition_make.sql
-- fn_iu_log_partition_make(bigint, bigint) returns text
--
-- Contract:  makes an empty partition and attaches it. It is built beside the log and attached under SHARE UPDATE EXCLUSIVE, so that no
--            writer and no pass waits; CREATE TABLE ... PARTITION OF would lock them all out. Keys by event_outbox come with it; that id is
--            unique can only be said a partition.
-- Arguments: p_from_seq: its first number; p_to_seq: the first number after it
-- Returns:   its name
-- Raises:    55P03 when somebody else changes the log at this moment
-- Writes:    iu_log_partition (DDL on event_outbox)
-- May call:  internal
create or replace function fn_iu_log_partition_make(p_from_seq bigint, p_to_seq bigint) returns text
language plpgsql
volatile
set search_path from current
set default_tablespace = ''
as $$
declare
  v_name text;
  v_newest record;
begin
  -- Settings of storage and autovacuum, and the tablespace, stand on partitions only: a new one goes on with those of the newest. Without the
  -- right to make tables there it lies in that of the database, because a log without room would be worse.
  select array_to_string(c.reloptions, ', ') as options,
         (select t.spcname from pg_tablespace t where t.oid = c.reltablespace and has_tablespace_privilege(t.oid, 'create')) as place,
         (select t.spcname from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attname = 'id' and i.indkey::text = a.attnum::text
            join pg_class k on k.oid = i.indexrelid join pg_tablespace t on t.oid = k.reltablespace
           where i.indrelid = c.oid and i.indisunique and has_tablespace_privilege(t.oid, 'create') limit 1) as key_place
    into v_newest from iu_log_partition p join pg_class c on c.oid = to_regclass(quote_ident(p.partition_name))
   where p.gone_at is null order by p.to_seq desc limit 1;
  insert into iu_log_partition (from_seq, to_seq) values (p_from_seq, p_to_seq) returning partition_name into v_name;
  execute format('create table %I (like event_outbox including defaults including constraints including storage including compression including comments,
    constraint %I unique (id)%s)%s%s', v_name, v_name || '_id_key', ' using index tablespace ' || quote_ident(v_newest.key_place),
    ' with (' || v_newest.options || ')', ' tablespace ' || quote_ident(v_newest.place));
  perform fn_iu_log_partition_guard(v_name);
  execute format('alter table event_outbox attach partition %I for values from (%s) to (%s)', v_name, p_from_seq, p_to_seq);
  return v_name;
end
$$;
-- <<<

-- >>> functions/partitions/fn_iu_log_partition_ahead.sql
-- fn_iu_log_partition_ahead(boolean) returns integer
--
-- Contract:  makes partitions until as many numbers are left as should be. A pass asks it each time, so that whoever decides events also
--            makes room for them, with Node and without; when enough are left it only looks. Never part of an emission: a writer that had
--            to make its own place would wait for every other one. A jump of the sequence gets one partition, however long;
--            what is missing between partitions is filled.
-- Arguments: p_quiet: a failure is a warning, because a pass may not stop for it; health says how much room is left
-- Returns:   partitions made
-- Raises:    IU876 a detached partition is in the way, 55P03 when the log is being changed; neither when p_quiet
-- Writes:    iu_log_partition (DDL on event_outbox)
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_log_partition_ahead(p_quiet boolean default false) returns integer
language plpgsql
volatile
security definer
set search_path from current
set lock_timeout = '300ms'
as $$
declare
  s record;
  v_from bigint;
  v_end bigint;
  v_detached text;
  v_made integer := 0;
begin
  if (select c.relkind from pg_class c where c.oid = 'event_outbox'::regclass) <> 'p' then
    return 0;
  end if;
  select * into s from fn_iu_log_partition_state();
  if s.numbers_left >= s.wanted or fn_iu_in_probe()
     or not pg_try_advisory_xact_lock(hashtextextended('iu_core log partition ' || current_schema(), 0)) then
    return 0;
  end if;
  begin
    -- again, now that nobody else makes one
    perform fn_iu_log_partition_missing();
    select * into s from fn_iu_log_partition_state();
    while s.numbers_left < s.wanted loop
      select coalesce(max(a.to_seq) filter (where a.to_seq <= s.end_seq), s.end_seq),
             least(greatest(s.end_seq, s.last_seq) + s.events, min(a.from_seq) filter (where a.from_seq > s.end_seq))
        into v_from, v_end from fn_iu_log_partition_attached() a;
      select string_agg(p.partition_name, ', ') into v_detached from iu_log_partition p
       where p.gone_at is null and p.to_seq > v_from and coalesce(p.from_seq < v_end, true)
         and p.partition_name not in (select a.partition_name from fn_iu_log_partition_attached() a);
      if v_detached is not null then
        raise exception using errcode = 'IU876', message = format('no partition can be made from %s on, where %s belongs, which is not attached', v_from, v_detached),
          hint = 'attach it again with the bounds that iu_log_partition has, or drop it if its events may be lost';
      end if;
      perform fn_iu_log_partition_make(v_from, v_end);
      v_made := v_made + 1;
      select * into s from fn_iu_log_partition_state();
    end loop;
  exception when others then
    if not p_quiet then
      raise;
    end if;
    raise warning 'no partition of the log was made: %', sqlerrm;
    return 0;
  end;
  return v_made;
end
$$;
-- <<<

-- >>> functions/partitions/fn_iu_log_partition_unseen.sql
-- fn_iu_log_partition_unseen() returns text
--
-- Contract:  what keeps every empty partition of the log from going, whatever else there is: before it takes one off, the server looks for rows that refer
--            to it, as the owner of the log. Tables with foreign keys on the log into which that role may not look, and the statement that mends it.
-- Arguments: none
-- Returns:   a sentence; null = nothing
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_log_partition_unseen() returns text
language sql
stable
set search_path from current
as $$
  with unseen as (
    select distinct c.oid, format('%I.%I', n.nspname, c.relname) as name, n.nspname, has_schema_privilege(l.relowner, n.oid, 'usage') as may_enter,
           has_table_privilege(l.relowner, c.oid, 'select') as may_look, pg_get_userbyid(l.relowner) as owner
      from pg_class l join pg_constraint k on k.confrelid = l.oid and k.contype = 'f' and k.conparentid = 0
      join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
     where l.oid = 'event_outbox'::regclass
  )
  select format('foreign keys refer to the log from %s, and the server looks there as %s before a partition goes: %s',
                string_agg(name, ', ' order by name), min(owner::text),
                concat_ws('; ', string_agg(distinct format('grant usage on schema %I to %I', nspname, owner), '; ') filter (where not may_enter),
                  'grant select on ' || string_agg(name, ', ' order by name) filter (where not may_look) || format(' to %I', min(owner::text))))
    from unseen where not (may_enter and may_look) having count(*) > 0
$$;
-- <<<

-- >>> functions/partitions/fn_iu_log_partition_tend.sql
-- fn_iu_log_partition_tend() returns jsonb
--
-- Contract:  looks after the partitions of the log: makes those that should be there, and drops those that a prune left empty and that lie
--            before the newest event. For a schedule (iu log partition tend, pg_cron) and after a prune; nothing to do on a plain log. A
--            drop locks writers out: 200 ms at most while it waits for running transactions, and about 250 ms for all that go in one call.
--            What did not go, goes next time. What somebody dropped by hand is booked as missing, what was detached is left alone.
--            Emptiness is looked at under a lock of its own: a transaction that wrote there and did not end holds it back.
-- Arguments: none; a transaction of its own, READ COMMITTED
-- Returns:   {form, made, dropped: [names], busy: [names] that are empty and stayed, reasons: [sentences] where it was not for a lock or time,
--            partitions, numbers_left}
-- Raises:    IU301, IU302; IU876 a detached partition is where one is to be made; 55P03 when somebody else changes the log at this moment
-- Writes:    iu_log_partition (DDL on event_outbox)
-- May call:  iu_worker, iu_operator, iu_core_pruner
create or replace function fn_iu_log_partition_tend() returns jsonb
language plpgsql
volatile
security definer
set search_path from current
set lock_timeout = '3s'
as $$
declare
  v_made integer;
  v_newest bigint;
  v_rows boolean;
  v_dropped text[] := '{}';
  v_busy text[] := '{}';
  v_reasons text[] := '{}';
  v_empty text[] := '{}';
  v_name text;
  v_locked timestamptz;
  r record;
  s record;
begin
  perform fn_iu_require_read_committed();
  perform fn_iu_log_partition_missing();
  v_made := fn_iu_log_partition_ahead();
  select max(seq) into v_newest from event_outbox;
  -- Nobody writes there any more, so a lock against writers of such a partition holds up nobody while its dead rows are read, and can be
  -- waited for until autovacuum is called off.
  for r in select p.partition_name from iu_log_partition p join fn_iu_log_partition_attached() a using (partition_name)
            where p.gone_at is null and p.to_seq <= v_newest order by p.to_seq loop
    execute format('select exists (select from %I)', r.partition_name) into v_rows;
    continue when v_rows;
    begin
      execute format('lock table %I in share mode', r.partition_name);
      execute format('select exists (select from %I)', r.partition_name) into v_rows;
      if not v_rows then
        v_empty := v_empty || r.partition_name;
      end if;
    exception when lock_not_available or deadlock_detected then
      v_busy := v_busy || r.partition_name;
      perform set_config('lock_timeout', '200ms', true);
    end;
  end loop;
  perform set_config('lock_timeout', '200ms', true);
  foreach v_name in array v_empty loop
    if clock_timestamp() > v_locked + interval '250 milliseconds' then
      v_busy := v_busy || v_name;
      continue;
    end if;
    begin
      lock table only event_outbox in access exclusive mode;
      v_locked := coalesce(v_locked, clock_timestamp());
      -- a table that a foreign key refers to lets a partition be detached, not dropped
      execute format('alter table event_outbox detach partition %I', v_name);
      execute format('drop table %I', v_name);
      update iu_log_partition set gone_at = clock_timestamp(), gone_by = session_user, gone_reason = 'pruned' where partition_name = v_name;
      v_dropped := v_dropped || v_name;
    exception when lock_not_available or deadlock_detected then
      v_busy := v_busy || v_name;
      exit;
    when others then
      v_busy := v_busy || v_name;
      -- the server names one table of several, and not what would mend it
      if sqlstate = '42501' and fn_iu_log_partition_unseen() is not null then
        v_reasons := v_reasons || format('%s stays: %s', v_name, fn_iu_log_partition_unseen());
        continue;
      end if;
      v_reasons := v_reasons || format('%s stays: %s', v_name, sqlerrm);
    end;
  end loop;
  select * into s from fn_iu_log_partition_state();
  return jsonb_build_object('form', s.form, 'made', v_made, 'dropped', to_jsonb(v_dropped), 'busy', to_jsonb(v_busy),
    'reasons', to_jsonb(v_reasons), 'partitions', s.partitions, 'numbers_left', s.numbers_left::text);
end
$$;
-- <<<

-- >>> functions/partitions/fn_iu_log_partition_refusals.sql
-- fn_iu_log_partition_refusals() returns setof text
--
-- Contract:  what hangs on the log that a change of its form cannot take along: the table gets another identity, and a partitioned one cannot
--            have everything that a plain one can. What is ours is taken along and not named.
-- Arguments: none
-- Returns:   one sentence each; none = the form can be changed
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_log_partition_refusals() returns setof text
language sql
stable
set search_path from current
as $$
  with recursive log as (
    select c.* from pg_class c where c.oid = 'event_outbox'::regclass
  ), part as (
    select oid from log
    union all
    select h.inhrelid from log join pg_inherits h on h.inhparent = log.oid where log.relkind = 'p'
  ), hanging (oid) as (
    -- views at any depth, as fn_iu_log_let_go takes them off
    select oid from log
    union
    select v.oid from hanging h
      join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = h.oid and d.classid = 'pg_rewrite'::regclass
      join pg_rewrite w on w.oid = d.objid and w.ev_class <> h.oid
      join pg_class v on v.oid = w.ev_class and v.relkind in ('v', 'm')
  ), view as (
    select c.* from log, hanging h join pg_class c on c.oid = h.oid where c.oid <> log.oid
  ), typed as (
    -- functions over the type of its rows, and of arrays of them
    select p.oid from log join pg_type t on t.oid = log.reltype or t.typelem = log.reltype
      join pg_depend d on d.refclassid = 'pg_type'::regclass and d.refobjid = t.oid and d.classid = 'pg_proc'::regclass
      join pg_proc p on p.oid = d.objid and p.proowner = log.relowner and p.pronamespace = log.relnamespace and p.prokind in ('f', 'p')
  ), own (class, oid) as (
    select 'pg_class'::regclass, oid from part
    union
    select 'pg_class'::regclass, oid from view
    union
    select 'pg_class'::regclass, 'event_outbox_seq_seq'::regclass
    union
    select 'pg_type'::regclass, t.oid from pg_class c join pg_type t on t.oid = c.reltype or t.typelem = c.reltype
     where c.oid in (select oid from part union select oid from view)
    union
    select 'pg_proc'::regclass, oid from typed
  ), taken (class, oid) as (
    -- what goes along by itself, is taken off and put back, or is named by a sentence of its own
    select class, oid from own
    union all
    select 'pg_class'::regclass, i.indexrelid from part join pg_index i on i.indrelid = part.oid
    union all
    select 'pg_class'::regclass, c.reltoastrelid from part join pg_class c using (oid)
    union all
    select 'pg_constraint'::regclass, k.oid from part join pg_constraint k on part.oid in (k.conrelid, k.confrelid)
    union all
    select 'pg_trigger'::regclass, t.oid from part join pg_trigger t on t.tgrelid = part.oid
    union all
    select 'pg_attrdef'::regclass, a.oid from part join pg_attrdef a on a.adrelid = part.oid
    union all
    select 'pg_rewrite'::regclass, w.oid from log, pg_rewrite w
     where w.ev_class = log.oid or w.rulename = '_RETURN' and w.ev_class in (select oid from view)
  )
  select format('foreign key %s of %s names it', k.conname, k.conrelid::regclass) from log, pg_constraint k where k.confrelid = log.oid
  union all
  select format('foreign key or exclusion %s stands on it', k.conname) from log, pg_constraint k where k.conrelid = log.oid and k.contype in ('f', 'x')
  union all
  select format('unique index %s does not hold seq, which no index over partitions can do', i.indexrelid::regclass)
    from log, pg_index i
   where i.indrelid = log.oid and i.indisunique and i.indexrelid::regclass::text not like '%event_outbox_id_key'
     and not exists (select from pg_attribute a where a.attrelid = log.oid and a.attname = 'seq' and a.attnum = any (i.indkey))
  union all
  select format('rule %s stands on it', w.rulename) from log join pg_rewrite w on w.ev_class = log.oid
  union all
  select 'row security is on, or its replica identity is not its key' from log
   where log.relrowsecurity or log.relreplident <> 'd' or log.relpersistence <> 'p'
  union all
  select format('it inherits from, or is inherited by, %s', case h.inhrelid when log.oid then h.inhparent else h.inhrelid end::regclass)
    from log join pg_inherits h on log.oid in (h.inhrelid, h.inhparent) where log.relkind = 'r'
  union all
  select format('publication %s replicates it under the names of its tables', p.pubname)
    from log, pg_publication p
   where not p.pubviaroot
     and (p.puballtables or exists (select from pg_publication_namespace n where n.pnpubid = p.oid and n.pnnspid = log.relnamespace))
  union all
  select format('%s %s reads it and %s', case view.relkind when 'm' then 'materialized view' else 'view' end, view.oid::regclass, v.reason)
    from log, view cross join lateral (
      select concat_ws(', ', case when view.relowner <> log.relowner then 'belongs to ' || pg_get_userbyid(view.relowner) end,
                       case when view.relnamespace <> log.relnamespace then 'lies in another schema' end,
                       case when view.relkind = 'm' then 'keeps its rows' end,
                       case when exists (select from pg_attribute a where a.attrelid = view.oid and a.attacl is not null) then 'gives rights on columns' end) as reason) v
   where v.reason <> ''
  union all
  select format('trigger %s fires for each row with a transition table', t.tgname) from log join pg_trigger t on t.tgrelid = log.oid
   where not t.tgisinternal and t.tgtype & 1 = 1 and (t.tgoldtable is not null or t.tgnewtable is not null)
  union all
  -- whatever else names it by its identity would go on naming the former table, or be dropped with it
  select distinct format('%s depends on it', pg_describe_object(d.classid, d.objid, d.objsubid))
    from own join pg_depend d on d.refclassid = own.class and d.refobjid = own.oid
   where not exists (select from taken where taken.class = d.classid and taken.oid = d.objid)
$$;
-- <<<

-- >>> functions/partitions/fn_iu_log_partition_refuse.sql
-- fn_iu_log_partition_refuse() returns void
--
-- Contract:  refuses to change the form of the log while something hangs on it that cannot come along.
-- Arguments: none
-- Returns:   nothing
-- Raises:    IU871 with everything that is in the way
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_log_partition_refuse() returns void
language plpgsql
stable
set search_path from current
as $$
declare
  v_reasons text;
begin
  select string_agg(reason, '; ') into v_reasons from fn_iu_log_partition_refusals() reason;
  if v_reasons is not null then
    raise exception using errcode = 'IU871', message = 'the form of the log cannot be changed: ' || v_reasons,
      hint = 'take away what is named, change the form, and put it back in the new form';
  end if;
end
$$;
-- <<<

-- >>> functions/partitions/fn_iu_log_partition_faults.sql
-- fn_iu_log_partition_faults() returns setof text
--
-- Contract:  what is wrong with the partitions of the log, against what was made: a partition that is not there, not attached, has other bounds,
--            lost its key, its guard or its owner, or lets somebody in; a partition that nobody made, a DEFAULT one above all, which would
--            make every later partition read it under a lock.
-- Arguments: none
-- Returns:   one sentence a fault; none = whole. A plain log has no partitions
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_operator, iu_reader, iu_worker
create or replace function fn_iu_log_partition_faults() returns setof text
language sql
stable
security definer
set search_path from current
as $$
  with log as (
    select c.oid, c.relowner, c.relkind from pg_class c where c.oid = 'event_outbox'::regclass
  ), made as (
    select p.partition_name as name, to_regclass(quote_ident(p.partition_name)) as oid,
           format('FOR VALUES FROM (%s) TO (%L)', coalesce(quote_literal(p.from_seq), 'MINVALUE'), p.to_seq) as bound
      from iu_log_partition p where p.gone_at is null
  ), attached as (
    select h.inhrelid as oid, c.relname from log join pg_inherits h on h.inhparent = log.oid join pg_class c on c.oid = h.inhrelid
  ), partition as (
    select made.*, c.relpartbound, c.relowner, c.relacl, c.relpersistence, c.relrowsecurity,
           -- what the server notes stays true after the last rule is gone
           exists (select from pg_rewrite w where w.ev_class = c.oid) as relhasrules
      from made join attached using (oid) join pg_class c on c.oid = made.oid
  )
  select format('partition %s is missing: %s', name, case when oid is null then 'there is no such table' else 'it is not attached' end)
    from made where oid is null or oid not in (select oid from attached)
  union all
  select format('partition %s was not made by this version: %s', relname, case when pg_get_expr(c.relpartbound, c.oid) = 'DEFAULT' then 'it is a DEFAULT partition' else 'unknown' end)
    from attached a join pg_class c using (oid, relname) where a.oid not in (select oid from made where oid is not null)
  union all
  select format('partition %s has other bounds: %s instead of %s', name, pg_get_expr(relpartbound, oid), bound) from partition
   where pg_get_expr(relpartbound, oid) is distinct from bound
  union all
  select format('partition %s has no unique key on id', name) from partition p
   where not exists (select from pg_index i join pg_attribute a on a.attrelid = p.oid and a.attname = 'id'
                      where i.indrelid = p.oid and i.indisunique and i.indisvalid and i.indisready and i.indpred is null and i.indimmediate
                        and i.indkey::text = a.attnum::text)
  union all
  select format('trigger %s on partition %s is missing, is not ENABLE ALWAYS or does not fire for everything', t.name, p.name)
    from partition p cross join (
      -- before each statement of all four kinds, always; before each row inserted, when it has to
      values ('trg_iu_log_partition_direct', 'fn_iu_log_partition_direct', 62, false), ('trg_event_outbox_type_validate', 'fn_event_type_validate', 7, true)
    ) t (name, calls, type, has_condition)
   where not exists (select from pg_trigger g join pg_proc f on f.oid = g.tgfoid and f.proname = t.calls
                      where g.tgrelid = p.oid and g.tgname = t.name and g.tgenabled = 'A' and g.tgtype = t.type
                        and (g.tgqual is not null) = t.has_condition and g.tgattr = '')
  union all
  select format('partition %s belongs to %s, is unlogged, or has row security or rules', name, pg_get_userbyid(p.relowner)) from partition p, log
   where p.relowner <> log.relowner or p.relpersistence <> 'p' or p.relrowsecurity or p.relhasrules
  union all
  select format('partition %s gives rights to %s', p.name, string_agg(distinct coalesce(g.rolname, 'public'), ', '))
    from partition p
    cross join lateral (select p.relacl as acl union all select t.attacl from pg_attribute t where t.attrelid = p.oid) o
    cross join aclexplode(o.acl) a left join pg_roles g on g.oid = a.grantee where a.grantee <> p.relowner group by p.name
  union all
  select format('index %s of the log is not valid', i.indexrelid::regclass) from log join pg_index i on i.indrelid = log.oid
   where log.relkind = 'p' and not i.indisvalid
$$;
-- <<<

-- >>> functions/partitions/fn_iu_log_partition_plan.sql
-- fn_iu_log_partition_plan() returns jsonb
--
-- Contract:  what a change of the log's form would do here and what is in the way; changes nothing.
-- Arguments: none
-- Returns:   {form, partition_events, last_seq, end_seq, numbers_left, wanted, rows (estimated), bytes, check_seconds (estimated: the rows
--            are read once while writers go on), refusals: [], faults: [], partitions: [{name, from_seq, to_seq, rows, bytes, made_at}]}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_operator, iu_reader
create or replace function fn_iu_log_partition_plan() returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  s record;
  v_parts jsonb;
  v_bytes bigint;
  v_heap bigint;
  v_rows bigint;
begin
  select * into s from fn_iu_log_partition_state();
  select coalesce(sum(pg_total_relation_size(t.relid)), 0), coalesce(sum(pg_relation_size(t.relid)), 0), coalesce(sum(greatest(c.reltuples, 0)), 0)
    into v_bytes, v_heap, v_rows
    from (select 'event_outbox'::regclass as relid union select relid from pg_partition_tree('event_outbox')) t join pg_class c on c.oid = t.relid
   where c.relkind = 'r';
  select coalesce(jsonb_agg(jsonb_build_object('name', p.partition_name, 'from_seq', p.from_seq::text, 'to_seq', p.to_seq::text,
           'rows', greatest(c.reltuples, 0)::bigint::text, 'bytes', pg_total_relation_size(c.oid)::text, 'made_at', p.made_at) order by p.to_seq), '[]')
    into v_parts from iu_log_partition p left join pg_class c on c.oid = to_regclass(quote_ident(p.partition_name)) where p.gone_at is null;
  return jsonb_build_object('form', s.form, 'partition_events', s.events::text, 'last_seq', s.last_seq::text, 'end_seq', s.end_seq::text,
    'numbers_left', s.numbers_left::text, 'wanted', s.wanted::text, 'rows', v_rows::text, 'bytes', v_bytes::text,
    -- read at 200 MB a second
    'check_seconds', case when s.form = 'partitioned' then 0 else round(v_heap / 200000000.0, 1) end,
    'refusals', to_jsonb(array(select fn_iu_log_partition_refusals())), 'faults', to_jsonb(array(select fn_iu_log_partition_faults())), 'partitions', v_parts);
end
$$;
-- <<<

-- >>> functions/partitions/fn_iu_log_let_go.sql
-- fn_iu_log_let_go() returns text[]
--
-- Contract:  takes off the log what hangs on it by its identity (triggers, views, functions over its row type), and gives the statements that
--            put all of it back on the table that is called event_outbox then: also rights and remarks, and a fresh look at every function
--            with a variable of its row type, which sessions have compiled for the former table.
-- Arguments: none; in the transaction that changes the form
-- Returns:   statements, in order
-- Raises:    nothing
-- Writes:    nothing (DDL)
-- May call:  internal
create or replace function fn_iu_log_let_go() returns text[]
language plpgsql
volatile
set search_path from current
as $$
declare
  v_log pg_class := (select c from pg_class c where c.oid = 'event_outbox'::regclass);
  v_rights text[];
  v_functions text[] := '{}';
  v_triggers text[] := '{}';
  v_views text[] := '{}';
  v_touched text[];
  r record;
begin
  with object (label, acl, owner) as (
    select 'table event_outbox', v_log.relacl, v_log.relowner
    union all
    select 'sequence event_outbox_seq_seq', c.relacl, c.relowner from pg_class c where c.oid = 'event_outbox_seq_seq'::regclass
    union all
    select a.attname, a.attacl, v_log.relowner from pg_attribute a where a.attrelid = v_log.oid and a.attacl is not null and a.attnum > 0
  )
  select coalesce(array_agg(format('grant %s %s to %s%s', g.privilege_type,
           case when o.label like '% event_outbox%' then 'on ' || o.label else format('(%I) on table event_outbox', o.label) end,
           case g.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end,
           case when g.is_grantable then ' with grant option' else '' end)), '{}')
         || format('comment on table event_outbox is %L', obj_description(v_log.oid, 'pg_class'))
    into v_rights from object o cross join aclexplode(o.acl) g where g.grantee <> o.owner;

  for r in select t.tgname, pg_get_triggerdef(t.oid) as text, t.tgenabled as state from pg_trigger t
            where t.tgrelid = v_log.oid and not t.tgisinternal order by t.tgname loop
    v_triggers := v_triggers || r.text;
    if r.state <> 'O' then
      v_triggers := v_triggers || format('alter table event_outbox %s trigger %I',
        case r.state when 'A' then 'enable always' when 'R' then 'enable replica' else 'disable' end, r.tgname);
    end if;
    execute format('drop trigger %I on event_outbox', r.tgname);
  end loop;

  for r in
    with recursive hanging (oid, depth) as (
      select v_log.oid, 0
      union
      select w.ev_class, h.depth + 1 from hanging h
        join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = h.oid and d.classid = 'pg_rewrite'::regclass
        join pg_rewrite w on w.oid = d.objid and w.ev_class <> h.oid
    )
    select c.oid, c.relname, c.relacl, c.relowner, c.reloptions, rtrim(pg_get_viewdef(c.oid), ';') as text, obj_description(c.oid, 'pg_class') as remark
      from (select oid, max(depth) as depth from hanging where depth > 0 group by oid) h join pg_class c on c.oid = h.oid
     order by h.depth desc, c.relname
  loop
    v_views := array[format('create view %I%s as %s', r.relname, ' with (' || array_to_string(r.reloptions, ', ') || ')', r.text)]
      || case when r.remark is null then '{}' else array[format('comment on view %I is %L', r.relname, r.remark)] end
      || array(select format('grant %s on %I to %s%s', g.privilege_type, r.relname,
                             case g.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end,
                             case when g.is_grantable then ' with grant option' else '' end)
                 from aclexplode(r.relacl) g where g.grantee <> r.relowner)
      || v_views;
    execute format('drop view %I', r.relname);
  end loop;

  for r in
    select distinct p.oid, p.oid::regprocedure::text as name, pg_get_functiondef(p.oid) as text, p.proacl, p.proowner
      from pg_type t join pg_depend d on d.refclassid = 'pg_type'::regclass and d.refobjid = t.oid and d.classid = 'pg_proc'::regclass
      join pg_proc p on p.oid = d.objid
     where t.oid = v_log.reltype or t.typelem = v_log.reltype
  loop
    v_functions := v_functions || r.text || format('revoke all on function %s from public', r.name)
      || array(select format('grant execute on function %s to %s%s', r.name,
                             case g.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end,
                             case when g.is_grantable then ' with grant option' else '' end)
                 from aclexplode(r.proacl) g where g.grantee <> r.proowner);
    execute format('drop function %s', r.name);
  end loop;

  select coalesce(array_agg(pg_get_functiondef(p.oid) order by p.proname), '{}') into v_touched from pg_proc p
   where p.pronamespace = v_log.relnamespace and p.proowner = v_log.relowner and p.prokind in ('f', 'p')
     and p.prosrc ~ E'\\w\\s+event_outbox\\s*(;|:=|%)';
  return v_rights || v_functions || v_triggers || v_views || v_touched;
end
$$;
-- <<<

-- >>> functions/partitions/fn_iu_log_rebind.sql
-- fn_iu_log_rebind(oid, text[], text) returns void
--
-- Contract:  the second half of a change of form: puts back what fn_iu_log_let_go took off, and tells cursors and the claim of this
--            deployment that event_outbox is another table now. Numbers, transactions and snapshots are what they were, so nothing is decided
--            again. Evidence for going live is not told: it was about the former catalog.
-- Arguments: p_former: what event_outbox was; p_statements: from fn_iu_log_let_go; p_reason
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    iu_route_worker_cursor, iu_deployment (DDL)
-- May call:  internal
create or replace function fn_iu_log_rebind(p_former oid, p_statements text[], p_reason text) returns void
language plpgsql
volatile
set search_path from current
as $$
declare
  v_statement text;
begin
  foreach v_statement in array p_statements loop
    execute v_statement;
  end loop;
  update iu_route_worker_cursor set log_oid = 'event_outbox'::regclass where log_oid = p_former;
  insert into iu_deployment (name, system_identifier, database_oid, log_oid, timeline, claimed_by, reason)
  select d.name, d.system_identifier, d.database_oid, 'event_outbox'::regclass, d.timeline, session_user, p_reason
    from (select * from iu_deployment order by claim_id desc limit 1) d where d.log_oid = p_former;
end
$$;
-- <<<

-- >>> functions/partitions/fn_iu_log_partition_swap.sql
-- fn_iu_log_partition_swap(text) returns void
--
-- Contract:  makes the log a partitioned table whose first partition is the table that it was: no row is written again, and none is read,
--            because a checked constraint already says that all of them belong there. Holds ACCESS EXCLUSIVE from here to the commit.
-- Arguments: p_reason
-- Returns:   nothing
-- Raises:    IU875 the sequence came too close to the bound; 55P03 when it would have to wait
-- Writes:    iu_log_partition, as fn_iu_log_rebind (DDL)
-- May call:  internal
create or replace function fn_iu_log_partition_swap(p_reason text) returns void
language plpgsql
volatile
set search_path from current
set default_tablespace = ''
as $$
declare
  -- fn_iu_log_partition_step holds the log already
  v_former oid := 'event_outbox'::regclass;
  v_back text[];
  v_name text;
  v_indexes text[];
  v_sequence record;
  s record;
  r record;
begin
  -- who registers a worker or claims the deployment notes the log's identity: before this, or after it
  perform pg_advisory_xact_lock(fn_iu_cursor_lock_key());
  lock table iu_deployment in share row exclusive mode;
  -- cursors first: a pass holds its cursor and then reads the log
  perform from iu_route_worker_cursor order by worker_name for update;
  lock table event_outbox in access exclusive mode;
  select * into s from fn_iu_log_partition_state();
  if s.numbers_left < s.events then
    raise exception using errcode = 'IU875', message = format('only %s numbers are left below the bound of the first partition', s.numbers_left),
      hint = 'iu log partition back takes the bound away; then begin again, with larger partitions';
  end if;
  select q.seqstart, l.last_value, l.is_called into v_sequence
    from pg_sequence q, event_outbox_seq_seq l where q.seqrelid = 'event_outbox_seq_seq'::regclass;
  v_back := fn_iu_log_let_go();
  insert into iu_log_partition (from_seq, to_seq) values (null, s.end_seq) returning partition_name into v_name;
  -- where an index of the log lies is where those of later partitions are made
  v_indexes := array(select format('set local default_tablespace = %L; %s', coalesce(t.spcname, ''), coalesce(
                              'alter table event_outbox add constraint event_outbox_pkey ' || pg_get_constraintdef(k.oid), pg_get_indexdef(i.indexrelid)))
                       from pg_index i join pg_class c on c.oid = i.indexrelid left join pg_constraint k on k.conindid = c.oid
                       left join pg_tablespace t on t.oid = c.reltablespace and has_tablespace_privilege(t.oid, 'create')
                      where i.indrelid = v_former and (k.oid is null or i.indisprimary));
  alter table event_outbox alter column seq drop identity;
  for r in select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid where i.indrelid = v_former loop
    execute format('alter index %I rename to %I', r.relname, left(regexp_replace(r.relname, '^(event_outbox)?_?', v_name || '_'), 63));
  end loop;
  execute format('alter table event_outbox rename to %I', v_name);
  execute format('create table event_outbox (like %I including defaults including constraints including storage including compression including comments)
    partition by range (seq)', v_name);
  alter table event_outbox drop constraint iu_log_first_partition_chk;
  execute format('alter table event_outbox alter column seq add generated always as identity (start with %s cache 1)', v_sequence.seqstart);
  perform setval('event_outbox_seq_seq', v_sequence.last_value, v_sequence.is_called);
  for r in select unnest(v_indexes) as text loop
    execute r.text;
  end loop;
  execute format('alter table event_outbox attach partition %I for values from (minvalue) to (%s)', v_name, s.end_seq);
  execute format('alter table %I drop constraint iu_log_first_partition_chk', v_name);
  perform fn_iu_log_partition_guard(v_name);
  perform fn_iu_log_rebind(v_former, v_back, p_reason);
end
$$;
-- <<<

-- >>> functions/partitions/fn_iu_log_partition_step.sql
-- fn_iu_log_partition_step(text) returns jsonb
--
-- Contract:  the next step on the way of a plain log to a partitioned one, each a transaction of its own that can be repeated: bound (a
--            constraint says which numbers the first partition has; new rows are checked), checked (the rows that are there are read once,
--            while writers go on), partitioned (the swap). Each waits 300 ms at most for a lock that holds writers, and three seconds
--            for one that does not, and then leaves everything as it was; only
--            the swap holds writers, for the moment in which tables change names. What is in the way is said before anything is touched. The first
--            partition has room for a while; fn_iu_log_partition_tend, or the next pass, makes the others.
-- Arguments: p_reason: why, mandatory
-- Returns:   {step: bound|checked|partitioned, end_seq of the first partition, milliseconds: that the swap held writers}
-- Raises:    IU870 it is partitioned already, IU871 something hangs on the log that cannot come along, IU872 reason missing, IU875 as
--            fn_iu_log_partition_swap; 55P03 when it would have to wait; IU301, IU302
-- Writes:    iu_log_partition, iu_route_worker_cursor, iu_deployment (DDL on event_outbox)
-- May call:  iu_operator
create or replace function fn_iu_log_partition_step(p_reason text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
set lock_timeout = '300ms'
as $$
declare
  s record;
  v_checked boolean;
  v_end bigint;
  v_began timestamptz;
begin
  perform fn_iu_log_partition_hold(p_reason);
  select * into s from fn_iu_log_partition_state();
  if s.form = 'partitioned' then
    raise exception using errcode = 'IU870', message = 'the log is partitioned already', hint = 'iu log partition plan shows it';
  end if;
  perform fn_iu_log_partition_refuse();
  if s.form = 'plain' then
    -- two partitions' worth of numbers, so that the way there can take its time
    v_end := (s.last_seq / s.events + 3) * s.events + 1;
    execute format('alter table event_outbox add constraint iu_log_first_partition_chk check (seq < %s) not valid', v_end);
    return jsonb_build_object('step', 'bound', 'end_seq', v_end::text);
  end if;
  select k.convalidated into v_checked from pg_constraint k
   where k.conrelid = 'event_outbox'::regclass and k.conname = 'iu_log_first_partition_chk';
  if not v_checked then
    alter table event_outbox validate constraint iu_log_first_partition_chk;
    return jsonb_build_object('step', 'checked', 'end_seq', s.end_seq::text);
  end if;
  v_began := clock_timestamp();
  perform fn_iu_log_partition_swap(p_reason);
  return jsonb_build_object('step', 'partitioned', 'end_seq', s.end_seq::text,
    'milliseconds', round(extract(epoch from clock_timestamp() - v_began) * 1000));
end
$$;
-- <<<

-- >>> functions/partitions/fn_iu_log_partition_kept.sql
-- fn_iu_log_partition_kept(bigint) returns record
--
-- Contract:  which partition would be the log if it became one table, and how many events would have to be moved into it. Asked twice: before
--            the lock that holds writers, and under it.
-- Arguments: p_most_rows: events that may be moved
-- Returns:   kept: the largest partition; others: events outside it
-- Raises:    IU870 the log is one table, IU871 something hangs on it, its partitions are not what was made, or an id stands in it twice; IU873
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_log_partition_kept(p_most_rows bigint, out kept text, out others bigint)
language plpgsql
volatile
set search_path from current
as $$
declare
  v_reasons text;
  v_id uuid;
  r record;
begin
  if (select c.relkind from pg_class c where c.oid = 'event_outbox'::regclass) <> 'p' then
    raise exception using errcode = 'IU870', message = 'the log is one table already', hint = 'iu log partition plan shows it';
  end if;
  perform fn_iu_log_partition_refuse();
  select string_agg(fault, '; ') into v_reasons from fn_iu_log_partition_faults() fault;
  if v_reasons is not null then
    raise exception using errcode = 'IU871', message = 'the partitions of the log are not what was made, and events could stay behind: ' || v_reasons,
      hint = 'put right what is named: attach what was detached; iu log partition tend takes what was dropped out of the books';
  end if;
  select a.partition_name into kept from fn_iu_log_partition_attached() a order by pg_relation_size(a.partition_oid) desc, a.to_seq limit 1;
  others := 0;
  for r in select a.partition_name as name from fn_iu_log_partition_attached() a where a.partition_name <> kept loop
    execute format('select $1 + count(*) from (select from %I limit %s) o', r.name, p_most_rows + 1) into others using others;
    if others > p_most_rows then
      raise exception using errcode = 'IU873', message = format('more than %s events lie in other partitions than the largest, %s', p_most_rows, kept),
        hint = 'prune first, or say how many may be moved while writers wait: about 100,000 a second';
    end if;
  end loop;
  for r in select a.partition_name as name from fn_iu_log_partition_attached() a where a.partition_name <> kept loop
    execute format('select o.id from %I o where exists (select from event_outbox e where e.id = o.id and e.seq <> o.seq) limit 1', r.name) into v_id;
    if v_id is not null then
      raise exception using errcode = 'IU871', message = format('id %s stands on several events, and one table takes an id once', v_id),
        hint = 'select seq, event_type from event_outbox where id = ... shows them; prune all but one, with a retention class if need be';
    end if;
  end loop;
end
$$;
-- <<<

-- >>> functions/partitions/fn_iu_log_partition_back.sql
-- fn_iu_log_partition_back(text, bigint) returns jsonb
--
-- Contract:  makes the log one plain table again: its largest partition becomes event_outbox, and the events of the others are moved into it
--            under ACCESS EXCLUSIVE, with their numbers and transactions. More of those than p_most_rows is refused, before writers are held. Of a
--            conversion that began and did not end it takes the bound away.
-- Arguments: p_reason: why, mandatory; p_most_rows: events to move while writers wait
-- Returns:   {form, moved, milliseconds: that writers were held}
-- Raises:    IU870 it is one table already, IU871 something hangs on the log that cannot come along, its partitions are not what was made or an id
--            stands in it twice, IU872 reason missing, IU873 more events than may be moved; 55P03 when it would have to wait; IU301, IU302
-- Writes:    iu_log_partition, iu_route_worker_cursor, iu_deployment (DDL on event_outbox)
-- May call:  iu_operator
create or replace function fn_iu_log_partition_back(p_reason text, p_most_rows bigint default 100000) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
set lock_timeout = '300ms'
as $$
declare
  v_former oid;
  v_kept text;
  v_others bigint;
  v_columns text;
  v_back text[];
  v_pairs jsonb;
  v_sequence record;
  v_began timestamptz;
  s record;
  r record;
begin
  perform fn_iu_log_partition_hold(p_reason);
  if p_most_rows is null or p_most_rows < 0 then
    raise exception using errcode = 'IU873', message = 'how many events may be moved is a number from 0 on', hint = 'leave it out, or add --most-rows N';
  end if;
  select * into s from fn_iu_log_partition_state();
  if s.form = 'unfinished' then
    alter table event_outbox drop constraint iu_log_first_partition_chk;
    return jsonb_build_object('form', 'plain', 'moved', 0, 'milliseconds', 0);
  end if;
  perform fn_iu_log_partition_kept(p_most_rows);
  -- as in fn_iu_log_partition_swap
  perform pg_advisory_xact_lock(fn_iu_cursor_lock_key());
  lock table iu_deployment in share row exclusive mode;
  perform from iu_route_worker_cursor order by worker_name for update;
  v_began := clock_timestamp();
  lock table event_outbox in access exclusive mode;
  v_former := 'event_outbox'::regclass;
  -- again: writers went on until now
  select k.kept, k.others into v_kept, v_others from fn_iu_log_partition_kept(p_most_rows) k;
  select q.seqstart, l.last_value, l.is_called into v_sequence
    from pg_sequence q, event_outbox_seq_seq l where q.seqrelid = 'event_outbox_seq_seq'::regclass;
  select string_agg(quote_ident(a.attname), ', ' order by a.attnum) into v_columns from pg_attribute a
   where a.attrelid = v_former and a.attnum > 0 and not a.attisdropped and a.attgenerated = '';
  v_back := fn_iu_log_let_go();
  select jsonb_object_agg(child.relname, parent.relname) into v_pairs
    from pg_index i join pg_class child on child.oid = i.indexrelid join pg_inherits h on h.inhrelid = child.oid join pg_class parent on parent.oid = h.inhparent
   where i.indrelid = quote_ident(v_kept)::regclass;
  execute format('alter table event_outbox detach partition %I', v_kept);
  execute format('drop trigger trg_iu_log_partition_direct on %I', v_kept);
  execute format('insert into %I (%s) select %s from event_outbox', v_kept, v_columns, v_columns);
  drop table event_outbox;
  execute format('alter table %I rename to event_outbox', v_kept);
  for r in select key as was, value as is from jsonb_each_text(v_pairs || jsonb_build_object(v_kept || '_id_key', 'event_outbox_id_key')) loop
    execute format('alter index %I rename to %I', r.was, r.is);
  end loop;
  execute format('alter table event_outbox alter column seq add generated always as identity (start with %s cache 1)', v_sequence.seqstart);
  perform setval('event_outbox_seq_seq', v_sequence.last_value, v_sequence.is_called);
  update iu_log_partition set gone_at = clock_timestamp(), gone_by = session_user, gone_reason = p_reason where gone_at is null;
  perform fn_iu_log_rebind(v_former, v_back, p_reason);
  return jsonb_build_object('form', 'plain', 'moved', v_others, 'milliseconds', round(extract(epoch from clock_timestamp() - v_began) * 1000));
end
$$;
-- <<<

create trigger trg_event_outbox_recording before insert on event_outbox
  for each statement execute function fn_iu_event_recording();
alter table event_outbox enable always trigger trg_event_outbox_recording;
-- Only rows that are not plain; plpgsql for every row would cost three times the insert itself.
create trigger trg_event_outbox_type_validate before insert on event_outbox
  for each row when (
    new.tx_id is distinct from pg_current_xact_id() or new.seq is distinct from currval('event_outbox_seq_seq')
    -- one call instead of thirteen tests: the condition is read from the catalog at each statement, which took 18 us and takes 13
    or num_nulls(new.event_domain, new.event_type, new.event_stream, new.delivery_lane, new.event_subject_table, new.canonical_address, new.actor_ref,
                 new.source_system, new.payload_classification, new.safe_payload, new.id, new.created_at, new.occurred_at) > 0
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
