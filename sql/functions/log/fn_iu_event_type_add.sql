-- fn_iu_event_type_add(text, text, text, text, text, text) returns jsonb
--
-- Contract:  registers an event type, or enables a disabled one. Stream and lane of a known type never change: events already
--            logged carry them.
-- Arguments: p_event_domain, p_event_type: letters, digits, dot, dash, underscore; p_event_stream: comment | review | update |
--            birth | task | alert | health; p_delivery_lane: immediate | delayed; p_default_severity: used when an event has none;
--            p_description: for people
-- Returns:   {event_domain, event_type, event_stream, delivery_lane, status: added | enabled | unchanged}
-- Raises:    IU113 malformed domain, type, stream or lane, IU103 the type exists with another stream or lane
-- Writes:    event_type_registry
-- May call:  iu_operator
create or replace function fn_iu_event_type_add(
  p_event_domain text,
  p_event_type text,
  p_event_stream text default 'update',
  p_delivery_lane text default 'immediate',
  p_default_severity text default null,
  p_description text default null
) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_row event_type_registry;
  v_status text := 'added';
begin
  if p_event_domain is null or p_event_domain !~ '^[A-Za-z0-9_.-]{1,80}$' or p_event_type is null or p_event_type !~ '^[A-Za-z0-9_.-]{1,80}$'
     or p_event_stream is null or p_event_stream not in ('comment', 'review', 'update', 'birth', 'task', 'alert', 'health')
     or p_delivery_lane is null or p_delivery_lane not in ('immediate', 'delayed') then
    raise exception using errcode = 'IU113',
      message = 'domain and type are 1 to 80 letters, digits, dots, dashes or underscores; stream and lane come from their lists',
      hint = 'streams: comment, review, update, birth, task, alert, health; lanes: immediate, delayed';
  end if;
  insert into event_type_registry (event_domain, event_type, event_stream, delivery_lane, default_severity, description)
  values (p_event_domain, p_event_type, p_event_stream, p_delivery_lane, p_default_severity, p_description)
  on conflict (event_domain, event_type) do nothing;
  if not found then
    select * into strict v_row from event_type_registry where event_domain = p_event_domain and event_type = p_event_type for update;
    if v_row.event_stream <> p_event_stream or v_row.delivery_lane <> p_delivery_lane then
      raise exception using errcode = 'IU103',
        message = format('event type %s/%s exists as %s/%s', p_event_domain, p_event_type, v_row.event_stream, v_row.delivery_lane),
        hint = 'use another type name, or the registered stream and lane';
    end if;
    v_status := case when v_row.active then 'unchanged' else 'enabled' end;
    update event_type_registry
       set active = true, default_severity = coalesce(p_default_severity, default_severity),
           description = coalesce(p_description, description), changed_by = session_user, updated_at = clock_timestamp()
     where event_domain = p_event_domain and event_type = p_event_type
       and (not active or p_default_severity is distinct from default_severity or p_description is distinct from description);
  end if;
  return jsonb_build_object('event_domain', p_event_domain, 'event_type', p_event_type, 'event_stream', p_event_stream,
                            'delivery_lane', p_delivery_lane, 'status', v_status);
end
$$;
