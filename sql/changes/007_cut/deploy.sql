-- 007_cut: what a document was cut from. The source's bytes, each cut of a revision, and which bytes became which version.

create table iu_source_pin (
  pin_id              bigint generated always as identity primary key,
  sha256              text not null constraint iu_source_pin_sha256_key unique,
  bytes               bytea not null,
  byte_length         integer not null,
  media_type          text not null check (media_type ~ '^[a-z0-9.+-]+/[a-z0-9.+-]+$'),
  encoding            text not null check (encoding in ('utf-8', 'unknown')),
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
comment on column iu_source_pin.encoding is 'utf-8 when PostgreSQL reads the bytes as text (valid, without NUL); only such a source becomes units.';

create table iu_cut_run (
  run_id           bigint generated always as identity primary key,
  run_key          text not null unique check (run_key ~ '^[0-9a-f]{64}$'),
  pin_id           bigint not null references iu_source_pin,
  document_address text not null,
  revision_label   text not null,
  cutter_name      text not null,
  cutter_version   text not null,
  config           jsonb not null default '{}',
  piece_count      integer not null check (piece_count >= 0),
  document_id      uuid references information_unit,
  status           text not null default 'running' check (status in ('running', 'done')),
  units_created    integer not null default 0,
  units_revised    integer not null default 0,
  units_deprecated integer not null default 0,
  started_at       timestamptz not null default clock_timestamp(),
  finished_at      timestamptz,
  created_by       text not null default session_user,
  constraint iu_cut_run_revision_key unique (document_address, revision_label, cutter_name, cutter_version),
  constraint iu_cut_run_finished_chk check ((status = 'done') = (finished_at is not null and document_id is not null))
);
create unique index iu_cut_run_unfinished_key on iu_cut_run (document_address) where status = 'running';
comment on table iu_cut_run is 'One cut of one revision of a document. Running until its proof held; an interrupted one goes on.';
comment on column iu_cut_run.run_key is 'sha256(pin sha256 | cutter | version | config); config holds document and revision. The same key writes nothing.';

create table iu_cut_piece (
  run_id     bigint not null references iu_cut_run,
  ordinal    integer not null check (ordinal >= 0),
  byte_start integer not null check (byte_start >= 0),
  byte_end   integer not null,
  address    text not null,
  unit_id    uuid not null references information_unit,
  version_id uuid not null references unit_version,
  sha256     text not null check (sha256 ~ '^[0-9a-f]{64}$'),
  primary key (run_id, ordinal),
  constraint iu_cut_piece_unit_key unique (run_id, unit_id),
  constraint iu_cut_piece_range_chk check (byte_end > byte_start)
);
create index iu_cut_piece_unit_idx on iu_cut_piece (unit_id);
comment on table iu_cut_piece is 'Half-open byte range of the pinned source, and the version whose body it is.';
comment on column iu_cut_piece.address is 'Address inside the document as cut; the unit''s own may carry a suffix when it came back after deprecation.';

-- >>> functions/cut/fn_iu_source_pin.sql
-- fn_iu_source_pin(bytea, text, text, text, text) returns table (pin_id bigint, sha256 text, is_new boolean)
--
-- Contract:  keeps the bytes of a source, once: the same bytes give the same pin, whatever they are called the second time. The
--            hash is taken here, of what arrived. Encoding is utf-8 when PostgreSQL can read the bytes as text, else unknown.
-- Arguments: p_bytes: the source, whole; p_media_type: for example text/markdown; p_newline_style: none, lf, crlf, cr or mixed;
--            p_title: what people call it; p_source_note: where it comes from, under which licence
-- Returns:   the pin, and whether it is new
-- Raises:    IU701 no bytes given, IU897 a redaction took something out of these very bytes
-- Writes:    iu_source_pin
-- May call:  iu_emitter
create or replace function fn_iu_source_pin(p_bytes bytea, p_media_type text, p_newline_style text default null,
  p_title text default null, p_source_note text default null)
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
    v_encoding := 'unknown';
  end;
  return query
    insert into iu_source_pin as p (sha256, bytes, byte_length, media_type, encoding, has_byte_order_mark, newline_style, title, source_note)
    values (v_sha256, p_bytes, octet_length(p_bytes), p_media_type, v_encoding, substring(p_bytes from 1 for 3) = '\xefbbbf'::bytea,
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

-- >>> functions/cut/fn_iu_cut_begin.sql
-- fn_iu_cut_begin(bigint, text, text, text, text, integer, jsonb) returns table (run_id, status, document_id, is_new, ...)
--
-- Contract:  opens the run of one revision of a document, or finds it: the run key is sha256(pin || cutter || version || config), and
--            the config holds document and revision, so that a document may return to earlier bytes under a new label. A run that
--            is done is found and nothing is written. One document has at most one unfinished run.
-- Arguments: p_pin_id: the source; p_document_address; p_revision_label: unique in the document; p_cutter_name, p_cutter_version:
--            who cut; p_piece_count: pieces of the cut; p_config: settings of the cutter
-- Returns:   the run; status running or done; document_id null until the document exists; units_created,
--            units_revised, units_deprecated so far
-- Raises:    IU702 unknown pin, IU703 the label was cut from other bytes, IU704 another revision is unfinished
-- Writes:    iu_cut_run
-- May call:  iu_emitter
create or replace function fn_iu_cut_begin(p_pin_id bigint, p_document_address text, p_revision_label text, p_cutter_name text,
  p_cutter_version text, p_piece_count integer, p_config jsonb default '{}')
returns table (run_id bigint, status text, document_id uuid, is_new boolean, units_created integer, units_revised integer,
  units_deprecated integer)
language plpgsql
security definer
set search_path from current
as $$
declare
  v_document_id uuid := (select u.id from information_unit u where u.canonical_address = p_document_address);
  v_sha256 text := (select p.sha256 from iu_source_pin p where p.pin_id = p_pin_id);
  v_config jsonb := p_config || jsonb_build_object('document', p_document_address, 'revision', p_revision_label);
  v_run_key text;
  v_other iu_cut_run;
begin
  if v_sha256 is null then
    raise exception using errcode = 'IU702', message = format('there is no source pin %s', p_pin_id),
      hint = 'pin the source first: fn_iu_source_pin';
  end if;
  v_run_key := encode(sha256(convert_to(concat_ws('|', v_sha256, p_cutter_name, p_cutter_version, v_config::text), 'UTF8')), 'hex');
  perform pg_advisory_xact_lock(hashtextextended('iu_cut_begin:' || p_document_address, 0));
  return query select r.run_id, r.status, coalesce(r.document_id, v_document_id), false, r.units_created, r.units_revised, r.units_deprecated
    from iu_cut_run r where r.run_key = v_run_key;
  if found then
    return;
  end if;
  select * into v_other from iu_cut_run r
   where r.document_address = p_document_address and (r.status = 'running' or
         (r.revision_label = p_revision_label and r.cutter_name = p_cutter_name and r.cutter_version = p_cutter_version))
   order by r.status = 'running' desc
   limit 1;
  if v_other.status = 'running' and v_other.revision_label <> p_revision_label then
    raise exception using errcode = 'IU704',
      message = format('revision %s of %s is not finished', v_other.revision_label, p_document_address),
      hint = 'apply that revision again: it goes on where it stopped';
  elsif v_other.run_id is not null then
    raise exception using errcode = 'IU703',
      message = format('revision %s of %s was already cut from another source or with another configuration', p_revision_label, p_document_address),
      hint = 'a corrected source is a revision of its own: give it another label';
  end if;
  return query
    insert into iu_cut_run as r (run_key, pin_id, document_address, revision_label, cutter_name, cutter_version, config, piece_count,
                                 document_id)
    values (v_run_key, p_pin_id, p_document_address, p_revision_label, p_cutter_name, p_cutter_version, v_config, p_piece_count,
            v_document_id)
    returning r.run_id, r.status, r.document_id, true, r.units_created, r.units_revised, r.units_deprecated;
end
$$;
-- <<<

-- >>> functions/cut/fn_iu_cut_free_address.sql
-- fn_iu_cut_free_address(text) returns text
--
-- Contract:  an address for a new unit: the one asked for, or with @2, @3 … when a unit, deprecated too, ever had it. A piece that
--            comes back after its unit was deprecated is a new unit: what was deprecated stays as it was, and its history is told
--            apart from the new one's.
-- Arguments: p_address: canonical address of the piece
-- Returns:   the first free form
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter
create or replace function fn_iu_cut_free_address(p_address text) returns text
language sql
stable
security definer
set search_path from current
as $$
  select candidate
    from (select 1 as form, p_address as candidate
           union all
          select form, p_address || '@' || form from generate_series(2, 10000) as form) as possible
   where not exists (select from information_unit where canonical_address = candidate)
   order by form
   limit 1
$$;
-- <<<

-- >>> functions/cut/fn_iu_cut_count.sql
-- fn_iu_cut_count(bigint, integer, integer, integer) returns void
--
-- Contract:  adds to the counts of an unfinished run. Called in the transaction of the change it counts, so the counts are exact
--            however often the run was interrupted.
-- Arguments: p_run_id; p_created, p_revised, p_deprecated: how many units
-- Returns:   nothing
-- Raises:    IU705 there is no such unfinished run
-- Writes:    iu_cut_run
-- May call:  iu_emitter
create or replace function fn_iu_cut_count(p_run_id bigint, p_created integer, p_revised integer, p_deprecated integer) returns void
language plpgsql
security definer
set search_path from current
as $$
begin
  update iu_cut_run
     set units_created = units_created + p_created,
         units_revised = units_revised + p_revised,
         units_deprecated = units_deprecated + p_deprecated
   where run_id = p_run_id and status = 'running';
  if not found then
    raise exception using errcode = 'IU705', message = format('cut run %s is not running', p_run_id),
      hint = 'begin the revision again; a run that is done takes no more changes';
  end if;
end
$$;
-- <<<

-- >>> functions/cut/fn_iu_cut_living_units.sql
-- fn_iu_cut_living_units(uuid) returns table (position, unit_id, parent_id, canonical_address, version_id, body, body_sha256)
--
-- Contract:  the document and the living units below it in tree order: each before its children, siblings by rank. Living = neither
--            superseded, retired nor deprecated nor deleted, and every unit above it living too.
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
as $$
  with recursive tree as (
    select u.id, u.parent_or_container_ref, u.canonical_address, u.version_anchor_ref, array['' collate "C"] as path
      from information_unit u
     where u.id = p_document_id and u.lifecycle_status in ('draft', 'enacted') and u.deleted_at is null
     union all
    select u.id, u.parent_or_container_ref, u.canonical_address, u.version_anchor_ref, t.path || u.sibling_rank
      from tree t
      join information_unit u on u.parent_or_container_ref = t.id
     where u.lifecycle_status in ('draft', 'enacted') and u.deleted_at is null
  )
  select row_number() over (order by t.path), t.id, t.parent_or_container_ref, t.canonical_address, v.id, v.body,
         encode(sha256(convert_to(v.body, 'UTF8')), 'hex')
    from tree t
    join unit_version v on v.id = t.version_anchor_ref
   order by t.path
$$;
-- <<<

-- >>> functions/cut/fn_iu_cut_verify.sql
-- fn_iu_cut_verify(bigint) returns jsonb
--
-- Contract:  proves P11 for one run from what is stored: ordinals count from 0, ranges begin at 0, follow each other without gap or
--            overlap and end at the length of the pin, every piece has the hash recorded for it, the pieces joined hash to the pin,
--            and so do the bodies of the recorded versions. Where a redaction overwrote bytes, the whole cannot be hashed any more:
--            then each piece that it did not touch is proven by its own hash, each that it did has to hold nothing but filler there,
--            and its version to name the redaction. Reads only; may be called at any time.
-- Arguments: p_run_id: a run, done or about to be
-- Returns:   {run_id, ok, pieces, redacted: pieces, bytes, sha256, problems: [text]}; problems never hold text of the source
-- Raises:    IU707 there is no such run
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_reader
create or replace function fn_iu_cut_verify(p_run_id bigint) returns jsonb
language plpgsql
stable
security definer
set search_path from current
as $$
declare
  v_run iu_cut_run;
  v_pin iu_source_pin;
  v_pieces integer;
  v_redacted integer;
  v_problems text[];
begin
  select * into v_run from iu_cut_run where run_id = p_run_id;
  if not found then
    raise exception using errcode = 'IU707', message = format('there is no cut run %s', p_run_id), hint = 'list them: select * from iu_cut_run';
  end if;
  select * into v_pin from iu_source_pin where pin_id = v_run.pin_id;
  with piece as materialized (
    select p.ordinal, p.byte_start, p.byte_end, p.sha256, v.body,
           substring(v_pin.bytes from p.byte_start + 1 for p.byte_end - p.byte_start) as bytes,
           int4multirange(int4range(p.byte_start, p.byte_end)) && v_pin.redacted as bytes_redacted, v.redaction_id is not null as body_redacted,
           encode(pg_catalog.sha256(convert_to(v.body, 'UTF8')), 'hex') = p.sha256 as body_hashed,
           row_number() over (order by p.ordinal) - 1 as expected_ordinal,
           coalesce(lag(p.byte_end) over (order by p.ordinal), 0) as expected_start
      from iu_cut_piece p
      join unit_version v on v.id = p.version_id
     where p.run_id = p_run_id
  ), fact as (
    select count(*) as pieces, bool_and(ordinal = expected_ordinal) as counted, bool_and(byte_start = expected_start) as adjacent,
           coalesce(max(byte_end), 0) as covered, bool_and(bytes_redacted or sha256 = encode(pg_catalog.sha256(bytes), 'hex')) as hashed,
           bool_and(body_redacted or body_hashed) as bodies_hashed, count(*) filter (where bytes_redacted or body_redacted) as redacted,
           count(*) filter (where body_redacted) as bodies_redacted,
           encode(pg_catalog.sha256(coalesce(string_agg(bytes, ''::bytea order by ordinal), ''::bytea)), 'hex') as joined,
           encode(pg_catalog.sha256(coalesce(string_agg(convert_to(body, 'UTF8'), ''::bytea order by ordinal), ''::bytea)), 'hex') as bodies
      from piece
  ), filler as (
    select bool_and(substring(v_pin.bytes from lower(r) + 1 for upper(r) - lower(r)) = convert_to(repeat('X', upper(r) - lower(r)), 'UTF8')) as whole
      from unnest(v_pin.redacted) r
  )
  select f.pieces, f.redacted, array_remove(array[
           case when isempty(v_pin.redacted) and encode(pg_catalog.sha256(v_pin.bytes), 'hex') <> v_pin.sha256 then 'the pinned bytes do not have their hash' end,
           case when f.pieces <> v_run.piece_count then format('%s pieces recorded, %s cut', f.pieces, v_run.piece_count) end,
           case when not f.counted then 'the ordinals do not count from 0' end,
           case when not f.adjacent then 'the ranges have a gap or an overlap' end,
           case when f.covered <> v_pin.byte_length then format('the ranges cover %s of %s bytes', f.covered, v_pin.byte_length) end,
           case when not f.hashed then 'a piece does not have its hash' end,
           case when (select not whole from filler) then 'redacted bytes hold something else' end,
           case when isempty(v_pin.redacted) and f.joined <> v_pin.sha256 then 'the pieces joined are not the source' end,
           case when f.bodies_redacted = 0 and f.bodies <> v_pin.sha256 or not f.bodies_hashed then 'the recorded versions joined are not the source' end],
           null)
    into v_pieces, v_redacted, v_problems
    from fact f;
  return jsonb_build_object('run_id', p_run_id::text, 'ok', cardinality(v_problems) = 0, 'pieces', v_pieces, 'redacted', v_redacted, 'bytes', v_pin.byte_length,
                            'sha256', v_pin.sha256, 'problems', to_jsonb(v_problems));
end
$$;
-- <<<

-- >>> functions/cut/fn_iu_cut_finish.sql
-- fn_iu_cut_finish(bigint, uuid, jsonb) returns jsonb
--
-- Contract:  records which bytes became which version, proves it (P11) and closes the run, all or nothing: the ranges partition the
--            pin, each piece and all joined hash to the source, the recorded versions joined are the source, and so are the living
--            units of the document in tree order.
-- Arguments: p_run_id; p_document_id: the document unit; p_pieces: [{ordinal, byte_start, byte_end, address, unit_id, sha256}], the
--            unit's current version is recorded with it
-- Returns:   what fn_iu_cut_verify returns
-- Raises:    IU705 there is no such unfinished run, IU706 the proof failed
-- Writes:    iu_cut_piece, iu_cut_run
-- May call:  iu_emitter
create or replace function fn_iu_cut_finish(p_run_id bigint, p_document_id uuid, p_pieces jsonb) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_proof jsonb;
  v_living text;
begin
  perform from iu_cut_run where run_id = p_run_id and status = 'running' for update;
  if not found then
    raise exception using errcode = 'IU705', message = format('cut run %s is not running', p_run_id),
      hint = 'begin the revision again; a run that is done takes no more changes';
  end if;
  insert into iu_cut_piece (run_id, ordinal, byte_start, byte_end, address, unit_id, version_id, sha256)
  select p_run_id, p.ordinal, p.byte_start, p.byte_end, p.address, u.id, u.version_anchor_ref, p.sha256
    from jsonb_to_recordset(p_pieces) as p (ordinal integer, byte_start integer, byte_end integer, address text, unit_id uuid, sha256 text)
    join information_unit u on u.id = p.unit_id;
  v_proof := fn_iu_cut_verify(p_run_id);
  select encode(sha256(coalesce(string_agg(convert_to(l.body, 'UTF8'), ''::bytea order by l.position), ''::bytea)), 'hex') into v_living
    from fn_iu_cut_living_units(p_document_id) l
   where l.unit_id <> p_document_id;
  if v_living <> v_proof ->> 'sha256' then
    v_proof := v_proof || jsonb_build_object('ok', false, 'problems', v_proof -> 'problems' ||
      to_jsonb('the living units of the document, joined in tree order, are not the source'::text));
  end if;
  if not (v_proof ->> 'ok')::boolean then
    raise exception using errcode = 'IU706', message = format('cut run %s is not lossless', p_run_id), detail = v_proof ->> 'problems',
      hint = 'nothing of this step was written; the units differ from the source: see fn_iu_cut_verify and fn_iu_cut_living_units';
  end if;
  update iu_cut_run set status = 'done', document_id = p_document_id, finished_at = clock_timestamp() where run_id = p_run_id;
  return v_proof;
end
$$;
-- <<<

-- >>> functions/cut/fn_iu_cut_run_guard.sql
-- fn_iu_cut_run_guard() returns trigger
--
-- Contract:  a run only grows and closes: what identifies it never changes, and of a run that is done nothing does.
-- Arguments: none
-- Returns:   the row
-- Raises:    IU708 the change is refused
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_cut_run_guard() returns trigger
language plpgsql
set search_path from current
as $$
begin
  if old.status = 'done' or (old.run_id, old.run_key, old.pin_id, old.document_address, old.revision_label, old.piece_count)
       is distinct from (new.run_id, new.run_key, new.pin_id, new.document_address, new.revision_label, new.piece_count) then
    raise exception using errcode = 'IU708', message = format('cut run %s: refused to change what is settled', old.run_id),
      hint = 'cut the source again as another revision';
  end if;
  return new;
end
$$;
-- <<<

create trigger trg_iu_source_pin_append_only before update or delete or truncate on iu_source_pin
  for each statement execute function fn_iu_refuse_change();
alter table iu_source_pin enable always trigger trg_iu_source_pin_append_only;
create trigger trg_iu_cut_piece_append_only before update or delete or truncate on iu_cut_piece
  for each statement execute function fn_iu_refuse_change();
alter table iu_cut_piece enable always trigger trg_iu_cut_piece_append_only;
create trigger trg_iu_cut_run_guard before update on iu_cut_run
  for each row execute function fn_iu_cut_run_guard();
alter table iu_cut_run enable always trigger trg_iu_cut_run_guard;
create trigger trg_iu_cut_run_keep before delete or truncate on iu_cut_run
  for each statement execute function fn_iu_refuse_change();
alter table iu_cut_run enable always trigger trg_iu_cut_run_keep;
