-- fn_iu_cut_apply_steps(iu_cut_run, text) returns void
--
-- Contract:  does the structure steps of a plan as structure operations of at most 1,000 steps, planned and applied one after the other,
--            so that each can be seen, verified and rolled back by its own. The text of a new piece is sliced from the pinned bytes.
-- Arguments: p_run; p_reference: the approval
-- Returns:   nothing
-- Raises:    as fn_iu_structure_op_plan and fn_iu_structure_op_apply
-- Writes:    as the structure operations, iu_cut_operation
-- May call:  internal
create or replace function fn_iu_cut_apply_steps(p_run iu_cut_run, p_reference text) returns void
language plpgsql
set search_path from current
as $$
declare
  v_bytes bytea := (select p.bytes || ''::bytea from iu_source_pin p where p.pin_id = p_run.pin_id);
  v_batch record;
  v_operation bigint;
begin
  for v_batch in
    select (s.step_no - 1) / 1000 as batch_no,
           jsonb_agg(case when s.action = 'add' then jsonb_set(s.step, '{piece,body}',
             to_jsonb(convert_from(substring(v_bytes from m.byte_start + 1 for m.byte_end - m.byte_start), 'UTF8'))) else s.step end
             order by s.step_no) as steps
      from iu_cut_plan_step s
      left join iu_cut_mark m on m.run_id = s.run_id and m.ordinal = s.ordinal
     where s.run_id = p_run.run_id
     group by (s.step_no - 1) / 1000
     order by 1
  loop
    v_operation := (fn_iu_structure_op_plan(v_batch.steps, p_run.actor_ref, format('revision %s', p_run.revision_label),
      format('cut run %s batch %s', p_run.run_id, v_batch.batch_no)) ->> 'operation_id')::bigint;
    perform fn_iu_structure_op_apply(v_operation, p_run.actor_ref, p_reference);
    insert into iu_cut_operation (run_id, operation_id, batch_no) values (p_run.run_id, v_operation, v_batch.batch_no);
  end loop;
end
$$;
