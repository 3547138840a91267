-- fn_iu_route_dead_letter_replay(bigint, boolean) returns jsonb
--
-- Contract:  decides the event of one dead letter again by today's route, as the next attempt, and resolves the dead letter when that gave
--            a dry-run or a queued delivery. Failed again: the new letter takes its place. Refused while the master or the worker gate is
--            closed: a kill switch is total.
-- Arguments: p_dead_letter_id; p_new_id: a new delivery id instead of the same one
-- Returns:   {status: replayed|master_gate_closed|worker_gate_closed|already_resolved|delivery_waiting|unknown_dead_letter,
--            decision, reason, resolved, attempt_no, edit_id}
-- Raises:    IU301, IU302
-- Writes:    iu_route_attempt, iu_route_delivery, iu_route_dead_letter
-- May call:  iu_operator
create or replace function fn_iu_route_dead_letter_replay(p_dead_letter_id bigint, p_new_id boolean default false) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_closed text;
  v_letter iu_route_dead_letter;
  v_result jsonb;
  v_resolved boolean;
begin
  perform fn_iu_require_read_committed();
  v_closed := fn_iu_closed_gate();
  if v_closed is not null then
    return jsonb_build_object('status', v_closed, 'resolved', false);
  end if;
  select * into v_letter from iu_route_dead_letter where dead_letter_id = p_dead_letter_id for update;
  if not found then
    return jsonb_build_object('status', 'unknown_dead_letter', 'resolved', false);
  elsif v_letter.resolved_at is not null then
    return jsonb_build_object('status', 'already_resolved', 'resolved', true, 'resolution', v_letter.resolution);
  end if;
  v_result := fn_iu_route_redecide(v_letter.event_seq, v_letter.route_id, p_new_id);
  v_resolved := v_result ->> 'decision' in ('dry_run', 'queued', 'decided');
  -- A new failure has a letter of its own, so that a pair never has two open ones.
  if v_resolved or v_result ->> 'decision' = 'failed' then
    update iu_route_dead_letter
       set resolved_at = clock_timestamp(), resolved_by = session_user, resolution = 'replayed',
           resolution_note = format('attempt %s: %s%s', v_result ->> 'attempt_no', v_result ->> 'decision', ', edit ' || (v_result ->> 'edit_id'))
     where dead_letter_id = p_dead_letter_id;
  end if;
  return v_result || jsonb_build_object('dead_letter_id', p_dead_letter_id, 'resolved', coalesce(v_resolved, false));
end
$$;
