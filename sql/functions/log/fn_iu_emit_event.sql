-- fn_iu_emit_event(text, text, uuid, text, jsonb) returns uuid
--
-- Contract:  the short form of fn_iu_emit for events about information units: domain iu, source iu_core, subject a unit.
-- Arguments: p_event_type: registered for domain iu; p_canonical_address, p_subject_ref: address and id of the unit;
--            p_actor_ref: who; p_safe_payload: object, references only
-- Returns:   the event's id; null only while iu_core.emission_enabled is 'false' (counted in iu_suppressed_event)
-- Raises:    as fn_iu_emit
-- Writes:    event_outbox, iu_suppressed_event
-- May call:  iu_emitter, iu_worker, iu_operator
create or replace function fn_iu_emit_event(
  p_event_type text,
  p_canonical_address text,
  p_subject_ref uuid,
  p_actor_ref text,
  p_safe_payload jsonb
) returns uuid
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
  return (select e.event_id
            from fn_iu_emit('iu', p_event_type, 'information_unit', p_subject_ref::text, p_safe_payload,
                            p_canonical_address => p_canonical_address, p_actor_ref => p_actor_ref) e);
end
$$;
