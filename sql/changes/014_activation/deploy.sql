-- 014_activation: what an operator does and relies on: activations with their steps and evidence, and who watches over health.

create table iu_activation (
  activation_id bigint generated always as identity primary key,
  state         text not null default 'open' check (state in ('open', 'done', 'given_up')),
  reason        text not null,
  settings      jsonb not null check (jsonb_typeof(settings) = 'object'),
  installation  text not null,
  began_by      text not null,
  began_at      timestamptz not null,
  ended_by      text,
  ended_at      timestamptz,
  end_note      text,
  constraint iu_activation_ended_chk check ((state = 'open') = (ended_at is null))
);
create unique index iu_activation_open_idx on iu_activation ((true)) where state = 'open';
comment on table iu_activation is 'Activations: the way from a database without IU Core to a worker that decides in dry-run. One is open at a time.';
comment on column iu_activation.installation is 'Names this very database, as in iu_evidence.';

create table iu_activation_step (
  step_id       bigint generated always as identity primary key,
  activation_id bigint not null references iu_activation,
  step          text not null check (step ~ '^[a-z][a-z_]{1,39}$'),
  outcome       text not null check (outcome in ('passed', 'failed', 'skipped')),
  evidence      jsonb not null check (jsonb_typeof(evidence) = 'object'),
  began_at      timestamptz not null,
  ended_at      timestamptz not null,
  recorded_by   text not null,
  recorded_at   timestamptz not null default clock_timestamp()
);
create index iu_activation_step_activation_idx on iu_activation_step (activation_id, step_id);
comment on table iu_activation_step is 'Each step of an activation, each time it was tried. The last row of a step counts. Append-only.';

create table iu_health_watch (
  watcher       text primary key,
  host          text,
  every_seconds integer not null check (every_seconds between 1 and 86400),
  healthy       boolean not null,
  reasons       text[] not null default '{}',
  recorded_by   text not null,
  looked_at     timestamptz not null default clock_timestamp(),
  changed_at    timestamptz not null default clock_timestamp()
);
comment on table iu_health_watch is 'Watchdogs and when each last looked at health: one that stops looking is a finding itself.';

-- >>> functions/operate/fn_iu_health_watch_beat.sql
-- fn_iu_health_watch_beat(text, text, integer, boolean, text[]) returns jsonb
--
-- Contract:  a watchdog says that it has just looked at health and what it saw, so that others notice when it stops looking.
-- Arguments: p_watcher: its name; p_host; p_every_seconds: how often it means to look; p_healthy; p_reasons: codes, without messages
-- Returns:   {watcher, healthy, looked_at}
-- Raises:    IU863 the name or the interval is refused
-- Writes:    iu_health_watch
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_health_watch_beat(p_watcher text, p_host text, p_every_seconds integer, p_healthy boolean, p_reasons text[])
returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_row iu_health_watch;
begin
  if coalesce(p_watcher, '') !~ '^[A-Za-z0-9][A-Za-z0-9._@-]{0,99}$' or coalesce(p_every_seconds, 0) not between 1 and 86400 then
    raise exception using errcode = 'IU863', message = 'a watchdog has a name of letters, digits, dot, dash, at or underscore, and looks every 1 to 86400 s',
      hint = 'iu health --help';
  end if;
  insert into iu_health_watch as w (watcher, host, every_seconds, healthy, reasons, recorded_by)
  values (p_watcher, left(p_host, 255), p_every_seconds, p_healthy, coalesce(p_reasons, '{}'), session_user)
  on conflict (watcher) do update
    set host = excluded.host, every_seconds = excluded.every_seconds, healthy = excluded.healthy, reasons = excluded.reasons,
        recorded_by = excluded.recorded_by, looked_at = clock_timestamp(),
        changed_at = case when w.reasons = excluded.reasons then w.changed_at else clock_timestamp() end
  returning * into v_row;
  return jsonb_build_object('watcher', v_row.watcher, 'healthy', v_row.healthy, 'looked_at', v_row.looked_at);
end
$$;
-- <<<

-- >>> functions/operate/fn_iu_health_watch_forget.sql
-- fn_iu_health_watch_forget(text) returns boolean
--
-- Contract:  a watchdog that is gone for good is missed no longer.
-- Arguments: p_watcher: its name
-- Returns:   true when there was one of this name
-- Raises:    nothing
-- Writes:    iu_health_watch
-- May call:  iu_operator
create or replace function fn_iu_health_watch_forget(p_watcher text) returns boolean
language plpgsql
security definer
set search_path from current
as $$
begin
  delete from iu_health_watch where watcher = p_watcher;
  return found;
end
$$;
-- <<<

-- >>> functions/operate/fn_iu_activation_begin.sql
-- fn_iu_activation_begin(text, jsonb, timestamptz) returns jsonb
--
-- Contract:  begins an activation, or gives the one that is open: there is one at a time, and whoever comes goes on with it.
-- Arguments: p_reason; p_settings: what it was asked to do, without secrets; p_began_at: before the tables were there, the steps were
--            taken already; null = now
-- Returns:   {activation_id, state, reason, began_by, began_at, resumed}
-- Raises:    IU864 there is no reason, or the settings hold what they may not
-- Writes:    iu_activation
-- May call:  iu_operator
create or replace function fn_iu_activation_begin(p_reason text, p_settings jsonb, p_began_at timestamptz default null) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_row iu_activation;
  v_key text := fn_iu_forbidden_key(p_settings::text);
begin
  if coalesce(trim(p_reason), '') = '' or jsonb_typeof(p_settings) is distinct from 'object' or v_key is not null then
    raise exception using errcode = 'IU864', message = 'an activation has a reason, and settings that are an object without secrets',
      hint = 'iu activate --reason TEXT';
  end if;
  lock table iu_activation in share row exclusive mode;
  select * into v_row from iu_activation where state = 'open';
  if not found then
    insert into iu_activation (reason, settings, installation, began_by, began_at)
    values (p_reason, p_settings, fn_iu_installation_mark(), session_user, least(p_began_at, clock_timestamp()))
    returning * into v_row;
    return jsonb_build_object('activation_id', v_row.activation_id::text, 'state', v_row.state, 'reason', v_row.reason,
      'began_by', v_row.began_by, 'began_at', v_row.began_at, 'resumed', false);
  end if;
  return jsonb_build_object('activation_id', v_row.activation_id::text, 'state', v_row.state, 'reason', v_row.reason,
    'began_by', v_row.began_by, 'began_at', v_row.began_at, 'resumed', true);
end
$$;
-- <<<

-- >>> functions/operate/fn_iu_activation_step.sql
-- fn_iu_activation_step(bigint, text, text, jsonb, timestamptz, timestamptz) returns jsonb
--
-- Contract:  records one step of an activation: what, with which outcome, by what it was seen, in the name of the session. A step that
--            is tried again is another row; the last one counts.
-- Arguments: p_activation_id; p_step; p_outcome: passed, failed or skipped; p_evidence: an object of at most 64 KiB without payloads and
--            secrets; p_began_at, p_ended_at: when it was done
-- Returns:   {step_id, step, outcome, recorded_by, recorded_at}
-- Raises:    IU865 the activation is not open, IU866 the step is refused
-- Writes:    iu_activation_step
-- May call:  iu_operator
create or replace function fn_iu_activation_step(p_activation_id bigint, p_step text, p_outcome text, p_evidence jsonb, p_began_at timestamptz,
  p_ended_at timestamptz)
returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_row iu_activation_step;
  v_key text := fn_iu_forbidden_key(p_evidence::text);
begin
  perform from iu_activation where activation_id = p_activation_id and state = 'open' for update;
  if not found then
    raise exception using errcode = 'IU865', message = format('there is no open activation %s', p_activation_id), hint = 'iu activate status shows them';
  elsif jsonb_typeof(p_evidence) is distinct from 'object' or octet_length(p_evidence::text) > 65536 or v_key is not null then
    raise exception using errcode = 'IU866', message = 'the evidence of a step is an object of at most 64 KiB without payloads and secrets',
      hint = 'report it: a step of iu activate recorded what it may not';
  end if;
  insert into iu_activation_step (activation_id, step, outcome, evidence, began_at, ended_at, recorded_by)
  values (p_activation_id, p_step, p_outcome, p_evidence, p_began_at, p_ended_at, session_user)
  returning * into v_row;
  return jsonb_build_object('step_id', v_row.step_id::text, 'step', v_row.step, 'outcome', v_row.outcome, 'recorded_by', v_row.recorded_by,
    'recorded_at', v_row.recorded_at);
end
$$;
-- <<<

-- >>> functions/operate/fn_iu_activation_end.sql
-- fn_iu_activation_end(bigint, text, text) returns jsonb
--
-- Contract:  ends an activation: done when every step passed or was left out, given_up when somebody says so.
-- Arguments: p_activation_id; p_state: done or given_up; p_note: why
-- Returns:   {activation_id, state, ended_by, ended_at}
-- Raises:    IU865 the activation is not open
-- Writes:    iu_activation
-- May call:  iu_operator
create or replace function fn_iu_activation_end(p_activation_id bigint, p_state text, p_note text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_row iu_activation;
begin
  update iu_activation set state = p_state, ended_by = session_user, ended_at = clock_timestamp(), end_note = p_note
   where activation_id = p_activation_id and state = 'open'
  returning * into v_row;
  if not found then
    raise exception using errcode = 'IU865', message = format('there is no open activation %s', p_activation_id), hint = 'iu activate status shows them';
  end if;
  return jsonb_build_object('activation_id', v_row.activation_id::text, 'state', v_row.state, 'ended_by', v_row.ended_by, 'ended_at', v_row.ended_at);
end
$$;
-- <<<

create trigger trg_iu_activation_step_append_only before update or delete or truncate on iu_activation_step
  for each statement execute function fn_iu_refuse_change();
alter table iu_activation_step enable always trigger trg_iu_activation_step_append_only;
