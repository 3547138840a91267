-- fn_iu_redaction_decide(bigint, text, text[]) returns iu_redaction
--
-- Contract:  how a person's decision about a redaction begins: with a note, on a redaction that waits for it, whose row is locked from here on.
-- Arguments: p_redaction_id; p_note: mandatory; p_states: in which it waits for this decision
-- Returns:   the redaction
-- Raises:    IU890 there is no such redaction, IU892 note missing, IU896 it is not waiting for this
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_redaction_decide(p_redaction_id bigint, p_note text, p_states text[]) returns iu_redaction
language plpgsql
volatile
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
  elsif v_redaction.state <> all (p_states) then
    raise exception using errcode = 'IU896', message = format('redaction %s is %s', p_redaction_id, v_redaction.state);
  end if;
  return v_redaction;
end
$$;
