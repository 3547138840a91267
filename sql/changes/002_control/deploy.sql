-- 002_control: settings and gates, their log, and the mark that lets the probe run where nothing can be committed.

create table dot_config (
  key         text primary key,
  value       text,
  description text,
  reason      text,
  open_until  timestamptz,
  changed_by  text,
  updated_at  timestamptz not null default clock_timestamp()
);
comment on table dot_config is 'Gates and settings. A missing key, or any value but the expected one, means off.';
comment on column dot_config.open_until is 'A gate closes by itself at this time (clock_timestamp); null = no limit.';
comment on column dot_config.changed_by is 'session_user of the last change, set by trigger.';

create table iu_gate_log (
  log_id           bigint generated always as identity primary key,
  config_key       text not null,
  operation        text not null check (operation in ('insert', 'update', 'delete')),
  old_value        text,
  new_value        text,
  reason           text,
  open_until       timestamptz,
  changed_by       text not null,
  application_name text,
  changed_at       timestamptz not null
);
create index iu_gate_log_key_idx on iu_gate_log (config_key, log_id);
comment on table iu_gate_log is 'Who changed which gate or setting of iu_core, when and why. Append-only.';

create table iu_probe_mark (
  tx_id     xid8 primary key,
  marked_by text not null
);
comment on table iu_probe_mark is 'A row marks its own transaction as a probe; a deferred trigger makes its commit impossible, so nobody else ever sees a row.';

-- >>> functions/control/fn_iu_refuse_change.sql
-- fn_iu_refuse_change() returns trigger
--
-- Contract:  refuses update, delete and truncate of an append-only table (P9). Two functions may: the prune deletes, the redaction
--            updates. Each names itself and its transaction in a setting, which alone opens nothing: current_user has to be
--            iu_owner, whom nobody logs in as, so that the statement comes out of a function of ours. Invoker on purpose.
-- Arguments: none
-- Returns:   null, for the prune and the redaction (statement trigger)
-- Raises:    IU310 the table is append-only
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_refuse_change() returns trigger
language plpgsql
set search_path from current
as $$
begin
  if current_user = 'iu_owner' and current_setting('iu_core.governed', true) =
       (case tg_op when 'DELETE' then 'prune ' when 'UPDATE' then 'redact ' end) || pg_current_xact_id_if_assigned()::text then
    return null;
  end if;
  raise exception using errcode = 'IU310',
    message = format('%s is append-only: %s refused', tg_table_name, lower(tg_op collate "C")),
    hint = 'what happened stays; a correction is a new row (replay, resolve, roll back)';
end
$$;
-- <<<

-- >>> functions/control/fn_iu_config_guard.sql
-- fn_iu_config_guard() returns trigger
--
-- Contract:  stamps who and when; a gate whose value changes without naming a new limit loses the old time limit and reason,
--            so that the runbook's plain `update dot_config set value = 'true'` opens it as it says. fn_iu_gate_set names both itself.
--            One whose limit has passed is closed although its value is 'true' still: then a statement that says 'true' opens it.
-- Arguments: trigger argument said = the statement names the value (update of value)
-- Returns:   the row to write
-- Raises:    IU405 a key is changed, IU845 a gate of passes opens while a unique rule makes events of the log vanish
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_config_guard() returns trigger
language plpgsql
set search_path from current
as $$
declare
  v_index text;
begin
  if tg_op = 'UPDATE' and new.key <> old.key then
    raise exception using errcode = 'IU405', message = format('setting %s keeps its key', old.key),
      hint = 'close a gate by its value; another setting is another row';
  end if;
  -- a log that was there before IU Core can have an index by which the second event of a subject is dropped in silence
  if new.value = 'true' and new.key in ('iu_core.routes_master_enabled', 'iu_core.route_worker_enabled')
     and (tg_op = 'INSERT' or new.value is distinct from old.value or old.open_until <= clock_timestamp()) then
    select string_agg(i.indexrelid::regclass::text, ', ') into v_index
      from pg_index i
     where i.indrelid = to_regclass('event_outbox') and i.indisunique
       and not exists (select from pg_attribute a
                        where a.attrelid = i.indrelid and a.attname in ('seq', 'id') and a.attnum = any (i.indkey));
    if v_index is not null then
      raise exception using errcode = 'IU845',
        message = format('%s stays closed: unique index %s makes later events of a subject vanish', new.key, v_index),
        hint = 'replace it by dedupe keys: iu adopt plan names the word for iu adopt apply --allow';
    end if;
  end if;
  if tg_op = 'UPDATE' and (new.value is distinct from old.value or tg_nargs > 0 and old.open_until <= clock_timestamp())
     and coalesce(current_setting('iu_core.gate_set', true), '') <> new.key then
    if new.open_until is not distinct from old.open_until then
      new.open_until := null;
    end if;
    if new.reason is not distinct from old.reason then
      new.reason := null;
    end if;
  end if;
  new.changed_by := session_user;
  new.updated_at := clock_timestamp();
  return new;
end
$$;
-- <<<

-- >>> functions/control/fn_iu_config_log.sql
-- fn_iu_config_log() returns trigger
--
-- Contract:  logs each change of a setting whose key starts with iu_core., whoever makes it and however. Definer, so that nobody
--            needs the right to write the log.
-- Arguments: none
-- Returns:   null (after trigger)
-- Raises:    nothing
-- Writes:    iu_gate_log
-- May call:  nobody, it is a trigger
create or replace function fn_iu_config_log() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
  if coalesce(new.key, old.key) like E'iu\\_core.%' then
    insert into iu_gate_log (config_key, operation, old_value, new_value, reason, open_until, changed_by, application_name, changed_at)
    values (coalesce(new.key, old.key), lower(tg_op collate "C"), old.value, new.value, new.reason, new.open_until, session_user,
            current_setting('application_name', true), clock_timestamp());
  end if;
  return null;
end
$$;
-- <<<

-- >>> functions/control/fn_iu_probe_commit_guard.sql
-- fn_iu_probe_commit_guard() returns trigger
--
-- Contract:  makes the commit of a probe transaction impossible.
-- Arguments: none
-- Returns:   never
-- Raises:    IU320 a probe transaction cannot commit
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_probe_commit_guard() returns trigger
language plpgsql
set search_path from current
as $$
begin
  raise exception using errcode = 'IU320',
    message = 'a probe transaction cannot commit',
    hint = 'end it with ROLLBACK; the probe leaves nothing behind';
end
$$;
-- <<<

-- >>> functions/control/fn_iu_probe_begin.sql
-- fn_iu_probe_begin(text) returns text
--
-- Contract:  marks the current transaction as a probe. From here on it cannot commit (a deferred trigger raises), passes in it
--            also take the transaction's own events, and gate values set with set_config('iu_core.probe.KEY', VALUE, true) are
--            honoured instead of the gate rows, so that nothing shared is touched.
-- Arguments: p_marker: a text that names the probe, written to iu_probe_mark
-- Returns:   the marker domain of this probe, 'iu_probe_' || own transaction id: unique in the cluster, so that two probes at once
--            never wait for each other
-- Raises:    IU321 already marked
-- Writes:    iu_probe_mark
-- May call:  iu_operator
create or replace function fn_iu_probe_begin(p_marker text default 'iu probe') returns text
language plpgsql
security definer
set search_path from current
as $$
begin
  if fn_iu_in_probe() then
    raise exception using errcode = 'IU321', message = 'this transaction is already a probe';
  end if;
  insert into iu_probe_mark (tx_id, marked_by) values (pg_current_xact_id(), p_marker);
  return 'iu_probe_' || pg_current_xact_id()::text;
end
$$;
-- <<<

-- >>> functions/control/fn_iu_in_probe.sql
-- fn_iu_in_probe() returns boolean
--
-- Contract:  whether the current transaction was marked by fn_iu_probe_begin. A mark of another transaction is never visible.
-- Arguments: none
-- Returns:   true or false
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_in_probe() returns boolean
language plpgsql
stable
security definer
set search_path from current
as $$
begin
  return exists (select from iu_probe_mark where tx_id = pg_current_xact_id_if_assigned());
end
$$;
-- <<<

-- >>> functions/control/fn_iu_setting.sql
-- fn_iu_setting(text, text) returns text
--
-- Contract:  reads a setting of dot_config. Volatile, so that inside a longer transaction each call sees what has been committed.
-- Arguments: p_key: the key; p_default: the value when the key is missing, null, or has more than one row
-- Returns:   the value or the default
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_worker, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_setting(p_key text, p_default text) returns text
language plpgsql
security definer
set search_path from current
as $$
declare
  v_value text;
begin
  select case when count(*) = 1 then max(value) end into v_value from dot_config where key = p_key;
  return coalesce(v_value, p_default);
end
$$;
-- <<<

-- >>> functions/control/fn_iu_setting_number.sql
-- fn_iu_setting_number(text, numeric, numeric, numeric) returns numeric
--
-- Contract:  reads a numeric setting. Garbage counts as the default; a value outside the bounds is taken as the nearest bound.
-- Arguments: p_key: the key; p_default, p_least, p_most: default and bounds, in the unit that the key's name carries
-- Returns:   the number
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_worker, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_setting_number(p_key text, p_default numeric, p_least numeric, p_most numeric) returns numeric
language plpgsql
security definer
set search_path from current
as $$
declare
  v_value text := fn_iu_setting(p_key, null);
begin
  if v_value is null or v_value !~ E'^[0-9]{1,15}(\\.[0-9]{1,6})?$' then
    return p_default;
  end if;
  return least(greatest(v_value::numeric, p_least), p_most);
end
$$;
-- <<<

-- >>> functions/control/fn_iu_gate_open.sql
-- fn_iu_gate_open(text) returns boolean
--
-- Contract:  whether a gate is open (P5): exactly one row, value exactly 'true', time limit not passed by clock_timestamp. All else
--            is closed. In a probe a transaction-local value iu_core.probe.KEY decides instead of the row.
-- Arguments: p_key: the gate's key in dot_config
-- Returns:   true only when open
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_gate_open(p_key text) returns boolean
language plpgsql
security definer
set search_path from current
as $$
declare
  v_open boolean;
begin
  if nullif(current_setting('iu_core.probe.' || replace(p_key, 'iu_core.', ''), true), '') is not null and fn_iu_in_probe() then
    return current_setting('iu_core.probe.' || replace(p_key, 'iu_core.', ''), true) = 'true';
  end if;
  select count(*) = 1 and bool_and(coalesce(value = 'true', false) and coalesce(open_until > clock_timestamp(), true))
    into v_open
    from dot_config
   where key = p_key;
  return coalesce(v_open, false);
end
$$;
-- <<<

-- >>> functions/control/fn_iu_gate_lock_key.sql
-- fn_iu_gate_lock_key(text) returns bigint
--
-- Contract:  the advisory lock key of this installation's gates. Each pass and claim, and with a key of their own each structure operation
--            and cut, holds it shared before it reads a gate; the one who closed a gate takes it exclusively after his commit, so that when
--            he has it nothing started before goes on. Two keys, because an operation on a large document takes minutes: with one, whoever
--            closed the gate of deliveries waited for it, and every pass behind him.
-- Arguments: p_gate: key of a gate, with or without the prefix
-- Returns:   one key for passes and claims and one for structure operations and cuts, in each schema of a database
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_gate_lock_key(p_gate text default 'iu_core.routes_master_enabled') returns bigint
language plpgsql
stable
set search_path from current
as $$
begin
  return hashtextextended(case when p_gate ~ E'^(iu_core\\.)?(structure_ops|autocut)_enabled$' then 'iu_core corpus gates of schema ' else 'iu_core gates of schema ' end
                          || current_schema(), 0);
end
$$;
-- <<<

-- >>> functions/control/fn_iu_gate_drain.sql
-- fn_iu_gate_drain(integer, text) returns boolean
--
-- Contract:  waits until everything that read the gate before this call has ended. Call it in a transaction of its own after a closing
--            has committed: when it returns true nothing more is decided, claimed, applied or cut under the old gate.
-- Arguments: p_wait_milliseconds: longest wait, 1..600000; p_gate: key of the closed gate, with or without the prefix; null = whichever it
--            was: waits for structure operations and cuts too
-- Returns:   true when drained, false when somebody still runs after the wait
-- Raises:    nothing
-- Writes:    nothing (takes and gives back advisory locks)
-- May call:  iu_operator
create or replace function fn_iu_gate_drain(p_wait_milliseconds integer default 10000, p_gate text default null) returns boolean
language plpgsql
set search_path from current
as $$
declare
  v_ends_at timestamptz := clock_timestamp() + least(greatest(p_wait_milliseconds, 1), 600000) * interval '1 millisecond';
  v_key bigint;
begin
  foreach v_key in array case when p_gate is null then array[fn_iu_gate_lock_key(), fn_iu_gate_lock_key('structure_ops_enabled')]
                              else array[fn_iu_gate_lock_key(p_gate)] end loop
    perform set_config('lock_timeout', greatest(ceil(extract(epoch from v_ends_at - clock_timestamp()) * 1000), 1) || 'ms', true);
    begin
      perform pg_advisory_xact_lock(v_key);
    exception when lock_not_available then
      return false;
    end;
  end loop;
  return true;
end
$$;
-- <<<

-- >>> functions/control/fn_iu_gate_reason_check.sql
-- fn_iu_gate_reason_check(text) returns void
--
-- Contract:  a gate, a level of the ladder and whatever else stops or starts something is changed with a reason.
-- Arguments: p_reason
-- Returns:   nothing
-- Raises:    IU402 reason missing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_gate_reason_check(p_reason text) returns void
language plpgsql
immutable
set search_path from current
as $$
begin
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU402', message = 'a gate is opened or closed with a reason', hint = 'add --reason TEXT';
  end if;
end
$$;
-- <<<

-- >>> functions/control/fn_iu_gate_set.sql
-- fn_iu_gate_set(text, boolean, text, integer) returns jsonb
--
-- Contract:  opens or closes a gate with a reason. Closing takes effect for every pass that starts after the commit; then call
--            fn_iu_gate_drain to wait for those that started before.
-- Arguments: p_key: one of the gates, with or without the prefix iu_core.; p_open: true opens; p_reason: why, mandatory;
--            p_open_seconds: time to live of an opening, null = until closed
-- Returns:   {key, value, was, reason, open_until}
-- Raises:    IU401 unknown gate, IU402 reason missing, IU403 time to live without an opening or not positive
-- Writes:    dot_config (and iu_gate_log by trigger)
-- May call:  iu_operator
create or replace function fn_iu_gate_set(p_key text, p_open boolean, p_reason text, p_open_seconds integer default null) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_key text := case when p_key like E'iu\\_core.%' then p_key else 'iu_core.' || p_key end;
  v_was text;
  v_until timestamptz;
begin
  if v_key not in ('iu_core.routes_master_enabled', 'iu_core.route_worker_enabled', 'iu_core.delivery_enabled',
                   'iu_core.structure_ops_enabled', 'iu_core.autocut_enabled', 'iu_core.emission_enabled') then
    raise exception using errcode = 'IU401', message = format('there is no gate %s', quote_literal(p_key)),
      hint = 'iu gate list shows the gates';
  end if;
  perform fn_iu_gate_reason_check(p_reason);
  if p_open_seconds is not null and (not p_open or p_open_seconds <= 0) then
    raise exception using errcode = 'IU403', message = 'a time to live is a positive number of seconds and belongs to an opening';
  end if;
  v_until := case when p_open_seconds is not null then clock_timestamp() + make_interval(secs => p_open_seconds) end;
  select value into v_was from dot_config where key = v_key;
  perform set_config('iu_core.gate_set', v_key, true);
  insert into dot_config (key, value, reason, open_until) values (v_key, case when p_open then 'true' else 'false' end, p_reason, v_until)
  on conflict (key) do update set value = excluded.value, reason = excluded.reason, open_until = excluded.open_until;
  perform set_config('iu_core.gate_set', '', true);
  return jsonb_build_object('key', v_key, 'value', case when p_open then 'true' else 'false' end, 'was', v_was,
                            'reason', p_reason, 'open_until', v_until);
end
$$;
-- <<<

create trigger trg_iu_config_guard before insert or update on dot_config
  for each row execute function fn_iu_config_guard();
-- beside the one above, because only the columns of a trigger tell that a statement named the value although it stays the same
create trigger trg_iu_config_said before update of value on dot_config
  for each row execute function fn_iu_config_guard('said');
create trigger trg_iu_config_log after insert or update or delete on dot_config
  for each row execute function fn_iu_config_log();
create trigger trg_iu_gate_log_append_only before update or delete or truncate on iu_gate_log
  for each statement execute function fn_iu_refuse_change();
alter table iu_gate_log enable always trigger trg_iu_gate_log_append_only;
create constraint trigger trg_iu_probe_commit_guard after insert on iu_probe_mark
  deferrable initially deferred
  for each row execute function fn_iu_probe_commit_guard();
alter table iu_probe_mark enable always trigger trg_iu_probe_commit_guard;

insert into dot_config (key, value, description, reason) values
  ('iu_core.routes_master_enabled', 'false', 'master gate: passes decide only while it is true', 'installed inert'),
  ('iu_core.route_worker_enabled', 'false', 'worker gate: passes and replays run only while it is true', 'installed inert'),
  ('iu_core.delivery_enabled', 'false', 'delivery gate: live deliveries are claimed only while it is true', 'installed inert'),
  ('iu_core.structure_ops_enabled', 'false', 'structure operations are applied only while it is true', 'installed inert'),
  ('iu_core.autocut_enabled', 'false', 'the cut pipeline records only while it is true', 'installed inert'),
  ('iu_core.emission_enabled', 'true', 'only the exact value false stops recording; what is suppressed is counted', 'installed')
-- a database that is adopted has keys of its own; a gate that stands there is a decision of somebody
on conflict (key) do nothing;
