-- fn_iu_redaction_hashes(text, text) returns text[]
--
-- Contract:  the hashes of the texts that a redaction of a version or of a source means: one for a version, those of all pieces that
--            were ever cut from it for a source.
-- Arguments: p_kind: unit_version or source_pin; p_ref: its id
-- Returns:   sha256 in hexadecimal
-- Raises:    IU890 there is no such thing, IU891 the kind or reference is malformed
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_redaction_hashes(p_kind text, p_ref text) returns text[]
language plpgsql
stable
set search_path from current
as $$
declare
  v_hashes text[];
begin
  begin
    if p_kind = 'unit_version' then
      select array[content_hash] into v_hashes from unit_version where id = p_ref::uuid;
    elsif p_kind = 'source_pin' then
      select array[s.sha256] || array(select p.sha256 from iu_cut_run r join iu_cut_piece p using (run_id) where r.pin_id = s.pin_id) into v_hashes
        from iu_source_pin s where s.pin_id = p_ref::bigint;
    end if;
  exception when invalid_text_representation or numeric_value_out_of_range then
    raise exception using errcode = 'IU891', message = format('%s is no id of a %s', quote_literal(left(p_ref, 80)), replace(p_kind, '_', ' '));
  end;
  if v_hashes is null then
    raise exception using errcode = 'IU890', message = format('there is no %s %s', replace(p_kind, '_', ' '), left(p_ref, 80));
  end if;
  return v_hashes;
end
$$;
