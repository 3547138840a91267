-- fn_iu_structure_events(bigint, text) returns jsonb
--
-- Contract:  the events of an operation.
-- Arguments: p_operation_id; p_phase: apply | rollback
-- Returns:   {event_emitted, events: [{step_no, event_type, event_id}]}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_structure_events(p_operation_id bigint, p_phase text) returns jsonb
language plpgsql
set search_path from current
as $$
begin
  -- plpgsql, which keeps its plan: as an SQL function it is planned again in every call
  return (
    select jsonb_build_object('event_emitted', bool_and(event_id is not null),
                              'events', jsonb_agg(jsonb_build_object('step_no', step_no, 'event_type', event_type, 'event_id', event_id) order by step_no))
      from iu_structure_event where operation_id = p_operation_id and phase = p_phase
  );
end
$$;
