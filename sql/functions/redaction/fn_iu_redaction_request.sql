-- fn_iu_redaction_request(text, text, text, text) returns jsonb
--
-- Contract:  asks for a redaction; nothing is overwritten yet, and a prune leaves the event alone until it is decided. What stands in
--            the way now (a waiting delivery) does not keep anybody from asking.
-- Arguments: p_kind, p_ref: as fn_iu_redaction_plan; p_reason: why; p_legal_ref: the request or rule it rests on. Both stay, so no text
--            of the thing itself belongs into them.
-- Returns:   the redaction, state requested
-- Raises:    IU890 no such thing or no copy of it is left, IU891 malformed, IU892 reason or legal reference missing, IU894 asked for already
-- Writes:    iu_redaction
-- May call:  iu_operator
create or replace function fn_iu_redaction_request(p_kind text, p_ref text, p_reason text, p_legal_ref text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_plan jsonb;
  v_redaction iu_redaction;
begin
  if nullif(btrim(p_reason), '') is null or nullif(btrim(p_legal_ref), '') is null then
    raise exception using errcode = 'IU892', message = 'a redaction has a reason and a legal reference', hint = 'add --reason TEXT --legal-ref TEXT';
  end if;
  v_plan := fn_iu_redaction_plan(p_kind, p_ref);
  if v_plan -> 'copies' = '[]' then
    raise exception using errcode = 'IU890', message = format('nothing of %s %s is left to overwrite', v_plan ->> 'subject_kind', v_plan ->> 'subject_ref'),
      hint = coalesce((select 'only a person can take it out of ' || string_agg(f, ', ') from jsonb_array_elements_text(v_plan -> 'archive_files') f),
                      'iu redact list');
  end if;
  insert into iu_redaction (subject_kind, subject_ref, reason, legal_ref, plan, requested_by)
  values (v_plan ->> 'subject_kind', v_plan ->> 'subject_ref', p_reason, p_legal_ref, v_plan, session_user)
  on conflict (subject_kind, subject_ref) where state in ('requested', 'approved') do nothing
  returning * into v_redaction;
  if not found then
    raise exception using errcode = 'IU894', message = format('a redaction of %s %s is asked for already', v_plan ->> 'subject_kind', v_plan ->> 'subject_ref'),
      hint = 'iu redact list --state requested';
  end if;
  return fn_iu_redaction_said(v_redaction);
end
$$;
