-- fn_iu_event_type_refuse(text, text) returns void
--
-- Contract:  says why an event type may not be used as it was.
-- Arguments: p_event_domain, p_event_type: what was used
-- Returns:   never
-- Raises:    IU101 not registered, IU102 disabled, IU103 used with another stream or lane
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_event_type_refuse(p_event_domain text, p_event_type text) returns void
language plpgsql
set search_path from current
as $$
declare
  v_type event_type_registry;
begin
  select * into v_type from event_type_registry where event_domain = p_event_domain and event_type = p_event_type;
  if not found then
    raise exception using errcode = 'IU101',
      message = format('event type %s/%s is not registered', left(p_event_domain, 80), left(p_event_type, 80)),
      hint = 'register it first: iu event-type add DOMAIN TYPE, or select fn_iu_event_type_add(...)';
  end if;
  if not v_type.active then
    raise exception using errcode = 'IU102', message = format('event type %s/%s is disabled', p_event_domain, p_event_type),
      hint = 'enable it again with iu event-type add DOMAIN TYPE';
  end if;
  raise exception using errcode = 'IU103',
    message = format('event type %s/%s is registered as %s/%s and was used with another stream or lane', p_event_domain, p_event_type,
                     v_type.event_stream, v_type.delivery_lane),
    hint = 'leave event_stream and delivery_lane null, the registry fills them';
end
$$;
