-- fn_iu_source_pin(bytea, text, text, text, text, text) returns table (pin_id bigint, sha256 text, is_new boolean)
--
-- Contract:  keeps the bytes of a source, once: the same bytes give the same pin, whatever they are called the second time. The
--            hash is taken here, of what arrived. Encoding is utf-8 when PostgreSQL can read the bytes as text, else what the caller read
--            them as, or unknown.
-- Arguments: p_bytes: the source, whole; p_media_type: for example text/markdown; p_newline_style: none, lf, crlf, cr or mixed;
--            p_title: what people call it; p_source_note: where it comes from, under which licence; p_encoding: of text that is not UTF-8
-- Returns:   the pin, and whether it is new
-- Raises:    IU701 no bytes given, IU897 a redaction took something out of these very bytes
-- Writes:    iu_source_pin
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_source_pin(p_bytes bytea, p_media_type text, p_newline_style text default null,
  p_title text default null, p_source_note text default null, p_encoding text default null)
returns table (pin_id bigint, sha256 text, is_new boolean)
language plpgsql
security definer
set search_path from current
as $$
declare
  v_sha256 text := encode(pg_catalog.sha256(p_bytes), 'hex');
  v_encoding text := 'utf-8';
begin
  if p_bytes is null then
    raise exception using errcode = 'IU701', message = 'a source pin needs bytes', hint = 'pass the whole source as bytea';
  end if;
  return query select p.pin_id, p.sha256, false from iu_source_pin p where p.sha256 = v_sha256;
  if found then
    if exists (select from iu_source_pin p where p.sha256 = v_sha256 and not isempty(p.redacted)) then
      raise exception using errcode = 'IU897', message = 'something in this source was redacted; as it was it may not come back',
        hint = 'iu redact list says which; leave it out of the source';
    end if;
    return;
  end if;
  begin
    perform convert_from(p_bytes, 'UTF8');
  exception when character_not_in_repertoire or untranslatable_character then
    v_encoding := coalesce(p_encoding, 'unknown');
  end;
  return query
    insert into iu_source_pin as p (sha256, bytes, byte_length, media_type, encoding, has_byte_order_mark, newline_style, title, source_note)
    values (v_sha256, p_bytes, octet_length(p_bytes), p_media_type, v_encoding,
            substring(p_bytes from 1 for 3) = E'\\xefbbbf'::bytea
              or v_encoding like 'utf-16%' and substring(p_bytes from 1 for 2) in (E'\\xfffe'::bytea, E'\\xfeff'::bytea),
            p_newline_style, p_title, p_source_note)
    on conflict on constraint iu_source_pin_sha256_key do nothing
    returning p.pin_id, p.sha256, true;
  if not found then
    -- Somebody else pinned the same bytes since the first look; a new statement sees that row.
    return query select p.pin_id, p.sha256, false from iu_source_pin p where p.sha256 = v_sha256;
  end if;
end
$$;
