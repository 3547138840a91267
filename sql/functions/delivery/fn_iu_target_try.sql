-- fn_iu_target_try(text, text, jsonb) returns jsonb
--
-- Contract:  calls a registered target in the database with a marked event and undoes everything it did: a test send. As the role
--            that calls and under its rights.
-- Arguments: p_target_kind, p_target_ref: as a route has them; p_event: the event, marked as a test
-- Returns:   {passed, code, detail}
-- Raises:    nothing
-- Writes:    nothing that stays
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_target_try(p_target_kind text, p_target_ref text, p_event jsonb) returns jsonb
language plpgsql
volatile
set search_path from current
as $$
declare
  v_name text := (select o.call_name from fn_iu_target_object(p_target_kind, p_target_ref) o);
  v_state text;
  v_message text;
begin
  if v_name is null then
    return jsonb_build_object('passed', false, 'code', 'target_unregistered', 'detail', 'iu target register allows an object as a target');
  end if;
  begin
    if p_target_kind = 'sql_function' then
      execute format('select %s($1, $2)', v_name) using (p_event ->> 'id')::uuid, p_event;
    else
      execute format('insert into %s (delivery_id, event_id, event) values ($1, $2, $3) on conflict do nothing', v_name)
        using p_event ->> 'delivery_id', (p_event ->> 'id')::uuid, p_event;
    end if;
    set constraints all immediate;
    raise exception using errcode = 'IU362', message = 'undo';
  exception when query_canceled or assert_failure or others then
    get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
  end;
  return jsonb_build_object('passed', v_state = 'IU362', 'code', nullif(v_state, 'IU362'),
    'detail', case when v_state = 'IU362' then 'called and undone' when v_state like '22%' then 'data refused' else left(v_message, 200) end);
end
$$;
