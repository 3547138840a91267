-- fn_iu_event_settle(event_outbox, text, boolean) returns event_outbox
--
-- Contract:  checks one row: fills what an insert left null and names what is wrong, one code a reason. A
--            message names a key or a column, never a value of the payload.
-- Arguments: p_event: the row; p_payload: its payload as text; p_known: registered, active, same stream and lane
-- Returns:   the row with id, times, actor and address filled
-- Raises:    IU101 type not registered, IU102 type disabled, IU103 stream or lane differ from the registry, IU104 payload is no
--            object, IU105 payload too large, IU106 payload too deep, IU107 forbidden key, IU108 unknown classification,
--            IU110 mandatory column is null, IU116 infinite time, IU112 descriptive column too long
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_event_settle(p_event event_outbox, p_payload text, p_known boolean) returns event_outbox
language plpgsql
set search_path from current
as $$
declare
  v_limit integer;
  v_key text;
begin
  if p_known is not true then
    perform fn_iu_event_type_refuse(p_event.event_domain, p_event.event_type);
  end if;
  if p_event.payload_classification is null or p_event.payload_classification not in ('safe_metadata', 'restricted') then
    raise exception using errcode = 'IU108', message = 'payload_classification is neither safe_metadata nor restricted';
  end if;
  if p_event.event_subject_table is null or p_event.source_system is null then
    raise exception using errcode = 'IU110',
      message = format('%s is mandatory', case when p_event.event_subject_table is null then 'event_subject_table' else 'source_system' end);
  end if;
  if p_payload is null or p_payload not like '{%' then
    raise exception using errcode = 'IU104', message = 'safe_payload is not a JSON object';
  end if;
  if octet_length(p_payload) > 4096 then
    v_limit := fn_iu_setting_number('iu_core.max_payload_bytes', 1048576, 4096, 1000000000);
    if octet_length(p_payload) > v_limit then
      raise exception using errcode = 'IU105',
        message = format('safe_payload has %s bytes, the limit is %s', octet_length(p_payload), v_limit),
        hint = 'an event is a signal: send a reference instead of the data, or raise iu_core.max_payload_bytes';
    end if;
  end if;
  if jsonb_path_exists(p_event.safe_payload, 'strict $.**{64} ? (@.type() == "object" || @.type() == "array")') then
    raise exception using errcode = 'IU106', message = 'safe_payload is nested more than 64 levels deep';
  end if;
  v_key := fn_iu_forbidden_key(p_payload);
  if v_key is not null then
    raise exception using errcode = 'IU107', message = format('safe_payload has the forbidden key %s', v_key),
      hint = 'an event carries references, never contents or secrets';
  end if;
  -- the subject is a key of the routing tables' indexes, so it has to fit into one
  if octet_length(p_event.event_subject_ref) > 1024 or octet_length(p_event.event_subject_table) > 1024
     or octet_length(p_event.canonical_address) > 2048 or octet_length(p_event.actor_ref) > 2048
     or octet_length(p_event.source_system) > 2048 or octet_length(p_event.correlation_id) > 2048
     or octet_length(p_event.event_severity) > 80 then
    raise exception using errcode = 'IU112', message = 'a descriptive column of the event is too long',
      hint = 'subject table and ref: 1024 bytes; address, actor, source and correlation: 2048; severity: 80';
  end if;
  if not isfinite(p_event.created_at) or not isfinite(p_event.occurred_at) then
    raise exception using errcode = 'IU116', message = 'created_at and occurred_at are points in time, not infinity';
  end if;
  p_event.actor_ref := coalesce(p_event.actor_ref, session_user);
  p_event.canonical_address := coalesce(p_event.canonical_address, '');
  p_event.id := coalesce(p_event.id, gen_random_uuid());
  p_event.created_at := coalesce(p_event.created_at, now());
  p_event.occurred_at := coalesce(p_event.occurred_at, now());
  return p_event;
end
$$;
