-- fn_iu_activation_step(bigint, text, text, jsonb, timestamptz, timestamptz) returns jsonb
--
-- Contract:  records one step of an activation: what, with which outcome, by what it was seen, in the name of the session. A step that
--            is tried again is another row; the last one counts.
-- Arguments: p_activation_id; p_step; p_outcome: passed, failed or skipped; p_evidence: an object of at most 64 KiB without payloads and
--            secrets; p_began_at, p_ended_at: when it was done
-- Returns:   {step_id, step, outcome, recorded_by, recorded_at}
-- Raises:    IU865 the activation is not open, IU866 the step is refused
-- Writes:    iu_activation_step
-- May call:  iu_operator
create or replace function fn_iu_activation_step(p_activation_id bigint, p_step text, p_outcome text, p_evidence jsonb, p_began_at timestamptz,
  p_ended_at timestamptz)
returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_row iu_activation_step;
  v_key text := fn_iu_forbidden_key(p_evidence::text);
begin
  perform from iu_activation where activation_id = p_activation_id and state = 'open' for update;
  if not found then
    raise exception using errcode = 'IU865', message = format('there is no open activation %s', p_activation_id), hint = 'iu activate status shows them';
  elsif jsonb_typeof(p_evidence) is distinct from 'object' or octet_length(p_evidence::text) > 65536 or v_key is not null then
    raise exception using errcode = 'IU866', message = 'the evidence of a step is an object of at most 64 KiB without payloads and secrets',
      hint = 'report it: a step of iu activate recorded what it may not';
  end if;
  insert into iu_activation_step (activation_id, step, outcome, evidence, began_at, ended_at, recorded_by)
  values (p_activation_id, p_step, p_outcome, p_evidence, p_began_at, p_ended_at, session_user)
  returning * into v_row;
  return jsonb_build_object('step_id', v_row.step_id::text, 'step', v_row.step, 'outcome', v_row.outcome, 'recorded_by', v_row.recorded_by,
    'recorded_at', v_row.recorded_at);
end
$$;
