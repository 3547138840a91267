-- fn_iu_redaction_approve(bigint, text) returns jsonb
--
-- Contract:  the second person agrees. Another login than the one that asked, whatever role it has (session_user).
-- Arguments: p_redaction_id; p_note: mandatory
-- Returns:   the redaction, state approved
-- Raises:    IU890 there is no such redaction, IU895 the one who asked, IU896 it is not waiting for this, IU892 note missing
-- Writes:    iu_redaction
-- May call:  iu_approver
create or replace function fn_iu_redaction_approve(p_redaction_id bigint, p_note text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_redaction iu_redaction := fn_iu_redaction_decide(p_redaction_id, p_note, array['requested']);
begin
  if v_redaction.requested_by = session_user then
    raise exception using errcode = 'IU895', message = format('%s asked for it and cannot approve it', session_user),
      hint = 'a second person approves, with a login of their own';
  end if;
  update iu_redaction set state = 'approved', approved_by = session_user, approved_at = clock_timestamp(), approval_note = p_note
   where redaction_id = p_redaction_id returning * into v_redaction;
  return fn_iu_redaction_said(v_redaction);
end
$$;
