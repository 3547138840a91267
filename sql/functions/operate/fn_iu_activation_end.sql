-- fn_iu_activation_end(bigint, text, text) returns jsonb
--
-- Contract:  ends an activation: done when every step passed or was left out, given_up when somebody says so.
-- Arguments: p_activation_id; p_state: done or given_up; p_note: why
-- Returns:   {activation_id, state, ended_by, ended_at}
-- Raises:    IU865 the activation is not open
-- Writes:    iu_activation
-- May call:  iu_operator
create or replace function fn_iu_activation_end(p_activation_id bigint, p_state text, p_note text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_row iu_activation;
begin
  update iu_activation set state = p_state, ended_by = session_user, ended_at = clock_timestamp(), end_note = p_note
   where activation_id = p_activation_id and state = 'open'
  returning * into v_row;
  if not found then
    raise exception using errcode = 'IU865', message = format('there is no open activation %s', p_activation_id), hint = 'iu activate status shows them';
  end if;
  return jsonb_build_object('activation_id', v_row.activation_id::text, 'state', v_row.state, 'ended_by', v_row.ended_by, 'ended_at', v_row.ended_at);
end
$$;
