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
