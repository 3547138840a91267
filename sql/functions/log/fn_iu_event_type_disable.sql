-- fn_iu_event_type_disable(text, text) returns jsonb
--
-- Contract:  from the commit on, events of this type are refused with IU102. What is logged stays and is routed.
-- Arguments: p_event_domain, p_event_type: the registered pair
-- Returns:   {event_domain, event_type, status: disabled | unchanged}
-- Raises:    IU101 not registered
-- Writes:    event_type_registry
-- May call:  iu_operator
create or replace function fn_iu_event_type_disable(p_event_domain text, p_event_type text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_active boolean;
begin
  select active into v_active from event_type_registry
   where event_domain = p_event_domain and event_type = p_event_type for update;
  if v_active is null then
    raise exception using errcode = 'IU101',
      message = format('event type %s/%s is not registered', left(p_event_domain, 80), left(p_event_type, 80)),
      hint = 'iu event-type list shows the registered types';
  end if;
  update event_type_registry set active = false, changed_by = session_user, updated_at = clock_timestamp()
   where event_domain = p_event_domain and event_type = p_event_type and active;
  return jsonb_build_object('event_domain', p_event_domain, 'event_type', p_event_type,
                            'status', case when v_active then 'disabled' else 'unchanged' end);
end
$$;
