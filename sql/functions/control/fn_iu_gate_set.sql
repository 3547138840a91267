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
