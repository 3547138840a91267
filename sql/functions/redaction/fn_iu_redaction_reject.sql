-- fn_iu_redaction_reject(bigint, text) returns jsonb
--
-- Contract:  says no, or takes a request or an approval back, before it is applied.
-- Arguments: p_redaction_id; p_note: mandatory
-- Returns:   the redaction, state rejected
-- Raises:    IU890 there is no such redaction, IU896 it is not waiting for this, IU892 note missing
-- Writes:    iu_redaction
-- May call:  iu_operator, iu_approver
create or replace function fn_iu_redaction_reject(p_redaction_id bigint, p_note text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_redaction iu_redaction := fn_iu_redaction_decide(p_redaction_id, p_note, array['requested', 'approved']);
begin
  update iu_redaction set state = 'rejected', rejected_by = session_user, rejected_at = clock_timestamp(), rejection_note = p_note
   where redaction_id = p_redaction_id returning * into v_redaction;
  return fn_iu_redaction_said(v_redaction);
end
$$;
