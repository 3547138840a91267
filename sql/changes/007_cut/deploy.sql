-- 007_cut: what a document was cut from. The source's bytes, each cut of a revision, and which bytes became which version.

create table iu_source_pin (
  pin_id              bigint generated always as identity primary key,
  sha256              text not null constraint iu_source_pin_sha256_key unique,
  bytes               bytea not null,
  byte_length         integer not null,
  media_type          text not null check (media_type ~ '^[a-z0-9.+-]+/[a-z0-9.+-]+$'),
  encoding            text not null check (encoding ~ '^[a-z0-9][a-z0-9_-]{0,39}$'),
  has_byte_order_mark boolean not null,
  newline_style       text check (newline_style in ('none', 'lf', 'crlf', 'cr', 'mixed')),
  title               text,
  source_note         text,
  created_at          timestamptz not null default clock_timestamp(),
  created_by          text not null default session_user,
  redacted            int4multirange not null default '{}',
  constraint iu_source_pin_length_chk check (byte_length = octet_length(bytes)),
  constraint iu_source_pin_sha256_chk check (not isempty(redacted) or sha256 = encode(sha256(bytes), 'hex'))
);
comment on table iu_source_pin is 'Immutable bytes of a source, each once, found by their hash.';
comment on column iu_source_pin.redacted is 'Byte ranges that a redaction overwrote, each byte with X; the hash stays that of the source as it was.';
comment on column iu_source_pin.encoding is 'utf-8 when PostgreSQL reads the bytes as text (valid, without NUL): only such a source becomes units. Else what whoever pinned them read them as, or unknown.';

create table iu_cut_run (
  run_id           bigint generated always as identity primary key,
  run_key          text not null check (octet_length(run_key) = 64 and run_key !~ '[^0-9a-f]'),
  pin_id           bigint not null references iu_source_pin,
  document_address text not null,
  document_title   text not null,
  owner_ref        text not null,
  revision_label   text not null,
  cutter_name      text not null,
  cutter_version   text not null,
  config           jsonb not null default '{}',
  state            text not null default 'pending' check (state in ('pending', 'source_pinned', 'marked', 'cutplan_ok', 'pre_write_backup_taken',
                     'grants_probed', 'awaiting_cut_authorization', 'cut_leg_a_committed', 'structural_verified', 'leg_b_recorded',
                     'write_verified', 'awaiting_lifecycle_authorization', 'lifecycle_enacted', 'closeout_reported')
                     or state ~ '^(failed|stopped|voided)_[a-z_]{1,40}$'),
  actor_ref        text not null,
  document_id      uuid references information_unit,
  is_birth         boolean,
  base_hash        text,
  piece_count      integer check (piece_count >= 0),
  cut_digest       text,
  plan_digest      text,
  manifest         jsonb not null default '{}',
  apply_tx_id      xid8,
  tree_hash_before text,
  text_hash_before text,
  units_created    integer not null default 0,
  units_revised    integer not null default 0,
  units_deprecated integer not null default 0,
  units_moved      integer not null default 0,
  anchors_only     integer not null default 0,
  detail           jsonb not null default '{}',
  started_at       timestamptz not null default clock_timestamp(),
  finished_at      timestamptz,
  created_by       text not null default session_user
);
-- a run that was voided or rolled back gives its key, its label and its document free again
create unique index iu_cut_run_key_idx on iu_cut_run (run_key) where state !~ '^voided_';
create unique index iu_cut_run_revision_key on iu_cut_run (document_address, revision_label, cutter_name, cutter_version) where state !~ '^voided_';
create unique index iu_cut_run_unfinished_key on iu_cut_run (document_address) where state <> 'closeout_reported' and state !~ '^voided_';
create index iu_cut_run_document_idx on iu_cut_run (document_address, run_id);
comment on table iu_cut_run is 'One cut of one revision of a document: a state machine with two human gates, resumable after a kill at any point.';
comment on column iu_cut_run.run_key is 'sha256(pin sha256 | cutter | version | config); config holds document and revision. The same key writes nothing.';
comment on column iu_cut_run.base_hash is 'Tree and text of the document on which the plan builds; an apply on another one is refused.';
comment on column iu_cut_run.apply_tx_id is 'The one transaction that wrote units, versions and events: what the write check counts by.';

-- run, unit and version are judged a statement at a time (fn_iu_cut_piece_check), not by foreign keys a row at a time
create table iu_cut_piece (
  run_id     bigint not null,
  ordinal    integer not null check (ordinal >= 0),
  byte_start integer not null check (byte_start >= 0),
  byte_end   integer not null,
  address    text not null,
  unit_id    uuid not null,
  version_id uuid not null,
  sha256     text not null check (octet_length(sha256) = 64 and sha256 !~ '[^0-9a-f]'),
  normalized_sha256 text not null check (octet_length(normalized_sha256) = 64 and normalized_sha256 !~ '[^0-9a-f]'),
  anchor     text not null check (anchor in ('exact', 'format')),
  primary key (run_id, ordinal),
  -- the unit first, so that this is also how the pieces of a unit are found
  constraint iu_cut_piece_unit_key unique (unit_id, run_id),
  constraint iu_cut_piece_range_chk check (byte_end > byte_start)
);
comment on table iu_cut_piece is 'Half-open byte range of the pinned source, and the version whose body it is.';
comment on column iu_cut_piece.anchor is 'exact: the bytes are the body. format: only what the normaliser takes away differs, so no version was made.';
comment on column iu_cut_piece.address is 'Address inside the document as cut; the unit''s own may carry a suffix when it came back after deprecation.';

-- >>> functions/cut/fn_iu_source_pin.sql
-- fn_iu_source_pin(bytea, text, text, text, text, text) returns table (pin_id bigint, sha256 text, is_new boolean)
--
-- Contract:  keeps the bytes of a source, once: the same bytes give the same pin, whatever they are called the second time. The
--            hash is taken here, of what arrived. Encoding is utf-8 when PostgreSQL can read the bytes as text, else what the caller read
--            them as, or unknown.
-- Arguments: p_bytes: the source, whole; p_media_type: for example text/markdown; p_newline_style: none, lf, crlf, cr or mixed;
--            p_title: what people call it; p_source_note: where it comes from, under which licence; p_encoding: of text that is not UTF-8
-- Returns:   the pin, and whether it is new
-- Raises:    IU701 no bytes given, IU897 a redaction took something out of these very bytes
-- Writes:    iu_source_pin
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_source_pin(p_bytes bytea, p_media_type text, p_newline_style text default null,
  p_title text default null, p_source_note text default null, p_encoding text default null)
returns table (pin_id bigint, sha256 text, is_new boolean)
language plpgsql
security definer
set search_path from current
as $$
declare
  v_sha256 text := encode(pg_catalog.sha256(p_bytes), 'hex');
  v_encoding text := 'utf-8';
begin
  if p_bytes is null then
    raise exception using errcode = 'IU701', message = 'a source pin needs bytes', hint = 'pass the whole source as bytea';
  end if;
  return query select p.pin_id, p.sha256, false from iu_source_pin p where p.sha256 = v_sha256;
  if found then
    if exists (select from iu_source_pin p where p.sha256 = v_sha256 and not isempty(p.redacted)) then
      raise exception using errcode = 'IU897', message = 'something in this source was redacted; as it was it may not come back',
        hint = 'iu redact list says which; leave it out of the source';
    end if;
    return;
  end if;
  begin
    perform convert_from(p_bytes, 'UTF8');
  exception when character_not_in_repertoire or untranslatable_character then
    v_encoding := coalesce(p_encoding, 'unknown');
  end;
  return query
    insert into iu_source_pin as p (sha256, bytes, byte_length, media_type, encoding, has_byte_order_mark, newline_style, title, source_note)
    values (v_sha256, p_bytes, octet_length(p_bytes), p_media_type, v_encoding,
            substring(p_bytes from 1 for 3) = E'\\xefbbbf'::bytea
              or v_encoding like 'utf-16%' and substring(p_bytes from 1 for 2) in (E'\\xfffe'::bytea, E'\\xfeff'::bytea),
            p_newline_style, p_title, p_source_note)
    on conflict on constraint iu_source_pin_sha256_key do nothing
    returning p.pin_id, p.sha256, true;
  if not found then
    -- Somebody else pinned the same bytes since the first look; a new statement sees that row.
    return query select p.pin_id, p.sha256, false from iu_source_pin p where p.sha256 = v_sha256;
  end if;
end
$$;
-- <<<

-- >>> functions/cut/fn_iu_cut_living.sql
-- fn_iu_cut_living(uuid) returns table (position, unit_id, parent_id, canonical_address, version_id)
--
-- Contract:  the document and the living units below it in tree order: each before its children, siblings by rank. Living = neither
--            superseded, retired nor deprecated nor deleted, and every unit above it living too.
-- Arguments: p_document_id: the document unit
-- Returns:   one row a unit, without its text; nothing for an unknown document
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_living(p_document_id uuid)
returns table ("position" bigint, unit_id uuid, parent_id uuid, canonical_address text, version_id uuid)
language sql
stable
set search_path from current
set plan_cache_mode = force_generic_plan
-- units are looked up by key, one by one: with stale statistics a join paired all with all (9 s for 5,000 units)
set enable_seqscan = off
as $$
  -- ranks joined by a space, which is below every letter of a rank: compares as the list of them would, in half the time
  with recursive tree as (
    select u.id, u.parent_or_container_ref, u.canonical_address, u.version_anchor_ref, '' collate "C" as path
      from information_unit u
     where u.id = p_document_id and u.lifecycle_status in ('draft', 'enacted') and u.deleted_at is null
     union all
    select c.id, c.parent_or_container_ref, c.canonical_address, c.version_anchor_ref, t.path || ' ' || c.sibling_rank
      from tree t
     -- what is behind the fence goes by the parent alone: with a lifecycle beside it the planner read all units of that lifecycle for each parent
     cross join lateral (select u.* from information_unit u where u.parent_or_container_ref = t.id offset 0) c
     where c.lifecycle_status in ('draft', 'enacted') and c.deleted_at is null
  )
  select row_number() over (order by t.path), t.id, t.parent_or_container_ref, t.canonical_address, t.version_anchor_ref
    from tree t
   where t.version_anchor_ref is not null
   order by t.path
$$;
-- <<<

-- >>> functions/cut/fn_iu_cut_living_units.sql
-- fn_iu_cut_living_units(uuid) returns table (position, unit_id, parent_id, canonical_address, version_id, body, body_sha256)
--
-- Contract:  the document and the living units below it in tree order (fn_iu_cut_living), with their texts.
-- Arguments: p_document_id: the document unit
-- Returns:   one row a unit, with the body of its current version; nothing for an unknown document
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_cut_living_units(p_document_id uuid)
returns table ("position" bigint, unit_id uuid, parent_id uuid, canonical_address text, version_id uuid, body text, body_sha256 text)
language sql
stable
security definer
set search_path from current
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
  select l.position, l.unit_id, l.parent_id, l.canonical_address, v.id, v.body, encode(sha256(convert_to(v.body, 'UTF8')), 'hex')
    from fn_iu_cut_living(p_document_id) l
   cross join lateral (select b.id, b.body from unit_version b where b.id = l.version_id offset 0) v
   order by l.position
$$;
-- <<<

-- >>> functions/cut/fn_iu_cut_verify.sql
-- fn_iu_cut_verify(bigint) returns jsonb
--
-- Contract:  proves P11 for one run from what is stored: ordinals count from 0, ranges begin at 0, follow each other without gap or
--            overlap and end at the length of the pin, every piece has the hash recorded for it, the pieces joined hash to the pin. An
--            exact piece is the body of its version, byte for byte; a piece that differs in format only has the normalised hash under
--            which that version was recorded as exact before. Where a redaction overwrote bytes, the whole cannot be hashed any more: then
--            each piece that it did not touch is proven by its own hash, each that it did has to hold nothing but filler there, and its
--            version to name the redaction. Reads only; may be called at any time.
-- Arguments: p_run_id: a run whose pieces are recorded
-- Returns:   {run_id, ok, pieces, format_only, redacted, bytes, sha256, problems: [text]}; problems never hold text of the source
-- Raises:    IU707 there is no such run
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_reader
create or replace function fn_iu_cut_verify(p_run_id bigint) returns jsonb
language plpgsql
stable
security definer
set search_path from current
-- versions are looked up by key, whatever the statistics say
set enable_seqscan = off
as $$
declare
  v_run iu_cut_run;
  v_pin iu_source_pin;
  v_bytes bytea;
  v_is_redacted boolean;
  v_fact record;
  v_problems text[];
begin
  select * into v_run from iu_cut_run where run_id = p_run_id;
  if not found then
    raise exception using errcode = 'IU707', message = format('there is no cut run %s', p_run_id), hint = 'iu cut list';
  end if;
  select * into v_pin from iu_source_pin where pin_id = v_run.pin_id;
  -- out of the toast once: sliced where it is stored, every piece would unpack the whole source
  v_bytes := v_pin.bytes || ''::bytea;
  v_is_redacted := not isempty(v_pin.redacted);
  with piece as materialized (
    select p.ordinal, p.byte_start, p.byte_end, p.sha256, p.anchor, v.content_hash, v.redaction_id is not null as body_redacted,
           v_is_redacted and int4multirange(int4range(p.byte_start, p.byte_end)) && v_pin.redacted as bytes_redacted,
           -- null: the body is the bytes, and has their hash; nearly always
           case when convert_to(v.body, 'UTF8') <> substring(v_bytes from p.byte_start + 1 for p.byte_end - p.byte_start)
                then encode(sha256(convert_to(v.body, 'UTF8')), 'hex') end as other_sha256,
           encode(sha256(substring(v_bytes from p.byte_start + 1 for p.byte_end - p.byte_start)), 'hex') as bytes_sha256,
           row_number() over (order by p.ordinal) - 1 as expected_ordinal,
           coalesce(lag(p.byte_end) over (order by p.ordinal), 0) as expected_start,
           p.anchor = 'exact' or (select true from iu_cut_piece e where e.unit_id = p.unit_id and e.version_id = p.version_id and e.anchor = 'exact'
                                     and e.normalized_sha256 = p.normalized_sha256 and e.run_id < p.run_id limit 1) as is_founded
      -- in the order of its key, each version by its own: as a join the planner read the versions of every document there is
      from (select * from iu_cut_piece where run_id = p_run_id order by ordinal offset 0) p
     cross join lateral (select n.* from unit_version n where n.id = p.version_id offset 0) v
  ), proven as (
    select *, coalesce(other_sha256, bytes_sha256) as body_sha256 from piece
  )
  select count(*)::integer as pieces, count(*) filter (where anchor = 'format')::integer as format_only,
         coalesce(bool_and(ordinal = expected_ordinal), true) as counted, coalesce(bool_and(byte_start = expected_start), true) as adjacent,
         coalesce(max(byte_end), 0) as covered, coalesce(bool_and(bytes_redacted or sha256 = bytes_sha256), true) as hashed,
         coalesce(bool_and(body_redacted or (body_sha256 = content_hash and (anchor = 'format' or body_sha256 = sha256))), true) as embodied,
         coalesce(bool_and(is_founded is true), true) as founded, count(*) filter (where bytes_redacted or body_redacted)::integer as redacted,
         (select bool_and(substring(v_bytes from lower(r) + 1 for upper(r) - lower(r)) = convert_to(repeat('X', upper(r) - lower(r)), 'UTF8'))
            from unnest(v_pin.redacted) r) as filled
    into v_fact from proven;
  -- ranges that follow each other from 0 to the end, with the hash of the pin over them, are the source
  v_problems := array_remove(array[
    case when not v_is_redacted and encode(sha256(v_bytes), 'hex') <> v_pin.sha256 then 'the pinned bytes do not have their hash' end,
    case when v_fact.pieces is distinct from v_run.piece_count then format('%s pieces recorded, %s cut', v_fact.pieces, v_run.piece_count) end,
    case when not v_fact.counted then 'the ordinals do not count from 0' end,
    case when not v_fact.adjacent then 'the ranges have a gap or an overlap' end,
    case when v_fact.covered <> v_pin.byte_length then format('the ranges cover %s of %s bytes', v_fact.covered, v_pin.byte_length) end,
    case when not v_fact.hashed then 'a piece does not have its hash' end,
    case when not v_fact.filled then 'redacted bytes hold something else' end,
    case when not v_fact.embodied then 'the recorded versions joined are not the source' end,
    case when not v_fact.founded then 'a piece said to differ in format only has another normalised hash than its version' end], null);
  return jsonb_build_object('run_id', p_run_id::text, 'ok', cardinality(v_problems) = 0, 'pieces', v_fact.pieces,
                            'format_only', v_fact.format_only, 'redacted', v_fact.redacted, 'bytes', v_pin.byte_length, 'sha256', v_pin.sha256,
                            'problems', to_jsonb(v_problems));
end
$$;
-- <<<

-- >>> functions/cut/fn_iu_cut_run_guard.sql
-- fn_iu_cut_run_guard() returns trigger
--
-- Contract:  a run moves along its state machine and nowhere else, whoever writes it: what identifies it never changes; the gates are
--            passed only with an approval, by a login that neither started, planned nor decided the run, of exactly the manifest that
--            stands; what is finished or voided stays.
-- Arguments: none
-- Returns:   the row
-- Raises:    IU708 the change is refused, IU731 a gate without its approval, IU897 something in its source was redacted
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_cut_run_guard() returns trigger
language plpgsql
security definer
set search_path from current
as $$
declare
  v_gate integer := case new.state when 'cut_leg_a_committed' then 1 when 'lifecycle_enacted' then 2 end;
begin
  if tg_op = 'INSERT' then
    if new.state <> 'pending' or new.created_by <> session_user then
      raise exception using errcode = 'IU708', message = 'a cut run begins as pending, in the name of the session', hint = 'iu cut start';
    end if;
    return new;
  end if;
  if (old.run_id, old.run_key, old.pin_id, old.document_address, old.revision_label, old.cutter_name, old.cutter_version, old.config,
      old.created_by, old.started_at)
       is distinct from (new.run_id, new.run_key, new.pin_id, new.document_address, new.revision_label, new.cutter_name, new.cutter_version,
      new.config, new.created_by, new.started_at)
     or (old.state ~ '^voided_' or old.state = 'closeout_reported' and new.state <> 'voided_rolled_back')
     or not fn_iu_cut_may_follow(old.state, new.state) then
    raise exception using errcode = 'IU708', message = format('cut run %s: refused to go from %s to %s', old.run_id, old.state, new.state),
      hint = 'iu cut show says what the run waits for';
  end if;
  if new.state <> old.state then
    if v_gate = 1 then
      -- locked, so that a redaction which comes now finds what this run writes
      perform from iu_source_pin p where p.pin_id = new.pin_id for share;
      if exists (select from iu_source_pin p where p.pin_id = new.pin_id and not isempty(p.redacted)) then
        raise exception using errcode = 'IU897', message = format('cut run %s: something in its source was redacted, so it is not written', old.run_id),
          hint = 'iu cut void; cut a source without it';
      end if;
    end if;
    if v_gate is not null and not exists (
         select from iu_cut_approval a
          where a.run_id = new.run_id and a.gate = v_gate and fn_iu_cut_may_approve(new.run_id, a.approved_by)
            and a.manifest_digest = fn_iu_cut_manifest_digest(new.manifest)) then
      raise exception using errcode = 'IU731', message = format('cut run %s: gate %s has no approval of this manifest by a second login', new.run_id, v_gate),
        hint = 'iu cut approve, with a login of its own';
    end if;
  end if;
  return new;
end
$$;
-- <<<

-- >>> functions/cut/fn_iu_cut_piece_check.sql
-- fn_iu_cut_piece_check() returns trigger
--
-- Contract:  each recorded piece belongs to a run that is there, and its version is one of its unit. All rows of a statement at once:
--            three foreign keys did less of that (not that version and unit belong together) and took 9 us a piece more. Nothing else is left
--            for a foreign key to hold: pieces, runs and versions are never deleted and keep their keys.
-- Arguments: none
-- Returns:   null (statement trigger)
-- Raises:    IU706 a piece of a run or of a version that is not there
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_cut_piece_check() returns trigger
language plpgsql
security definer
set search_path from current
as $$
declare
  v_piece record;
begin
  -- looked up by key, one by one: as a join the planner may read all versions
  select a.run_id, a.ordinal into v_piece
    from added a
   where (select v.unit_id from unit_version v where v.id = a.version_id) is distinct from a.unit_id
      or (select r.run_id from iu_cut_run r where r.run_id = a.run_id) is null
   limit 1;
  if found then
    raise exception using errcode = 'IU706', message = format('piece %s names a cut run that is not there (%s), or a version that is none of its unit',
        v_piece.ordinal, v_piece.run_id),
      hint = 'pieces are recorded by iu cut apply only';
  end if;
  return null;
end
$$;
-- <<<

create trigger trg_iu_source_pin_append_only before update or delete or truncate on iu_source_pin
  for each statement execute function fn_iu_refuse_change();
alter table iu_source_pin enable always trigger trg_iu_source_pin_append_only;
create trigger trg_iu_cut_piece_append_only before update or delete or truncate on iu_cut_piece
  for each statement execute function fn_iu_refuse_change();
alter table iu_cut_piece enable always trigger trg_iu_cut_piece_append_only;
create trigger trg_iu_cut_piece_check after insert on iu_cut_piece referencing new table as added
  for each statement execute function fn_iu_cut_piece_check();
alter table iu_cut_piece enable always trigger trg_iu_cut_piece_check;
create trigger trg_iu_cut_run_guard before insert or update on iu_cut_run
  for each row execute function fn_iu_cut_run_guard();
alter table iu_cut_run enable always trigger trg_iu_cut_run_guard;
create trigger trg_iu_cut_run_keep before delete or truncate on iu_cut_run
  for each statement execute function fn_iu_refuse_change();
alter table iu_cut_run enable always trigger trg_iu_cut_run_keep;
