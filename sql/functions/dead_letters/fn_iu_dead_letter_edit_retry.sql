-- fn_iu_dead_letter_edit_retry(bigint, jsonb, text, boolean) returns jsonb
--
-- Contract:  tries a dead letter again with a corrected payload. The event never changes: the payload becomes a row of iu_event_edit
--            with its difference to the event, for this event and route only, and the next attempt judges the filter by it and sends it
--            under a new delivery id, because its content is another. A later replay of the pair keeps the correction and that id. The
--            payload is checked like an emission; gates are obeyed as in fn_iu_route_dead_letter_replay. A preview does all of it and
--            undoes it.
-- Arguments: p_dead_letter_id; p_payload: the whole payload; p_reason: why, mandatory; p_preview
-- Returns:   as fn_iu_route_dead_letter_replay, and edit_id, diff: [{path, from, to}] as JSON texts; a status other than replayed has
--            left nothing
-- Raises:    IU342 no such dead letter, IU340 already resolved, IU375 reason missing, IU376 it belongs to no route, IU377 nothing differs,
--            IU104 to IU107 the payload is refused, IU301, IU302
-- Writes:    iu_event_edit, iu_route_attempt, iu_route_delivery, iu_route_lane, iu_route_dead_letter
-- May call:  iu_operator
create or replace function fn_iu_dead_letter_edit_retry(p_dead_letter_id bigint, p_payload jsonb, p_reason text, p_preview boolean default false)
returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_letter iu_route_dead_letter;
  v_event event_outbox;
  v_diff jsonb;
  v_edit_id bigint;
  v_result jsonb;
begin
  perform fn_iu_require_read_committed();
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU375', message = 'a payload is corrected with a reason', hint = 'add --reason TEXT';
  end if;
  select * into v_letter from iu_route_dead_letter where dead_letter_id = p_dead_letter_id for update;
  if not found then
    raise exception using errcode = 'IU342', message = format('there is no dead letter %s', p_dead_letter_id),
      hint = 'iu dead-letter list shows the open ones';
  elsif v_letter.resolved_at is not null then
    raise exception using errcode = 'IU340', message = format('dead letter %s is already resolved', p_dead_letter_id);
  elsif v_letter.route_id = 0 then
    raise exception using errcode = 'IU376', message = format('dead letter %s belongs to no route', p_dead_letter_id),
      hint = 'correct the cause and replay it: iu dead-letter replay ID';
  end if;
  select * into strict v_event from event_outbox where seq = v_letter.event_seq;
  v_diff := fn_iu_payload_diff(v_event.safe_payload, p_payload);
  v_event.safe_payload := p_payload;
  perform fn_iu_event_settle(v_event, p_payload::text, true);
  if v_diff = '{}' then
    raise exception using errcode = 'IU377', message = 'the payload does not differ from the event', hint = 'iu dead-letter replay ID replays it as it is';
  end if;
  -- The decision row, as fn_iu_route_redecide locks it: the number that it takes next is the one noted here.
  perform from iu_route_attempt a where a.event_seq = v_letter.event_seq and a.route_id = v_letter.route_id and a.attempt_no = 1 for update;
  begin
    insert into iu_event_edit (event_seq, route_id, attempt_no, payload, diff, edited_by, reason)
    select v_letter.event_seq, v_letter.route_id, max(a.attempt_no) + 1, p_payload, v_diff, session_user, p_reason
      from iu_route_attempt a where a.event_seq = v_letter.event_seq and a.route_id = v_letter.route_id
    returning edit_id into v_edit_id;
    v_result := fn_iu_route_dead_letter_replay(p_dead_letter_id);
    if p_preview or v_result ->> 'status' <> 'replayed' then
      raise exception using errcode = 'IU378', message = 'undone';
    end if;
  exception when sqlstate 'IU378' then
    v_edit_id := null;
  end;
  return v_result || jsonb_build_object('edit_id', v_edit_id::text, 'diff', (
    select jsonb_agg(jsonb_build_object('path', d.key, 'from', (d.value -> 'from')::text, 'to', (d.value -> 'to')::text) order by d.key)
      from jsonb_each(v_diff) d));
end
$$;
