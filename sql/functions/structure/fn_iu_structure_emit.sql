-- fn_iu_structure_emit(bigint, integer, text, text, uuid, text) returns void
--
-- Contract:  emits the one event of an applied or rolled back step and keeps its id. Recording that is switched off never fails the
--            operation: the log counts what it suppressed, and the row here has no event_id. A unit that the operation made has the address
--            it was born with, after the rollback too. The payload counts the touched units and names at most 50, so that a step of any size
--            has room in it; iu_structure_change has all of them.
-- Arguments: p_operation_id, p_step_no; p_phase: apply | rollback; p_event_type; p_unit_id: the subject; p_actor
-- Returns:   nothing
-- Raises:    as fn_iu_emit
-- Writes:    event_outbox, iu_suppressed_event, iu_structure_event
-- May call:  internal
create or replace function fn_iu_structure_emit(p_operation_id bigint, p_step_no integer, p_phase text, p_event_type text, p_unit_id uuid, p_actor text)
returns void
language plpgsql
set search_path from current
as $$
declare
  v_event uuid;
begin
  with touched as materialized (
    select distinct c.unit_id from iu_structure_change c
     where c.operation_id = p_operation_id and c.step_no = p_step_no and c.change_kind not in ('context', 'review')
  )
  select fn_iu_emit_event(p_event_type, coalesce((select c.after ->> 'canonical_address' from iu_structure_change c
                                                   where c.unit_id = u.id and c.operation_id = o.operation_id and c.change_kind = 'born'),
                                                 u.canonical_address), u.id, p_actor, jsonb_build_object(
           'operation_id', o.operation_id::text, 'operation_type', o.payload -> (p_step_no - 1) ->> 'operation_type', 'step_no', p_step_no,
           'step_count', o.step_count, 'approval_ref', case p_phase when 'apply' then o.approval_ref else o.rollback_approval_ref end,
           'unit_count', (select count(*) from touched),
           'unit_ids', (select coalesce(jsonb_agg(f.unit_id), '[]') from (select unit_id from touched order by unit_id limit 50) f)))
    into v_event
    from iu_structure_operation o, information_unit u
   where o.operation_id = p_operation_id and u.id = p_unit_id;
  insert into iu_structure_event (operation_id, step_no, phase, event_type, unit_id, event_id)
  values (p_operation_id, p_step_no, p_phase, p_event_type, p_unit_id, v_event);
end
$$;
