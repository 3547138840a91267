-- fn_iu_redaction_said(iu_redaction) returns jsonb
--
-- Contract:  what the functions of a redaction answer with.
-- Arguments: p_redaction
-- Returns:   the row, its id as text, without the plan
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_redaction_said(p_redaction iu_redaction) returns jsonb
language sql
stable
set search_path from current
as $$
  select to_jsonb(p_redaction) - '{plan}'::text[] || jsonb_build_object('redaction_id', p_redaction.redaction_id::text)
$$;
