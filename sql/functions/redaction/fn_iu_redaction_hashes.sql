-- fn_iu_redaction_hashes(text, text) returns text[]
--
-- Contract:  the hashes of the texts that a redaction of a version or of a source means. A source is meant with what it was extracted
--            from or to, whole, and every piece that was ever cut from it, also by a run that wrote nothing. A piece that differs in format
--            only has another hash than its version: whichever of the two is meant, the other is meant with it.
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
  -- of nothing: what the normaliser leaves of every piece of blanks, which are not one text
  v_nothing constant text := encode(sha256(''), 'hex');
  v_hashes text[];
  v_pins bigint[];
  v_more_pins bigint[];
  v_more text[];
begin
  begin
    if p_kind = 'unit_version' then
      select array[content_hash] into v_hashes from unit_version where id = p_ref::uuid;
    elsif p_kind = 'source_pin' then
      select array[pin_id] into v_pins from iu_source_pin where pin_id = p_ref::bigint;
    end if;
  exception when invalid_text_representation or numeric_value_out_of_range then
    raise exception using errcode = 'IU891', message = format('%s is no id of a %s', quote_literal(left(p_ref, 80)), replace(p_kind, '_', ' '));
  end;
  if v_pins is not null then
    loop
      select array_agg(distinct s.pin_id) into v_more_pins
        from iu_cut_run r
        join iu_source_pin s on s.pin_id = r.pin_id or s.pin_id::text = r.config #>> '{original,pin_id}'
       where r.pin_id = any (v_pins) or r.config #>> '{original,pin_id}' = any (v_pins::text[]);
      exit when coalesce(v_more_pins <@ v_pins, true);
      v_pins := v_more_pins || v_pins;
    end loop;
    select array_agg(h) into v_hashes
      from (select s.sha256 from iu_source_pin s where s.pin_id = any (v_pins)
            union select p.sha256 from iu_cut_run r join iu_cut_piece p using (run_id) where r.pin_id = any (v_pins)
            union select m.sha256 from iu_cut_run r join iu_cut_mark m using (run_id) where r.pin_id = any (v_pins)) x (h);
  end if;
  if v_hashes is null then
    raise exception using errcode = 'IU890', message = format('there is no %s %s', replace(p_kind, '_', ' '), left(p_ref, 80));
  end if;
  loop
    select array_agg(h) into v_more
      from (select p.sha256 from iu_cut_piece p join unit_version v on v.id = p.version_id where v.content_hash = any (v_hashes)
            union select v.content_hash from iu_cut_piece p join unit_version v on v.id = p.version_id where p.sha256 = any (v_hashes)
            union select m.sha256 from iu_cut_mark m
             where m.normalized_sha256 <> v_nothing
               and m.normalized_sha256 in (select n.normalized_sha256 from iu_cut_mark n where n.sha256 = any (v_hashes))) x (h)
     where h <> all (v_hashes);
    exit when v_more is null;
    v_hashes := v_hashes || v_more;
  end loop;
  return v_hashes;
end
$$;
