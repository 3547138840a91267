-- 004_units: information units, their versions, and the only functions that write them.

-- >>> functions/units/fn_iu_stamp.sql
-- fn_iu_stamp(timestamptz, uuid[]) returns timestamptz
--
-- Contract:  the moment that dates what this transaction writes about units: births, versions, places, numbers, lifecycles. All of it has one,
--            so that a read of the past never sees half of a transaction. It is taken when the transaction has its first lock, and moves
--            on when it locks another document, or a unit that is dated later (others wrote while this one waited): what comes after
--            something is dated after it.
-- Arguments: p_after: the date of what is changed; p_documents: documents that are locked now. At most 64 are remembered; one that was
--            forgotten counts as another
-- Returns:   the moment, never before the transaction began
-- Raises:    nothing
-- Writes:    nothing (two session settings that end with the transaction)
-- May call:  internal
create or replace function fn_iu_stamp(p_after timestamptz default null, p_documents uuid[] default null) returns timestamptz
language plpgsql
set search_path from current
as $$
declare
  v_kept text := current_setting('iu_core.stamp', true);
  v_stamp timestamptz;
  v_held text[] := '{}';
begin
  -- nearly every call ends at the first return
  if v_kept ~ '^[0-9]{1,16}$' then
    v_stamp := timestamptz 'epoch' + v_kept::bigint * interval '1 microsecond';
    -- what a session wrote there itself is worth nothing outside of its transaction
    if v_stamp < now() or v_stamp > clock_timestamp() then
      v_stamp := null;
    end if;
  end if;
  if v_stamp is not null then
    if p_documents is null and (p_after is null or p_after <= v_stamp) then
      return v_stamp;
    end if;
    v_held := string_to_array(current_setting('iu_core.stamp_documents', true), ',');
    if p_documents::text[] <@ v_held and (p_after is null or p_after <= v_stamp) then
      return v_stamp;
    end if;
  end if;
  v_stamp := greatest(clock_timestamp(), now(), p_after);
  v_held := array(select d::text from unnest(p_documents) d where d::text <> all (coalesce(v_held, '{}'))) || v_held;
  perform set_config('iu_core.stamp', (extract(epoch from v_stamp) * 1000000)::bigint::text, true),
          set_config('iu_core.stamp_documents', array_to_string(v_held[:64], ','), true);
  return v_stamp;
end
$$;
-- <<<

create table iu_lifecycle_vocab (
  lifecycle_status text primary key,
  living           boolean not null,
  description      text not null
);
comment on table iu_lifecycle_vocab is 'States of a unit and of a version. Living ones change and may have children.';
insert into iu_lifecycle_vocab (lifecycle_status, living, description) values
  ('draft', true, 'born, not yet enacted'),
  ('enacted', true, 'in force'),
  ('superseded', false, 'another version or unit took its place'),
  ('retired', false, 'no longer in force'),
  ('deprecated', false, 'taken out by a governed function');

-- the states are checked by a list, not by a reference: two lookups a unit cost 8 us of the 100. No index by lifecycle or kind: nearly all
-- units share theirs, and two more entries at each birth and each change of a unit took 4 us
create table information_unit (
  id                      uuid primary key default gen_random_uuid(),
  canonical_address       text not null constraint information_unit_canonical_address_key unique
                            check (canonical_address ~ E'\\S' and octet_length(canonical_address) <= 1024),
  unit_kind               text not null,
  lifecycle_status        text not null default 'draft'
                            check (lifecycle_status in ('draft', 'enacted', 'superseded', 'retired', 'deprecated')),
  content_anchor_ref      text,
  -- a version of this unit: fn_iu_birth_gate_layer2 judges that at commit, a foreign key would only say it again
  version_anchor_ref      uuid,
  owner_ref               text not null,
  parent_or_container_ref uuid references information_unit,
  conformance_status      text not null default 'open',
  identity_profile        jsonb not null default '{}' check (jsonb_typeof(identity_profile) = 'object'),
  doc_code                text,
  sort_order              integer,
  section_type            text,
  section_code            text,
  sibling_rank            text collate "C" not null default 'a0' check (sibling_rank ~ '^[R-Za-i][0-9A-Za-z]+$'),
  created_at              timestamptz not null default now(),
  updated_at              timestamptz not null default now(),
  created_by              text not null,
  updated_by              text not null,
  recorded_by             text not null default session_user,
  deleted_at              timestamptz,
  constraint information_unit_not_own_parent_chk check (parent_or_container_ref <> id),
  constraint information_unit_place_key unique (parent_or_container_ref, sibling_rank) deferrable initially immediate,
  constraint information_unit_sort_order_key unique (doc_code, sort_order) deferrable initially immediate
);
comment on table information_unit is 'One addressed piece of a corpus. Written by the governed functions only.';
comment on column information_unit.parent_or_container_ref is 'The tree: the truth about where a unit stands. Null = a document.';
comment on column information_unit.sibling_rank is 'Order among siblings (fn_iu_rank_between): inserting between two never rewrites a third.';
comment on column information_unit.created_by is 'The actor as the caller named him; recorded_by is the database login.';
create index information_unit_profile_idx on information_unit using gin (identity_profile jsonb_path_ops);

create table unit_version (
  id               uuid primary key default gen_random_uuid(),
  unit_id          uuid not null references information_unit,
  body             text not null,
  content_hash     text not null check (octet_length(content_hash) = 64 and content_hash !~ '[^0-9a-f]'),
  version_seq      integer not null check (version_seq > 0),
  lifecycle_status text not null default 'draft'
                     check (lifecycle_status in ('draft', 'enacted', 'superseded', 'retired', 'deprecated')),
  content_profile  jsonb not null default '{}' check (jsonb_typeof(content_profile) = 'object'),
  created_at       timestamptz not null default now(),
  created_by       text not null,
  recorded_by      text not null default session_user,
  enacted_at       timestamptz,
  redaction_id     bigint,
  constraint unit_version_enacted_chk check (lifecycle_status <> 'enacted' or enacted_at is not null),
  constraint unit_version_unit_seq_key unique (unit_id, version_seq)
);
comment on table unit_version is 'The texts of a unit, one row a version; text and hash never change.';
comment on column unit_version.content_hash is 'sha256 of the body in UTF-8, hexadecimal; of a redacted one, of what stood there before.';
comment on column unit_version.redaction_id is 'The redaction that overwrote text and profile; null = as written.';
-- one statement that two sessions cannot both win: a unit has at most one version in force
create unique index unit_version_one_enacted_idx on unit_version (unit_id) where lifecycle_status = 'enacted';

create table iu_lifecycle_log (
  log_id             bigint generated always as identity primary key,
  unit_id            uuid not null references information_unit,
  canonical_address  text not null,
  version_id         uuid references unit_version,
  from_status        text not null check (from_status in ('draft', 'enacted', 'superseded', 'retired', 'deprecated')),
  to_status          text not null check (to_status in ('draft', 'enacted', 'superseded', 'retired', 'deprecated')),
  actor              text not null,
  review_decision_id text,
  change_set_id      text,
  reason             text,
  tool_revision      text,
  recorded_by        text not null default session_user,
  recorded_at        timestamptz not null default fn_iu_stamp(),
  constraint iu_lifecycle_log_review_chk check (to_status <> 'enacted' or review_decision_id is not null)
);
create index iu_lifecycle_log_unit_idx on iu_lifecycle_log (unit_id, log_id);
comment on column iu_lifecycle_log.recorded_at is 'One moment for all that a transaction did to units (fn_iu_stamp), as created_at of a unit and of a version.';
comment on table iu_lifecycle_log is 'Every change of a lifecycle: who, why, on whose review. Append-only.';

create table iu_sql_link (
  id                 uuid primary key default gen_random_uuid(),
  unit_id            uuid not null references information_unit,
  link_role          text not null check (link_role ~ '^[a-z][a-z0-9_]{0,62}$'),
  object_kind        text not null check (object_kind in ('schema', 'table', 'view', 'function', 'trigger', 'column', 'row', 'directus_collection')),
  object_schema      text,
  object_name        text,
  collection_name    text,
  row_pk             jsonb,
  function_identity  text,
  trigger_name       text,
  object_fingerprint text,
  direction          text not null default 'outbound' check (direction in ('outbound', 'inbound', 'bidirectional')),
  lifecycle_status   text not null default 'draft' references iu_lifecycle_vocab,
  enabled            boolean not null default false,
  idempotency_key    text not null unique,
  metadata           jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
  created_at         timestamptz not null default clock_timestamp(),
  created_by         text not null default session_user,
  constraint iu_sql_link_shape_chk check (case object_kind
    when 'schema' then object_schema is not null
    when 'function' then function_identity is not null
    when 'trigger' then object_name is not null and trigger_name is not null
    when 'row' then object_name is not null and row_pk is not null and jsonb_typeof(row_pk) = 'object'
    when 'directus_collection' then collection_name is not null
    else object_name is not null end)
);
create index iu_sql_link_unit_idx on iu_sql_link (unit_id);
create index iu_sql_link_object_idx on iu_sql_link (object_schema, object_name);
create index iu_sql_link_collection_idx on iu_sql_link (collection_name) where collection_name is not null;
comment on table iu_sql_link is 'Which database object a unit governs, describes or is about. Retired by status, never inherited by an operation.';

insert into event_type_registry (event_domain, event_type, event_stream, delivery_lane, description) values
  ('iu', 'unit_retitled', 'update', 'delayed', 'the title of a draft changed and its text did not')
on conflict do nothing;

insert into dot_config (key, value, description) values
  ('iu_create.gateway.marker_key', 'app.canonical_writer', 'session setting in which a governed function names itself'),
  ('iu_create.gateway.allowed_marker_values', 'fn_iu_create, fn_iu_revise, fn_iu_enact, fn_iu_deprecate', 'who may write units and versions')
on conflict (key) do nothing;
-- in a database that is adopted the list is somebody's: ours join it
update dot_config c set value = concat_ws(', ', nullif(c.value, ''), m.missing)
  from (select string_agg(name, ', ' order by n) as missing
          from unnest(array['fn_iu_create', 'fn_iu_revise', 'fn_iu_enact', 'fn_iu_deprecate']) with ordinality as t (name, n)
         where name <> all (select unnest(regexp_split_to_array(value, E'\\s*,\\s*')) from dot_config
                             where key = 'iu_create.gateway.allowed_marker_values')) m
 where c.key = 'iu_create.gateway.allowed_marker_values' and m.missing is not null;
insert into dot_config (key, value, description)
select 'vocab.unit_kind.' || kind, 'true', 'unit kind'
  from unnest(array['document', 'collection', 'part', 'title', 'chapter', 'section', 'subsection', 'article', 'paragraph', 'point', 'clause',
                    'item', 'annex', 'preamble', 'heading', 'table', 'figure', 'note', 'piece']) as kind
on conflict (key) do nothing;

-- >>> functions/units/fn_iu_gateway_write_guard.sql
-- fn_iu_gateway_write_guard() returns trigger
--
-- Contract:  units and versions are written by the governed functions only: the session setting named by dot_config
--            'iu_create.gateway.marker_key' must hold one of 'iu_create.gateway.allowed_marker_values' (comma separated). Each governed
--            function sets it for its own duration. Physical delete and truncate are refused even then: a unit ends by its lifecycle.
--            A statement trigger: one look at the settings for any number of rows.
-- Arguments: none
-- Returns:   null (statement trigger)
-- Raises:    IU210 direct write, IU214 physical delete
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_gateway_write_guard() returns trigger
language plpgsql
security definer
set search_path from current
as $$
declare
  v_marker text;
begin
  if tg_op in ('DELETE', 'TRUNCATE') then
    raise exception using errcode = 'IU214', message = format('rows of %s are never deleted', tg_table_name),
      hint = 'fn_iu_deprecate ends the life of a unit';
  end if;
  v_marker := nullif(current_setting(fn_iu_setting('iu_create.gateway.marker_key', 'app.canonical_writer'), true), '');
  if (v_marker = any (regexp_split_to_array(fn_iu_setting('iu_create.gateway.allowed_marker_values', ''), E'\\s*,\\s*'))) is not true then
    raise exception using errcode = 'IU210', message = format('%s of %s outside the governed functions', lower(tg_op collate "C"), tg_table_name),
      hint = 'use fn_iu_create, fn_iu_revise, fn_iu_enact or fn_iu_deprecate';
  end if;
  return null;
end
$$;
-- <<<

-- >>> functions/units/fn_iu_canonical_writer.sql
-- fn_iu_canonical_writer(text) returns void
--
-- Contract:  opens the write guard for the governed function that calls it, and closes it with the empty string. The marker is local to
--            the transaction, so an error closes it too.
-- Arguments: p_name: the calling function, or '' when it has written
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    nothing (a session setting)
-- May call:  internal
create or replace function fn_iu_canonical_writer(p_name text) returns void
language plpgsql
set search_path from current
as $$
begin
  perform set_config(fn_iu_setting('iu_create.gateway.marker_key', 'app.canonical_writer'), p_name, true);
end
$$;
-- <<<

-- >>> functions/units/fn_iu_birth_gate_layer1.sql
-- fn_iu_birth_gate_layer1() returns trigger
--
-- Contract:  a unit's kind is in the vocabulary (dot_config 'vocab.unit_kind.KIND' = 'true') and its identity_profile has title,
--            owner_lookup_ref and primary_section_type_ref. Checks all rows of a statement at once.
-- Arguments: none
-- Returns:   null (statement trigger)
-- Raises:    IU202 unknown unit kind, IU213 incomplete profile
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_birth_gate_layer1() returns trigger
language plpgsql
security definer
set search_path from current
as $$
declare
  v_unit record;
begin
  select n.canonical_address, n.unit_kind into v_unit
    from (select min(canonical_address) as canonical_address, unit_kind from new_units group by unit_kind) n
   where not exists (select from dot_config c where c.key = 'vocab.unit_kind.' || n.unit_kind and c.value = 'true')
   limit 1;
  if found then
    raise exception using errcode = 'IU202', message = format('unit %s: the vocabulary has no unit kind %s', v_unit.canonical_address, v_unit.unit_kind),
      hint = 'insert the key vocab.unit_kind.KIND with value true into dot_config';
  end if;
  select n.canonical_address, k.field into v_unit
    from new_units n
   cross join unnest(array['title', 'owner_lookup_ref', 'primary_section_type_ref']) as k (field)
   where coalesce(n.identity_profile ->> k.field, '') = ''
   limit 1;
  if found then
    raise exception using errcode = 'IU213', message = format('unit %s: identity_profile has no %s', v_unit.canonical_address, v_unit.field);
  end if;
  return null;
end
$$;
-- <<<

-- >>> functions/units/fn_iu_birth_gate_layer2.sql
-- fn_iu_birth_gate_layer2() returns trigger
--
-- Contract:  at commit each new or re-anchored unit points to a version of its own, and both anchors say the same.
-- Arguments: none
-- Returns:   null (deferred constraint trigger)
-- Raises:    IU212 no version, a version of another unit, or anchors that differ
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_birth_gate_layer2() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
  -- the row as it was written, which is nearly always how it stands; when a later write changed it that one is checked itself
  if new.content_anchor_ref = new.version_anchor_ref::text
     and exists (select from unit_version v where v.id = new.version_anchor_ref and v.unit_id = new.id) then
    return null;
  end if;
  perform from information_unit u join unit_version v on v.id = u.version_anchor_ref and v.unit_id = u.id
    where u.id = new.id and u.content_anchor_ref = u.version_anchor_ref::text;
  if not found then
    raise exception using errcode = 'IU212', message = format('unit %s has no version of its own as anchor', new.canonical_address),
      hint = 'a unit and its first version are born in one transaction: use fn_iu_create';
  end if;
  return null;
end
$$;
-- <<<

-- >>> functions/units/fn_iu_enacted_immut.sql
-- fn_iu_enacted_immut() returns trigger
--
-- Contract:  of a unit that left draft, address, kind, document code and birth never change. What may change (parent, rank, order,
--            anchor, lifecycle, profile) changes in governed functions only, which the write guard sees to.
-- Arguments: none
-- Returns:   the row to write
-- Raises:    IU211 a frozen column changes
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_enacted_immut() returns trigger
language plpgsql
set search_path from current
as $$
begin
  if (new.id, new.canonical_address, new.unit_kind, new.doc_code, new.created_at, new.created_by)
     is distinct from (old.id, old.canonical_address, old.unit_kind, old.doc_code, old.created_at, old.created_by) then
    raise exception using errcode = 'IU211', message = format('unit %s is %s: its identity never changes', old.canonical_address, old.lifecycle_status),
      hint = 'a change is a new version or a structure operation';
  end if;
  return new;
end
$$;
-- <<<

-- >>> functions/units/fn_uv_enacted_immut.sql
-- fn_uv_enacted_immut() returns trigger
--
-- Contract:  text, hash, number and origin of a version never change, drafts included; the profile is frozen with the enactment. A
--            redaction overwrites text and profile and leaves the hash of what was there; as in fn_iu_refuse_change.
-- Arguments: none
-- Returns:   the row to write
-- Raises:    IU211 a frozen column changes
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_uv_enacted_immut() returns trigger
language plpgsql
set search_path from current
as $$
begin
  if current_user = 'iu_owner' and current_setting('iu_core.governed', true) = 'redact ' || pg_current_xact_id_if_assigned()::text
     and new.content_hash = old.content_hash and new.version_seq = old.version_seq and new.unit_id = old.unit_id then
    return new;
  end if;
  if (new.id, new.unit_id, new.version_seq, new.content_hash, new.created_at, new.created_by)
     is distinct from (old.id, old.unit_id, old.version_seq, old.content_hash, old.created_at, old.created_by)
     or new.body <> old.body or new.redaction_id is distinct from old.redaction_id
     or (old.lifecycle_status <> 'draft' and (new.content_profile <> old.content_profile or new.enacted_at is distinct from old.enacted_at)) then
    raise exception using errcode = 'IU211', message = format('version %s of a unit never changes', old.version_seq),
      hint = 'a change is a new version: fn_iu_revise';
  end if;
  return new;
end
$$;
-- <<<

-- >>> functions/units/fn_iu_set_updated_at.sql
-- fn_iu_set_updated_at() returns trigger
--
-- Contract:  stamps the time of the last change.
-- Arguments: none
-- Returns:   the row to write
-- Raises:    nothing
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_set_updated_at() returns trigger
language plpgsql
set search_path from current
as $$
begin
  new.updated_at := fn_iu_stamp(old.updated_at);
  return new;
end
$$;
-- <<<

-- >>> functions/units/fn_iu_outbound_on_version.sql
-- fn_iu_outbound_on_version() returns trigger
--
-- Contract:  one event version_applied for each version after the first, in the transaction of the version. Birth versions do not
--            emit here, unit_created tells about them. Whoever writes the version has locked the unit's row before.
-- Arguments: none
-- Returns:   null (after trigger)
-- Raises:    as fn_iu_emit
-- Writes:    event_outbox
-- May call:  nobody, it is a trigger
create or replace function fn_iu_outbound_on_version() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
  perform fn_iu_emit_event('version_applied', u.canonical_address, u.id, new.created_by,
                           jsonb_build_object('version_seq', new.version_seq, 'version_id', new.id, 'content_hash', new.content_hash))
     from information_unit u
    where u.id = new.unit_id;
  return null;
end
$$;
-- <<<

-- >>> functions/units/fn_iu_ids.sql
-- fn_iu_ids(integer) returns uuid[]
--
-- Contract:  ids for units, versions and events that are born together: UUIDs of version 7 (RFC 9562, section 6.2, method 1): the millisecond
--            of the clock, a counter of 28 bits, and 44 random bits that the ids of one call share. Ascending, so a birth fills the dozen
--            indexes that hold an id page by page beside what was born just before; ids without an order touched every page of each, and
--            took a fifth longer. Random bits for each id, then sorted, took 1.6 us an id instead of 0.8.
-- Arguments: p_count: how many, 0 to 268435455
-- Returns:   the ids, ascending
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_ids(p_count integer) returns uuid[]
language plpgsql
volatile
set search_path from current
as $$
declare
  v_hex text := lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0');
  v_front text := left(v_hex, 8) || '-' || right(v_hex, 4) || '-7';
  v_random text := right(gen_random_uuid()::text, 11);
begin
  return array(select (v_front || substr(c.hex, 1, 3) || '-8' || substr(c.hex, 4, 3) || '-' || substr(c.hex, 7) || v_random)::uuid
                 from (select lpad(to_hex(n), 7, '0') as hex from generate_series(1, p_count) n) c);
end
$$;
-- <<<

-- >>> functions/units/fn_iu_rank_from_integer.sql
-- fn_iu_rank_from_integer(bigint) returns text
--
-- Contract:  the rank of the n-th place: a letter that tells the number of base-62 digits, then the digits. Ordered like the numbers
--            under collation C, so appending a million siblings costs at most 5 characters a rank.
-- Arguments: p_number: 0 is the first place, negative ones go before it
-- Returns:   for example a0, az, b00, Zz (= -1)
-- Raises:    IU215 number out of range (62^9)
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_reader (through fn_iu_rank_between, which runs as its caller)
create or replace function fn_iu_rank_from_integer(p_number bigint) returns text
language plpgsql
immutable
set search_path from current
as $$
declare
  c_digits constant text := '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  v_rest bigint := case when p_number >= 0 then p_number else -p_number - 1 end;
  v_width integer := 1;
  v_size bigint := 62;
  v_text text := '';
begin
  while v_rest >= v_size loop
    v_rest := v_rest - v_size;
    v_width := v_width + 1;
    v_size := v_size * 62;
    if v_width > 9 then
      raise exception using errcode = 'IU215', message = 'a sibling rank is out of range';
    end if;
  end loop;
  if p_number < 0 then
    v_rest := v_size - 1 - v_rest;
  end if;
  for i in 1 .. v_width loop
    v_text := substr(c_digits, (v_rest % 62)::integer + 1, 1) || v_text;
    v_rest := v_rest / 62;
  end loop;
  return chr(case when p_number >= 0 then 96 + v_width else 91 - v_width end) || v_text;
end
$$;
-- <<<

-- >>> functions/units/fn_iu_rank_to_integer.sql
-- fn_iu_rank_to_integer(text) returns bigint
--
-- Contract:  the place of a rank, without its fraction; the inverse of fn_iu_rank_from_integer.
-- Arguments: p_rank: a sibling rank
-- Returns:   the number; null for null
-- Raises:    IU215 not a rank
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_reader (through fn_iu_rank_between, which runs as its caller)
create or replace function fn_iu_rank_to_integer(p_rank text) returns bigint
language plpgsql
immutable
set search_path from current
as $$
declare
  c_digits constant text := '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  v_head integer := ascii(p_rank);
  v_width integer := case when v_head >= 97 then v_head - 96 else 91 - v_head end;
  v_number bigint := 0;
  v_size bigint := 1;
  v_before bigint := 0;
begin
  if p_rank !~ '^[R-Za-i][0-9A-Za-z]+$' collate "C" or length(p_rank) <= v_width
     or (length(p_rank) > v_width + 1 and right(p_rank, 1) = '0') then
    raise exception using errcode = 'IU215', message = format('%s is not a sibling rank', quote_nullable(left(p_rank, 40)));
  end if;
  for i in 1 .. coalesce(v_width, 0) loop
    v_number := v_number * 62 + strpos(c_digits, substr(p_rank, i + 1, 1)) - 1;
    v_size := v_size * 62;
    if i < v_width then
      v_before := v_before + v_size;
    end if;
  end loop;
  return case when p_rank is null then null when v_head >= 97 then v_before + v_number else -(v_before + v_size - 1 - v_number) - 1 end;
end
$$;
-- <<<

-- >>> functions/units/fn_iu_rank_between.sql
-- fn_iu_rank_between(text, text) returns text
--
-- Contract:  a rank strictly between two ranks under collation C, so that a sibling is inserted anywhere without touching the others.
--            Ranks are a base-62 number and a fraction; at the ends the number steps by one, in between the fraction is halved.
-- Arguments: p_left, p_right: neighbours, p_left < p_right; null = open end; both null = the first rank
-- Returns:   the rank
-- Raises:    IU215 not a rank, or p_left >= p_right
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_reader
create or replace function fn_iu_rank_between(p_left text, p_right text) returns text
language plpgsql
immutable
set search_path from current
as $$
declare
  c_digits constant text := '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  v_left bigint := case when p_left is not null then fn_iu_rank_to_integer(p_left) end;
  v_right bigint := case when p_right is not null then fn_iu_rank_to_integer(p_right) end;
  v_rank text;
  v_low text;
  v_high text;
  v_low_digit integer;
  v_high_digit integer;
begin
  if p_left collate "C" >= p_right collate "C" then
    raise exception using errcode = 'IU215', message = format('rank %s is not before rank %s', p_left, p_right);
  end if;
  if v_left is null then
    v_rank := fn_iu_rank_from_integer(coalesce(v_right, 0));
    return case when p_right is null or v_rank < p_right collate "C" then v_rank else fn_iu_rank_from_integer(v_right - 1) end;
  end if;
  if v_right is null or v_right > v_left then
    v_rank := fn_iu_rank_from_integer(v_left + 1);
    if p_right is null or v_rank < p_right collate "C" then
      return v_rank;
    end if;
  end if;
  -- the numbers leave no room: halve between the fractions of the left number
  v_rank := fn_iu_rank_from_integer(v_left);
  v_low := substr(p_left, length(v_rank) + 1);
  v_high := case when v_right = v_left then substr(p_right, length(v_rank) + 1) end;
  for i in 1 .. length(v_low) + coalesce(length(v_high), 0) + 2 loop
    -- past its end a fraction goes on with zeros: strpos of the empty string is 1
    v_low_digit := strpos(c_digits, substr(v_low, i, 1)) - 1;
    v_high_digit := case when v_high is null then 62 else strpos(c_digits, substr(v_high, i, 1)) - 1 end;
    if v_high_digit - v_low_digit > 1 then
      return v_rank || substr(c_digits, (v_low_digit + v_high_digit) / 2 + 1, 1);
    end if;
    if v_high_digit > v_low_digit then
      if v_high is not null and length(v_high) > i then
        return v_rank || substr(c_digits, v_high_digit + 1, 1);
      end if;
      v_high := null;
    end if;
    v_rank := v_rank || substr(c_digits, v_low_digit + 1, 1);
  end loop;
  raise exception using errcode = 'IU215', message = format('no rank between %s and %s', p_left, p_right);
end
$$;
-- <<<

-- >>> functions/units/fn_iu_document_of.sql
-- fn_iu_document_of(uuid[]) returns uuid[]
--
-- Contract:  the documents (units without parent) that these units live in now, each once, in the order in which they are locked.
-- Arguments: p_unit_ids: units
-- Returns:   ids of documents, ascending; a unit on a cycle has none
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_document_of(p_unit_ids uuid[]) returns uuid[]
language plpgsql
set search_path from current
as $$
begin
  -- plpgsql, which keeps its plan: as an SQL function it is planned again in every call
  return (
    with recursive up as (
      select u.id, u.parent_or_container_ref from information_unit u where u.id = any (p_unit_ids)
      union
      -- by key, one by one: a join with all units was taken for cheaper up to some 20,000 of them, at every level
      select p.id, p.parent_or_container_ref
        from up
       cross join lateral (select i.id, i.parent_or_container_ref from information_unit i where i.id = up.parent_or_container_ref offset 0) p
    )
    select coalesce(array_agg(id order by id), '{}') from up where parent_or_container_ref is null
  );
end
$$;
-- <<<

-- >>> functions/units/fn_iu_lock_documents.sql
-- fn_iu_lock_documents(uuid[]) returns uuid[]
--
-- Contract:  locks the documents of these units (for no key update, by id) until the transaction ends. A unit can move to another
--            document while this waits, so it looks again in the next statement and starts over until both looks agree.
-- Arguments: p_unit_ids: units
-- Returns:   ids of the locked documents
-- Raises:    IU217 the units kept moving
-- Writes:    nothing (row locks)
-- May call:  internal
create or replace function fn_iu_lock_documents(p_unit_ids uuid[]) returns uuid[]
language plpgsql
set search_path from current
as $$
declare
  v_documents uuid[] := fn_iu_document_of(p_unit_ids);
  v_now uuid[];
  v_at timestamptz;
begin
  for i in 1 .. 20 loop
    perform from information_unit where id = any (v_documents) order by id for no key update;
    v_now := fn_iu_document_of(p_unit_ids);
    if v_now <@ v_documents then
      -- what this transaction made itself nobody else has changed
      v_at := fn_iu_stamp();
      perform fn_iu_stamp(null, array(select id from information_unit where id = any (v_documents) and updated_at <> v_at));
      return v_documents;
    end if;
    v_documents := v_now;
  end loop;
  raise exception using errcode = 'IU217', message = 'the units kept moving to other documents', hint = 'try again';
end
$$;
-- <<<

-- >>> functions/units/fn_iu_create_check.sql
-- fn_iu_create_check(jsonb, text) returns void
--
-- Contract:  preflight of fn_iu_create_many: refuses the batch with the place and address of the first unit that cannot be made, and
--            locks the documents of all parents that exist already.
-- Arguments: p_units, p_actor: as fn_iu_create_many
-- Returns:   nothing
-- Raises:    IU201, IU203, IU204, IU216, IU217 as fn_iu_create_many
-- Writes:    nothing (row locks)
-- May call:  internal
create or replace function fn_iu_create_check(p_units jsonb, p_actor text) returns void
language plpgsql
set search_path from current
as $$
declare
  v_bad record;
  v_addresses text[];
  v_parents text[];
  v_ordinals bigint[];
begin
  if coalesce(btrim(p_actor), '') = '' then
    raise exception using errcode = 'IU216', message = 'a change of units names its actor';
  end if;
  if jsonb_typeof(p_units) is distinct from 'array' then
    raise exception using errcode = 'IU201', message = 'the units are not a JSON array';
  end if;
  -- one pass over the batch, which can be large; everything after it works on addresses
  select array_agg(i.unit ->> 'canonical_address' order by i.ordinal), array_agg(i.unit ->> 'parent_address' order by i.ordinal),
         array_agg(i.ordinal) filter (where (
           jsonb_typeof(i.unit) = 'object' and i.unit ->> 'canonical_address' ~ E'\\S' and octet_length(i.unit ->> 'canonical_address') <= 1024
           and jsonb_typeof(i.unit -> 'body') = 'string'
           and coalesce(jsonb_typeof(i.unit -> 'identity_profile'), 'object') = 'object'
           and coalesce(jsonb_typeof(i.unit -> 'content_profile'), 'object') = 'object') is not true)
    into v_addresses, v_parents, v_ordinals
    from jsonb_array_elements(p_units) with ordinality as i (unit, ordinal);
  if cardinality(v_ordinals) > 0 then
    raise exception using errcode = 'IU201',
      message = format('unit %s of the batch has no address, an address over 1024 bytes, no body, or a profile that is no object', v_ordinals[1]);
  end if;
  -- units are looked up one by one through the index of addresses, as subqueries: as a join the planner read the whole table, or with
  -- stale statistics paired every address with every unit (14 s for 10,000 addresses beside 20,000 units)
  select i.address into v_bad
    from unnest(v_addresses) as i (address)
   group by i.address
  having count(*) > 1 or (select u.id from information_unit u where u.canonical_address = i.address) is not null
   limit 1;
  if found then
    raise exception using errcode = 'IU203', message = format('the address %s is taken', v_bad.address),
      hint = 'an address names one unit for ever: revise that unit, or use another address';
  end if;
  perform fn_iu_lock_documents(array(
    select f.id from (select (select u.id from information_unit u where u.canonical_address = p.address) as id
                        from (select unnest(v_parents) as address except select unnest(v_addresses)) p) f where f.id is not null));
  -- without a limit, for which the planner would pair all with all to have the first row soon
  select count(*) as units, (array_agg(i.address order by i.ordinal))[1] as address, (array_agg(i.parent order by i.ordinal))[1] as parent into v_bad
    from unnest(v_addresses, v_parents) with ordinality as i (address, parent, ordinal)
    left join unnest(v_addresses) with ordinality as b (address, ordinal) on b.address = i.parent
   where i.parent is not null and (b.ordinal < i.ordinal) is not true
     and (select u.lifecycle_status in ('draft', 'enacted') and u.deleted_at is null
            from information_unit u where u.canonical_address = i.parent) is not true;
  if v_bad.units > 0 then
    raise exception using errcode = 'IU204', message = format('unit %s: the parent %s does not exist or is not alive', v_bad.address, v_bad.parent),
      hint = 'in a batch a parent comes before its children';
  end if;
end
$$;
-- <<<

-- >>> functions/units/fn_iu_create_many.sql
-- fn_iu_create_many(jsonb, text) returns table (ordinal bigint, unit_id uuid, version_id uuid, canonical_address text)
--
-- Contract:  makes many units, each with version 1, its anchor and one event unit_created, all in the caller's transaction and in the
--            order of the array. Parents come before children (by address, in the batch or already there), so a cycle cannot arise;
--            siblings get ranks after those that exist. A unit without parent is a document.
-- Arguments: p_units: array of objects with canonical_address, body; optional parent_address, unit_kind (document without parent, else
--            section), title (the address), owner_ref (the actor), doc_code (the parent's is not copied), section_type, section_code,
--            sort_order, sibling_rank, identity_profile, content_profile; p_actor: who, recorded beside session_user
-- Returns:   one row a unit, in order
-- Raises:    IU201 malformed unit, IU202 unknown kind, IU203 address taken, IU204 parent missing or not alive, IU213 incomplete profile,
--            IU216 actor missing, IU217 units kept moving, IU218 place among the siblings taken
-- Writes:    information_unit, unit_version, event_outbox
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_create_many(p_units jsonb, p_actor text)
returns table (ordinal bigint, unit_id uuid, version_id uuid, canonical_address text)
language plpgsql
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
  v_constraint text;
  v_at timestamptz;
  v_ids uuid[];
  v_versions uuid[];
  v_events uuid[];
begin
  perform fn_iu_create_check(p_units, p_actor);
  v_ids := fn_iu_ids(jsonb_array_length(p_units));
  v_versions := fn_iu_ids(jsonb_array_length(p_units));
  v_events := fn_iu_ids(jsonb_array_length(p_units));
  v_at := fn_iu_stamp();
  perform fn_iu_canonical_writer('fn_iu_create');
  return query
  with input as materialized (
    select i.*, v_ids[i.ordinal] as id, v_versions[i.ordinal] as version_id, encode(sha256(convert_to(i.body, 'UTF8')), 'hex') as content_hash,
           coalesce(i.unit_kind, case when i.parent_address is null then 'document' else 'section' end) as kind,
           coalesce(i.owner_ref, p_actor) as owner
      from rows from (jsonb_to_recordset(p_units) as (
             canonical_address text, body text, parent_address text, unit_kind text, title text, owner_ref text, doc_code text,
             section_type text, section_code text, sort_order integer, sibling_rank text, identity_profile jsonb, content_profile jsonb)
           ) with ordinality as i (canonical_address, body, parent_address, unit_kind, title, owner_ref, doc_code, section_type,
                                   section_code, sort_order, sibling_rank, identity_profile, content_profile, ordinal)
  ), parent as materialized (
    select p.address, coalesce(p.own_id, p.unit_id) as id,
           coalesce(fn_iu_rank_to_integer(greatest(
             (select max(c.sibling_rank) from information_unit c where c.parent_or_container_ref = p.unit_id),
             (select max(d.sibling_rank) from iu_collection_path d where d.collection_id = p.unit_id))), -1) as last_place
      from (select d.address, b.id as own_id,
                   case when b.id is null then (select u.id from information_unit u where u.canonical_address = d.address) end as unit_id
              from (select distinct parent_address as address from input where parent_address is not null) d
              left join input b on b.canonical_address = d.address) p
  ), placed as materialized (
    select i.*, parent.id as parent_id,
           coalesce(i.sibling_rank, fn_iu_rank_from_integer(
             coalesce(parent.last_place, -1) + case when parent.id is null then 1 else row_number() over (partition by parent.id order by i.ordinal) end
           )) as rank
      from input i left join parent on parent.address = i.parent_address
  ), unit as (
    insert into information_unit (id, canonical_address, unit_kind, content_anchor_ref, version_anchor_ref, owner_ref, parent_or_container_ref,
                                  doc_code, sort_order, section_type, section_code, sibling_rank, identity_profile, created_by, updated_by,
                                  created_at, updated_at)
    select id, canonical_address, kind, version_id::text, version_id, owner, parent_id, doc_code, sort_order, section_type, section_code, rank,
           jsonb_build_object('title', coalesce(nullif(title, ''), canonical_address), 'owner_lookup_ref', owner,
                              'primary_section_type_ref', coalesce(section_type, kind)) || coalesce(identity_profile, '{}'),
           p_actor, p_actor, v_at, v_at
      from placed order by ordinal
    returning id
  ), version as (
    insert into unit_version (id, unit_id, body, content_hash, version_seq, content_profile, created_by, created_at)
    select version_id, id, body, content_hash, 1, coalesce(content_profile, '{}'), p_actor, v_at from placed order by ordinal
    returning id
  ), event as (
    -- behind the count of the written units, so that each event comes after the row it tells about
    insert into event_outbox (id, event_domain, event_type, event_stream, delivery_lane, event_subject_table, event_subject_ref, canonical_address,
                              actor_ref, source_system, safe_payload)
    select v_events[p.ordinal], 'iu', 'unit_created', r.event_stream, r.delivery_lane, 'information_unit', p.id::text, p.canonical_address, p_actor, 'iu_core',
           jsonb_build_object('unit_kind', p.kind, 'parent_ref', p.parent_id, 'version_seq', 1, 'version_id', p.version_id, 'content_hash', p.content_hash)
      from (select count(*) from unit) written cross join placed p
      left join event_type_registry r on r.event_domain = 'iu' and r.event_type = 'unit_created'
     order by p.ordinal
    returning seq
  )
  select p.ordinal, p.id, p.version_id, p.canonical_address from placed p order by p.ordinal;
  perform fn_iu_canonical_writer('');
exception when unique_violation then
  get stacked diagnostics v_constraint = constraint_name;
  if v_constraint = 'information_unit_canonical_address_key' then
    raise exception using errcode = 'IU203', message = 'an address of the batch was taken by another session',
      hint = 'an address names one unit for ever: revise that unit, or use another address';
  end if;
  raise exception using errcode = 'IU218', message = format('a place among the siblings is taken (%s)', v_constraint),
    hint = 'leave sibling_rank and sort_order out, or choose free ones';
end
$$;
-- <<<

-- >>> functions/units/fn_iu_create.sql
-- fn_iu_create(text, text, text, ...) returns jsonb
--
-- Contract:  makes one unit with version 1, its anchor and the event unit_created. Born as draft. Two calls with one address wait for
--            each other, and the second is refused.
-- Arguments: p_canonical_address: free address; p_body: text, byte for byte; p_actor: who; p_parent_address: null = a document;
--            p_unit_kind: document without parent, else section; p_title: the address; p_after_address: the sibling to stand after,
--            '' = first child, null = last, a document of a collection counts too; the others as columns of information_unit and unit_version
-- Returns:   {status: created, unit_id, version_id, version_seq, canonical_address, sibling_rank}
-- Raises:    as fn_iu_create_many; IU205 the sibling is no child of that parent
-- Writes:    information_unit, unit_version, event_outbox
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_create(
  p_canonical_address text,
  p_body text,
  p_actor text,
  p_parent_address text default null,
  p_unit_kind text default null,
  p_title text default null,
  p_owner_ref text default null,
  p_after_address text default null,
  p_doc_code text default null,
  p_section_type text default null,
  p_section_code text default null,
  p_sort_order integer default null,
  p_identity_profile jsonb default '{}',
  p_content_profile jsonb default '{}'
) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_parent uuid;
  v_after uuid;
  v_rank text;
  v_made record;
begin
  perform pg_advisory_xact_lock(hashtextextended('iu address ' || coalesce(p_canonical_address, ''), 0));
  if p_after_address is not null then
    select id into v_parent from information_unit where canonical_address = p_parent_address;
    perform fn_iu_lock_documents(array[v_parent]);
    select id into v_after from information_unit where canonical_address = p_after_address;
    if not exists (select from information_unit where id = v_after and parent_or_container_ref = v_parent
                   union all select from iu_collection_path where document_id = v_after and collection_id = v_parent) and p_after_address <> '' then
      raise exception using errcode = 'IU205', message = format('%s is no child of %s', p_after_address, coalesce(p_parent_address, 'nothing')),
        hint = 'p_after_address names a child of p_parent_address; leave it out to append';
    end if;
    v_rank := fn_iu_structure_rank(v_parent, v_after, 'first', null);
  end if;
  select * into strict v_made from fn_iu_create_many(jsonb_build_array(jsonb_strip_nulls(jsonb_build_object(
    'canonical_address', p_canonical_address, 'body', p_body, 'parent_address', p_parent_address, 'unit_kind', p_unit_kind, 'title', p_title,
    'owner_ref', p_owner_ref, 'doc_code', p_doc_code, 'section_type', p_section_type, 'section_code', p_section_code,
    'sort_order', p_sort_order, 'sibling_rank', v_rank))
    || jsonb_build_object('identity_profile', coalesce(p_identity_profile, '{}'), 'content_profile', coalesce(p_content_profile, '{}'))), p_actor);
  return jsonb_build_object('status', 'created', 'unit_id', v_made.unit_id, 'version_id', v_made.version_id, 'version_seq', 1,
                            'canonical_address', p_canonical_address,
                            'sibling_rank', (select sibling_rank from information_unit where id = v_made.unit_id));
end
$$;
-- <<<

-- >>> functions/units/fn_iu_living_unit.sql
-- fn_iu_living_unit(text) returns information_unit
--
-- Contract:  finds a unit by address and locks its row (for no key update), so that what follows, its event included, comes after
--            everything that others did to it.
-- Arguments: p_canonical_address: the unit
-- Returns:   the row as it is now
-- Raises:    IU205 no such unit, IU206 the unit is not alive
-- Writes:    nothing (row lock)
-- May call:  internal
create or replace function fn_iu_living_unit(p_canonical_address text) returns information_unit
language plpgsql
set search_path from current
as $$
declare
  v_unit information_unit;
begin
  select * into v_unit from information_unit where canonical_address = p_canonical_address for no key update;
  if not found then
    raise exception using errcode = 'IU205', message = format('there is no unit %s', quote_nullable(left(p_canonical_address, 200)));
  end if;
  if v_unit.lifecycle_status not in ('draft', 'enacted') or v_unit.deleted_at is not null then
    raise exception using errcode = 'IU206', message = format('unit %s is %s', v_unit.canonical_address,
        case when v_unit.deleted_at is not null then 'deleted' else v_unit.lifecycle_status end),
      hint = 'only draft and enacted units change; make a new unit';
  end if;
  perform fn_iu_stamp(v_unit.updated_at);
  return v_unit;
end
$$;
-- <<<

-- >>> functions/units/fn_iu_revise.sql
-- fn_iu_revise(text, text, text, text, text, jsonb, integer) returns jsonb
--
-- Contract:  gives a unit its next version (draft) and moves the anchor to it; the version trigger emits version_applied. The same text
--            is no new version and no event. Of two revisions at once the second builds on the first. Another title with the same text is
--            an event unit_retitled of a draft; the title of what is in force changes with a new version only, whose profile keeps the one
--            before (title_before).
-- Arguments: p_canonical_address: the unit; p_body: the whole new text; p_actor: who; p_reason: kept in the version's profile;
--            p_title: new title, null keeps it; p_content_profile: of the new version;
--            p_expected_version_seq: refuse when the current version is another
-- Returns:   {status: revised | retitled | unchanged, unit_id, version_id, version_seq, content_hash}
-- Raises:    IU201 body missing, IU205 no such unit, IU206 not alive, IU216 actor missing, IU219 another version is current,
--            IU220 a title in force without a new version
-- Writes:    unit_version, information_unit, event_outbox
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_revise(
  p_canonical_address text,
  p_body text,
  p_actor text,
  p_reason text default null,
  p_title text default null,
  p_content_profile jsonb default '{}',
  p_expected_version_seq integer default null
) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_unit information_unit;
  v_version record;
  v_hash text := encode(sha256(convert_to(p_body, 'UTF8')), 'hex');
  v_id uuid := gen_random_uuid();
  v_profile jsonb;
  v_retitled boolean;
begin
  if coalesce(btrim(p_actor), '') = '' then
    raise exception using errcode = 'IU216', message = 'a change of units names its actor';
  end if;
  if p_body is null then
    raise exception using errcode = 'IU201', message = 'a revision has a body';
  end if;
  v_unit := fn_iu_living_unit(p_canonical_address);
  v_profile := v_unit.identity_profile || case when p_title ~ E'\\S' then jsonb_build_object('title', p_title) else '{}' end;
  select id, version_seq, content_hash into strict v_version from unit_version where id = v_unit.version_anchor_ref;
  if p_expected_version_seq <> v_version.version_seq then
    raise exception using errcode = 'IU219',
      message = format('unit %s is at version %s, not %s', p_canonical_address, v_version.version_seq, p_expected_version_seq),
      hint = 'read the unit again and revise what it says now';
  end if;
  v_retitled := v_profile <> v_unit.identity_profile;
  if v_retitled and v_version.content_hash = v_hash and v_unit.lifecycle_status = 'enacted' then
    raise exception using errcode = 'IU220', message = format('unit %s is in force: its title changes with a new version only', v_unit.canonical_address),
      hint = 'revise its text with the title, or replace it by a structure operation (replace_piece)';
  end if;
  perform fn_iu_canonical_writer('fn_iu_revise');
  if v_version.content_hash = v_hash then
    update information_unit set identity_profile = v_profile, updated_by = p_actor where id = v_unit.id and v_retitled;
    perform fn_iu_canonical_writer('');
    if v_retitled then
      perform fn_iu_emit_event('unit_retitled', v_unit.canonical_address, v_unit.id, p_actor,
                               jsonb_build_object('version_seq', v_version.version_seq, 'version_id', v_version.id));
    end if;
    return jsonb_build_object('status', case when v_retitled then 'retitled' else 'unchanged' end, 'unit_id', v_unit.id, 'version_id', v_version.id,
                              'version_seq', v_version.version_seq, 'content_hash', v_hash);
  end if;
  insert into unit_version (id, unit_id, body, content_hash, version_seq, content_profile, created_by, created_at)
  values (v_id, v_unit.id, p_body, v_hash, (select max(version_seq) + 1 from unit_version where unit_id = v_unit.id),
          coalesce(p_content_profile, '{}') || case when p_reason ~ E'\\S' then jsonb_build_object('reason', p_reason) else '{}' end
          || case when v_retitled then jsonb_build_object('title_before', v_unit.identity_profile -> 'title') else '{}' end, p_actor, fn_iu_stamp())
  returning version_seq into v_version.version_seq;
  update information_unit
     set content_anchor_ref = v_id::text, version_anchor_ref = v_id, identity_profile = v_profile, updated_by = p_actor
   where id = v_unit.id;
  perform fn_iu_canonical_writer('');
  return jsonb_build_object('status', 'revised', 'unit_id', v_unit.id, 'version_id', v_id,
                            'version_seq', v_version.version_seq, 'content_hash', v_hash);
end
$$;
-- <<<

-- >>> functions/units/fn_iu_enact.sql
-- fn_iu_enact(text, text, text, text, text, text, text, boolean) returns jsonb
--
-- Contract:  enacts the version that the unit's anchor points to: the unit becomes enacted, the version before it superseded, one row
--            of iu_lifecycle_log and one event version_enacted. Enacting an enacted version again changes nothing.
-- Arguments: p_canonical_address: the unit; p_actor: who; p_review_decision_id: the review that allows it, mandatory;
--            p_target_lifecycle: enacted (other ends have functions of their own); p_change_set_id, p_reason, p_tool_revision: kept in the
--            log; p_dry_run: true only says what would happen
-- Returns:   {status: enacted | unchanged | dry_run, unit_id, version_id, version_seq, from_status, to_status, superseded_version_id}
-- Raises:    IU205 no such unit, IU206 not alive, IU207 review decision missing, IU209 target not allowed, IU216 actor missing
-- Writes:    unit_version, information_unit, iu_lifecycle_log, event_outbox
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_enact(
  p_canonical_address text,
  p_actor text,
  p_review_decision_id text,
  p_target_lifecycle text default 'enacted',
  p_change_set_id text default null,
  p_reason text default null,
  p_tool_revision text default null,
  p_dry_run boolean default false
) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_unit information_unit;
  v_version record;
  v_before uuid;
  v_result jsonb;
begin
  if coalesce(btrim(p_actor), '') = '' then
    raise exception using errcode = 'IU216', message = 'a change of units names its actor';
  end if;
  if coalesce(btrim(p_review_decision_id), '') = '' then
    raise exception using errcode = 'IU207', message = 'an enactment names the review decision that allows it';
  end if;
  if p_target_lifecycle is distinct from 'enacted' then
    raise exception using errcode = 'IU209', message = format('fn_iu_enact leads to enacted, not to %s', quote_nullable(left(p_target_lifecycle, 80))),
      hint = 'fn_iu_deprecate ends the life of a unit';
  end if;
  v_unit := fn_iu_living_unit(p_canonical_address);
  select id, version_seq, lifecycle_status into strict v_version from unit_version where id = v_unit.version_anchor_ref;
  select id into v_before from unit_version where unit_id = v_unit.id and lifecycle_status = 'enacted' and id <> v_version.id;
  v_result := jsonb_build_object('unit_id', v_unit.id, 'version_id', v_version.id, 'version_seq', v_version.version_seq,
                                 'from_status', v_unit.lifecycle_status, 'to_status', 'enacted', 'superseded_version_id', v_before);
  if v_version.lifecycle_status = 'enacted' or coalesce(p_dry_run, false) then
    return v_result || jsonb_build_object('status', case when v_version.lifecycle_status = 'enacted' then 'unchanged' else 'dry_run' end);
  end if;
  perform fn_iu_canonical_writer('fn_iu_enact');
  update unit_version set lifecycle_status = 'superseded' where id = v_before;
  update unit_version set lifecycle_status = 'enacted', enacted_at = fn_iu_stamp() where id = v_version.id;
  update information_unit set lifecycle_status = 'enacted', updated_by = p_actor where id = v_unit.id;
  perform fn_iu_canonical_writer('');
  insert into iu_lifecycle_log (unit_id, canonical_address, version_id, from_status, to_status, actor, review_decision_id, change_set_id, reason, tool_revision)
  values (v_unit.id, v_unit.canonical_address, v_version.id, v_unit.lifecycle_status, 'enacted', p_actor, p_review_decision_id,
          p_change_set_id, p_reason, p_tool_revision);
  perform fn_iu_emit_event('version_enacted', v_unit.canonical_address, v_unit.id, p_actor,
                           jsonb_build_object('version_seq', v_version.version_seq, 'version_id', v_version.id,
                                              'superseded_version_id', v_before, 'review_decision_id', p_review_decision_id));
  return v_result || jsonb_build_object('status', 'enacted');
end
$$;
-- <<<

-- >>> functions/units/fn_iu_sql_link_living.sql
-- fn_iu_sql_link_living() returns trigger
--
-- Contract:  a living link is made on a living unit only. Locks the row of the unit (for no key update), as everything that ends a unit does:
--            either this waits and sees the unit ended, or the end waits and sees the link.
-- Arguments: none
-- Returns:   the new row
-- Raises:    IU206 the unit is not alive
-- Writes:    nothing (row lock)
-- May call:  nobody, it is a trigger
create or replace function fn_iu_sql_link_living() returns trigger
language plpgsql
security definer
set search_path from current
as $$
declare
  v_unit record;
begin
  select u.canonical_address, u.lifecycle_status, u.deleted_at into v_unit from information_unit u where u.id = new.unit_id for no key update;
  -- without a unit the foreign key refuses
  if v_unit.deleted_at is not null or v_unit.lifecycle_status not in ('draft', 'enacted') then
    raise exception using errcode = 'IU206', message = format('unit %s is %s', v_unit.canonical_address,
        case when v_unit.deleted_at is not null then 'deleted' else v_unit.lifecycle_status end),
      hint = 'link the unit that took its place: iu unit lineage';
  end if;
  return new;
end
$$;
-- <<<

-- >>> functions/units/fn_iu_sql_link_refuse.sql
-- fn_iu_sql_link_refuse(uuid[]) returns void
--
-- Contract:  refuses to end units on which living SQL links stand, where nobody says what becomes of the links.
-- Arguments: p_units: their ids, rows locked by the caller
-- Returns:   nothing
-- Raises:    IU611 living SQL links
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_sql_link_refuse(p_units uuid[]) returns void
language plpgsql
set search_path from current
as $$
declare
  v_address text;
begin
  select min(u.canonical_address) into v_address
    from iu_sql_link l join information_unit u on u.id = l.unit_id
   where l.unit_id = any (p_units) and l.lifecycle_status in ('draft', 'enacted');
  if v_address is not null then
    raise exception using errcode = 'IU611', message = format('unit %s has living SQL links', v_address),
      hint = 'retire them first (iu link retire), or end the unit by a structure operation with a link_policy';
  end if;
end
$$;
-- <<<

create trigger trg_aa_iu_gateway_write_guard before insert or update or delete or truncate on information_unit
  for each statement execute function fn_iu_gateway_write_guard();
create trigger trg_aa_uv_gateway_write_guard before insert or update or delete or truncate on unit_version
  for each statement execute function fn_iu_gateway_write_guard();
create trigger trg_iu_birth_gate_layer1 after insert on information_unit referencing new table as new_units
  for each statement execute function fn_iu_birth_gate_layer1();
create trigger trg_iu_birth_gate_layer1_update after update on information_unit referencing new table as new_units
  for each statement execute function fn_iu_birth_gate_layer1();
create constraint trigger trg_iu_birth_gate_layer2 after insert or update of version_anchor_ref, content_anchor_ref on information_unit
  deferrable initially deferred for each row execute function fn_iu_birth_gate_layer2();
create trigger trg_iu_enacted_immut before update on information_unit
  for each row when (old.lifecycle_status <> 'draft') execute function fn_iu_enacted_immut();
create trigger trg_uv_enacted_immut before update on unit_version
  for each row execute function fn_uv_enacted_immut();
create trigger trg_iu_updated_at before update on information_unit
  for each row execute function fn_iu_set_updated_at();
create trigger trg_iu_out_version after insert on unit_version
  for each row when (new.version_seq > 1) execute function fn_iu_outbound_on_version();
create trigger trg_iu_sql_link_living before insert on iu_sql_link
  for each row when (new.lifecycle_status in ('draft', 'enacted')) execute function fn_iu_sql_link_living();
create trigger trg_iu_lifecycle_log_append_only before update or delete or truncate on iu_lifecycle_log
  for each statement execute function fn_iu_refuse_change();
alter table information_unit enable always trigger trg_aa_iu_gateway_write_guard;
alter table unit_version enable always trigger trg_aa_uv_gateway_write_guard;
alter table information_unit enable always trigger trg_iu_enacted_immut;
alter table unit_version enable always trigger trg_uv_enacted_immut;
alter table iu_lifecycle_log enable always trigger trg_iu_lifecycle_log_append_only;
