-- 010_going_live: how a route gets from dry-run to live and back: evidence, readiness, a request, a second person, and what a changed
-- route would decide differently.

create table iu_evidence (
  evidence_id   bigint generated always as identity primary key,
  kind          text not null check (kind ~ '^[a-z][a-z_]{1,39}$'),
  route_id      bigint references iu_outbound_route,
  route_version integer,
  passed        boolean not null,
  installation  text not null,
  catalog       text,
  detail        jsonb not null default '{}' check (jsonb_typeof(detail) = 'object'),
  recorded_by   text not null,
  recorded_at   timestamptz not null default clock_timestamp(),
  constraint iu_evidence_route_chk check ((route_id is null) = (route_version is null)),
  constraint iu_evidence_catalog_chk check (catalog is not null or kind not in ('substrate', 'drift'))
);
create index iu_evidence_kind_idx on iu_evidence (kind, evidence_id);
comment on table iu_evidence is 'What was checked, by whom and with what outcome: what readiness looks at, and each step of an approval. Append-only.';
comment on column iu_evidence.kind is 'substrate, drift, backup, test_send, disable_rehearsal, approval (written by trigger), or another name.';
comment on column iu_evidence.installation is 'Names this very database: evidence that came with a restored or cloned copy does not count there.';
comment on column iu_evidence.catalog is 'Hash of our objects as they were: evidence about them stops counting when one changes.';

-- >>> functions/going_live/fn_iu_installation_mark.sql
-- fn_iu_installation_mark() returns text
--
-- Contract:  names this very database: cluster, database and log table together. Evidence carries it, so that a restored or cloned copy
--            does not count the evidence of its original (P14).
-- Arguments: none
-- Returns:   16 hexadecimal digits
-- Raises:    IU302 on a standby
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_installation_mark() returns text
language plpgsql
stable
set search_path from current
as $$
begin
  if pg_is_in_recovery() then
    raise exception using errcode = 'IU302', message = 'evidence is recorded and judged on the primary',
      hint = 'connect to the primary';
  end if;
  return (select left(encode(sha256(convert_to(concat_ws('/', system_identifier, database_oid, log_oid), 'UTF8')), 'hex'), 16)
            from fn_iu_cluster_identity());
end
$$;
-- <<<

-- >>> functions/going_live/fn_iu_catalog_digest.sql
-- fn_iu_catalog_digest() returns text
--
-- Contract:  one hash over the fingerprints of everything that is ours in this schema: what belongs to the owner of the log, its columns,
--            triggers and rights included. Evidence about the substrate carries it, so that it stops counting when an object changes.
--            What an application has in the same schema is left out.
-- Arguments: none
-- Returns:   32 hexadecimal digits
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_catalog_digest() returns text
language sql
stable
set search_path from current
as $$
  with place as (
    select relnamespace as schema, relowner as owner from pg_class where oid = 'event_outbox'::regclass
  ), own as (
    select relname::text as name from pg_class, place where relnamespace = schema and relowner = owner
    union
    select proname::text from pg_proc, place where pronamespace = schema and proowner = owner
    union
    select typname::text from pg_type, place where typnamespace = schema and typowner = owner
  )
  select left(encode(sha256(convert_to(string_agg(concat_ws(' ', f.kind, f.identity, f.fingerprint), E'\n'
                                                  order by f.kind collate "C", f.identity collate "C"), 'UTF8')), 'hex'), 32)
    from fn_iu_catalog_fingerprint() f
   where (regexp_match(f.identity, '^(?:relation |sequence |function )?([^.(]+)'))[1] in (select name from own)
$$;
-- <<<

-- >>> functions/going_live/fn_iu_evidence_record.sql
-- fn_iu_evidence_record(text, boolean, jsonb, text, integer) returns jsonb
--
-- Contract:  records that something was checked, by whom and with what outcome. What is recorded is what readiness looks at; the
--            approver sees who recorded it. Evidence about the substrate and drift also carries the hash of our objects.
-- Arguments: p_kind: substrate, drift, backup, test_send, disable_rehearsal, or another lower-case name ('approval' is the database's
--            own); p_passed; p_detail: what was found, an object of at most 64 KiB without payloads and secrets; p_route_code: for
--            evidence about one route; p_route_version: null = its present one
-- Returns:   {evidence_id, kind, route_code, route_version, passed, recorded_by, recorded_at}
-- Raises:    IU337 no such route, IU433 the evidence is refused
-- Writes:    iu_evidence
-- May call:  iu_operator
create or replace function fn_iu_evidence_record(p_kind text, p_passed boolean, p_detail jsonb default '{}', p_route_code text default null,
  p_route_version integer default null)
returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_route iu_outbound_route;
  v_evidence iu_evidence;
  v_key text;
  v_problem text;
begin
  v_key := fn_iu_forbidden_key(p_detail::text);
  v_problem := case
    when p_kind is null or p_kind !~ '^[a-z][a-z_]{1,39}$' then 'a kind is a lower-case name such as backup or test_send'
    when p_kind = 'approval' then 'evidence of kind approval is written by the database itself'
    when p_passed is null then 'evidence says whether it passed'
    when p_detail is null or jsonb_typeof(p_detail) <> 'object' then 'the detail is a JSON object'
    when octet_length(p_detail::text) > 65536 then 'the detail is at most 64 KiB'
    when v_key is not null then format('the detail may not hold the key %s', v_key)
    when p_kind = 'test_send' and p_route_code is null then 'a test send is about a route' end;
  if v_problem is not null then
    raise exception using errcode = 'IU433', message = 'the evidence is refused: ' || v_problem, hint = 'iu evidence record --help';
  end if;
  if p_route_code is not null then
    select * into v_route from iu_outbound_route where route_code = p_route_code;
    if not found or p_route_version > v_route.version or p_route_version < 1 then
      raise exception using errcode = 'IU337', message = format('there is no outbound route %s%s', quote_literal(p_route_code),
        ' of version ' || p_route_version), hint = 'iu route list shows the routes';
    end if;
  end if;
  insert into iu_evidence (kind, route_id, route_version, passed, installation, catalog, detail, recorded_by)
  values (p_kind, v_route.route_id, coalesce(p_route_version, v_route.version), p_passed, fn_iu_installation_mark(),
          case when p_kind in ('substrate', 'drift') then fn_iu_catalog_digest() end, p_detail, session_user)
  returning * into v_evidence;
  return jsonb_build_object('evidence_id', v_evidence.evidence_id::text, 'kind', v_evidence.kind, 'route_code', v_route.route_code,
    'route_version', v_evidence.route_version, 'passed', v_evidence.passed, 'recorded_by', v_evidence.recorded_by,
    'recorded_at', v_evidence.recorded_at);
end
$$;
-- <<<

-- >>> functions/going_live/fn_iu_evidence_judge.sql
-- fn_iu_evidence_judge(text, iu_outbound_route, numeric, text) returns record
--
-- Contract:  what the newest evidence of a kind is worth now. Older evidence never outweighs newer. Fails closed: none, failed, of
--            another database, too old, from the future, or about objects that have changed since.
-- Arguments: p_kind; p_route: for evidence about this version of a route, null for the whole installation; p_most_seconds: how old
--            it may be; p_catalog: the hash of our objects now, for the kinds that are about them
-- Returns:   passed, and a sentence
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_evidence_judge(p_kind text, p_route iu_outbound_route, p_most_seconds numeric, p_catalog text,
  out passed boolean, out evidence text)
language plpgsql
volatile
set search_path from current
as $$
declare
  v_row iu_evidence;
  v_age numeric;
  v_named text;
begin
  select * into v_row from iu_evidence e
   where e.kind = p_kind and (p_route.route_id is null or (e.route_id, e.route_version) = (p_route.route_id, p_route.version))
   order by e.evidence_id desc limit 1;
  v_age := round(extract(epoch from clock_timestamp() - v_row.recorded_at));
  v_named := format('evidence %s by %s, %s s old', v_row.evidence_id, v_row.recorded_by, v_age);
  evidence := case
    when v_row.evidence_id is null then format('no evidence of kind %s%s', p_kind, ' for version ' || p_route.version)
    when not v_row.passed then v_named || ': it failed'
    when v_row.installation <> fn_iu_installation_mark() then v_named || ': of another database than this'
    when v_age > p_most_seconds or v_age < -60 then format('%s: %s s count', v_named, p_most_seconds)
    when p_kind in ('substrate', 'drift') and (v_row.catalog = p_catalog) is not true then v_named || ': objects have changed since' end;
  passed := evidence is null;
  evidence := coalesce(evidence, v_named);
end
$$;
-- <<<

-- >>> functions/going_live/fn_iu_going_live_reason.sql
-- fn_iu_going_live_reason(text) returns void
--
-- Contract:  every step of going live and back has a reason, for whoever reads the history later.
-- Arguments: p_reason
-- Returns:   nothing
-- Raises:    IU423 the reason is missing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_going_live_reason(p_reason text) returns void
language plpgsql
immutable
set search_path from current
as $$
begin
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU423', message = 'a step of going live has a reason', hint = 'add --reason TEXT (--note TEXT to approve)';
  end if;
end
$$;
-- <<<

-- >>> functions/going_live/fn_iu_route_of.sql
-- fn_iu_route_of(text, boolean) returns iu_outbound_route
--
-- Contract:  the outbound route of a code, on request locked: first its row in iu_route_flow, as a claim and a settle do, then the
--            route, so that nobody waits in a circle.
-- Arguments: p_route_code; p_lock: true to change it
-- Returns:   the route
-- Raises:    IU337 no such route or removed, IU436 an inbound route
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_route_of(p_route_code text, p_lock boolean) returns iu_outbound_route
language plpgsql
volatile
set search_path from current
as $$
declare
  v_route iu_outbound_route;
begin
  select * into v_route from iu_outbound_route where route_code = p_route_code and removed_at is null;
  if not found then
    if exists (select from iu_sql_event_route where route_code = p_route_code) then
      raise exception using errcode = 'IU436', message = format('route %s is inbound: it captures and never sends', p_route_code),
        hint = 'only an outbound route goes live';
    end if;
    raise exception using errcode = 'IU337', message = format('there is no route %s', quote_literal(p_route_code)),
      hint = 'iu route list shows the routes';
  end if;
  if p_lock then
    perform from iu_route_flow where route_id = v_route.route_id for update;
    select * into strict v_route from iu_outbound_route where route_id = v_route.route_id for no key update;
  end if;
  return v_route;
end
$$;
-- <<<

-- >>> functions/going_live/fn_iu_route_observed.sql
-- fn_iu_route_observed(bigint, integer, integer) returns record
--
-- Contract:  how long a version of a route has been decided in dry-run: organic decisions only, that is the first of a pair, in a pass;
--            no replays, nothing that a live route did not send. Starts where the version began, found by halving the audit, and stops
--            counting when there are enough: a busy route costs a few index reads, a rare one a scan of the audit since.
-- Arguments: p_route_id, p_version; p_enough: count no further
-- Returns:   attempts (at most p_enough), time of the first and of the last
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_route_observed(p_route_id bigint, p_version integer, p_enough integer,
  out attempts integer, out first_at timestamptz, out last_at timestamptz)
language plpgsql
stable
set search_path from current
as $$
declare
  -- A minute less, because two passes take ids and times in slightly different order; the version below says exactly which count.
  v_since timestamptz := (select min(changed_at) - interval '1 minute' from iu_route_history
                           where route_id = p_route_id and version = p_version);
  v_low bigint := 0;
  v_high bigint := (select coalesce(max(attempt_id), 0) + 1 from iu_route_attempt);
  v_middle bigint;
  v_found record;
begin
  while v_low < v_high loop
    v_middle := v_low + (v_high - v_low) / 2;
    select attempt_id, started_at into v_found from iu_route_attempt where attempt_id >= v_middle order by attempt_id limit 1;
    if v_found.attempt_id is null or v_found.started_at >= v_since then
      v_high := v_middle;
    else
      v_low := v_found.attempt_id + 1;
    end if;
  end loop;
  select count(*), min(started_at), max(started_at) into attempts, first_at, last_at
    from (select started_at from iu_route_attempt
           where attempt_id >= v_low and route_id = p_route_id and route_version = p_version and attempt_no = 1 and run_id is not null
             and status = 'dry_run' and reason is null
           order by attempt_id limit p_enough) counted;
  if attempts = p_enough then
    select started_at into last_at from iu_route_attempt
     where attempt_id >= v_low and route_id = p_route_id and route_version = p_version and attempt_no = 1 and run_id is not null
       and status = 'dry_run' and reason is null
     order by attempt_id desc limit 1;
  end if;
end
$$;
-- <<<

-- >>> functions/going_live/fn_iu_readiness_item.sql
-- fn_iu_readiness_item(text, iu_outbound_route, text) returns record
--
-- Contract:  judges one item of readiness. The limits are settings, and the evidence says which limit it was held against, so that
--            an approver sees a lowered one.
-- Arguments: p_item: substrate, backup, drift, worker, observation, dead_letters, test_send, disable_path; p_route; p_catalog: the hash
--            of our objects now
-- Returns:   passed; evidence: a sentence; action: what to do when it fails
-- Raises:    whatever a look raises; the caller takes it as failed
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_readiness_item(p_item text, p_route iu_outbound_route, p_catalog text, out passed boolean, out evidence text, out action text)
language plpgsql
volatile
set search_path from current
as $$
declare
  v_fresh numeric := fn_iu_setting_number('iu_core.readiness_evidence_max_seconds', 3600, 1, 604800);
  v_least integer := fn_iu_setting_number('iu_core.readiness_min_attempts', 20, 1, 1000000);
  v_seconds numeric := fn_iu_setting_number('iu_core.readiness_observed_seconds', 3600, 0, 31536000);
  v_most numeric;
  v_seen record;
  v_text text;
begin
  case p_item
    when 'substrate', 'drift' then
      select * into passed, evidence from fn_iu_evidence_judge(p_item, null, v_fresh, p_catalog) as j;
      action := format('iu route readiness %s, without --no-verify, runs the checks and records them', p_route.route_code);
    when 'backup' then
      if fn_iu_setting('iu_core.installation', '') = 'demo' then
        passed := true;
        evidence := 'not asked for: iu_core.installation is demo';
      else
        v_most := fn_iu_setting_number('iu_core.readiness_backup_max_seconds', 86400, 1, 31536000);
        select * into passed, evidence from fn_iu_evidence_judge('backup', null, v_most, null) as j;
      end if;
      action := 'iu backup';
    when 'worker' then
      -- Every cursor that decides events of this route, and what its health has to say about deciding.
      select count(*) as cursors, string_agg(distinct w.worker_name, ', ') filter (where w.last_run_at is null) as idle,
             string_agg(format('%s: %s', w.worker_name, r.reason ->> 'message'), '; ' order by w.worker_name)
             filter (where r.reason ->> 'code' in ('master_gate_closed', 'worker_gate_closed', 'silent', 'undecided_too_old', 'cluster_changed',
                                                   'certificate_broken', 'emission_disabled', 'trigger_disabled', 'row_security')) as reasons
        into v_seen
        from iu_route_worker_cursor w
        left join lateral jsonb_array_elements(fn_iu_route_worker_health(w.worker_name) -> 'reasons') as r (reason) on true
       where case when p_route.event_domain like '%*' then w.event_domain = '*' or fn_iu_pattern_matches(p_route.event_domain, w.event_domain)
                  when exists (select from iu_route_worker_cursor o where o.event_domain = p_route.event_domain) then w.event_domain = p_route.event_domain
                  else w.event_domain = '*' end;
      passed := v_seen.cursors > 0 and v_seen.idle is null and v_seen.reasons is null;
      evidence := case when v_seen.cursors = 0 then 'no worker decides the events of this route'
                       when v_seen.idle is not null then 'no pass has run yet: ' || v_seen.idle
                       else coalesce(v_seen.reasons, 'the workers of this route are deciding') end;
      action := 'iu health names what to do';
    when 'observation' then
      select * into v_seen from fn_iu_route_observed(p_route.route_id, p_route.version, v_least);
      v_seconds := greatest(v_seconds, 0);
      passed := v_seen.attempts >= v_least and extract(epoch from v_seen.last_at - v_seen.first_at) >= v_seconds;
      evidence := format('%s%s dry-run decisions of version %s within %s s; %s over %s s are asked for', v_seen.attempts,
        case when v_seen.attempts >= v_least then ' or more' end, p_route.version,
        coalesce(floor(extract(epoch from v_seen.last_at - v_seen.first_at)), 0), v_least, v_seconds);
      action := 'leave the route enabled in dry-run until enough events of the application have been decided';
    when 'dead_letters' then
      select count(*) as open into v_seen from iu_route_dead_letter where resolved_at is null and route_id = p_route.route_id;
      passed := v_seen.open = 0;
      evidence := format('%s open dead letters of this route', v_seen.open);
      action := format('iu dead-letter list --route %s; replay or resolve them', p_route.route_code);
    when 'test_send' then
      v_most := fn_iu_setting_number('iu_core.readiness_test_send_max_seconds', 86400, 1, 31536000);
      select * into passed, evidence from fn_iu_evidence_judge('test_send', p_route, v_most, null) as j;
      action := format('iu route test-send %s', p_route.route_code);
    when 'disable_path' then
      v_most := fn_iu_setting_number('iu_core.readiness_rehearsal_max_seconds', 2592000, 1, 31536000);
      select format('%s closed by %s and opened again by %s', c.config_key, c.changed_by, o.changed_by) into v_text
        from iu_gate_log c
        join iu_gate_log o on o.config_key = c.config_key and o.log_id > c.log_id and o.new_value = 'true'
       where c.config_key in ('iu_core.delivery_enabled', 'iu_core.routes_master_enabled') and c.old_value = 'true'
         and c.new_value is distinct from 'true' and c.changed_at > clock_timestamp() - make_interval(secs => v_most::double precision)
       order by o.log_id desc limit 1;
      passed := v_text is not null;
      evidence := v_text;
      if not passed then
        select * into passed, evidence from fn_iu_evidence_judge('disable_rehearsal', null, v_most, null) as j;
        evidence := case when passed then evidence
          else format('neither the delivery nor the master gate was closed and opened again in %s s', v_most) end;
      end if;
      action := 'iu gate close delivery_enabled --reason rehearsal, then open it again';
    else
      passed := false;
      evidence := 'there is no such item';
  end case;
end
$$;
-- <<<

-- >>> functions/going_live/fn_iu_routes_readiness.sql
-- fn_iu_routes_readiness(text[]) returns jsonb
--
-- Contract:  judges whether the present versions of routes may be asked to go live: eight items a route, each with its evidence. Fails
--            closed: an item that cannot be judged fails, and so does one whose look raises.
-- Arguments: p_route_codes: outbound routes
-- Returns:   an array in that order: [{route_code, version, ready, judged_at, items: [{item, passed, evidence, action}]}]; action is
--            null where it passed
-- Raises:    IU337 no such route, IU436 an inbound route, IU302 on a standby
-- Writes:    nothing
-- May call:  iu_operator, iu_approver, iu_reader
create or replace function fn_iu_routes_readiness(p_route_codes text[]) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_routes jsonb := '[]';
  v_code text;
  v_route iu_outbound_route;
  v_catalog text;
  v_item text;
  v_found record;
  v_items jsonb;
  v_ready boolean;
  v_state text;
begin
  perform fn_iu_installation_mark();
  foreach v_code in array p_route_codes loop
    v_route := fn_iu_route_of(v_code, false);
    v_items := '[]';
    v_ready := true;
    foreach v_item in array array['substrate', 'backup', 'drift', 'worker', 'observation', 'dead_letters', 'test_send', 'disable_path'] loop
      begin
        -- a tenth of a second, and the same for every route
        if v_catalog is null and v_item in ('substrate', 'drift') then
          v_catalog := fn_iu_catalog_digest();
        end if;
        select * into v_found from fn_iu_readiness_item(v_item, v_route, v_catalog);
      exception when others then
        get stacked diagnostics v_state = returned_sqlstate;
        if left(v_state, 2) in ('40', '53', '57', 'XX') then
          raise;
        end if;
        select false as passed, format('cannot be judged (SQLSTATE %s)', v_state) as evidence, 'iu verify' as action into v_found;
      end;
      v_ready := v_ready and coalesce(v_found.passed, false);
      v_items := v_items || jsonb_build_object('item', v_item, 'passed', coalesce(v_found.passed, false), 'evidence', v_found.evidence,
        'action', case when v_found.passed then null else v_found.action end);
    end loop;
    v_routes := v_routes || jsonb_build_object('route_code', v_route.route_code, 'version', v_route.version, 'ready', v_ready,
      'judged_at', clock_timestamp(), 'items', v_items);
  end loop;
  return v_routes;
end
$$;
-- <<<

-- >>> functions/going_live/fn_iu_route_readiness.sql
-- fn_iu_route_readiness(text) returns jsonb
--
-- Contract:  judges whether the present version of a route may be asked to go live, as fn_iu_routes_readiness does for several.
-- Arguments: p_route_code: an outbound route
-- Returns:   {route_code, version, ready, judged_at, items: [{item, passed, evidence, action}]}; action is null where it passed
-- Raises:    IU337 no such route, IU436 an inbound route, IU302 on a standby
-- Writes:    nothing
-- May call:  iu_operator, iu_approver, iu_reader
create or replace function fn_iu_route_readiness(p_route_code text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
  return fn_iu_routes_readiness(array[p_route_code]) -> 0;
end
$$;
-- <<<

-- >>> functions/going_live/fn_iu_route_must_be_ready.sql
-- fn_iu_route_must_be_ready(jsonb) returns void
--
-- Contract:  refuses what is not ready and names the items that fail.
-- Arguments: p_readiness: of fn_iu_route_readiness
-- Returns:   nothing
-- Raises:    IU420 not ready
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_route_must_be_ready(p_readiness jsonb) returns void
language plpgsql
immutable
set search_path from current
as $$
begin
  if (p_readiness ->> 'ready')::boolean is not true then
    raise exception using errcode = 'IU420',
      message = format('route %s, version %s, is not ready: %s', p_readiness ->> 'route_code', p_readiness ->> 'version',
        (select string_agg(format('%s (%s)', i ->> 'item', i ->> 'evidence'), '; ')
           from jsonb_array_elements(p_readiness -> 'items') i where (i ->> 'passed')::boolean is not true)),
      hint = format('iu route readiness %s tells what to do for each', p_readiness ->> 'route_code');
  end if;
end
$$;
-- <<<

-- >>> functions/going_live/fn_iu_route_approval_guard.sql
-- fn_iu_route_approval_guard() returns trigger
--
-- Contract:  keeps approvals honest, whoever writes them: a request is the session's own and starts unapproved; only another session
--            approves it, in its own name, and only then may limits change, and only to narrower ones; what it is about and who asked
--            never changes; a revocation stays. A probe may forge what it likes, it cannot commit.
-- Arguments: none
-- Returns:   the row to write
-- Raises:    IU435 the row is refused
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_route_approval_guard() returns trigger
language plpgsql
security definer
set search_path from current
as $$
declare
  v_problem text;
begin
  if tg_op = 'INSERT' then
    v_problem := case
      when new.requested_by <> session_user then 'a request is made in the name of the session'
      when new.approved_by is not null or new.approved_at is not null or new.revoked_at is not null or new.live_at is not null
        or new.events_used <> 0 then 'a request starts unapproved and unused' end;
  else
    v_problem := case
      when (new.approval_id, new.route_id, new.route_version, new.requested_by, new.requested_at, new.evidence, new.target_sha256, new.reason)
           is distinct from
           (old.approval_id, old.route_id, old.route_version, old.requested_by, old.requested_at, old.evidence, old.target_sha256, old.reason)
        then 'what it is about stays'
      when old.revoked_at is not null and (new.revoked_at, new.revoked_by) is distinct from (old.revoked_at, old.revoked_by) then 'a revocation stays'
      when old.approved_by is not null and (new.approved_by, new.approved_at) is distinct from (old.approved_by, old.approved_at)
        then 'an approval is revoked, never changed'
      when old.approved_by is null and new.approved_by is not null and (new.approved_by <> session_user or new.requested_by = session_user)
        then 'somebody else than the requester approves, in the name of the session'
      when (new.max_events, new.expires_at, new.canary_share, new.failure_budget) is distinct from
           (old.max_events, old.expires_at, old.canary_share, old.failure_budget)
        and (old.approved_by is not null or new.approved_by is null or coalesce(new.max_events, 9223372036854775807) > coalesce(old.max_events, 9223372036854775807)
             or new.expires_at is null or new.expires_at > old.expires_at or new.canary_share > old.canary_share or new.failure_budget > old.failure_budget)
        then 'limits get narrower with the approval, and never else' end;
  end if;
  if v_problem is not null and not fn_iu_in_probe() then
    raise exception using errcode = 'IU435', message = 'the row of iu_route_approval is refused: ' || v_problem,
      hint = 'iu route request-live, approve, reject, go-live, back-to-dry-run';
  end if;
  return new;
end
$$;
-- <<<

-- >>> functions/going_live/fn_iu_route_approval_journal.sql
-- fn_iu_route_approval_journal() returns trigger
--
-- Contract:  writes each step of an approval to iu_evidence, whoever takes it. An approval without its step there was put in with the
--            triggers off; verify names it.
-- Arguments: none
-- Returns:   null (after trigger)
-- Raises:    nothing
-- Writes:    iu_evidence
-- May call:  nobody, it is a trigger
create or replace function fn_iu_route_approval_journal() returns trigger
language plpgsql
security definer
set search_path from current
as $$
declare
  v_step text := case
    when tg_op = 'INSERT' then 'requested'
    when old.revoked_at is null and new.revoked_at is not null then case when new.approved_by is null then 'rejected' else 'revoked' end
    when old.approved_by is null and new.approved_by is not null then 'approved'
    when new.live_at is distinct from old.live_at then 'live' end;
begin
  if v_step is not null then
    insert into iu_evidence (kind, route_id, route_version, passed, installation, detail, recorded_by)
    values ('approval', new.route_id, new.route_version, true, fn_iu_installation_mark(),
            jsonb_strip_nulls(jsonb_build_object('approval_id', new.approval_id::text, 'step', v_step, 'approved_by', new.approved_by,
              'revoked_by', new.revoked_by, 'reason', new.revoke_reason)), session_user);
  end if;
  return null;
end
$$;
-- <<<

-- >>> functions/going_live/fn_iu_route_approval_said.sql
-- fn_iu_route_approval_said(iu_route_approval) returns jsonb
--
-- Contract:  an approval as the functions answer with it; ids as text, because they do not fit every reader's numbers.
-- Arguments: p_approval
-- Returns:   {approval_id, route_code, route_version, requested_by, approved_by, expires_at, max_events, canary_share, failure_budget,
--            target_sha256}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_route_approval_said(p_approval iu_route_approval) returns jsonb
language sql
stable
set search_path from current
as $$
  select jsonb_build_object('approval_id', p_approval.approval_id::text,
    'route_code', (select route_code from iu_outbound_route where route_id = p_approval.route_id), 'route_version', p_approval.route_version,
    'requested_by', p_approval.requested_by, 'approved_by', p_approval.approved_by, 'expires_at', p_approval.expires_at,
    'max_events', p_approval.max_events::text, 'canary_share', p_approval.canary_share::text, 'failure_budget', p_approval.failure_budget,
    'target_sha256', p_approval.target_sha256)
$$;
-- <<<

-- >>> functions/going_live/fn_iu_route_approval_open.sql
-- fn_iu_route_approval_open(bigint) returns iu_route_approval
--
-- Contract:  an approval that is not revoked, with its route and itself locked, in the order of fn_iu_route_of.
-- Arguments: p_approval_id
-- Returns:   the row
-- Raises:    IU424 there is none, IU425 it is revoked
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_route_approval_open(p_approval_id bigint) returns iu_route_approval
language plpgsql
volatile
set search_path from current
as $$
declare
  v_approval iu_route_approval;
begin
  select * into v_approval from iu_route_approval where approval_id = p_approval_id;
  if not found then
    raise exception using errcode = 'IU424', message = format('there is no request or approval %s', p_approval_id),
      hint = 'iu route approvals shows them';
  end if;
  perform from iu_route_flow where route_id = v_approval.route_id for update;
  perform from iu_outbound_route where route_id = v_approval.route_id for no key update;
  select * into strict v_approval from iu_route_approval where approval_id = p_approval_id for no key update;
  if v_approval.revoked_at is not null then
    raise exception using errcode = 'IU425', message = format('%s %s was %s by %s',
        case when v_approval.approved_by is null then 'request' else 'approval' end, p_approval_id,
        case when v_approval.approved_by is null then 'rejected' else 'revoked' end, v_approval.revoked_by),
      hint = 'ask again: iu route request-live';
  end if;
  return v_approval;
end
$$;
-- <<<

-- >>> functions/going_live/fn_iu_route_request_live.sql
-- fn_iu_route_request_live(text, text, bigint, timestamptz, numeric, integer) returns jsonb
--
-- Contract:  asks a second person to let the present version of a route go live, within limits. Refused unless the route is ready; the
--            readiness document is kept with the request. While a route is live, a new request is the way to wider limits.
-- Arguments: p_route_code; p_reason: why, mandatory; p_max_events: most events to deliver, null = no such limit; p_expires_at: when
--            request and approval end, null = in 30 days, at most 366; p_canary_share: share of subjects, over 0 to 1;
--            p_failure_budget: failed and unknown sends within one hour, one more takes the route back to dry-run
-- Returns:   {approval_id, route_code, route_version, requested_by, expires_at, max_events, canary_share, failure_budget,
--            target_sha256, readiness}
-- Raises:    IU337 no such route, IU411 target kind cannot go live, IU420 not ready, IU421 a request is open, IU422 a limit is refused,
--            IU423 reason missing, IU436 an inbound route, IU437 the target in the database is not registered
-- Writes:    iu_route_approval, iu_evidence
-- May call:  iu_operator
create or replace function fn_iu_route_request_live(p_route_code text, p_reason text, p_max_events bigint default null,
  p_expires_at timestamptz default null, p_canary_share numeric default 1, p_failure_budget integer default 50)
returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_route iu_outbound_route;
  v_readiness jsonb;
  v_approval iu_route_approval;
  v_expires timestamptz := coalesce(p_expires_at, clock_timestamp() + interval '30 days');
  v_problem text;
  v_open bigint;
  v_pin text;
begin
  perform fn_iu_going_live_reason(p_reason);
  v_problem := case
    when v_expires <= clock_timestamp() or v_expires > clock_timestamp() + interval '366 days' then 'it ends in the future and within 366 days'
    when p_max_events <= 0 then 'the number of events is positive'
    when p_canary_share is null or p_canary_share <= 0 or p_canary_share > 1 or p_canary_share = 'NaN' then 'the share of subjects is over 0 and at most 1'
    when p_failure_budget is null or p_failure_budget <= 0 then 'the failure budget is positive' end;
  if v_problem is not null then
    raise exception using errcode = 'IU422', message = 'a limit of the request is refused: ' || v_problem, hint = 'iu route request-live --help';
  end if;
  v_route := fn_iu_route_of(p_route_code, true);
  if v_route.target_kind in ('workflow', 'vector', 'report', 'external_endpoint') then
    raise exception using errcode = 'IU411', message = format('route %s: target kind %s cannot go live', v_route.route_code, v_route.target_kind),
      hint = 'live kinds are sql_function, table, webhook, directus_flow, nats, kafka';
  end if;
  select approval_id into v_open from iu_route_approval
   where route_id = v_route.route_id and route_version = v_route.version and approved_by is null and revoked_at is null
     and expires_at > clock_timestamp()
   order by approval_id desc limit 1;
  if found then
    raise exception using errcode = 'IU421', message = format('request %s for version %s of route %s is open', v_open, v_route.version, v_route.route_code),
      hint = 'have it approved or rejected first: iu route approve ID, iu route reject ID';
  end if;
  v_pin := fn_iu_target_sha256(v_route.target_kind, v_route.target_ref);
  if v_route.target_kind in ('sql_function', 'table') and v_pin is null then
    raise exception using errcode = 'IU437', message = format('the target of route %s is not registered, or is not there', v_route.route_code),
      hint = 'register the function or table first: fn_iu_target_register';
  end if;
  v_readiness := fn_iu_route_readiness(p_route_code);
  perform fn_iu_route_must_be_ready(v_readiness);
  insert into iu_route_approval (route_id, route_version, requested_by, evidence, expires_at, max_events, canary_share, failure_budget,
                                 target_sha256, reason)
  values (v_route.route_id, v_route.version, session_user, v_readiness, v_expires, p_max_events, p_canary_share, p_failure_budget,
          v_pin, p_reason)
  returning * into v_approval;
  return fn_iu_route_approval_said(v_approval) || jsonb_build_object('readiness', v_readiness);
end
$$;
-- <<<

-- >>> functions/going_live/fn_iu_route_approve.sql
-- fn_iu_route_approve(bigint, text, bigint, timestamptz, numeric, integer) returns jsonb
--
-- Contract:  a second person approves a request: this version of the route, within its limits or narrower ones. Approving changes
--            nothing yet; somebody takes the route live. Who approves is the login of the session, whatever role it has set, and never
--            the requester, not even a superuser.
-- Arguments: p_approval_id: of the request; p_note: what was looked at, mandatory; p_max_events, p_expires_at, p_canary_share,
--            p_failure_budget: narrower limits, null = as requested
-- Returns:   {approval_id, route_code, route_version, requested_by, approved_by, expires_at, max_events, canary_share, failure_budget,
--            target_sha256}
-- Raises:    IU422 a limit is refused, IU423 note missing, IU424 no such request, IU425 revoked, approved or expired, IU426 the route
--            has changed since, IU427 approver is the requester, IU428 a limit is wider than requested, IU437 the target has changed
-- Writes:    iu_route_approval, iu_evidence
-- May call:  iu_approver
create or replace function fn_iu_route_approve(p_approval_id bigint, p_note text, p_max_events bigint default null,
  p_expires_at timestamptz default null, p_canary_share numeric default null, p_failure_budget integer default null)
returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  a iu_route_approval;
  v_route iu_outbound_route;
begin
  perform fn_iu_going_live_reason(p_note);
  a := fn_iu_route_approval_open(p_approval_id);
  select * into strict v_route from iu_outbound_route where route_id = a.route_id;
  if a.requested_by = session_user then
    raise exception using errcode = 'IU427', message = format('%s asked for it and cannot approve it', session_user),
      hint = 'a second person approves, with a login of their own';
  end if;
  if a.approved_by is not null or a.expires_at <= clock_timestamp() then
    raise exception using errcode = 'IU425', message = case when a.approved_by is not null
        then format('request %s was approved by %s', p_approval_id, a.approved_by) else format('request %s has expired', p_approval_id) end,
      hint = 'ask again: iu route request-live';
  end if;
  if v_route.version <> a.route_version or v_route.removed_at is not null then
    raise exception using errcode = 'IU426', message = format('request %s is for version %s of route %s, which is %s now', p_approval_id,
        a.route_version, v_route.route_code, case when v_route.removed_at is null then 'at version ' || v_route.version else 'removed' end),
      hint = 'a change voids a request; ask again for the new version';
  end if;
  if a.target_sha256 is distinct from fn_iu_target_sha256(v_route.target_kind, v_route.target_ref) then
    raise exception using errcode = 'IU437', message = format('the target of route %s is not what it was when the request was made', v_route.route_code),
      hint = 'ask again: iu route request-live';
  end if;
  if p_max_events <= 0 or p_canary_share <= 0 or p_canary_share = 'NaN' or p_failure_budget <= 0 or p_expires_at <= clock_timestamp() then
    raise exception using errcode = 'IU422', message = 'a limit of the approval is refused: it is positive, and it ends in the future',
      hint = 'iu route approve --help';
  end if;
  if p_max_events > a.max_events or p_expires_at > a.expires_at or p_canary_share > a.canary_share or p_failure_budget > a.failure_budget then
    raise exception using errcode = 'IU428', message = 'an approval may be narrower than the request, never wider',
      hint = 'reject it and let somebody ask for more';
  end if;
  update iu_route_approval
     set approved_by = session_user, approved_at = clock_timestamp(), approval_note = p_note, max_events = coalesce(p_max_events, max_events),
         expires_at = coalesce(p_expires_at, expires_at), canary_share = coalesce(p_canary_share, canary_share),
         failure_budget = coalesce(p_failure_budget, failure_budget)
   where approval_id = p_approval_id
  returning * into a;
  return fn_iu_route_approval_said(a);
end
$$;
-- <<<

-- >>> functions/going_live/fn_iu_route_reject.sql
-- fn_iu_route_reject(bigint, text) returns jsonb
--
-- Contract:  rejects a request, or takes back an approval that is not in use. Its requester may withdraw it the same way.
-- Arguments: p_approval_id; p_reason: why, mandatory
-- Returns:   {approval_id, route_code, route_version, was: requested|approved, revoked_by}
-- Raises:    IU423 reason missing, IU424 no such request, IU425 revoked already, IU431 a route is live by it
-- Writes:    iu_route_approval, iu_evidence
-- May call:  iu_operator, iu_approver
create or replace function fn_iu_route_reject(p_approval_id bigint, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  a iu_route_approval;
  v_live text;
begin
  perform fn_iu_going_live_reason(p_reason);
  a := fn_iu_route_approval_open(p_approval_id);
  select route_code into v_live from iu_outbound_route where approval_id = p_approval_id and not dry_run;
  if found then
    raise exception using errcode = 'IU431', message = format('route %s is live by approval %s', v_live, p_approval_id),
      hint = format('iu route back-to-dry-run %s --reason TEXT revokes it', v_live);
  end if;
  update iu_route_approval set revoked_at = clock_timestamp(), revoked_by = session_user, revoke_reason = p_reason
   where approval_id = p_approval_id;
  return jsonb_build_object('approval_id', p_approval_id::text, 'route_code', (select route_code from iu_outbound_route where route_id = a.route_id),
    'route_version', a.route_version, 'was', case when a.approved_by is null then 'requested' else 'approved' end, 'revoked_by', session_user);
end
$$;
-- <<<

-- >>> functions/going_live/fn_iu_route_go_live.sql
-- fn_iu_route_go_live(text, text) returns jsonb
--
-- Contract:  takes an enabled route live by the newest valid approval of its present version. Readiness is judged again: the evidence of
--            the request may be a month old. Another approval that the route had is revoked; the failure budget begins anew. Closed gates
--            and a pause do not refuse it, they hold the deliveries, and the answer names them.
-- Arguments: p_route_code; p_reason: why, mandatory
-- Returns:   as fn_iu_route_approve, and {live_at, held_by: [code]} as fn_iu_delivery_hold names them, worker_gate_closed, route_paused
-- Raises:    IU337 no such route, IU411 target kind cannot go live, IU420 not ready, IU423 reason missing, IU429 no valid approval,
--            IU430 the route is disabled, IU431 live already, IU436 an inbound route, IU437 the target has changed
-- Writes:    iu_outbound_route, iu_route_flow, iu_route_approval, iu_route_history, iu_evidence
-- May call:  iu_operator
create or replace function fn_iu_route_go_live(p_route_code text, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_route iu_outbound_route;
  a iu_route_approval;
  v_held text[];
begin
  perform fn_iu_going_live_reason(p_reason);
  v_route := fn_iu_route_of(p_route_code, true);
  if not v_route.enabled then
    raise exception using errcode = 'IU430', message = format('route %s is disabled', p_route_code),
      hint = format('iu route enable %s --reason TEXT', p_route_code);
  end if;
  select * into a from iu_route_approval p
   where p.route_id = v_route.route_id and fn_iu_route_approval_state(v_route.route_id, v_route.version, p.approval_id) = 'valid'
   order by p.approval_id desc limit 1 for no key update;
  if not found then
    raise exception using errcode = 'IU429', message = format('version %s of route %s has no valid approval', v_route.version, p_route_code),
      hint = 'iu route request-live, then iu route approve by a second person; iu route approvals shows what there is';
  end if;
  if not v_route.dry_run and v_route.approval_id = a.approval_id then
    raise exception using errcode = 'IU431', message = format('route %s is live by approval %s', p_route_code, a.approval_id),
      hint = 'for other limits: a new request, its approval, then go live again';
  end if;
  if a.target_sha256 is distinct from fn_iu_target_sha256(v_route.target_kind, v_route.target_ref) then
    raise exception using errcode = 'IU437', message = format('the target of route %s is not what was approved', p_route_code),
      hint = 'ask again: iu route request-live';
  end if;
  perform fn_iu_route_must_be_ready(fn_iu_route_readiness(p_route_code));
  update iu_route_approval set live_at = clock_timestamp() where approval_id = a.approval_id returning * into a;
  update iu_outbound_route set dry_run = false, approval_id = a.approval_id, note = p_reason where route_id = v_route.route_id;
  -- What failed before is not this approval's: its budget begins now, and one failure does not pause a route that was not live meanwhile.
  update iu_route_flow
     set budget_started_at = null, budget_failures = 0, failing_since = case when not v_route.dry_run then failing_since end
   where route_id = v_route.route_id;
  update iu_route_approval
     set revoked_at = clock_timestamp(), revoked_by = session_user, revoke_reason = format('replaced by approval %s', a.approval_id)
   where route_id = v_route.route_id and approval_id <> a.approval_id and approved_by is not null and revoked_at is null;
  select array_agg(code) into v_held from (
    select fn_iu_delivery_hold((select name from iu_deployment order by claim_id desc limit 1)) as code
    union all select 'worker_gate_closed' where not fn_iu_route_worker_enabled()
    union all select 'route_paused' from iu_route_flow where route_id = v_route.route_id and paused_at is not null) held
   where code is not null;
  return fn_iu_route_approval_said(a) || jsonb_build_object('live_at', a.live_at, 'held_by', coalesce(to_jsonb(v_held), '[]'));
end
$$;
-- <<<

-- >>> functions/going_live/fn_iu_route_back_to_dry_run.sql
-- fn_iu_route_back_to_dry_run(text, text) returns jsonb
--
-- Contract:  a person takes a route back to dry-run; its approval is revoked and going live again needs a new request. Deliveries that
--            wait stay and are held; those being sent at this moment end as they end. For a route that is not live
--            only the reason is kept: so it is said of one that the failure budget took back that it stays so.
-- Arguments: p_route_code; p_reason: why, mandatory
-- Returns:   {route_code, version, was_live, approval_id, deliveries_waiting}
-- Raises:    IU337 no such route, IU423 reason missing, IU436 an inbound route
-- Writes:    iu_outbound_route, iu_route_approval, iu_route_history, iu_evidence
-- May call:  iu_operator, iu_approver
create or replace function fn_iu_route_back_to_dry_run(p_route_code text, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_route iu_outbound_route;
begin
  perform fn_iu_going_live_reason(p_reason);
  v_route := fn_iu_route_of(p_route_code, true);
  if not v_route.dry_run then
    perform fn_iu_route_to_dry_run(v_route.route_id, p_reason, session_user::text);
  else
    update iu_outbound_route set note = p_reason where route_id = v_route.route_id;
  end if;
  return jsonb_build_object('route_code', p_route_code, 'version', v_route.version, 'was_live', not v_route.dry_run,
    'approval_id', case when not v_route.dry_run then v_route.approval_id::text end,
    'deliveries_waiting', (select count(*) from iu_route_delivery where route_id = v_route.route_id));
end
$$;
-- <<<

-- >>> functions/going_live/fn_iu_route_changed.sql
-- fn_iu_route_changed(iu_outbound_route, jsonb) returns iu_outbound_route
--
-- Contract:  a route as it would be with changes: a key that is named gets its value, null gives what a new route would have, a key that
--            is not named stays. Writes nothing; fn_iu_route_change writes it, fn_iu_route_diff only looks.
-- Arguments: p_route; p_changes: any of the keys of fn_iu_route_add but route_code and note
-- Returns:   the changed route, without the approval
-- Raises:    IU332 the filter or a number cannot be read, IU335 unknown key, IU345 a value is refused, IU434 nothing is named
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_route_changed(p_route iu_outbound_route, p_changes jsonb) returns iu_outbound_route
language plpgsql
stable
set search_path from current
as $$
declare
  r iu_outbound_route := p_route;
  v_key text;
  v_value text;
  v_what text;
begin
  if p_changes is null or jsonb_typeof(p_changes) <> 'object' or p_changes = '{}' then
    raise exception using errcode = 'IU434', message = 'nothing is said to change', hint = 'iu route change --help';
  end if;
  for v_key, v_value in select key, value from jsonb_each_text(p_changes) loop
    case v_key
      when 'event_domain' then r.event_domain := coalesce(v_value, '*');
      when 'event_type' then r.event_type := coalesce(v_value, '*');
      when 'event_stream' then r.event_stream := coalesce(v_value, '*');
      when 'filter' then r.filter := v_value::jsonpath;
      when 'target_kind' then r.target_kind := v_value;
      when 'target_ref' then r.target_ref := v_value;
      when 'target_config' then r.target_config := coalesce(v_value, '{}')::jsonb;
      when 'ordering' then r.ordering := coalesce(v_value, 'none');
      when 'on_dead_letter' then r.on_dead_letter := coalesce(v_value, 'continue');
      when 'retry_policy' then r.retry_policy := coalesce(v_value, '{}')::jsonb;
      when 'rate_per_second' then r.rate_per_second := v_value::integer;
      when 'max_concurrency' then r.max_concurrency := v_value::integer;
      else
        raise exception using errcode = 'IU335', message = format('%s of a route cannot be changed', v_key),
          hint = 'a code stays; the reason becomes the note; enable, go-live and back-to-dry-run are commands of their own';
    end case;
  end loop;
  -- What the constraints of the table refuse too; said here, so that a look at the difference refuses it as well.
  v_what := case
    when concat_ws(' ', r.event_domain, r.event_type, r.event_stream) !~ E'^([A-Za-z0-9_.-]{1,80}\\*?|\\*)( ([A-Za-z0-9_.-]{1,80}\\*?|\\*)){2}$' then 'a pattern'
    when r.target_kind is null then 'target_kind'
    when (r.target_ref ~ E'\\S' and r.target_ref !~ '[[:cntrl:]]' and octet_length(r.target_ref) <= 2048) is not true then 'target_ref'
    when jsonb_typeof(r.target_config) <> 'object' or jsonb_typeof(r.retry_policy) <> 'object' then 'target_config or retry_policy, an object'
    when r.ordering not in ('none', 'subject') then 'ordering'
    when r.on_dead_letter not in ('continue', 'hold') then 'on_dead_letter'
    when r.rate_per_second <= 0 or r.max_concurrency <= 0 then 'a limit, a positive number' end;
  if v_what is not null then
    raise exception using errcode = 'IU345', message = format('a value of the route is refused: %s', v_what), hint = 'iu route change --help';
  end if;
  return r;
exception
  when syntax_error or invalid_text_representation or numeric_value_out_of_range then
    get stacked diagnostics v_what = message_text;
    raise exception using errcode = 'IU332', message = format('the filter or a number of the route cannot be read: %s', v_what),
      hint = 'a filter is a jsonpath condition such as $.version_seq > 1';
end
$$;
-- <<<

-- >>> functions/going_live/fn_iu_route_change.sql
-- fn_iu_route_change(text, jsonb, text) returns jsonb
--
-- Contract:  changes what a route matches, filters, or sends to. Every change of what an approval covers is a new version: back in
--            dry-run, and the approval of the old version is void. Deliveries that wait stay, and are held until the new version is live.
-- Arguments: p_route_code; p_changes: keys as in fn_iu_route_add but route_code and note, null = as a new route has it; p_reason: why,
--            mandatory, becomes the note
-- Returns:   {route_code, version_before, version, was_live, approval_voided, deliveries_waiting}
-- Raises:    IU332, IU335, IU345, IU434 as fn_iu_route_changed; IU333 a secret; IU337 no such route, IU423 reason missing, IU436 inbound
-- Writes:    iu_outbound_route, iu_route_history
-- May call:  iu_operator
create or replace function fn_iu_route_change(p_route_code text, p_changes jsonb, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_route iu_outbound_route;
  v_new iu_outbound_route;
  v_version integer;
  v_voided bigint;
begin
  perform fn_iu_going_live_reason(p_reason);
  v_route := fn_iu_route_of(p_route_code, true);
  v_new := fn_iu_route_changed(v_route, p_changes);
  begin
    update iu_outbound_route
       set event_domain = v_new.event_domain, event_type = v_new.event_type, event_stream = v_new.event_stream, filter = v_new.filter,
           target_kind = v_new.target_kind, target_ref = v_new.target_ref, target_config = v_new.target_config, ordering = v_new.ordering,
           on_dead_letter = v_new.on_dead_letter, retry_policy = v_new.retry_policy, rate_per_second = v_new.rate_per_second,
           max_concurrency = v_new.max_concurrency, note = p_reason
     where route_id = v_route.route_id
    returning version into v_version;
  exception when check_violation then
    raise exception using errcode = 'IU345', message = 'a value of the route is refused: target_kind', hint = 'iu route change --help';
  end;
  if v_version <> v_route.version then
    select max(approval_id) into v_voided from iu_route_approval
     where route_id = v_route.route_id and route_version = v_route.version and revoked_at is null and expires_at > clock_timestamp();
  end if;
  return jsonb_build_object('route_code', p_route_code, 'version_before', v_route.version, 'version', v_version,
    'was_live', v_route.enabled and not v_route.dry_run, 'approval_voided', v_voided::text,
    'deliveries_waiting', (select count(*) from iu_route_delivery where route_id = v_route.route_id));
end
$$;
-- <<<

-- >>> functions/going_live/fn_iu_route_shadow.sql
-- fn_iu_route_shadow(event_outbox, iu_judged_route) returns text
--
-- Contract:  fn_iu_route_outcome in one word, for comparing; a filter that raises is a failed decision, as in a pass.
-- Arguments: p_event; p_route
-- Returns:   no_match, or status/reason, or status alone
-- Raises:    resources and cancellation only
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_route_shadow(p_event event_outbox, p_route iu_judged_route) returns text
language plpgsql
volatile
set search_path from current
as $$
declare
  v_outcome record;
  v_state text;
begin
  select * into v_outcome from fn_iu_route_outcome(p_event, p_route);
  return concat_ws('/', v_outcome.status, v_outcome.reason);
exception when others then
  get stacked diagnostics v_state = returned_sqlstate;
  if left(v_state, 2) in ('40', '53', '55', '57', '58', 'XX') then
    raise;
  end if;
  return 'failed/' || v_state;
end
$$;
-- <<<

-- >>> functions/going_live/fn_iu_route_diff.sql
-- fn_iu_route_diff(text, jsonb, timestamptz, integer) returns jsonb
--
-- Contract:  a shadow run: what a changed route would decide differently about events of the past. Both are decided now, by
--            fn_iu_route_outcome; nothing is written. A disabled route is looked at as if it were enabled, and the change as if it had the
--            approval of today (voids_approval says that it would not): the question is what the change does to the events. Looks at the
--            newest million events of the log at most, and at p_limit that match before or after.
-- Arguments: p_route_code; p_changes: as in fn_iu_route_change; p_since: events recorded since, null = however old; p_limit: most
--            events to decide, 1 to 100,000
-- Returns:   {route_code, version, voids_approval, examined, complete, differ, first_seq, last_seq,
--            changes: [{from, to, events}], samples: [{event_id, event_seq, from, to}], at most ten a change}; from and to are
--            no_match or status/reason
-- Raises:    as fn_iu_route_changed; IU337 no such route, IU422 the limit is refused, IU436 inbound
-- Writes:    nothing
-- May call:  iu_operator
create or replace function fn_iu_route_diff(p_route_code text, p_changes jsonb, p_since timestamptz default null, p_limit integer default 10000)
returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_route iu_outbound_route := fn_iu_route_of(p_route_code, false);
  v_changed iu_outbound_route := fn_iu_route_changed(v_route, p_changes);
  v_old iu_judged_route;
  v_new iu_judged_route;
  v_result jsonb;
begin
  if p_limit is null or p_limit not between 1 and 100000 then
    raise exception using errcode = 'IU422', message = 'the number of events to look at is 1 to 100,000', hint = 'iu route diff --help';
  end if;
  select * into strict v_old from fn_iu_judged_routes() j where j.route_id = v_route.route_id;
  v_old.verdict := case v_old.verdict when 'disabled' then 'dry_run' else v_old.verdict end;
  v_old.reason := case v_old.reason when 'route_disabled' then null else v_old.reason end;
  v_new := v_old;
  v_new.event_domain := v_changed.event_domain;
  v_new.event_type := v_changed.event_type;
  v_new.event_stream := v_changed.event_stream;
  v_new.filter := v_changed.filter;
  with one as materialized (
    select e.event, e.seq, e.id
      from (select o as event, o.* from event_outbox o order by o.seq desc limit 1000000) e
     -- fn_iu_pattern_matches written out, and no join: the log is read from its end and the reading stops at the limit.
     where (p_since is null or e.created_at >= p_since)
       and (e.event_domain like replace(replace(v_old.event_domain, '_', E'\\_'), '*', '%')
            and e.event_type like replace(replace(v_old.event_type, '_', E'\\_'), '*', '%')
            and e.event_stream like replace(replace(v_old.event_stream, '_', E'\\_'), '*', '%')
         or e.event_domain like replace(replace(v_new.event_domain, '_', E'\\_'), '*', '%')
            and e.event_type like replace(replace(v_new.event_type, '_', E'\\_'), '*', '%')
            and e.event_stream like replace(replace(v_new.event_stream, '_', E'\\_'), '*', '%'))
     order by e.seq desc
     limit p_limit
  ), decided as materialized (
    select seq, id, fn_iu_route_shadow(event, v_old) as before, fn_iu_route_shadow(event, v_new) as after from one
  ), difference as (
    select *, row_number() over (partition by before, after order by seq desc) as place from decided where before <> after
  )
  select jsonb_build_object(
    'route_code', v_route.route_code, 'version', v_route.version,
    'voids_approval', fn_iu_route_approval_state(v_route.route_id, v_route.version, v_route.approval_id) <> 'missing' and to_jsonb(v_changed) <> to_jsonb(v_route),
    'examined', (select count(*) from decided), 'complete', (select count(*) < p_limit from decided)
      -- an event beyond the newest million that is meant too
      and not coalesce((select p_since is null or o.created_at >= p_since from event_outbox o order by o.seq desc offset 1000000 limit 1), false),
    'differ', (select count(*) from difference),
    'first_seq', (select min(seq)::text from decided), 'last_seq', (select max(seq)::text from decided),
    'changes', coalesce((select jsonb_agg(jsonb_build_object('from', c.before, 'to', c.after, 'events', c.events) order by c.events desc, c.before, c.after)
                           from (select before, after, count(*) as events from difference group by 1, 2) c), '[]'),
    'samples', coalesce((select jsonb_agg(jsonb_build_object('event_id', id, 'event_seq', seq::text, 'from', before, 'to', after) order by before, after, seq desc)
                           from difference where place <= 10), '[]'))
    into v_result;
  return v_result;
end
$$;
-- <<<

-- >>> views/v_iu_route_approval.sql
-- v_iu_route_approval: requests and approvals with what each is worth now: requested, expired (nobody approved it in time), rejected,
-- approved (not in use), in_use, spent (time or events ran out while in use), revoked, void (the route changed since). evidence: the
-- readiness that the request was made on.
create or replace view v_iu_route_approval as
select a.approval_id, r.route_code, a.route_version,
       case
         when a.revoked_at is not null then case when a.approved_by is null then 'rejected' else 'revoked' end
         when r.version <> a.route_version or r.removed_at is not null then 'void'
         when a.approved_by is null then case when a.expires_at <= clock_timestamp() then 'expired' else 'requested' end
         when a.expires_at <= clock_timestamp() or a.events_used >= a.max_events then 'spent'
         when r.approval_id = a.approval_id and not r.dry_run then 'in_use'
         else 'approved'
       end as state,
       a.requested_by, a.requested_at, a.reason, a.approved_by, a.approved_at, a.approval_note, a.expires_at, a.max_events, a.events_used,
       a.canary_share, a.failure_budget, a.live_at, a.revoked_at, a.revoked_by, a.revoke_reason, a.target_sha256, a.evidence
  from iu_route_approval a
  join iu_outbound_route r using (route_id);
-- <<<

create trigger trg_iu_evidence_append_only before update or delete or truncate on iu_evidence
  for each statement execute function fn_iu_refuse_change();
alter table iu_evidence enable always trigger trg_iu_evidence_append_only;
create trigger trg_iu_route_approval_guard before insert or update on iu_route_approval
  for each row execute function fn_iu_route_approval_guard();
alter table iu_route_approval enable always trigger trg_iu_route_approval_guard;
create trigger trg_iu_route_approval_journal after insert or update of approved_by, approved_at, revoked_at, live_at on iu_route_approval
  for each row execute function fn_iu_route_approval_journal();
alter table iu_route_approval enable always trigger trg_iu_route_approval_journal;
create trigger trg_iu_route_approval_keep before delete or truncate on iu_route_approval
  for each statement execute function fn_iu_refuse_change();
alter table iu_route_approval enable always trigger trg_iu_route_approval_keep;
