-- 012_cut_pipeline: the way of a cut from the pinned source to units in force: what was marked, planned, decided, approved and written.

create table iu_cut_log (
  log_id      bigint generated always as identity primary key,
  run_id      bigint not null references iu_cut_run,
  from_state  text,
  to_state    text not null,
  actor_ref   text not null,
  detail      jsonb not null default '{}',
  recorded_by text not null default session_user,
  recorded_at timestamptz not null default clock_timestamp()
);
create index iu_cut_log_run_idx on iu_cut_log (run_id, log_id);
comment on table iu_cut_log is 'Every change of state of a cut run: who, as which login, when, with what finding. Written by the guard of the run. Append-only.';

create table iu_cut_mark (
  run_id            bigint not null references iu_cut_run,
  ordinal           integer not null check (ordinal >= 0),
  parent_ordinal    integer,
  byte_start        integer not null,
  byte_end          integer not null,
  kind              text not null,
  unit_kind         text not null,
  level             integer not null,
  title             text not null,
  label             text not null,
  address           text not null,
  sha256            text not null check (octet_length(sha256) = 64 and sha256 !~ '[^0-9a-f]'),
  normalized_sha256 text not null check (octet_length(normalized_sha256) = 64 and normalized_sha256 !~ '[^0-9a-f]'),
  primary key (run_id, ordinal),
  constraint iu_cut_mark_range_chk check (byte_end > byte_start)
);
comment on table iu_cut_mark is 'The pieces of a cut as the cutter proposes them; nothing of the document has changed yet.';

create table iu_cut_plan_step (
  run_id  bigint not null references iu_cut_run,
  step_no integer not null check (step_no > 0),
  action  text not null check (action in ('add', 'split', 'merge', 'move', 'renumber', 'deprecate')),
  step    jsonb not null check (jsonb_typeof(step) = 'object'),
  ordinal integer,
  unit_id uuid,
  reason  text not null,
  score   numeric,
  note    text,
  primary key (run_id, step_no)
);
comment on table iu_cut_plan_step is 'A structure step of the plan, in order. The text of a new piece is no part of it: it is sliced from the pinned bytes.';

create table iu_cut_plan_piece (
  run_id  bigint not null references iu_cut_run,
  ordinal integer not null,
  unit_id uuid,
  address text,
  fate    text not null check (fate in ('same', 'format', 'changed', 'born', 'split', 'merged')),
  reason  text not null,
  score   numeric,
  primary key (run_id, ordinal),
  constraint iu_cut_plan_piece_unit_chk check ((unit_id is null) = (fate in ('born', 'split', 'merged')) and (unit_id is null) = (address is not null))
);
comment on table iu_cut_plan_piece is 'What becomes of each piece: the unit it is, or the address under which the plan makes one.';

create table iu_cut_doubt (
  run_id     bigint not null references iu_cut_run,
  ordinal    integer not null,
  candidates jsonb not null check (jsonb_typeof(candidates) = 'array'),
  primary key (run_id, ordinal)
);
comment on table iu_cut_doubt is 'A match between the two thresholds: a person decides before the plan can be approved.';

create table iu_cut_decision (
  decision_id bigint generated always as identity primary key,
  run_id      bigint not null references iu_cut_run,
  ordinal     integer not null,
  unit_ids    uuid[] check (array_position(unit_ids, null) is null),
  note        text,
  actor_ref   text not null,
  decided_by  text not null default session_user,
  decided_at  timestamptz not null default clock_timestamp()
);
create index iu_cut_decision_run_idx on iu_cut_decision (run_id, ordinal, decision_id);
comment on table iu_cut_decision is 'A person''s word about a piece: the units that it is, several = they are merged, none = it is new; null = the word before is withdrawn. The last one about a piece counts. Append-only.';

create table iu_cut_approval (
  approval_id     bigint generated always as identity primary key,
  run_id          bigint not null references iu_cut_run,
  gate            integer not null check (gate in (1, 2)),
  manifest_digest text not null check (octet_length(manifest_digest) = 64 and manifest_digest !~ '[^0-9a-f]'),
  note            text not null check (note ~ E'\\S'),
  actor_ref       text not null,
  approved_by     text not null default session_user,
  approved_at     timestamptz not null default clock_timestamp()
);
create index iu_cut_approval_run_idx on iu_cut_approval (run_id, gate);
comment on table iu_cut_approval is 'A human gate passed: which manifest, by which login. Never by the login that started the run. Append-only.';

create table iu_cut_operation (
  run_id       bigint not null references iu_cut_run,
  operation_id bigint not null references iu_structure_operation,
  batch_no     integer not null,
  primary key (run_id, batch_no)
);
create index iu_cut_operation_operation_idx on iu_cut_operation (operation_id);
comment on table iu_cut_operation is 'The structure operations of a run, in order. Append-only.';

create table iu_cut_version (
  run_id            bigint not null references iu_cut_run,
  unit_id           uuid not null references information_unit,
  before_version_id uuid not null references unit_version,
  before_title      text,
  version_id        uuid not null references unit_version,
  primary key (run_id, unit_id)
);
comment on table iu_cut_version is 'The versions that a run wrote, and which one each unit had before: what a rollback goes back to. Append-only.';

create table iu_cut_bridge_request (
  request_id   bigint generated always as identity primary key,
  run_id       bigint not null references iu_cut_run,
  request_key  text not null unique,
  kind         text not null check (kind in ('structure_op', 'sql_link')),
  unit_id      uuid not null references information_unit,
  operation_id bigint references iu_structure_operation,
  request      jsonb not null
);
create index iu_cut_bridge_request_run_idx on iu_cut_bridge_request (run_id, request_id);
comment on table iu_cut_bridge_request is 'What the bridge recorded of a cut after its enactment, each request once by its key. Append-only.';

-- >>> functions/cut_pipeline/fn_iu_cut_may_follow.sql
-- fn_iu_cut_may_follow(text, text) returns boolean
--
-- Contract:  the state machine of a cut run: which state may follow which. A state may follow itself. Before the write a plan may be made
--            again; after it there is only forward, or the rollback of everything.
-- Arguments: p_from, p_to: states
-- Returns:   whether the step is one of the machine
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_may_follow(p_from text, p_to text) returns boolean
language sql
immutable
set search_path from current
as $$
  select p_from = p_to or case
    when p_from in ('pending', 'source_pinned', 'marked', 'cutplan_ok', 'pre_write_backup_taken', 'grants_probed', 'awaiting_cut_authorization',
                    'stopped_manifest_changed') and p_to = 'voided_by_person' then true
    when p_from in ('marked', 'pre_write_backup_taken', 'grants_probed', 'awaiting_cut_authorization') and p_to = 'cutplan_ok' then true
    when p_from in ('cut_leg_a_committed', 'structural_verified', 'leg_b_recorded', 'write_verified', 'awaiting_lifecycle_authorization',
                    'lifecycle_enacted', 'closeout_reported', 'failed_structural_verify', 'failed_write_verify', 'stopped_manifest_changed')
         and p_to = 'voided_rolled_back' then true
    else (p_from, p_to) in (('pending', 'source_pinned'), ('source_pinned', 'marked'),
      ('cutplan_ok', 'pre_write_backup_taken'), ('pre_write_backup_taken', 'grants_probed'), ('grants_probed', 'awaiting_cut_authorization'),
      ('awaiting_cut_authorization', 'cut_leg_a_committed'), ('awaiting_cut_authorization', 'stopped_manifest_changed'),
      ('cut_leg_a_committed', 'structural_verified'), ('cut_leg_a_committed', 'failed_structural_verify'),
      ('failed_structural_verify', 'structural_verified'), ('structural_verified', 'leg_b_recorded'),
      ('leg_b_recorded', 'write_verified'), ('leg_b_recorded', 'failed_write_verify'), ('failed_write_verify', 'write_verified'),
      ('write_verified', 'awaiting_lifecycle_authorization'),
      ('awaiting_lifecycle_authorization', 'lifecycle_enacted'), ('awaiting_lifecycle_authorization', 'stopped_manifest_changed'),
      ('lifecycle_enacted', 'closeout_reported'))
  end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_may_approve.sql
-- fn_iu_cut_may_approve(bigint, text) returns boolean
--
-- Contract:  whether a login is a second person to a run: it neither started it, nor recorded its pieces or a plan of it, nor decided what
--            a piece is. Judged by logins, because names of actors are only said.
-- Arguments: p_run_id; p_login
-- Returns:   whether its approval counts
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_may_approve(p_run_id bigint, p_login text) returns boolean
language sql
stable
set search_path from current
as $$
  select not exists (select from iu_cut_run r where r.run_id = p_run_id and r.created_by = p_login)
     and not exists (select from iu_cut_log l where l.run_id = p_run_id and l.to_state in ('marked', 'cutplan_ok') and l.recorded_by = p_login)
     and not exists (select from iu_cut_decision d where d.run_id = p_run_id and d.decided_by = p_login)
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_manifest_digest.sql
-- fn_iu_cut_manifest_digest(jsonb) returns text
--
-- Contract:  the hash by which an approval names a manifest. jsonb orders its keys, so equal manifests have equal hashes.
-- Arguments: p_manifest
-- Returns:   sha256 in hexadecimal
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_cut_manifest_digest(p_manifest jsonb) returns text
language sql
immutable
set search_path from current
as $$
  select encode(sha256(convert_to(p_manifest::text, 'UTF8')), 'hex')
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_digest.sql
-- fn_iu_cut_digest(bigint, text) returns text
--
-- Contract:  one hash over what a run has recorded of its cut (ranges, kinds, labels, hashes), its plan (steps, pieces, open doubts) or
--            its write (anchors). Computed from the rows, so that a row changed by hand is another digest.
-- Arguments: p_run_id; p_what: cut, plan or write
-- Returns:   sha256 in hexadecimal
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_digest(p_run_id bigint, p_what text) returns text
language plpgsql
stable
set search_path from current
set enable_seqscan = off
as $$
declare
  v_text text;
begin
  case p_what
  when 'cut' then
    select string_agg(m.line, E'\n' order by m.ordinal) into v_text from (
      select ordinal, x::text as line from iu_cut_mark x where run_id = p_run_id) m;
  when 'plan' then
    select concat_ws(E'\n--\n',
      (select string_agg(s.line, E'\n' order by s.step_no) from (select step_no, x::text as line from iu_cut_plan_step x where run_id = p_run_id) s),
      (select string_agg(p.line, E'\n' order by p.ordinal) from (select ordinal, x::text as line from iu_cut_plan_piece x where run_id = p_run_id) p),
      (select string_agg(d.line, E'\n' order by d.ordinal) from (select ordinal, x::text as line from iu_cut_doubt x where run_id = p_run_id) d))
      into v_text;
  when 'write' then
    select string_agg(concat_ws(' ', ordinal, byte_start, byte_end, unit_id, version_id, sha256, anchor), E'\n' order by ordinal)
      into v_text from iu_cut_piece where run_id = p_run_id;
  end case;
  return encode(sha256(convert_to(coalesce(v_text, ''), 'UTF8')), 'hex');
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_manifest.sql
-- fn_iu_cut_manifest(bigint, jsonb, jsonb, text, text) returns jsonb
--
-- Contract:  what a person approves, in one document: which bytes, cut how, planned how, with which counts. Made of the rows as they are.
-- Arguments: p_run_id; p_matcher, p_normalizer: {name, version}; p_plan_digest: of the plan as it stands; p_base_hash
-- Returns:   {document, revision, pin_sha256, byte_length, cutter, normalizer, matcher, cut_digest, plan_digest, base_hash, counts}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_manifest(p_run_id bigint, p_matcher jsonb, p_normalizer jsonb, p_plan_digest text, p_base_hash text) returns jsonb
language sql
stable
set search_path from current
set enable_seqscan = off
as $$
  select jsonb_build_object('document', r.document_address, 'revision', r.revision_label, 'pin_sha256', p.sha256, 'byte_length', p.byte_length,
    'cutter', jsonb_build_object('name', r.cutter_name, 'version', r.cutter_version), 'normalizer', p_normalizer, 'matcher', p_matcher,
    'cut_digest', fn_iu_cut_digest(p_run_id, 'cut'), 'plan_digest', p_plan_digest, 'base_hash', p_base_hash,
    'counts', jsonb_build_object('pieces', r.piece_count,
      'steps', (select coalesce(jsonb_object_agg(s.action, s.n), '{}') from (select action, count(*) as n from iu_cut_plan_step where run_id = p_run_id group by action) s),
      'fates', (select coalesce(jsonb_object_agg(f.fate, f.n), '{}') from (select fate, count(*) as n from iu_cut_plan_piece where run_id = p_run_id group by fate) f),
      'doubts', (select count(*) from iu_cut_doubt where run_id = p_run_id)))
    from iu_cut_run r join iu_source_pin p on p.pin_id = r.pin_id
   where r.run_id = p_run_id
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_claim.sql
-- fn_iu_cut_claim(bigint, text) returns iu_cut_run
--
-- Contract:  the row of a run, locked, with the actor of the step that follows written into it.
-- Arguments: p_run_id; p_actor: who, recorded beside the login of the session
-- Returns:   the row
-- Raises:    IU216 actor missing, IU707 there is no such run
-- Writes:    nothing (row lock)
-- May call:  internal
create or replace function fn_iu_cut_claim(p_run_id bigint, p_actor text) returns iu_cut_run
language plpgsql
set search_path from current
as $$
declare
  v_run iu_cut_run;
begin
  if coalesce(btrim(p_actor), '') = '' then
    raise exception using errcode = 'IU216', message = 'a step of a cut names its actor';
  end if;
  perform fn_iu_require_read_committed();
  select * into v_run from iu_cut_run where run_id = p_run_id for no key update;
  if not found then
    raise exception using errcode = 'IU707', message = format('there is no cut run %s', p_run_id), hint = 'iu cut list';
  end if;
  v_run.actor_ref := p_actor;
  return v_run;
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_waits_for.sql
-- fn_iu_cut_waits_for(iu_cut_run) returns text
--
-- Contract:  what a run needs from outside before it can go on by itself: cut (its pieces), plan, decisions (doubtful matches), gate 1,
--            gate 2, person (it failed or stopped); null when the next advance does it, or when nothing is left.
-- Arguments: p_run
-- Returns:   a word or two, or null
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_cut_waits_for(p_run iu_cut_run) returns text
language sql
stable
security definer
set search_path from current
as $$
  select case
    when p_run.state in ('pending', 'source_pinned') then 'cut'
    when p_run.state = 'marked' then 'plan'
    when p_run.state = 'cutplan_ok' and exists (select from iu_cut_doubt d where d.run_id = p_run.run_id) then 'decisions'
    when p_run.state = 'awaiting_cut_authorization' and not exists (select from iu_cut_approval a where a.run_id = p_run.run_id and a.gate = 1
      and fn_iu_cut_may_approve(p_run.run_id, a.approved_by) and a.manifest_digest = fn_iu_cut_manifest_digest(p_run.manifest)) then 'gate 1'
    when p_run.state = 'awaiting_lifecycle_authorization' and not exists (select from iu_cut_approval a where a.run_id = p_run.run_id and a.gate = 2
      and fn_iu_cut_may_approve(p_run.run_id, a.approved_by) and a.manifest_digest = fn_iu_cut_manifest_digest(p_run.manifest)) then 'gate 2'
    when p_run.state ~ '^(failed|stopped)_' then 'person'
  end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_said.sql
-- fn_iu_cut_said(iu_cut_run) returns jsonb
--
-- Contract:  what every step of the pipeline answers: where the run stands and what it waits for.
-- Arguments: p_run
-- Returns:   {run_id, run_key, document_address, document_id, revision_label, state, waits_for, is_birth, piece_count, counts, manifest,
--            manifest_digest, doubts, created_by, detail}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_said(p_run iu_cut_run) returns jsonb
language sql
stable
set search_path from current
as $$
  select jsonb_build_object('run_id', p_run.run_id::text, 'run_key', p_run.run_key, 'document_address', p_run.document_address,
    'document_id', p_run.document_id, 'revision_label', p_run.revision_label, 'state', p_run.state, 'waits_for', fn_iu_cut_waits_for(p_run),
    'is_birth', p_run.is_birth, 'piece_count', p_run.piece_count,
    'counts', jsonb_build_object('created', p_run.units_created, 'revised', p_run.units_revised, 'deprecated', p_run.units_deprecated,
                                 'moved', p_run.units_moved, 'anchors_only', p_run.anchors_only),
    'manifest', p_run.manifest, 'manifest_digest', fn_iu_cut_manifest_digest(p_run.manifest),
    'doubts', (select count(*)::integer from iu_cut_doubt d where d.run_id = p_run.run_id),
    'created_by', p_run.created_by, 'detail', p_run.detail)
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_reference.sql
-- fn_iu_cut_reference(bigint, integer) returns text
--
-- Contract:  how operations, enactments and logs name the approval that let a run through a gate.
-- Arguments: p_run_id; p_gate: 1 or 2
-- Returns:   iu_cut_run:RUN:gate-GATE:approval-ID by LOGIN; null without an approval of the manifest that stands
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_reference(p_run_id bigint, p_gate integer) returns text
language sql
stable
set search_path from current
as $$
  select format('iu_cut_run:%s:gate-%s:approval-%s by %s', r.run_id, a.gate, a.approval_id, a.approved_by)
    from iu_cut_run r
    join iu_cut_approval a on a.run_id = r.run_id and a.gate = p_gate and fn_iu_cut_may_approve(r.run_id, a.approved_by)
     and a.manifest_digest = fn_iu_cut_manifest_digest(r.manifest)
   where r.run_id = p_run_id
   order by a.approval_id limit 1
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_piece_units.sql
-- fn_iu_cut_piece_units(bigint) returns table (ordinal integer, unit_id uuid, fate text)
--
-- Contract:  the unit of each piece of a plan: by id, or by the address under which the plan makes it.
-- Arguments: p_run_id
-- Returns:   one row a piece; unit_id null when there is no such unit
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_piece_units(p_run_id bigint) returns table (ordinal integer, unit_id uuid, fate text)
language sql
stable
set search_path from current
as $$
  select p.ordinal, coalesce(p.unit_id, (select u.id from information_unit u where u.canonical_address = p.address and u.deleted_at is null)), p.fate
    from iu_cut_plan_piece p where p.run_id = p_run_id
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_advance.sql
-- fn_iu_cut_advance(bigint, text) returns jsonb
--
-- Contract:  takes a run one state further, when nothing from outside is needed; otherwise it changes nothing and says what the run waits
--            for. Each step is one transaction of the caller, so a kill anywhere leaves a state from which the next call goes on. The
--            gate iu_core.autocut_enabled stops every step from the write on.
-- Arguments: p_run_id; p_actor: who
-- Returns:   as fn_iu_cut_said, moved: whether the state changed, and code when the run stopped or failed in this step
-- Raises:    IU216, IU707, IU744 the gate is closed, and whatever the step raises
-- Writes:    as the step
-- May call:  iu_operator
create or replace function fn_iu_cut_advance(p_run_id bigint, p_actor text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_run iu_cut_run := fn_iu_cut_claim(p_run_id, p_actor);
begin
  if fn_iu_cut_waits_for(v_run) is not null and v_run.state !~ '^failed_' or v_run.state = 'closeout_reported' or v_run.state ~ '^voided_' then
    return fn_iu_cut_said(v_run) || '{"moved": false}';
  end if;
  if v_run.state in ('cutplan_ok', 'pre_write_backup_taken', 'grants_probed') then
    return fn_iu_cut_prepare(v_run) || '{"moved": true}';
  end if;
  perform pg_advisory_xact_lock_shared(fn_iu_gate_lock_key('autocut_enabled'));
  if not fn_iu_gate_open('iu_core.autocut_enabled') then
    raise exception using errcode = 'IU744', message = 'the gate iu_core.autocut_enabled is closed',
      hint = 'iu gate open autocut_enabled --reason TEXT; the run goes on from where it is';
  end if;
  return '{"moved": true}' || case v_run.state
    when 'awaiting_cut_authorization' then fn_iu_cut_apply(v_run)
    when 'cut_leg_a_committed' then fn_iu_cut_structural_check(v_run)
    when 'failed_structural_verify' then fn_iu_cut_structural_check(v_run)
    when 'structural_verified' then fn_iu_cut_record(v_run)
    when 'leg_b_recorded' then fn_iu_cut_write_check(v_run)
    when 'failed_write_verify' then fn_iu_cut_write_check(v_run)
    when 'write_verified' then fn_iu_cut_await_lifecycle(v_run)
    when 'awaiting_lifecycle_authorization' then fn_iu_cut_enact(v_run)
    when 'lifecycle_enacted' then fn_iu_cut_bridge(v_run)
  end;
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_anchor.sql
-- fn_iu_cut_anchor(iu_cut_run) returns void
--
-- Contract:  records which bytes became which version: for each piece the unit's current one.
-- Arguments: p_run
-- Returns:   nothing
-- Raises:    IU706 a piece has no unit
-- Writes:    iu_cut_piece
-- May call:  internal
create or replace function fn_iu_cut_anchor(p_run iu_cut_run) returns void
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_written integer;
begin
  insert into iu_cut_piece (run_id, ordinal, byte_start, byte_end, address, unit_id, version_id, sha256, normalized_sha256, anchor)
  select p_run.run_id, m.ordinal, m.byte_start, m.byte_end, m.address, u.id, u.version_anchor_ref, m.sha256, m.normalized_sha256,
         case p.fate when 'format' then 'format' else 'exact' end
    from fn_iu_cut_piece_units(p_run.run_id) p
   -- by key, whatever the statistics say
   cross join lateral (select i.* from iu_cut_mark i where i.run_id = p_run.run_id and i.ordinal = p.ordinal offset 0) m
   cross join lateral (select i.id, i.version_anchor_ref from information_unit i where i.id = p.unit_id offset 0) u;
  get diagnostics v_written = row_count;
  if v_written <> p_run.piece_count then
    raise exception using errcode = 'IU706', message = format('cut run %s: %s of %s pieces have a unit', p_run.run_id, v_written, p_run.piece_count),
      hint = 'nothing was written; plan it again: iu cut plan';
  end if;
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_apply.sql
-- fn_iu_cut_apply(iu_cut_run) returns jsonb
--
-- Contract:  leg A, the one envelope: everything the approved plan says, in this one transaction or not at all. Structure steps go through
--            the structure operations (at most 1,000 steps each), changed texts become new versions (drafts), pieces get their anchors;
--            all of it is proven before it may commit. A plan or cut that is not what was approved stops the run and writes nothing.
-- Arguments: p_run: awaiting_cut_authorization and approved, its row locked
-- Returns:   as fn_iu_cut_said; code IU735 when it stopped
-- Raises:    IU706 the result is not the source, IU734 a step changes another document, IU737 no fresh backup, IU739 the document has
--            changed since the plan, IU748 it has drafts, as the structure operations
-- Writes:    information_unit, unit_version, iu_cut_piece, iu_cut_operation, iu_cut_version, iu_cut_run, iu_cut_log, event_outbox, ...
-- May call:  internal
create or replace function fn_iu_cut_apply(p_run iu_cut_run) returns jsonb
language plpgsql
set search_path from current
-- the rows of a first cut of 50,000 pieces stay in memory between its statements; at 4 MB they went to files, a twelfth of the time
set work_mem = '64MB'
as $$
declare
  v_reference text := fn_iu_cut_reference(p_run.run_id, 1);
  -- holds the digests of cut and plan, made of the rows as they are now
  v_manifest jsonb := fn_iu_cut_manifest(p_run.run_id, p_run.manifest -> 'matcher', p_run.manifest -> 'normalizer',
    fn_iu_cut_digest(p_run.run_id, 'plan'), p_run.base_hash);
  v_base jsonb;
  v_document uuid := p_run.document_id;
  v_problem text;
  v_own uuid[];
  v_touched uuid[];
  v_backup text := fn_iu_cut_backup(p_run.run_id);
begin
  if v_manifest is distinct from p_run.manifest then
    return fn_iu_cut_stop(p_run, 'stopped_manifest_changed', 'IU735',
      jsonb_build_object('cut_digest', v_manifest -> 'cut_digest', 'plan_digest', v_manifest -> 'plan_digest'));
  end if;
  perform pg_advisory_xact_lock(hashtextextended('iu_cut_start:' || current_schema() || ':' || p_run.document_address, 0));
  perform fn_iu_lock_documents(array[v_document]);
  -- a revision locks its unit only: one that is under way ends before the next statement looks at the text
  perform from information_unit u where u.id = any (array(select l.unit_id from fn_iu_cut_living(v_document) l)) order by u.id for no key update;
  perform fn_iu_stamp((select max(u.updated_at) from information_unit u where u.id = any (array(select l.unit_id from fn_iu_cut_living(v_document) l))));
  v_base := fn_iu_cut_base(p_run.document_address);
  if v_base ->> 'base_hash' <> p_run.base_hash then
    raise exception using errcode = 'IU739', message = format('%s has changed since cut run %s was planned', p_run.document_address, p_run.run_id),
      hint = format('plan it again and let the new plan be approved: iu cut plan %s --again', p_run.run_id);
  end if;
  perform fn_iu_cut_refuse_drafts(v_document);
  if p_run.is_birth then
    v_document := fn_iu_cut_birth(p_run);
  else
    v_own := array(select t.unit_id from iu_tree_path t where t.root_unit_id = v_document);
    perform fn_iu_cut_apply_steps(p_run, v_reference);
    v_touched := array(select distinct c.unit_id from iu_cut_operation o join iu_structure_change c on c.operation_id = o.operation_id
                        where o.run_id = p_run.run_id and c.change_kind not in ('context', 'review'));
    if not fn_iu_document_of(v_touched) <@ array[v_document] or exists (
         select unnest(v_touched) except select unnest(v_own) except
         select c.unit_id from iu_cut_operation o join iu_structure_change c on c.operation_id = o.operation_id and c.change_kind = 'born'
          where o.run_id = p_run.run_id) then
      raise exception using errcode = 'IU734', message = format('the plan of cut run %s would change units of another document than %s', p_run.run_id,
          p_run.document_address),
        hint = 'nothing was written; plan it again: iu cut plan --again';
    end if;
    perform fn_iu_cut_apply_texts(p_run);
    perform fn_iu_cut_anchor(p_run);
  end if;
  v_problem := fn_iu_cut_misplaced(p_run.run_id, v_document);
  if v_problem is not null then
    raise exception using errcode = 'IU706', message = format('cut run %s would not give the source: %s', p_run.run_id, v_problem),
      hint = 'nothing was written; plan it again (iu cut plan), and report it when it stays so';
  end if;
  update iu_cut_run
     set state = 'cut_leg_a_committed', actor_ref = p_run.actor_ref, document_id = v_document, apply_tx_id = pg_current_xact_id(),
         tree_hash_before = v_base ->> 'tree_hash', text_hash_before = v_base ->> 'text_hash',
         detail = jsonb_build_object('approval', v_reference, 'backup', v_backup,
           -- what the triggers of this transaction went by, which a switch turned later does not tell
           'events_recorded', coalesce(current_setting('iu_core.recording', true), '') <> 'off')
   where run_id = p_run.run_id
  returning * into p_run;
  return fn_iu_cut_said(p_run);
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_apply_steps.sql
-- fn_iu_cut_apply_steps(iu_cut_run, text) returns void
--
-- Contract:  does the structure steps of a plan as structure operations of at most 1,000 steps, planned and applied one after the other,
--            so that each can be seen, verified and rolled back by its own. The text of a new piece is sliced from the pinned bytes.
-- Arguments: p_run; p_reference: the approval
-- Returns:   nothing
-- Raises:    as fn_iu_structure_op_plan and fn_iu_structure_op_apply
-- Writes:    as the structure operations, iu_cut_operation
-- May call:  internal
create or replace function fn_iu_cut_apply_steps(p_run iu_cut_run, p_reference text) returns void
language plpgsql
set search_path from current
as $$
declare
  v_bytes bytea := (select p.bytes || ''::bytea from iu_source_pin p where p.pin_id = p_run.pin_id);
  v_batch record;
  v_operation bigint;
begin
  for v_batch in
    select (s.step_no - 1) / 1000 as batch_no,
           jsonb_agg(case when s.action = 'add' then jsonb_set(s.step, '{piece,body}',
             to_jsonb(convert_from(substring(v_bytes from m.byte_start + 1 for m.byte_end - m.byte_start), 'UTF8'))) else s.step end
             order by s.step_no) as steps
      from iu_cut_plan_step s
      left join iu_cut_mark m on m.run_id = s.run_id and m.ordinal = s.ordinal
     where s.run_id = p_run.run_id
     group by (s.step_no - 1) / 1000
     order by 1
  loop
    v_operation := (fn_iu_structure_op_plan(v_batch.steps, p_run.actor_ref, format('revision %s', p_run.revision_label),
      format('cut run %s batch %s', p_run.run_id, v_batch.batch_no)) ->> 'operation_id')::bigint;
    perform fn_iu_structure_op_apply(v_operation, p_run.actor_ref, p_reference);
    insert into iu_cut_operation (run_id, operation_id, batch_no) values (p_run.run_id, v_operation, v_batch.batch_no);
  end loop;
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_apply_texts.sql
-- fn_iu_cut_apply_texts(iu_cut_run) returns void
--
-- Contract:  gives every piece whose text changed its next version, a draft, in order of the source. Which version it had before is kept
--            for the rollback.
-- Arguments: p_run
-- Returns:   nothing
-- Raises:    as fn_iu_revise
-- Writes:    unit_version, information_unit, event_outbox, iu_cut_version
-- May call:  internal
create or replace function fn_iu_cut_apply_texts(p_run iu_cut_run) returns void
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_bytes bytea := (select p.bytes || ''::bytea from iu_source_pin p where p.pin_id = p_run.pin_id);
  v_piece record;
  v_unit record;
  v_done jsonb;
begin
  for v_piece in
    select p.unit_id, m.ordinal, coalesce(nullif(m.title, ''), m.label) as title,
           -- the name of an encoding has the collation "C"; handed on, the index of addresses would be of no use
           convert_from(substring(v_bytes from m.byte_start + 1 for m.byte_end - m.byte_start), 'UTF8') collate "default" as body
      from fn_iu_cut_piece_units(p_run.run_id) p
     -- by key, whatever the statistics say: they may be older than the run, and a join then read all units for each mark (4 min for 51,000)
     cross join lateral (select i.* from iu_cut_mark i where i.run_id = p_run.run_id and i.ordinal = p.ordinal offset 0) m
     where p.fate in ('changed', 'split', 'merged')
     order by m.ordinal
  loop
    select u.canonical_address, u.version_anchor_ref, u.identity_profile ->> 'title' as title into v_unit
      from information_unit u where u.id = v_piece.unit_id;
    v_done := fn_iu_revise(v_unit.canonical_address, v_piece.body, p_run.actor_ref, format('revision %s', p_run.revision_label), v_piece.title,
                           jsonb_build_object('cut_run', p_run.run_id::text));
    if v_done ->> 'status' = 'revised' then
      insert into iu_cut_version (run_id, unit_id, before_version_id, before_title, version_id)
      values (p_run.run_id, v_piece.unit_id, v_unit.version_anchor_ref, v_unit.title, (v_done ->> 'version_id')::uuid);
    end if;
  end loop;
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_approval_guard.sql
-- fn_iu_cut_approval_guard() returns trigger
--
-- Contract:  keeps approvals and decisions honest, whoever writes them: in the name of the session, and of an approval never by a login
--            that started, planned or decided the run.
-- Arguments: none
-- Returns:   the row to write
-- Raises:    IU732 the row is refused
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_cut_approval_guard() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
  if new.approved_by <> session_user or not fn_iu_cut_may_approve(new.run_id, new.approved_by) then
    raise exception using errcode = 'IU732', message = 'an approval of a cut is refused: somebody else than who started, planned or decided gives it, in the name of the session',
      hint = 'iu cut approve, with a login of its own';
  end if;
  return new;
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_approve.sql
-- fn_iu_cut_approve(bigint, integer, text, text, text) returns jsonb
--
-- Contract:  a second person passes a run through the human gate at which it waits: gate 1 allows the write, gate 2 the enactment. Who
--            approves is the login of the session, whatever role it has set, and never a login that started, planned or decided the run,
--            not even a superuser. What is approved is the manifest that the approver saw: another one is refused, and a later change voids it.
-- Arguments: p_run_id; p_gate: 1 or 2, the one that is meant; p_manifest_digest: of the manifest that was looked at, or its first
--            12 characters or more; p_note: what was looked at, mandatory; p_actor: recorded
-- Returns:   {approval_id, run_id, gate, approved_by, manifest_digest, reference}
-- Raises:    IU216, IU707, IU730 the run waits at no gate or at the other, IU732 the approver started, planned or decided the run, IU740
--            another manifest, or no note
-- Writes:    iu_cut_approval
-- May call:  iu_approver
create or replace function fn_iu_cut_approve(p_run_id bigint, p_gate integer, p_manifest_digest text, p_note text, p_actor text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_run iu_cut_run := fn_iu_cut_claim(p_run_id, p_actor);
  v_gate integer := case v_run.state when 'awaiting_cut_authorization' then 1 when 'awaiting_lifecycle_authorization' then 2 end;
  v_digest text := fn_iu_cut_manifest_digest(v_run.manifest);
  v_approval iu_cut_approval;
begin
  if v_gate is null then
    raise exception using errcode = 'IU730', message = format('cut run %s is %s: it waits at no gate', p_run_id, v_run.state),
      hint = 'iu cut show says what it waits for';
  end if;
  if p_gate is distinct from v_gate then
    raise exception using errcode = 'IU730', message = format('cut run %s waits at gate %s, not at gate %s', p_run_id, v_gate, coalesce(p_gate::text, '?')),
      hint = format('look at what gate %s lets through: iu cut show %s', v_gate, p_run_id);
  end if;
  if not fn_iu_cut_may_approve(p_run_id, session_user) then
    raise exception using errcode = 'IU732', message = format('%s started, planned or decided cut run %s and cannot approve it', session_user, p_run_id),
      hint = 'a second person approves, with a login of their own';
  end if;
  if nullif(btrim(p_note), '') is null then
    raise exception using errcode = 'IU740', message = 'an approval says what was looked at', hint = 'add --note TEXT';
  end if;
  if (length(p_manifest_digest) >= 12) is not true then
    raise exception using errcode = 'IU740', message = 'an approval names the manifest by its first 12 characters or more',
      hint = format('look at it: iu cut plan %s', p_run_id);
  end if;
  if (p_manifest_digest ~ '^[0-9a-f]{12,64}$' and starts_with(v_digest, p_manifest_digest)) is not true then
    raise exception using errcode = 'IU740', message = format('cut run %s has another manifest than the one that was looked at', p_run_id),
      hint = format('look again: iu cut plan %s; its manifest is %s', p_run_id, v_digest);
  end if;
  select * into v_approval from iu_cut_approval
   where run_id = p_run_id and gate = v_gate and manifest_digest = v_digest and approved_by = session_user;
  if not found then
    insert into iu_cut_approval (run_id, gate, manifest_digest, note, actor_ref) values (p_run_id, v_gate, v_digest, p_note, p_actor)
    returning * into v_approval;
  end if;
  return jsonb_build_object('approval_id', v_approval.approval_id::text, 'run_id', p_run_id::text, 'gate', v_gate,
    'approved_by', v_approval.approved_by, 'manifest_digest', v_digest, 'reference', fn_iu_cut_reference(p_run_id, v_gate));
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_await_lifecycle.sql
-- fn_iu_cut_await_lifecycle(iu_cut_run) returns jsonb
--
-- Contract:  puts a run whose write was verified before gate 2.
-- Arguments: p_run: write_verified, its row locked
-- Returns:   as fn_iu_cut_said
-- Raises:    nothing
-- Writes:    iu_cut_run, iu_cut_log
-- May call:  internal
create or replace function fn_iu_cut_await_lifecycle(p_run iu_cut_run) returns jsonb
language plpgsql
set search_path from current
as $$
begin
  update iu_cut_run set state = 'awaiting_lifecycle_authorization', actor_ref = p_run.actor_ref, detail = '{}'
   where run_id = p_run.run_id returning * into p_run;
  return fn_iu_cut_said(p_run);
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_base.sql
-- fn_iu_cut_base(text) returns jsonb
--
-- Contract:  on what a plan builds: the document as it stands, as two hashes, of its tree and of its living text.
-- Arguments: p_document_address
-- Returns:   {document_id, tree_hash, text_hash, base_hash}; document_id null when there is no such document yet
-- Raises:    IU734 the address is a unit inside of a document, or its life has ended
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_cut_base(p_document_address text) returns jsonb
language plpgsql
stable
security definer
set search_path from current
as $$
declare
  v_unit information_unit := fn_iu_cut_document(p_document_address);
  v_tree text;
  v_text text;
begin
  if v_unit.id is not null then
    v_tree := fn_iu_tree_hash(v_unit.id);
    select encode(sha256(coalesce(string_agg(convert_to(l.body, 'UTF8'), ''::bytea order by l.position), ''::bytea)), 'hex') into v_text
      from fn_iu_cut_living_units(v_unit.id) l where l.unit_id <> v_unit.id;
  end if;
  return jsonb_build_object('document_id', v_unit.id, 'tree_hash', v_tree, 'text_hash', v_text,
    'base_hash', encode(sha256(convert_to(concat_ws(' ', v_unit.id, v_tree, v_text), 'UTF8')), 'hex'));
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_birth.sql
-- fn_iu_cut_birth(iu_cut_run) returns uuid
--
-- Contract:  the first cut of a document: the document and a unit for every piece, each with version 1, its anchor and one event
--            unit_created, in a handful of statements for any number of pieces. What fn_iu_create_many does from JSON, with the texts
--            sliced from the pinned bytes where they lie.
-- Arguments: p_run: its row locked, approved
-- Returns:   id of the document
-- Raises:    IU202, IU203 an address was taken since the plan, IU213, IU734
-- Writes:    information_unit, unit_version, event_outbox, iu_cut_piece, iu_tree_path, iu_relation
-- May call:  internal
create or replace function fn_iu_cut_birth(p_run iu_cut_run) returns uuid
language plpgsql
set search_path from current
as $$
declare
  v_bytes bytea := (select p.bytes || ''::bytea from iu_source_pin p where p.pin_id = p_run.pin_id);
  v_document uuid := gen_random_uuid();
  v_ids uuid[] := fn_iu_ids(p_run.piece_count);
  v_versions uuid[] := fn_iu_ids(p_run.piece_count);
  v_events uuid[] := fn_iu_ids(p_run.piece_count + 1);
  v_ranks text[];
  v_document_version uuid := gen_random_uuid();
  v_at timestamptz := fn_iu_stamp();
begin
  if exists (select from iu_cut_plan_piece f where f.run_id = p_run.run_id and starts_with(f.address, p_run.document_address || '/') is not true) then
    raise exception using errcode = 'IU734', message = format('the plan of cut run %s would make a unit outside of %s', p_run.run_id, p_run.document_address),
      hint = 'plan it again: iu cut plan --again';
  end if;
  -- a rank depends on the place among the siblings only: each is made once
  v_ranks := array(select fn_iu_rank_from_integer(n) from generate_series(0, (
    select coalesce(max(siblings), 1) from (select count(*) as siblings from iu_cut_mark where run_id = p_run.run_id group by parent_ordinal) s)) n);
  perform fn_iu_canonical_writer('fn_iu_create');
  with piece as (
    select 0 as place, v_document as id, v_document_version as version_id, null::uuid as parent_id, p_run.document_address as address,
           'document' as kind, 'document' as section_type, null::text as code, p_run.document_title as title, v_ranks[1] as rank, '' as body
     union all
    select m.ordinal + 1, v_ids[m.ordinal + 1], v_versions[m.ordinal + 1],
           case when m.parent_ordinal is null then v_document else v_ids[m.parent_ordinal + 1] end,
           f.address, m.unit_kind, m.kind, nullif(left(m.label, 200), ''),
           coalesce(nullif(m.title, ''), nullif(m.label, ''), m.address),
           v_ranks[row_number() over (partition by m.parent_ordinal order by m.ordinal)],
           convert_from(substring(v_bytes from m.byte_start + 1 for m.byte_end - m.byte_start), 'UTF8')
      from iu_cut_mark m
     -- by key, whatever the statistics say: they may be older than the run, and all were compared with all
     cross join lateral (select p.address from iu_cut_plan_piece p where p.run_id = m.run_id and p.ordinal = m.ordinal offset 0) f
     where m.run_id = p_run.run_id
  ), input as materialized (
    select p.*, encode(sha256(convert_to(p.body, 'UTF8')), 'hex') as content_hash from piece p order by p.place
  ), unit as (
    insert into information_unit (id, canonical_address, unit_kind, content_anchor_ref, version_anchor_ref, owner_ref, parent_or_container_ref,
                                  section_type, section_code, sibling_rank, identity_profile, created_by, updated_by, created_at, updated_at)
    select i.id, i.address, i.kind, i.version_id::text, i.version_id, p_run.owner_ref, i.parent_id, i.section_type, i.code, i.rank,
           jsonb_build_object('title', i.title, 'owner_lookup_ref', p_run.owner_ref, 'primary_section_type_ref', i.section_type),
           p_run.actor_ref, p_run.actor_ref, v_at, v_at
      from input i
    returning id
  ), version as (
    insert into unit_version (id, unit_id, body, content_hash, version_seq, content_profile, created_by, created_at)
    select i.version_id, i.id, i.body, i.content_hash, 1,
           jsonb_build_object('cut_run', p_run.run_id::text), p_run.actor_ref, v_at
      from input i
    returning id
  ), event as (
    -- behind the count of the written units, so that each event comes after the row it tells about; joined by id, all were compared with all
    insert into event_outbox (id, event_domain, event_type, event_stream, delivery_lane, event_subject_table, event_subject_ref, canonical_address,
                              actor_ref, source_system, safe_payload)
    select v_events[i.place + 1], 'iu', 'unit_created', r.event_stream, r.delivery_lane, 'information_unit', i.id::text, i.address, p_run.actor_ref, 'iu_core',
           jsonb_build_object('unit_kind', i.kind, 'parent_ref', i.parent_id, 'version_seq', 1, 'version_id', i.version_id,
                              'content_hash', i.content_hash, 'cut_run', p_run.run_id::text)
      from (select count(*) from unit) written cross join input i
      left join event_type_registry r on r.event_domain = 'iu' and r.event_type = 'unit_created'
     order by i.place
    returning seq
  )
  select v_document into v_document from (select count(*) from event) e, (select count(*) from version) v;
  perform fn_iu_canonical_writer('');
  insert into iu_cut_piece (run_id, ordinal, byte_start, byte_end, address, unit_id, version_id, sha256, normalized_sha256, anchor)
  select m.run_id, m.ordinal, m.byte_start, m.byte_end, m.address, v_ids[m.ordinal + 1], v_versions[m.ordinal + 1], m.sha256, m.normalized_sha256, 'exact'
    from iu_cut_mark m where m.run_id = p_run.run_id;
  return v_document;
exception when unique_violation then
  raise exception using errcode = 'IU203', message = format('an address of %s was taken by another session', p_run.document_address),
    hint = format('an address names one unit for ever; planned again the piece gets another one: iu cut plan %s --again --actor NAME', p_run.run_id);
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_bridge.sql
-- fn_iu_cut_bridge(iu_cut_run) returns jsonb
--
-- Contract:  the bridge, after the enactment, and the end of the run: a structure request for every unit that the cut made (create, split
--            or merge, as fn_iu_cut_bridge_requests says), each naming the operation that did it, and a SQL link request for the document
--            and for what the config asks; the links are recorded by key, those of living units are made. It never cuts again, and doing it
--            twice records nothing twice.
-- Arguments: p_run: lifecycle_enacted, its row locked
-- Returns:   as fn_iu_cut_said
-- Raises:    nothing
-- Writes:    iu_cut_bridge_request, iu_sql_link, iu_cut_run, iu_cut_log
-- May call:  internal
create or replace function fn_iu_cut_bridge(p_run iu_cut_run) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_links integer;
  v_operations integer;
begin
  insert into iu_cut_bridge_request (run_id, request_key, kind, unit_id, operation_id, request)
  select p_run.run_id, b.request_key, b.kind, b.unit_id, b.operation_id, b.request
    from fn_iu_cut_bridge_requests(p_run.run_id) b
  on conflict (request_key) do nothing;
  insert into iu_sql_link (unit_id, link_role, object_kind, object_schema, object_name, row_pk, direction, lifecycle_status, enabled,
                           idempotency_key, metadata, created_by)
  select b.unit_id, b.request ->> 'link_role', b.request ->> 'object_kind', b.request ->> 'object_schema', b.request ->> 'object_name',
         b.request -> 'row_pk', 'outbound', 'draft', false, b.request_key, jsonb_build_object('cut_run', p_run.run_id::text), p_run.actor_ref
    from iu_cut_bridge_request b
    join information_unit u on u.id = b.unit_id
   where b.run_id = p_run.run_id and b.kind = 'sql_link' and u.lifecycle_status in ('draft', 'enacted') and u.deleted_at is null
  on conflict (idempotency_key) do nothing;
  get diagnostics v_links = row_count;
  select count(*) into v_operations from iu_cut_bridge_request b where b.run_id = p_run.run_id and b.kind = 'structure_op';
  update iu_cut_run
     set state = 'closeout_reported', actor_ref = p_run.actor_ref, finished_at = clock_timestamp(),
         detail = jsonb_build_object('structure_requests', v_operations, 'sql_links', v_links)
   where run_id = p_run.run_id returning * into p_run;
  return fn_iu_cut_said(p_run);
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_bridge_requests.sql
-- fn_iu_cut_bridge_requests(bigint) returns table (place, request_key, kind, unit_id, operation_id, request)
--
-- Contract:  maps a written cut to what the rest of the system records of it, purely: the same cut gives the same requests, byte for byte,
--            and keys that are made of them and of
--            the run, so that a cut after a rollback links again. create is add_new_piece, split split_large_piece, merge merge_small_pieces. The document is
--            linked to the pinned source it was cut from; config.sql_objects [{address, link_role, object_kind, object_schema,
--            object_name}] links units that the cut made to objects of the database.
-- Arguments: p_run_id: a run that was written
-- Returns:   requests in order; operation_id is the operation that did it, null for a first cut, which is one transaction of its own
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_operator, iu_reader
create or replace function fn_iu_cut_bridge_requests(p_run_id bigint)
returns table (place bigint, request_key text, kind text, unit_id uuid, operation_id bigint, request jsonb)
language sql
stable
security definer
set search_path from current
set enable_seqscan = off
as $$
  with run as (
    select r.*, p.sha256 from iu_cut_run r join iu_source_pin p on p.pin_id = r.pin_id where r.run_id = p_run_id
  ), made as (
    select c.ordinal, c.unit_id, c.address, case f.fate when 'split' then 'split' when 'merged' then 'merge' else 'create' end as operation,
           u.parent_or_container_ref as parent_id,
           (select min(x.operation_id) from iu_cut_operation o join iu_structure_change x on x.operation_id = o.operation_id
             where o.run_id = p_run_id and x.unit_id = c.unit_id and x.change_kind = 'born') as operation_id,
           coalesce((select jsonb_agg(l.to_unit_id order by l.to_unit_id) from iu_relation l
                      where l.from_unit_id = c.unit_id and l.relation_type in ('split_from', 'merged_from') and l.relation_status = 'active'), '[]') as sources
      from iu_cut_piece c
      join iu_cut_plan_piece f on f.run_id = c.run_id and f.ordinal = c.ordinal and f.fate in ('born', 'split', 'merged')
     cross join lateral (select i.parent_or_container_ref from information_unit i where i.id = c.unit_id offset 0) u
     where c.run_id = p_run_id
  ), request as (
    select m.ordinal + 1 as place, 'structure_op' as kind, m.unit_id, m.operation_id,
           jsonb_build_object('operation', m.operation, 'operation_type', case m.operation when 'create' then 'add_new_piece' when 'split' then
             'split_large_piece' else 'merge_small_pieces' end, 'unit_id', m.unit_id, 'parent_id', m.parent_id, 'source_unit_ids', m.sources,
             'actor', r.actor_ref, 'source_version', r.revision_label) as request
      from made m cross join run r
     union all
    select 0, 'sql_link', r.document_id, null, jsonb_build_object('unit_id', r.document_id, 'link_role', 'cut_from', 'object_kind', 'row',
             'object_schema', null, 'object_name', 'iu_source_pin', 'row_pk', jsonb_build_object('pin_id', r.pin_id::text))
      from run r
     union all
    select m.ordinal + 1, 'sql_link', m.unit_id, null, jsonb_build_object('unit_id', m.unit_id, 'link_role', coalesce(s.o ->> 'link_role', 'represents'),
             'object_kind', s.o ->> 'object_kind', 'object_schema', s.o ->> 'object_schema', 'object_name', s.o ->> 'object_name', 'row_pk', s.o -> 'row_pk')
      from run r cross join lateral jsonb_array_elements(coalesce(r.config -> 'sql_objects', '[]')) as s (o)
      join made m on m.address = s.o ->> 'address'
  )
  select q.place, format('iu_cut:%s:%s', q.kind, encode(sha256(convert_to(concat_ws('|', q.request::text, r.sha256, r.run_id), 'UTF8')), 'hex')), q.kind, q.unit_id,
         q.operation_id, q.request
    from request q cross join run r
   order by q.place, q.kind, q.request::text
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_conflict.sql
-- fn_iu_cut_conflict(iu_cut_run) returns text
--
-- Contract:  says by name what stands in the way of rolling a whole run back: a later cut of the document, or a unit of the run that
--            somebody has revised, ended, linked or hung something below since. What structure operations did in between they find
--            themselves.
-- Arguments: p_run: a written run, its document locked
-- Returns:   a sentence, or null
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_conflict(p_run iu_cut_run) returns text
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_text text;
begin
  select format('run %s cut revision %s of the document later', r.run_id, r.revision_label) into v_text
    from iu_cut_run r
   where r.document_id = p_run.document_id and r.run_id <> p_run.run_id and r.apply_tx_id is not null and r.state <> 'voided_rolled_back'
     and r.run_id > p_run.run_id
   order by r.run_id desc limit 1;
  if v_text is not null then
    return v_text;
  end if;
  -- later versions do not count when the text is the run's again: they are of runs that were rolled back, or were put right by hand
  select format('%s has another version than the run gave it', u.canonical_address) into v_text
    from iu_cut_piece c
    join information_unit u on u.id = c.unit_id
    join unit_version w on w.id = c.version_id
    join unit_version n on n.id = u.version_anchor_ref
   where c.run_id = p_run.run_id and u.version_anchor_ref <> c.version_id and n.content_hash <> w.content_hash
   order by c.ordinal limit 1;
  if v_text is not null then
    return v_text;
  end if;
  select format('%s is %s', u.canonical_address, case when u.deleted_at is not null then 'deleted' else u.lifecycle_status end) into v_text
    from iu_cut_piece c join information_unit u on u.id = c.unit_id
   where c.run_id = p_run.run_id and (u.deleted_at is not null or u.lifecycle_status not in ('draft', 'enacted'))
   order by c.ordinal limit 1;
  if v_text is not null or not p_run.is_birth then
    return v_text;
  end if;
  select format('%s stands in the document and was not cut', u.canonical_address) into v_text
    from iu_tree_path t join information_unit u on u.id = t.unit_id
   where t.root_unit_id = p_run.document_id and t.unit_id <> p_run.document_id and u.deleted_at is null
     and (select c.ordinal from iu_cut_piece c where c.run_id = p_run.run_id and c.unit_id = t.unit_id) is null
   limit 1;
  if v_text is null then
    select format('structure operation %s touched %s later', c.operation_id, u.canonical_address) into v_text
      from iu_cut_piece p
      join iu_structure_change c on c.unit_id = p.unit_id and c.change_kind not in ('context', 'review')
      join iu_structure_operation o on o.operation_id = c.operation_id and o.operation_status = 'enacted'
      join information_unit u on u.id = p.unit_id
     where p.run_id = p_run.run_id limit 1;
  end if;
  if v_text is null then
    select format('%s, which the run made, has SQL links of its own', u.canonical_address) into v_text
      from (select unit_id from iu_cut_piece where run_id = p_run.run_id union select p_run.document_id) made
      join iu_sql_link k on k.unit_id = made.unit_id and k.lifecycle_status in ('draft', 'enacted')
                        and k.metadata ->> 'cut_run' is distinct from p_run.run_id::text
      join information_unit u on u.id = made.unit_id
     order by u.canonical_address limit 1;
  end if;
  return v_text;
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_words.sql
-- fn_iu_cut_words(bigint) returns setof iu_cut_decision
--
-- Contract:  the words of people that count in a cut run: the last one about each piece, unless it was withdrawn.
-- Arguments: p_run_id
-- Returns:   rows of iu_cut_decision, by piece
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_approver, iu_emitter, iu_operator, iu_reader
create or replace function fn_iu_cut_words(p_run_id bigint) returns setof iu_cut_decision
language plpgsql
stable
set search_path from current
as $$
begin
  return query
  select d.* from (select distinct on (ordinal) * from iu_cut_decision where run_id = p_run_id order by ordinal, decision_id desc) d
   where d.unit_ids is not null;
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_decide.sql
-- fn_iu_cut_decide(bigint, integer, uuid[], text, text) returns jsonb
--
-- Contract:  a person's whole word about one piece before the plan is approved: it is this unit, these units merged, or new; or nothing any
--            more, so that the matcher says it again. A word counts before everything the matcher finds, in every plan made after it. Words
--            stay; the last one about a piece counts.
-- Arguments: p_run_id; p_ordinal: the piece; p_unit_ids: the unit it is, or several that are merged into it, '{}' = it is new, null = the word
--            that counted is withdrawn; p_note: why; p_actor
-- Returns:   {decision_id, run_id, ordinal, unit_ids, decided_by, others, replaces}; others: pieces that are this unit by the word of a
--            person too, in order: together they are a split of it; replaces: {unit_ids, units: their addresses, decided_by, decided_at} of
--            another word that counted until now, or null
-- Raises:    IU216, IU707, IU730 the plan is approved or applied, IU738 no such piece, a unit is no living one of the document, a unit would be
--            split and merged at once, or nothing is there to withdraw
-- Writes:    iu_cut_decision
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_cut_decide(p_run_id bigint, p_ordinal integer, p_unit_ids uuid[], p_note text, p_actor text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_run iu_cut_run := fn_iu_cut_claim(p_run_id, p_actor);
  v_units uuid[] := case when p_unit_ids is not null then array(select distinct u from unnest(p_unit_ids) u order by u) end;
  v_before iu_cut_decision;
  v_decision iu_cut_decision;
  v_unknown text;
  v_clash integer;
  v_others integer[];
begin
  if v_run.state not in ('marked', 'cutplan_ok', 'pre_write_backup_taken', 'grants_probed', 'awaiting_cut_authorization') then
    raise exception using errcode = 'IU730', message = format('cut run %s is %s: nothing is to be decided', p_run_id, v_run.state);
  end if;
  if not exists (select from iu_cut_mark where run_id = p_run_id and ordinal = p_ordinal) then
    raise exception using errcode = 'IU738', message = format('cut run %s has no piece %s', p_run_id, p_ordinal), hint = 'iu cut plan lists the pieces';
  end if;
  select coalesce((select i.canonical_address from information_unit i where i.id = u), u::text, 'null') into v_unknown from unnest(v_units) u
   where not exists (select from fn_iu_cut_living(v_run.document_id) l where l.unit_id = u and l.unit_id <> v_run.document_id) limit 1;
  if found then
    raise exception using errcode = 'IU738', message = case when v_unknown = v_run.document_address then format('%s is the document itself', v_unknown)
        else format('%s is no living unit of %s', v_unknown, v_run.document_address) end,
      hint = 'iu unit tree shows the units of the document';
  end if;
  select * into v_before from fn_iu_cut_words(p_run_id) where ordinal = p_ordinal;
  if p_unit_ids is null and not found then
    raise exception using errcode = 'IU738', message = format('no word about piece %s of cut run %s counts: nothing is to be withdrawn', p_ordinal, p_run_id),
      hint = 'iu cut show lists the decisions of a run';
  end if;
  -- What counts about other pieces and names one of these units.
  select array_agg(o.ordinal order by o.ordinal), min(o.ordinal) filter (where cardinality(v_units) > 1 or cardinality(o.unit_ids) > 1)
    into v_others, v_clash
    from fn_iu_cut_words(p_run_id) o
   where o.ordinal <> p_ordinal and o.unit_ids && v_units;
  if v_clash is not null then
    raise exception using errcode = 'IU738',
      message = format('piece %s was decided to be one of these units: a unit cannot be split and merged at once', v_clash),
      hint = format('withdraw that word first: iu cut decide %s %s --withdraw --actor NAME', p_run_id, v_clash);
  end if;
  insert into iu_cut_decision (run_id, ordinal, unit_ids, note, actor_ref) values (p_run_id, p_ordinal, v_units, p_note, p_actor)
  returning * into v_decision;
  return jsonb_build_object('decision_id', v_decision.decision_id::text, 'run_id', p_run_id::text, 'ordinal', p_ordinal,
    'unit_ids', to_jsonb(v_units), 'decided_by', v_decision.decided_by, 'others', coalesce(to_jsonb(v_others), '[]'),
    'replaces', case when v_before.unit_ids is distinct from v_units and v_before.unit_ids is not null then
      jsonb_build_object('unit_ids', to_jsonb(v_before.unit_ids), 'decided_by', v_before.decided_by, 'decided_at', v_before.decided_at,
        'units', (select coalesce(jsonb_agg(u.canonical_address order by u.canonical_address), '[]')
                    from information_unit u where u.id = any (v_before.unit_ids))) end);
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_document.sql
-- fn_iu_cut_document(text) returns information_unit
--
-- Contract:  the document into which an address is cut: a living unit without parent, or nothing yet.
-- Arguments: p_document_address
-- Returns:   the row; null when there is no such document yet
-- Raises:    IU734 the address is a unit inside of a document, or the life of the document has ended
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_document(p_document_address text) returns information_unit
language plpgsql
stable
set search_path from current
as $$
declare
  v_unit information_unit;
  v_document text;
begin
  select * into v_unit from information_unit where canonical_address = p_document_address;
  if v_unit.parent_or_container_ref is not null then
    v_document := coalesce((select d.canonical_address from iu_tree_path t join information_unit d on d.id = t.root_unit_id where t.unit_id = v_unit.id),
                           'another one');
    raise exception using errcode = 'IU734', message = format('%s is a unit of the document %s, no document of its own', p_document_address, v_document),
      hint = format('cut it as a document of another address (--document; in a folder --prefix, or another name of the file); '
                    'what %s says there is changed by cutting %s', v_document, v_document);
  end if;
  if v_unit.deleted_at is not null or v_unit.lifecycle_status not in ('draft', 'enacted') then
    raise exception using errcode = 'IU734', message = format('%s is no living document: it is %s', p_document_address,
        case when v_unit.deleted_at is not null then 'deleted' else v_unit.lifecycle_status end),
      hint = 'its address stays taken; cut into another one';
  end if;
  return v_unit;
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_enact.sql
-- fn_iu_cut_enact(iu_cut_run) returns jsonb
--
-- Contract:  lifecycle_enact: what fn_iu_enact does for one unit, for all versions that the run wrote, in one transaction: the version is
--            enacted, the one before it superseded, one log row and one event version_enacted each. What is enacted already stays. A document
--            that somebody changed while the run waited is not what was approved, and nothing of it comes into force.
-- Arguments: p_run: awaiting_lifecycle_authorization and approved, its row locked
-- Returns:   as fn_iu_cut_said; code IU735 when what was written is not what was approved
-- Raises:    IU206 a unit of the run is no longer alive, IU747 the document is no longer what was approved
-- Writes:    unit_version, information_unit, iu_lifecycle_log, event_outbox, iu_cut_run, iu_cut_log
-- May call:  internal
create or replace function fn_iu_cut_enact(p_run iu_cut_run) returns jsonb
language plpgsql
set search_path from current
set plan_cache_mode = force_generic_plan
-- rows are looked up by key, one by one, whatever the statistics say
set enable_seqscan = off
as $$
declare
  v_reference text := fn_iu_cut_reference(p_run.run_id, 2);
  v_at timestamptz;
  v_units uuid[];
  v_versions uuid[];
  v_from text[];
  v_before uuid[];
  v_events uuid[];
  v_dead text;
  v_problem text;
begin
  if fn_iu_cut_digest(p_run.run_id, 'write') is distinct from p_run.manifest #>> '{written,write_digest}'
     or fn_iu_cut_digest(p_run.run_id, 'cut') is distinct from p_run.manifest ->> 'cut_digest'
     or fn_iu_cut_digest(p_run.run_id, 'plan') is distinct from p_run.manifest ->> 'plan_digest' then
    return fn_iu_cut_stop(p_run, 'stopped_manifest_changed', 'IU735', '{"gate": 2}');
  end if;
  perform fn_iu_lock_documents(array[p_run.document_id]);
  v_units := array(select c.unit_id from iu_cut_piece c where c.run_id = p_run.run_id);
  perform from information_unit u where u.id = any (v_units) order by u.id for no key update;
  v_at := fn_iu_stamp((select max(u.updated_at) from information_unit u where u.id = any (v_units)));
  select min(u.canonical_address) into v_dead from information_unit u
   where u.id = any (v_units) and (u.lifecycle_status not in ('draft', 'enacted') or u.deleted_at is not null);
  if v_dead is not null then
    raise exception using errcode = 'IU206', message = format('unit %s of cut run %s is no longer alive', v_dead, p_run.run_id), hint = 'iu cut rollback';
  end if;
  v_problem := coalesce(fn_iu_cut_misplaced(p_run.run_id, p_run.document_id),
    case when (select u.version_anchor_ref::text from information_unit u where u.id = p_run.document_id)
                is distinct from p_run.manifest #>> '{written,document_version_id}' then 'the document itself has another version' end,
    case when fn_iu_tree_hash(p_run.document_id) is distinct from p_run.manifest #>> '{written,tree_hash}' then 'the tree is another one' end);
  if v_problem is not null then
    raise exception using errcode = 'IU747', message = format('%s is not what was approved at gate 2 of cut run %s: %s', p_run.document_address,
        p_run.run_id, v_problem),
      hint = 'give changed units their text of the run again (fn_iu_revise), roll the run back (iu cut rollback) and cut the revision anew';
  end if;
  select array_agg(w.id order by w.place), array_agg(w.version_id order by w.place), array_agg(w.status order by w.place),
         array_agg(w.before order by w.place) into v_units, v_versions, v_from, v_before
    from (select u.id, v.id as version_id, u.lifecycle_status as status, c.place,
                 (select b.id from unit_version b where b.unit_id = u.id and b.lifecycle_status = 'enacted') as before
            from (select p_run.document_id as unit_id, -1 as place union all
                  select unit_id, ordinal from iu_cut_piece where run_id = p_run.run_id) c
           cross join lateral (select i.* from information_unit i where i.id = c.unit_id offset 0) u
           cross join lateral (select n.id from unit_version n where n.id = u.version_anchor_ref and n.lifecycle_status = 'draft' offset 0) v) w;
  perform fn_iu_canonical_writer('fn_iu_enact');
  update unit_version set lifecycle_status = 'superseded' where id = any (array_remove(v_before, null));
  update unit_version set lifecycle_status = 'enacted', enacted_at = v_at where id = any (v_versions);
  update information_unit set lifecycle_status = 'enacted', updated_by = p_run.actor_ref where id = any (v_units);
  perform fn_iu_canonical_writer('');
  insert into iu_lifecycle_log (unit_id, canonical_address, version_id, from_status, to_status, actor, review_decision_id, reason)
  select u.id, u.canonical_address, w.version_id, w.status, 'enacted', p_run.actor_ref, v_reference, format('revision %s', p_run.revision_label)
    from unnest(v_units, v_versions, v_from) with ordinality as w (id, version_id, status, place)
   cross join lateral (select i.id, i.canonical_address from information_unit i where i.id = w.id offset 0) u
   order by w.place;
  v_events := fn_iu_ids(coalesce(cardinality(v_units), 0));
  insert into event_outbox (id, event_domain, event_type, event_stream, delivery_lane, event_subject_table, event_subject_ref, canonical_address,
                            actor_ref, source_system, safe_payload)
  select v_events[w.place], 'iu', 'version_enacted', r.event_stream, r.delivery_lane, 'information_unit', u.id::text, u.canonical_address, p_run.actor_ref, 'iu_core',
         jsonb_build_object('version_seq', v.version_seq, 'version_id', v.id, 'superseded_version_id', w.before, 'review_decision_id', v_reference,
                            'cut_run', p_run.run_id::text)
    from unnest(v_units, v_versions, v_before) with ordinality as w (id, version_id, before, place)
   cross join lateral (select i.id, i.canonical_address from information_unit i where i.id = w.id offset 0) u
   cross join lateral (select n.id, n.version_seq from unit_version n where n.id = w.version_id offset 0) v
    left join event_type_registry r on r.event_domain = 'iu' and r.event_type = 'version_enacted'
   order by w.place;
  update iu_cut_run
     set state = 'lifecycle_enacted', actor_ref = p_run.actor_ref,
         detail = jsonb_build_object('approval', v_reference, 'versions_enacted', coalesce(cardinality(v_units), 0))
   where run_id = p_run.run_id returning * into p_run;
  return fn_iu_cut_said(p_run);
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_mark.sql
-- fn_iu_cut_mark(bigint, jsonb, text) returns jsonb
--
-- Contract:  records the pieces of the cut, a proposal: nothing of the document changes. The ranges cover the pinned bytes and every
--            piece has its hash, judged here from the bytes. The same cut again writes nothing; another one under the same key is
--            refused, because the key says that it cannot be.
-- Arguments: p_run_id; p_pieces: [{ordinal, parent_ordinal, byte_start, byte_end, kind, unit_kind, level, title, label, address, sha256,
--            normalized_sha256}], ordinals from 0, a parent before its children; p_actor
-- Returns:   as fn_iu_cut_said
-- Raises:    IU216, IU707, IU624 config.sql_objects names an address that no piece has, IU730 the run is beyond marking with other pieces,
--            IU733 the pieces are no lossless cut of the source
-- Writes:    iu_cut_mark, iu_cut_run, iu_cut_log
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_cut_mark(p_run_id bigint, p_pieces jsonb, p_actor text) returns jsonb
language plpgsql
security definer
set search_path from current
set enable_seqscan = off
as $$
declare
  v_run iu_cut_run := fn_iu_cut_claim(p_run_id, p_actor);
  v_bytes bytea := (select p.bytes || ''::bytea from iu_source_pin p where p.pin_id = v_run.pin_id);
  v_fact record;
  v_strangers text;
begin
  if v_run.state <> 'source_pinned' then
    -- two people at once: who comes second says the same, and finds it done
    if not exists (
      select from (select ordinal, parent_ordinal, byte_start, byte_end, kind, unit_kind, level, title, label, address, sha256, normalized_sha256
                     from iu_cut_mark where run_id = p_run_id) m
        full join jsonb_to_recordset(p_pieces) as p (ordinal integer, parent_ordinal integer, byte_start integer, byte_end integer, kind text,
             unit_kind text, level integer, title text, label text, address text, sha256 text, normalized_sha256 text) on p.ordinal = m.ordinal
       where m is distinct from p) then
      return fn_iu_cut_said(v_run);
    end if;
    raise exception using errcode = 'IU730', message = format('cut run %s is %s: other pieces of it are recorded', p_run_id, v_run.state),
      hint = 'iu cut show says what it waits for';
  end if;
  insert into iu_cut_mark (run_id, ordinal, parent_ordinal, byte_start, byte_end, kind, unit_kind, level, title, label, address, sha256,
                           normalized_sha256)
  select p_run_id, p.ordinal, p.parent_ordinal, p.byte_start, p.byte_end, p.kind, p.unit_kind, p.level, p.title, p.label, p.address, p.sha256,
         p.normalized_sha256
    from jsonb_to_recordset(p_pieces) as p (ordinal integer, parent_ordinal integer, byte_start integer, byte_end integer, kind text,
           unit_kind text, level integer, title text, label text, address text, sha256 text, normalized_sha256 text);
  select count(*)::integer as pieces,
         coalesce(bool_and(ordinal = expected_ordinal and (parent_ordinal < ordinal) is not false), true) as counted,
         coalesce(bool_and(byte_start = expected_start), true) as adjacent, coalesce(max(byte_end), 0) as covered,
         coalesce(bool_and(sha256 = encode(sha256(substring(v_bytes from byte_start + 1 for byte_end - byte_start)), 'hex')), true) as hashed
    into v_fact
    from (select m.*, row_number() over (order by m.ordinal) - 1 as expected_ordinal,
                 coalesce(lag(m.byte_end) over (order by m.ordinal), 0) as expected_start
            from iu_cut_mark m where m.run_id = p_run_id) m;
  if not v_fact.counted or not v_fact.adjacent or not v_fact.hashed or v_fact.covered <> length(v_bytes) then
    raise exception using errcode = 'IU733', message = format('the pieces of cut run %s are no lossless cut of its source', p_run_id),
      detail = to_jsonb(v_fact)::text, hint = 'cut the pinned bytes again; a piece is a range of them and its hash';
  end if;
  select string_agg(distinct s.o ->> 'address', ', ') into v_strangers from jsonb_path_query(v_run.config, '$.sql_objects[*]') as s (o)
   where not exists (select from iu_cut_mark m where m.run_id = p_run_id and m.address = s.o ->> 'address');
  if v_strangers is not null then
    raise exception using errcode = 'IU624', message = format('cut run %s is to link %s, and no piece of it has that address', p_run_id, v_strangers),
      hint = format('iu cut preview FILE --json shows the addresses; iu cut void %s, then start it again with one of them', p_run_id);
  end if;
  update iu_cut_run
     set state = 'marked', actor_ref = p_actor, piece_count = v_fact.pieces, cut_digest = fn_iu_cut_digest(p_run_id, 'cut')
   where run_id = p_run_id
  returning * into v_run;
  return fn_iu_cut_said(v_run);
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_refuse_drafts.sql
-- fn_iu_cut_refuse_drafts(uuid) returns void
--
-- Contract:  a cut goes from what is in force to what is in force. With a draft of somebody on the document, gate 2 would put it in force
--            with the rest, and a rollback could not tell what was in force before: such a document is not cut.
-- Arguments: p_document_id: locked by the caller where it writes; null = none yet
-- Returns:   nothing
-- Raises:    IU748 the document or a living unit of it has a version, or a life, that is not in force
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_refuse_drafts(p_document_id uuid) returns void
language plpgsql
stable
set search_path from current
as $$
declare
  v_draft text;
begin
  select min(u.canonical_address) into v_draft
    from fn_iu_cut_living(p_document_id) l
   cross join lateral (select i.canonical_address, i.lifecycle_status from information_unit i where i.id = l.unit_id offset 0) u
   cross join lateral (select v.lifecycle_status from unit_version v where v.id = l.version_id offset 0) v
   where u.lifecycle_status <> 'enacted' or v.lifecycle_status <> 'enacted';
  if v_draft is not null then
    raise exception using errcode = 'IU748', message = format('%s is a draft: a cut builds on what is in force', v_draft),
      hint = 'put it in force (fn_iu_enact), or take the draft back (fn_iu_soft_delete, or the text in force again), then plan again';
  end if;
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_misplaced.sql
-- fn_iu_cut_misplaced(bigint, uuid) returns text
--
-- Contract:  says what is wrong between the recorded pieces of a run and the document: not the living units in tree order, another
--            version than the one written, another parent, not lossless, or a broken tree.
-- Arguments: p_run_id; p_document_id
-- Returns:   a sentence, or null
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_misplaced(p_run_id bigint, p_document_id uuid) returns text
language plpgsql
set search_path from current
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_proof jsonb := fn_iu_cut_verify(p_run_id);
  v_fact record;
begin
  if not (v_proof ->> 'ok')::boolean then
    return v_proof -> 'problems' ->> 0;
  end if;
  select count(*) filter (where l.unit_id is distinct from c.unit_id) as elsewhere,
         count(*) filter (where l.version_id is distinct from c.version_id) as other_version,
         count(*) filter (where l.parent_id is distinct from coalesce(p.unit_id, p_document_id)) as other_parent
    into v_fact
    -- the document itself stands first, so the n-th piece, counted from 0, is the unit after it
    from (select l.* from fn_iu_cut_living(p_document_id) l where l.unit_id <> p_document_id) l
    full join (select c.ordinal, c.unit_id, c.version_id, m.parent_ordinal from iu_cut_piece c
                 left join iu_cut_mark m on m.run_id = c.run_id and m.ordinal = c.ordinal where c.run_id = p_run_id) c on c.ordinal = l.position - 2
    left join iu_cut_piece p on p.run_id = p_run_id and p.ordinal = c.parent_ordinal;
  if v_fact.elsewhere > 0 then
    return 'the living units of the document in tree order are not the pieces';
  end if;
  if v_fact.other_version > 0 then
    return format('%s units have another version than the run gave them', v_fact.other_version);
  end if;
  if v_fact.other_parent > 0 then
    return format('%s units stand below another unit than their piece', v_fact.other_parent);
  end if;
  return (fn_iu_tree_verify_document(p_document_id))[1];
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_plan.sql
-- fn_iu_cut_plan(bigint, jsonb, text) returns jsonb
--
-- Contract:  records what would become of the document: structure steps, what becomes of each piece, and the doubtful matches that a
--            person has to decide. Nothing of the document changes. A plan may be made again until it is approved; the same plan again
--            writes nothing. Texts are no part of it: they are sliced from the pinned bytes when it is applied.
-- Arguments: p_run_id; p_plan: {base_hash: of fn_iu_cut_base as the planner saw it, matcher: {name, version}, normalizer: {name, version},
--            steps: [{action, step, ordinal, unit_id, reason, score, note}], pieces: [{ordinal, unit_id, address, fate, reason, score}],
--            doubts: [{ordinal, candidates: [{unit_id, score, reason}]}]}; p_actor
-- Returns:   as fn_iu_cut_said, and replayed
-- Raises:    IU216, IU707, IU730 not in a state to plan, IU734 the plan does not fit the cut or itself, IU739 the document has changed
--            meanwhile, IU748 the document has drafts
-- Writes:    iu_cut_plan_step, iu_cut_plan_piece, iu_cut_doubt, iu_cut_run, iu_cut_log
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_cut_plan(p_run_id bigint, p_plan jsonb, p_actor text) returns jsonb
language plpgsql
security definer
set search_path from current
set enable_seqscan = off
as $$
declare
  v_run iu_cut_run := fn_iu_cut_claim(p_run_id, p_actor);
  v_base jsonb;
  v_digest text;
  v_wrong text;
  v_before text := v_run.plan_digest;
begin
  if v_run.state not in ('marked', 'cutplan_ok', 'pre_write_backup_taken', 'grants_probed', 'awaiting_cut_authorization') then
    raise exception using errcode = 'IU730', message = format('cut run %s is %s: it is not planned now', p_run_id, v_run.state),
      hint = 'iu cut show says what it waits for';
  end if;
  v_base := fn_iu_cut_base(v_run.document_address);
  if v_base ->> 'base_hash' <> p_plan ->> 'base_hash' then
    raise exception using errcode = 'IU739', message = format('%s has changed while it was planned', v_run.document_address),
      hint = 'plan again: iu cut plan';
  end if;
  perform fn_iu_cut_refuse_drafts((v_base ->> 'document_id')::uuid);
  delete from iu_cut_plan_step where run_id = p_run_id;
  delete from iu_cut_plan_piece where run_id = p_run_id;
  delete from iu_cut_doubt where run_id = p_run_id;
  insert into iu_cut_plan_step (run_id, step_no, action, step, ordinal, unit_id, reason, score, note)
  select p_run_id, s.place, s.action, s.step, s.ordinal, s.unit_id, s.reason, s.score, s.note
    from rows from (jsonb_to_recordset(p_plan -> 'steps') as (action text, step jsonb, ordinal integer, unit_id uuid, reason text,
           score numeric, note text)) with ordinality as s (action, step, ordinal, unit_id, reason, score, note, place);
  insert into iu_cut_plan_piece (run_id, ordinal, unit_id, address, fate, reason, score)
  select p_run_id, p.ordinal, p.unit_id, p.address, p.fate, p.reason, p.score
    from jsonb_to_recordset(p_plan -> 'pieces') as p (ordinal integer, unit_id uuid, address text, fate text, reason text, score numeric);
  insert into iu_cut_doubt (run_id, ordinal, candidates)
  select p_run_id, d.ordinal, d.candidates from jsonb_to_recordset(p_plan -> 'doubts') as d (ordinal integer, candidates jsonb);
  -- each side by its key: a condition behind the join would read the pieces of all runs
  if exists (select from (select ordinal from iu_cut_mark where run_id = p_run_id) m
               full join (select ordinal from iu_cut_plan_piece where run_id = p_run_id) p on p.ordinal = m.ordinal
              where m.ordinal is null or p.ordinal is null) then
    raise exception using errcode = 'IU734', message = format('the plan of cut run %s does not say of every piece what becomes of it', p_run_id),
      hint = 'every ordinal of the cut stands once in pieces';
  end if;
  select format('step %s is shown as %s of %s and does %s of %s', s.step_no, s.action, coalesce(s.unit_id::text, '-'),
                coalesce(s.step ->> 'operation_type', '-'), coalesce(s.step ->> 'unit', '-')) into v_wrong
    from iu_cut_plan_step s
   where s.run_id = p_run_id
     and (s.step ->> 'operation_type' is distinct from case s.action when 'add' then 'add_new_piece' when 'split' then 'split_large_piece'
            when 'merge' then 'merge_small_pieces' when 'move' then 'reparent_piece' when 'renumber' then 'renumber_piece' else 'deprecate_piece' end
          or s.unit_id::text is distinct from s.step ->> 'unit' and (s.unit_id is not null or s.action not in ('add', 'merge', 'move')))
   order by s.step_no limit 1;
  if v_wrong is not null then
    raise exception using errcode = 'IU734', message = format('the plan of cut run %s does not do what it shows: %s', p_run_id, v_wrong),
      hint = 'plan it again: iu cut plan --again';
  end if;
  v_digest := fn_iu_cut_digest(p_run_id, 'plan');
  if v_digest = v_before and v_run.base_hash = v_base ->> 'base_hash' then
    return fn_iu_cut_said(v_run) || '{"replayed": true}';
  end if;
  update iu_cut_run
     set state = 'cutplan_ok', actor_ref = p_actor, plan_digest = v_digest, base_hash = v_base ->> 'base_hash',
         document_id = (v_base ->> 'document_id')::uuid, is_birth = v_base ->> 'document_id' is null,
         manifest = fn_iu_cut_manifest(p_run_id, p_plan -> 'matcher', p_plan -> 'normalizer', v_digest, v_base ->> 'base_hash')
   where run_id = p_run_id
  returning * into v_run;
  return fn_iu_cut_said(v_run) || '{"replayed": false}';
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_backup.sql
-- fn_iu_cut_backup(bigint) returns text
--
-- Contract:  judges whether there is a backup to go back to before a cut writes: when the run is prepared, and again when it writes,
--            because an approval may take days. A demo installation is not asked for one.
-- Arguments: p_run_id
-- Returns:   the evidence
-- Raises:    IU737 no fresh backup
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_backup(p_run_id bigint) returns text
language plpgsql
set search_path from current
as $$
declare
  v_backup record;
begin
  if fn_iu_setting('iu_core.installation', '') = 'demo' then
    return 'not asked for: iu_core.installation is demo';
  end if;
  select * into v_backup from fn_iu_evidence_judge('backup', null,
    fn_iu_setting_number('iu_core.readiness_backup_max_seconds', 86400, 1, 31536000), null) as j;
  if not v_backup.passed then
    raise exception using errcode = 'IU737', message = format('cut run %s: %s', p_run_id, v_backup.evidence),
      hint = 'iu backup, then the same command again: the run goes on from where it is';
  end if;
  return v_backup.evidence;
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_prepare.sql
-- fn_iu_cut_prepare(iu_cut_run) returns jsonb
--
-- Contract:  the next step of a planned run before gate 1: judge the backup, probe what the write will need, wait for the approval. A
--            demo installation is not asked for a backup.
-- Arguments: p_run: cutplan_ok, pre_write_backup_taken or grants_probed, its row locked
-- Returns:   as fn_iu_cut_said
-- Raises:    IU736 a gate is closed or an event type switched off, IU737 no fresh backup
-- Writes:    iu_cut_run, iu_cut_log
-- May call:  internal
create or replace function fn_iu_cut_prepare(p_run iu_cut_run) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_missing text;
  v_detail jsonb := '{}';
  v_next text;
begin
  case p_run.state
  when 'cutplan_ok' then
    v_next := 'pre_write_backup_taken';
    v_detail := jsonb_build_object('backup', fn_iu_cut_backup(p_run.run_id));
  when 'pre_write_backup_taken' then
    v_next := 'grants_probed';
    v_missing := concat_ws(', ',
      case when not fn_iu_gate_open('iu_core.autocut_enabled') then 'the gate iu_core.autocut_enabled is closed' end,
      case when not p_run.is_birth and not fn_iu_structure_ops_enabled() then 'the gate iu_core.structure_ops_enabled is closed' end,
      (select 'the event types ' || string_agg(t, ', ') || ' are switched off'
         from unnest(array['unit_created', 'version_applied', 'version_enacted', 'structure_child_added', 'structure_piece_split',
                           'structure_pieces_merged', 'structure_piece_deprecated', 'structure_op_applied', 'structure_piece_renumbered']) t
        where not exists (select from event_type_registry r where r.event_domain = 'iu' and r.event_type = t and r.active)
       having count(*) > 0));
    if v_missing <> '' then
      raise exception using errcode = 'IU736', message = format('cut run %s cannot be written: %s', p_run.run_id, v_missing),
        hint = 'iu gate open autocut_enabled, iu gate open structure_ops_enabled, each with --reason TEXT';
    end if;
  when 'grants_probed' then
    v_next := 'awaiting_cut_authorization';
  end case;
  update iu_cut_run set state = v_next, actor_ref = p_run.actor_ref, detail = v_detail where run_id = p_run.run_id returning * into p_run;
  return fn_iu_cut_said(p_run);
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_record.sql
-- fn_iu_cut_record(iu_cut_run) returns jsonb
--
-- Contract:  leg B: adds to the manifest what was written, so that gate 2 approves that and nothing else: counts, the digest of the
--            anchors, the hash of the tree, the operations.
-- Arguments: p_run: structural_verified, its row locked
-- Returns:   as fn_iu_cut_said
-- Raises:    nothing
-- Writes:    iu_cut_run, iu_cut_log
-- May call:  internal
create or replace function fn_iu_cut_record(p_run iu_cut_run) returns jsonb
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_counts record;
begin
  select case when p_run.is_birth then p_run.piece_count + 1 else count(distinct c.unit_id) filter (where c.change_kind = 'born')::integer end as created,
         count(distinct c.unit_id) filter (where c.change_kind = 'lifecycle')::integer as ended,
         count(distinct c.unit_id) filter (where c.change_kind = 'placed')::integer as moved,
         array_agg(distinct o.operation_id) filter (where o.operation_id is not null) as operations
    into v_counts
    from (select p_run.run_id as run_id) r
    left join iu_cut_operation o on o.run_id = r.run_id
    left join iu_structure_change c on c.operation_id = o.operation_id;
  update iu_cut_run r
     set state = 'leg_b_recorded', actor_ref = p_run.actor_ref, detail = '{}', units_created = v_counts.created, units_deprecated = v_counts.ended,
         units_moved = v_counts.moved, units_revised = (select count(*) from iu_cut_version v where v.run_id = r.run_id),
         anchors_only = (select count(*) from iu_cut_piece c where c.run_id = r.run_id and c.anchor = 'format'),
         manifest = manifest || jsonb_build_object('written', jsonb_build_object(
           'write_digest', fn_iu_cut_digest(r.run_id, 'write'), 'tree_hash', fn_iu_tree_hash(r.document_id),
           'document_version_id', (select u.version_anchor_ref from information_unit u where u.id = r.document_id),
           'units_created', v_counts.created, 'units_ended', v_counts.ended, 'units_moved', v_counts.moved,
           'versions', (select count(*) from iu_cut_version v where v.run_id = r.run_id),
           'operations', coalesce(to_jsonb(v_counts.operations::text[]), '[]')))
   where run_id = p_run.run_id returning * into p_run;
  return fn_iu_cut_said(p_run);
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_rollback.sql
-- fn_iu_cut_rollback(bigint, text, text, text) returns jsonb
--
-- Contract:  undoes a written run as a whole, in one transaction: structure operations rolled back in reverse, texts as they were, and
--            for a first cut the document gone. The tree hash and the joined text are those from before the run, or nothing changes. The
--            run stays, with everything it recorded; its label may be cut again. A second rollback changes nothing.
-- Arguments: p_run_id; p_approval_ref: the approval that allows it, mandatory; p_reason: why; p_actor: who
-- Returns:   as fn_iu_cut_said, replayed, tree_hash, text_hash
-- Raises:    IU216, IU616 no approval, IU707, IU741 something later is in the way (named), IU742 nothing was written, IU743 the result would
--            differ, IU744 gate closed, IU619 as fn_iu_structure_op_rollback
-- Writes:    as fn_iu_structure_op_rollback, fn_iu_cut_undo_texts, fn_iu_cut_undo_birth; iu_cut_run, iu_cut_log
-- May call:  iu_operator
create or replace function fn_iu_cut_rollback(p_run_id bigint, p_approval_ref text, p_reason text, p_actor text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_run iu_cut_run := fn_iu_cut_claim(p_run_id, p_actor);
  v_reason text := format('rollback of cut run %s: %s', p_run_id, coalesce(nullif(btrim(p_reason), ''), 'no reason given'));
  v_conflict text;
  v_operation bigint;
  v_base jsonb := '{}';
begin
  if coalesce(btrim(p_approval_ref), '') = '' then
    raise exception using errcode = 'IU616', message = 'the rollback of a cut names the approval that allows it', hint = 'add --approval REFERENCE';
  end if;
  if v_run.state = 'voided_rolled_back' then
    return fn_iu_cut_said(v_run) || '{"replayed": true}';
  end if;
  if v_run.apply_tx_id is null then
    raise exception using errcode = 'IU742', message = format('cut run %s is %s: it has written nothing', p_run_id, v_run.state),
      hint = format('iu cut void %s --actor NAME --reason TEXT', p_run_id);
  end if;
  perform pg_advisory_xact_lock_shared(fn_iu_gate_lock_key('autocut_enabled'));
  if not fn_iu_gate_open('iu_core.autocut_enabled') then
    raise exception using errcode = 'IU744', message = 'the gate iu_core.autocut_enabled is closed', hint = 'iu gate open autocut_enabled --reason TEXT';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('iu_cut_start:' || current_schema() || ':' || v_run.document_address, 0));
  perform fn_iu_lock_documents(array[v_run.document_id]);
  perform from information_unit u join iu_cut_piece c on c.unit_id = u.id where c.run_id = p_run_id order by u.id for no key update of u;
  v_conflict := fn_iu_cut_conflict(v_run);
  if v_conflict is not null then
    raise exception using errcode = 'IU741', message = format('cut run %s cannot be rolled back: %s', p_run_id, v_conflict),
      hint = 'roll the later one back first, or cut the document again as another revision';
  end if;
  if v_run.is_birth then
    perform fn_iu_cut_undo_birth(v_run, p_approval_ref, v_reason);
  else
    perform fn_iu_cut_unenact(array(select distinct c.unit_id from iu_cut_operation o join iu_structure_change c on c.operation_id = o.operation_id
                                     where o.run_id = p_run_id and c.change_kind = 'born'), p_actor, p_approval_ref, v_reason);
    perform fn_iu_cut_undo_texts(v_run, p_approval_ref, v_reason);
    update iu_sql_link set lifecycle_status = 'retired', enabled = false
     where metadata ->> 'cut_run' = p_run_id::text and lifecycle_status in ('draft', 'enacted')
       and unit_id = any (array(select unit_id from iu_cut_piece where run_id = p_run_id) || v_run.document_id);
    for v_operation in select operation_id from iu_cut_operation where run_id = p_run_id order by batch_no desc loop
      perform fn_iu_structure_op_rollback(v_operation, p_actor, p_approval_ref, v_reason);
    end loop;
    v_base := fn_iu_cut_base(v_run.document_address);
    if (v_base ->> 'tree_hash', v_base ->> 'text_hash') is distinct from (v_run.tree_hash_before, v_run.text_hash_before) then
      raise exception using errcode = 'IU743', message = format('the rollback of cut run %s would not give the document back: another %s', p_run_id,
          case when v_base ->> 'tree_hash' is distinct from v_run.tree_hash_before then 'tree' else 'text' end),
        hint = 'nothing was changed; something beside the cut changed the document: iu unit tree';
    end if;
  end if;
  update iu_cut_run
     set state = 'voided_rolled_back', actor_ref = p_actor, finished_at = coalesce(finished_at, clock_timestamp()),
         detail = jsonb_build_object('reason', v_reason, 'approval_ref', p_approval_ref)
   where run_id = p_run_id returning * into v_run;
  return fn_iu_cut_said(v_run) || jsonb_build_object('replayed', false, 'tree_hash', v_base -> 'tree_hash', 'text_hash', v_base -> 'text_hash');
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_run_journal.sql
-- fn_iu_cut_run_journal() returns trigger
--
-- Contract:  every change of state of a run, and every new plan, is a row of iu_cut_log in the name of the session.
-- Arguments: none
-- Returns:   null (after trigger)
-- Raises:    nothing
-- Writes:    iu_cut_log
-- May call:  nobody, it is a trigger
create or replace function fn_iu_cut_run_journal() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
  insert into iu_cut_log (run_id, from_state, to_state, actor_ref, detail)
  values (new.run_id, case tg_op when 'UPDATE' then old.state end, new.state, new.actor_ref,
          new.detail || case when new.state = 'cutplan_ok' then jsonb_build_object('plan_digest', new.plan_digest) else '{}' end);
  return null;
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_start.sql
-- fn_iu_cut_start(bigint, text, text, text, text, text, text, jsonb, text) returns jsonb
--
-- Contract:  opens the run of one revision of a document, or finds it: the run key is sha256(pin || cutter || version || config), and
--            the config holds document and revision, so that a document may return to earlier bytes under a new label. What took the text
--            out of an original is kept and no part of the key: the text itself is. What was begun
--            or finished under the same key is found and nothing is written. One document has at most one unfinished run.
-- Arguments: p_pin_id: the source; p_document_address; p_document_title; p_owner_ref; p_revision_label: unique in the document;
--            p_cutter_name, p_cutter_version: who cuts; p_config: settings of cutter and normaliser; p_actor: who
-- Returns:   as fn_iu_cut_said, and is_new
-- Raises:    IU216 actor missing, IU702 unknown pin, IU703 the label was cut from other bytes, or by another cutter before the document went
--            on, IU704 another revision is unfinished,
--            IU624 config.sql_objects is malformed, IU734 the address is empty, too long, or a unit inside of a document, or the life of the
--            document has ended
-- Writes:    iu_cut_run, iu_cut_log
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_cut_start(p_pin_id bigint, p_document_address text, p_document_title text, p_owner_ref text,
  p_revision_label text, p_cutter_name text, p_cutter_version text, p_config jsonb, p_actor text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_sha256 text := (select p.sha256 from iu_source_pin p where p.pin_id = p_pin_id);
  v_config jsonb := coalesce(p_config, '{}') || jsonb_build_object('document', p_document_address, 'revision', p_revision_label);
  v_run_key text := encode(sha256(convert_to(concat_ws('|', v_sha256, p_cutter_name, p_cutter_version,
    (v_config #- '{original,extractor}')::text), 'UTF8')), 'hex');
  v_run iu_cut_run;
begin
  if coalesce(btrim(p_actor), '') = '' then
    raise exception using errcode = 'IU216', message = 'a cut names its actor';
  end if;
  if v_sha256 is null then
    raise exception using errcode = 'IU702', message = format('there is no source pin %s', p_pin_id), hint = 'pin the source first: fn_iu_source_pin';
  end if;
  if (p_document_address ~ E'\\S' and p_revision_label ~ E'\\S') is not true then
    raise exception using errcode = 'IU734', message = 'a cut names its document and its revision', hint = 'neither may be empty: --document, --revision';
  end if;
  if octet_length(p_document_address) > 960 then
    raise exception using errcode = 'IU734', message = format('the address of the document has %s bytes; 960 leave room for those of its pieces',
        octet_length(p_document_address)),
      hint = 'give it a shorter one (--document; in a folder another name, or a shorter --prefix)';
  end if;
  select * into v_run from iu_cut_run where run_key = v_run_key and state !~ '^voided_';
  if found then
    return fn_iu_cut_said(v_run) || '{"is_new": false}';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('iu_cut_start:' || current_schema() || ':' || p_document_address, 0));
  select * into v_run from iu_cut_run r
   where r.document_address = p_document_address and r.state !~ '^voided_'
     and (r.run_key = v_run_key or r.state <> 'closeout_reported'
          or r.revision_label = p_revision_label
             and ((r.cutter_name, r.cutter_version) = (p_cutter_name, p_cutter_version)
                  -- another cutter may cut the last revision anew; an earlier one again would take the document back to it
                  or exists (select from iu_cut_run l where l.document_address = p_document_address and l.state = 'closeout_reported'
                                and l.run_id > r.run_id and l.revision_label <> p_revision_label)))
   order by r.run_key = v_run_key desc, r.state <> 'closeout_reported' desc
   limit 1;
  if v_run.run_key = v_run_key then
    return fn_iu_cut_said(v_run) || '{"is_new": false}';
  elsif v_run.state <> 'closeout_reported' and v_run.revision_label <> p_revision_label then
    raise exception using errcode = 'IU704', message = format('revision %s of %s is not finished: run %s is %s', v_run.revision_label,
        p_document_address, v_run.run_id, v_run.state),
      hint = 'finish it (iu cut apply), void it (iu cut void) or roll it back (iu cut rollback)';
  elsif v_run.run_id is not null then
    raise exception using errcode = 'IU703',
      message = format('revision %s of %s was already cut %s', p_revision_label, p_document_address,
        case when v_run.pin_id <> p_pin_id or v_run.config #>> '{original,sha256}' is distinct from v_config #>> '{original,sha256}' then 'from another source'
             else format('with another configuration (%s)', (
               select coalesce(string_agg(k, ', ' order by k), 'cutter') from jsonb_object_keys(v_run.config || v_config) as k
                where v_run.config -> k is distinct from v_config -> k)) end),
      hint = 'a corrected source is a revision of its own: give it another label';
  end if;
  perform fn_iu_cut_document(p_document_address);
  -- the bridge makes these links after everything is in force: too late to be refused
  if exists (select from jsonb_path_query(v_config, '$.sql_objects[*]') as s (o)
              where (o ->> 'address' ~ E'\\S' and o ->> 'link_role' ~ '^[a-z][a-z0-9_]{0,62}$'
                     and case o ->> 'object_kind' when 'schema' then o ->> 'object_schema' ~ E'\\S'
                              else o ->> 'object_kind' in ('table', 'view', 'column') and o ->> 'object_name' ~ E'\\S' end) is not true) then
    raise exception using errcode = 'IU624', message = format('an object that a cut of %s is to link is malformed', p_document_address),
      hint = 'sql_objects: [{address in the document, link_role in snake_case, object_kind: schema with object_schema, or table, view or column with object_name}]';
  end if;
  insert into iu_cut_run (run_key, pin_id, document_address, document_title, owner_ref, revision_label, cutter_name, cutter_version, config, actor_ref)
  values (v_run_key, p_pin_id, p_document_address, coalesce(nullif(btrim(p_document_title), ''), p_document_address),
          coalesce(nullif(btrim(p_owner_ref), ''), p_actor), p_revision_label, p_cutter_name, p_cutter_version, v_config, p_actor)
  returning * into v_run;
  update iu_cut_run set state = 'source_pinned' where run_id = v_run.run_id returning * into v_run;
  return fn_iu_cut_said(v_run) || '{"is_new": true}';
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_stop.sql
-- fn_iu_cut_stop(iu_cut_run, text, text, jsonb) returns jsonb
--
-- Contract:  stops a run in a state that names why, and keeps it so: the refusal commits, unlike an error.
-- Arguments: p_run; p_state: stopped_REASON or failed_GATE; p_code: the error that tells about it; p_detail: what was found
-- Returns:   as fn_iu_cut_said, and code
-- Raises:    nothing
-- Writes:    iu_cut_run, iu_cut_log
-- May call:  internal
create or replace function fn_iu_cut_stop(p_run iu_cut_run, p_state text, p_code text, p_detail jsonb) returns jsonb
language plpgsql
set search_path from current
as $$
begin
  update iu_cut_run set state = p_state, actor_ref = p_run.actor_ref, detail = p_detail where run_id = p_run.run_id returning * into p_run;
  return fn_iu_cut_said(p_run) || jsonb_build_object('code', p_code);
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_structural_check.sql
-- fn_iu_cut_structural_check(iu_cut_run) returns jsonb
--
-- Contract:  structural verify, from what is stored, in a transaction after the write: the pieces joined are the source (P11), they are
--            the living units of the document in tree order, and the tree is proven. A run that fails stays so until it is rolled back
--            or what was changed beside it is put right.
-- Arguments: p_run: cut_leg_a_committed or failed_structural_verify, its row locked
-- Returns:   as fn_iu_cut_said; code IU706 when it failed
-- Raises:    nothing
-- Writes:    iu_cut_run, iu_cut_log
-- May call:  internal
create or replace function fn_iu_cut_structural_check(p_run iu_cut_run) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_problem text := fn_iu_cut_misplaced(p_run.run_id, p_run.document_id);
begin
  if v_problem is not null then
    if p_run.state = 'failed_structural_verify' then
      raise exception using errcode = 'IU706', message = format('cut run %s: %s', p_run.run_id, v_problem), hint = 'iu cut rollback';
    end if;
    return fn_iu_cut_stop(p_run, 'failed_structural_verify', 'IU706', jsonb_build_object('problem', v_problem));
  end if;
  update iu_cut_run
     set state = 'structural_verified', actor_ref = p_run.actor_ref, detail = '{}'
   where run_id = p_run.run_id returning * into p_run;
  return fn_iu_cut_said(p_run);
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_undo_birth.sql
-- fn_iu_cut_undo_birth(iu_cut_run, text, text) returns void
--
-- Contract:  undoes the first cut of a document, as a rolled back structure operation undoes a birth: a soft delete of all its units that
--            frees addresses, with one event unit_deleted each. Rows, versions and history stay.
-- Arguments: p_run; p_reference: approval; p_reason
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    information_unit, unit_version, iu_lifecycle_log, iu_relation, iu_tree_path, event_outbox
-- May call:  internal
create or replace function fn_iu_cut_undo_birth(p_run iu_cut_run, p_reference text, p_reason text) returns void
language plpgsql
set search_path from current
as $$
declare
  v_units uuid[] := array(select unit_id from iu_cut_piece where run_id = p_run.run_id order by ordinal desc) || p_run.document_id;
begin
  perform fn_iu_cut_unenact(v_units, p_run.actor_ref, p_reference, p_reason);
  insert into event_outbox (event_domain, event_type, event_stream, delivery_lane, event_subject_table, event_subject_ref, canonical_address,
                            actor_ref, source_system, safe_payload)
  select 'iu', 'unit_deleted', r.event_stream, r.delivery_lane, 'information_unit', u.id::text, u.canonical_address, p_run.actor_ref, 'iu_core',
         jsonb_build_object('cut_run', p_run.run_id::text, 'approval_ref', p_reference)
    from unnest(v_units) with ordinality as w (id, place) join information_unit u on u.id = w.id
    left join event_type_registry r on r.event_domain = 'iu' and r.event_type = 'unit_deleted'
   order by w.place;
  update iu_relation set relation_status = 'retired', valid_to = greatest(valid_from, fn_iu_stamp())
   where to_unit_id = any (v_units) and relation_type = 'contains' and relation_status = 'active';
  update iu_sql_link set lifecycle_status = 'retired', enabled = false
   where unit_id = any (v_units) and metadata ->> 'cut_run' = p_run.run_id::text and lifecycle_status in ('draft', 'enacted');
  delete from iu_tree_path where unit_id = any (v_units);
  perform fn_iu_canonical_writer('fn_iu_structure_op');
  update information_unit
     set deleted_at = fn_iu_stamp(), updated_by = p_run.actor_ref, sort_order = null,
         canonical_address = left(canonical_address, 240) || '~undone-cut-' || p_run.run_id || '-' || id
   where id = any (v_units);
  perform fn_iu_canonical_writer('');
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_undo_texts.sql
-- fn_iu_cut_undo_texts(iu_cut_run, text, text) returns void
--
-- Contract:  undoes the revisions of a run. A version is never taken out of the log: a unit that lived before gets a new version with the
--            text it had, enacted when the one before was in force, and so its event. A unit that the run made and that is about to be
--            undone has its anchor put back on its first version; nobody gets to see it any more.
-- Arguments: p_run; p_reference: approval; p_reason
-- Returns:   nothing
-- Raises:    as fn_iu_revise and fn_iu_enact
-- Writes:    unit_version, information_unit, iu_lifecycle_log, event_outbox
-- May call:  internal
create or replace function fn_iu_cut_undo_texts(p_run iu_cut_run, p_reference text, p_reason text) returns void
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_row record;
begin
  -- what the run itself made goes back to its first version, also past versions of later runs that were rolled back
  perform fn_iu_canonical_writer('fn_iu_revise');
  update information_unit u
     set version_anchor_ref = b.version_id, content_anchor_ref = b.version_id::text, updated_by = p_run.actor_ref
    from (select c.unit_id, (c.after ->> 'version_id')::uuid as version_id
            from iu_cut_operation o join iu_structure_change c on c.operation_id = o.operation_id and c.change_kind = 'born'
           where o.run_id = p_run.run_id) b
   where u.id = b.unit_id and u.version_anchor_ref <> b.version_id;
  perform fn_iu_canonical_writer('');
  for v_row in
    select x.*, u.canonical_address, b.body, b.version_seq, b.enacted_at is not null as was_enacted
      from iu_cut_version x
      join information_unit u on u.id = x.unit_id
      join unit_version b on b.id = x.before_version_id
     where x.run_id = p_run.run_id
       and not exists (select from iu_cut_operation o join iu_structure_change c on c.operation_id = o.operation_id
                        where o.run_id = p_run.run_id and c.unit_id = x.unit_id and c.change_kind = 'born')
     order by u.canonical_address
  loop
    perform fn_iu_revise(v_row.canonical_address, v_row.body, p_run.actor_ref, p_reason, v_row.before_title,
                         jsonb_build_object('rollback_of_cut_run', p_run.run_id::text, 'text_of_version_seq', v_row.version_seq));
    if v_row.was_enacted then
      perform fn_iu_enact(v_row.canonical_address, p_run.actor_ref, p_reference, 'enacted', null, p_reason);
    end if;
  end loop;
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_unenact.sql
-- fn_iu_cut_unenact(uuid[], text, text, text) returns void
--
-- Contract:  takes back the enactment of units that exist only because of a run that is rolled back, so that their birth can be undone:
--            the units are drafts again, their versions retired. Logged like every change of a lifecycle.
-- Arguments: p_units; p_actor; p_reference: approval of the rollback; p_reason
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    unit_version, information_unit, iu_lifecycle_log
-- May call:  internal
create or replace function fn_iu_cut_unenact(p_units uuid[], p_actor text, p_reference text, p_reason text) returns void
language plpgsql
set search_path from current
as $$
begin
  perform fn_iu_stamp((select max(updated_at) from information_unit where id = any (p_units)));
  insert into iu_lifecycle_log (unit_id, canonical_address, version_id, from_status, to_status, actor, review_decision_id, reason)
  select u.id, u.canonical_address, u.version_anchor_ref, u.lifecycle_status, 'draft', p_actor, p_reference, p_reason
    from information_unit u where u.id = any (p_units) and u.lifecycle_status = 'enacted' order by u.canonical_address;
  perform fn_iu_canonical_writer('fn_iu_enact');
  update unit_version set lifecycle_status = 'retired' where unit_id = any (p_units) and lifecycle_status = 'enacted';
  update information_unit set lifecycle_status = 'draft', updated_by = p_actor where id = any (p_units) and lifecycle_status = 'enacted';
  perform fn_iu_canonical_writer('');
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_void.sql
-- fn_iu_cut_void(bigint, text, text) returns jsonb
--
-- Contract:  gives up a run that has written nothing: its label and its document are free again, what it recorded stays readable.
-- Arguments: p_run_id; p_reason: why, mandatory; p_actor
-- Returns:   as fn_iu_cut_said
-- Raises:    IU216, IU707, IU730 it has written, IU740 no reason
-- Writes:    iu_cut_run, iu_cut_log
-- May call:  iu_operator
create or replace function fn_iu_cut_void(p_run_id bigint, p_reason text, p_actor text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_run iu_cut_run := fn_iu_cut_claim(p_run_id, p_actor);
begin
  if v_run.state = 'voided_by_person' then
    return fn_iu_cut_said(v_run);
  end if;
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU740', message = 'giving up a run has a reason', hint = 'add --reason TEXT';
  end if;
  if v_run.apply_tx_id is not null or not fn_iu_cut_may_follow(v_run.state, 'voided_by_person') then
    raise exception using errcode = 'IU730', message = format('cut run %s is %s: it has written', p_run_id, v_run.state),
      hint = case when v_run.state ~ '^voided_' then 'it was rolled back: there is nothing left of it'
                  else format('iu cut rollback %s --actor NAME --approval REFERENCE', p_run_id) end;
  end if;
  update iu_cut_run set state = 'voided_by_person', actor_ref = p_actor, finished_at = clock_timestamp(), detail = jsonb_build_object('reason', p_reason)
   where run_id = p_run_id returning * into v_run;
  return fn_iu_cut_said(v_run);
end
$$;
-- <<<

-- >>> functions/cut_pipeline/fn_iu_cut_write_check.sql
-- fn_iu_cut_write_check(iu_cut_run) returns jsonb
--
-- Contract:  write verify: units, versions and events are what the plan said. Events are counted in the log by the transaction that
--            wrote everything; where recording was switched off when it wrote, they are suppressed, which the log counts itself.
-- Arguments: p_run: leg_b_recorded or failed_write_verify, its row locked
-- Returns:   as fn_iu_cut_said; code IU745 when it failed
-- Raises:    IU745 it failed again
-- Writes:    iu_cut_run, iu_cut_log
-- May call:  internal
create or replace function fn_iu_cut_write_check(p_run iu_cut_run) returns jsonb
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_plan record;
  v_steps bigint;
  v_events jsonb;
  v_expected jsonb;
  v_problems text[];
begin
  select count(*) filter (where fate in ('born', 'split', 'merged')) as born, count(*) filter (where fate = 'changed') as changed,
         count(*) filter (where fate = 'format') as format into v_plan
    from iu_cut_plan_piece where run_id = p_run.run_id;
  select count(*) into v_steps from iu_structure_event e join iu_cut_operation o on o.operation_id = e.operation_id
   where o.run_id = p_run.run_id and e.phase = 'apply';
  select coalesce(jsonb_object_agg(kind, events), '{}') into v_events
    from (select case when e.event_type like E'structure\\_%' then 'structure' else e.event_type end as kind, count(*) as events
            from event_outbox e where e.tx_id = p_run.apply_tx_id and e.event_domain = 'iu' group by 1) t;
  v_expected := jsonb_strip_nulls(jsonb_build_object('structure', nullif(v_steps, 0), 'unit_created', nullif(p_run.units_created, 0),
    'version_applied', nullif(p_run.units_revised, 0)));
  v_problems := array_remove(array[
    case when p_run.units_created <> v_plan.born + case when p_run.is_birth then 1 else 0 end
      then format('%s units made, %s planned', p_run.units_created, v_plan.born) end,
    case when p_run.units_revised < v_plan.changed then format('%s versions made, at least %s planned', p_run.units_revised, v_plan.changed) end,
    case when p_run.anchors_only <> v_plan.format then format('%s anchors without a version, %s planned', p_run.anchors_only, v_plan.format) end,
    case when v_steps <> (select count(*) from iu_cut_plan_step where run_id = p_run.run_id)
      then format('%s steps done, %s planned', v_steps, (select count(*) from iu_cut_plan_step where run_id = p_run.run_id)) end,
    case when v_events <> v_expected and exists (select from iu_cut_log l
        where l.run_id = p_run.run_id and l.to_state = 'cut_leg_a_committed' and l.detail ->> 'events_recorded' = 'true')
      then format('events %s, expected %s', v_events, v_expected) end,
    case when fn_iu_cut_digest(p_run.run_id, 'write') <> p_run.manifest #>> '{written,write_digest}' then 'the anchors are not what was recorded' end], null);
  if cardinality(v_problems) > 0 then
    if p_run.state = 'failed_write_verify' then
      raise exception using errcode = 'IU745', message = format('cut run %s: %s', p_run.run_id, array_to_string(v_problems, '; ')), hint = 'iu cut rollback';
    end if;
    return fn_iu_cut_stop(p_run, 'failed_write_verify', 'IU745', jsonb_build_object('problems', to_jsonb(v_problems)));
  end if;
  update iu_cut_run set state = 'write_verified', actor_ref = p_run.actor_ref, detail = jsonb_build_object('events', v_events)
   where run_id = p_run.run_id returning * into p_run;
  return fn_iu_cut_said(p_run);
end
$$;
-- <<<

-- >>> views/v_iu_cut_plan.sql
-- v_iu_cut_plan: what a cut run would do, line by line: its pieces in order of the source, then its structure steps. by_hand: what people did
-- to the unit beside the cuts that the line undoes or builds on: a text that no cut gave it, a structure operation that is the last one.
create or replace view v_iu_cut_plan as
select p.run_id, (p.ordinal + 1)::bigint as line, 'piece' as what, p.ordinal, m.level, m.label,
       case when d.candidates is not null then 'doubtful' else p.fate end as fate,
       coalesce(p.address, (select u.canonical_address from information_unit u where u.id = p.unit_id)) as unit, p.reason, p.score,
       (select string_agg(format('%s (%s)', (select u.canonical_address from information_unit u where u.id = (c ->> 'unit_id')::uuid),
                                 round((c ->> 'score')::numeric, 2)), ', ')
          from jsonb_array_elements(d.candidates) c) as note,
       case when p.fate <> 'same' then
         (select format('version %s by %s', v.version_seq, v.created_by)
            from information_unit u join unit_version v on v.id = u.version_anchor_ref
           where u.id = p.unit_id and not exists (select from iu_cut_piece c join unit_version w on w.id = c.version_id
                                                   where c.unit_id = u.id and w.content_hash = v.content_hash)) end as by_hand
  from iu_cut_plan_piece p
  -- by key, whatever the statistics say: they may be older than the run, and all were compared with all
 cross join lateral (select i.level, i.label from iu_cut_mark i where i.run_id = p.run_id and i.ordinal = p.ordinal offset 0) m
  left join lateral (select i.candidates from iu_cut_doubt i where i.run_id = p.run_id and i.ordinal = p.ordinal offset 0) d on true
union all
select s.run_id, 1000000000 + s.step_no::bigint, 'step', s.ordinal, 0, null, s.action,
       coalesce((select u.canonical_address from information_unit u where u.id = s.unit_id), s.step #>> '{piece,canonical_address}', s.step ->> 'unit'),
       s.reason, s.score, s.note,
       (select string_agg(f.said, ', ' order by f.said)
          from (select s.unit_id as id
                 union
                select (x #>> '{}')::uuid from jsonb_path_query(s.step, '$.units[*]') x where x #>> '{}' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$') t
         cross join lateral (
           select format('version %s by %s', v.version_seq, v.created_by) as said
             from information_unit u join unit_version v on v.id = u.version_anchor_ref
            where u.id = t.id and s.action in ('deprecate', 'split', 'merge')
              and not exists (select from iu_cut_piece c join unit_version w on w.id = c.version_id where c.unit_id = u.id and w.content_hash = v.content_hash)
            union all
           (select case when not exists (select from iu_cut_operation k where k.operation_id = o.operation_id)
                        then format('structure operation %s by %s', o.operation_id, o.applied_by) end
              from iu_structure_change c join iu_structure_operation o on o.operation_id = c.operation_id and o.operation_status = 'enacted'
             where c.unit_id = t.id and c.change_kind in ('born', 'placed', 'numbered', 'lifecycle')
             order by o.applied_seq desc limit 1)) f)
  from iu_cut_plan_step s;
comment on view v_iu_cut_plan is 'What a cut run would do: its pieces in order of the source, then its structure steps. No text of the source.';
-- <<<

-- >>> views/v_iu_cut_run.sql
-- v_iu_cut_run: one row a cut run: where it stands, what it waits for, the manifest that an approval names, what it did, who started and who
-- approved it; what the text was made of, by which extractor, when that is not the source itself.
create or replace view v_iu_cut_run as
select r.run_id, r.document_address, r.revision_label, r.state, fn_iu_cut_waits_for(r) as waits_for,
       fn_iu_cut_manifest_digest(r.manifest) as manifest_digest, r.piece_count, r.units_created, r.units_revised, r.units_deprecated, r.units_moved, r.anchors_only,
       (select count(*) from iu_cut_doubt d where d.run_id = r.run_id) as doubts, p.sha256 as pin_sha256,
       coalesce(r.config ->> 'media_type', p.media_type) as media_type, p.newline_style, p.source_note,
       nullif(concat_ws(' ', r.config #>> '{grammar,name}', r.config #>> '{grammar,version}'), '') as grammar,
       o.media_type as original_media_type, nullif(o.encoding, 'unknown') as original_encoding, o.sha256 as original_sha256,
       nullif(concat_ws(' ', r.config #>> '{original,extractor,name}', r.config #>> '{original,extractor,version}'), '') as extractor,
       r.cutter_name, r.cutter_version, r.created_by, r.actor_ref,
       (select string_agg(distinct a.approved_by, ', ') from iu_cut_approval a where a.run_id = r.run_id and a.gate = 1) as gate_1_approved_by,
       (select string_agg(distinct a.approved_by, ', ') from iu_cut_approval a where a.run_id = r.run_id and a.gate = 2) as gate_2_approved_by,
       r.started_at, r.finished_at
  from iu_cut_run r join iu_source_pin p on p.pin_id = r.pin_id left join iu_source_pin o on o.pin_id = (r.config #>> '{original,pin_id}')::bigint;
comment on view v_iu_cut_run is 'Cut runs: where each stands, what it waits for, the manifest that an approval names, what it did, who started and who approved it.';
-- <<<

create trigger trg_iu_cut_log_append_only before update or delete or truncate on iu_cut_log
  for each statement execute function fn_iu_refuse_change();
alter table iu_cut_log enable always trigger trg_iu_cut_log_append_only;
create trigger trg_iu_cut_decision_append_only before update or delete or truncate on iu_cut_decision
  for each statement execute function fn_iu_refuse_change();
alter table iu_cut_decision enable always trigger trg_iu_cut_decision_append_only;
create trigger trg_iu_cut_approval_append_only before update or delete or truncate on iu_cut_approval
  for each statement execute function fn_iu_refuse_change();
alter table iu_cut_approval enable always trigger trg_iu_cut_approval_append_only;
create trigger trg_iu_cut_operation_append_only before update or delete or truncate on iu_cut_operation
  for each statement execute function fn_iu_refuse_change();
alter table iu_cut_operation enable always trigger trg_iu_cut_operation_append_only;
create trigger trg_iu_cut_version_append_only before update or delete or truncate on iu_cut_version
  for each statement execute function fn_iu_refuse_change();
alter table iu_cut_version enable always trigger trg_iu_cut_version_append_only;
create trigger trg_iu_cut_bridge_request_append_only before update or delete or truncate on iu_cut_bridge_request
  for each statement execute function fn_iu_refuse_change();
alter table iu_cut_bridge_request enable always trigger trg_iu_cut_bridge_request_append_only;
create trigger trg_iu_cut_approval_guard before insert on iu_cut_approval
  for each row execute function fn_iu_cut_approval_guard();
alter table iu_cut_approval enable always trigger trg_iu_cut_approval_guard;
create trigger trg_iu_cut_run_born after insert on iu_cut_run
  for each row execute function fn_iu_cut_run_journal();
alter table iu_cut_run enable always trigger trg_iu_cut_run_born;
create trigger trg_iu_cut_run_journal after update on iu_cut_run
  for each row when (old.state is distinct from new.state or old.plan_digest is distinct from new.plan_digest)
  execute function fn_iu_cut_run_journal();
alter table iu_cut_run enable always trigger trg_iu_cut_run_journal;
