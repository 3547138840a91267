-- fn_iu_structure_op_apply(bigint, text, text) returns jsonb
--
-- Contract:  does what was planned, in the caller's transaction: all steps or none, one event a step, what was written proven. Applied
--            twice is applied once. Refused when a place, number or life that it changes is no longer as the plan found it, or when it would change
--            other units than the plan said.
-- Arguments: p_operation_id; p_actor: who applies; p_approval_ref: the approval that allows it, mandatory
-- Returns:   as the plan without its preview, and event_emitted, events: [{step_no, event_type, event_id}]
-- Raises:    IU216 actor missing, IU607 the plan is stale, IU614 no such operation, IU615 gate closed, IU616 approval missing,
--            IU617 rolled back or withdrawn, as the steps
-- Writes:    as the steps; iu_structure_operation, iu_structure_event, event_outbox
-- May call:  iu_operator
create or replace function fn_iu_structure_op_apply(p_operation_id bigint, p_actor text, p_approval_ref text) returns jsonb
language plpgsql
security definer
set search_path from current
-- the statements of this room look rows up by key: planning each for its values cost more than doing it
set plan_cache_mode = force_generic_plan
as $$
declare
  v_operation iu_structure_operation := fn_iu_structure_claim(p_operation_id, p_actor, p_approval_ref);
  v_run jsonb;
  v_step jsonb;
  v_stale text;
begin
  if v_operation.operation_status = 'enacted' then
    return fn_iu_structure_said(v_operation, true) || fn_iu_structure_events(p_operation_id, 'apply');
  end if;
  if v_operation.operation_status <> 'planned' then
    raise exception using errcode = 'IU617', message = format('operation %s is %s', p_operation_id, v_operation.operation_status),
      hint = 'plan it again with another request name';
  end if;
  v_run := fn_iu_structure_run(p_operation_id, v_operation.payload, p_actor, p_approval_ref, false);
  -- as sets: looking each unit up in what was found reads all of it again each time (five minutes for 28,000 units)
  with now as materialized (
    select distinct on (c.unit_id, c.change_kind) c.unit_id || ' ' || c.change_kind as key, c.before from iu_structure_change c
     where c.operation_id = p_operation_id and c.change_kind in ('placed', 'lifecycle', 'numbered')
       and not exists (select from iu_structure_change b where b.operation_id = c.operation_id and b.unit_id = c.unit_id and b.change_kind = 'born')
     order by c.unit_id, c.change_kind, c.change_no
  )
  select u.canonical_address into v_stale
    from ((select key, before from now except select f.key, f.value from jsonb_each(v_operation.found) f)
          union all
          -- and what the plan would have changed and is not there to be changed any more
          (select f.key, f.value from jsonb_each(v_operation.found) f except select key, before from now) limit 1) changed
    join information_unit u on u.id = split_part(changed.key, ' ', 1)::uuid;
  if found then
    raise exception using errcode = 'IU607', message = format('%s has changed since operation %s was planned', v_stale, p_operation_id),
      hint = 'plan it again with another request name and look at the new impact';
  end if;
  update iu_structure_operation
     set operation_status = 'enacted', approval_ref = p_approval_ref, applied_by = p_actor, applied_login = session_user, enacted_at = fn_iu_stamp(),
         updated_at = clock_timestamp(), applied_seq = nextval('iu_structure_applied_seq'),
         impact_summary = impact_summary || jsonb_build_object('before_hash', v_run -> 'before_hash', 'after_hash', v_run -> 'after_hash'),
         target_unit_ids = array(select unit_id from iu_structure_change where operation_id = p_operation_id and change_kind = 'born' order by change_no),
         source_unit_ids = array(select distinct unit_id from iu_structure_change where operation_id = p_operation_id
                                    and change_kind in ('lifecycle', 'placed', 'numbered')),
         parent_unit_id = (select unit_id from iu_structure_change where operation_id = p_operation_id and change_kind = 'context'
                            order by change_no limit 1)
   where operation_id = p_operation_id returning * into v_operation;
  for v_step in select jsonb_array_elements(v_run -> 'steps') loop
    perform fn_iu_structure_emit(p_operation_id, (v_step ->> 'step_no')::integer, 'apply', v_step ->> 'event_type', (v_step ->> 'unit_id')::uuid, p_actor);
  end loop;
  return fn_iu_structure_said(v_operation, false) || fn_iu_structure_events(p_operation_id, 'apply');
end
$$;
