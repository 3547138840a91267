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
  v_redaction iu_redaction;
begin
  if nullif(btrim(p_note), '') is null then
    raise exception using errcode = 'IU892', message = 'a decision about a redaction has a note', hint = 'add --note TEXT';
  end if;
  select * into v_redaction from iu_redaction where redaction_id = p_redaction_id for update;
  if not found then
    raise exception using errcode = 'IU890', message = format('there is no redaction %s', p_redaction_id), hint = 'iu redact list';
  elsif v_redaction.state not in ('requested', 'approved') then
    raise exception using errcode = 'IU896', message = format('redaction %s is %s', p_redaction_id, v_redaction.state);
  end if;
  update iu_redaction set state = 'rejected', rejected_by = session_user, rejected_at = clock_timestamp(), rejection_note = p_note
   where redaction_id = p_redaction_id returning * into v_redaction;
  return fn_iu_redaction_said(v_redaction);
end
$$;
