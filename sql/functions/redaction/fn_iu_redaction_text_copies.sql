-- fn_iu_redaction_text_copies(text[]) returns table (table_name, row_key, column_name, sha256, byte_length)
--
-- Contract:  every place in this database that holds one of these texts, whole: versions of units, byte ranges of pinned sources,
--            whether the run that cut them wrote them or not, the bodies in the steps of structure operations. Reads those tables whole: a redaction is rare.
-- Arguments: p_hashes: sha256 of the texts
-- Returns:   one row a value; its hash and length, never the value. Of a source the column is bytes[from,to).
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_redaction_text_copies(p_hashes text[])
returns table (table_name text, row_key text, column_name text, sha256 text, byte_length integer)
language sql
stable
set search_path from current
as $$
  with version as materialized (
    select v.id, v.body, v.content_hash, v.content_profile from unit_version v where v.content_hash = any (p_hashes) and v.redaction_id is null
  ), text as materialized (
    select distinct on (content_hash) content_hash, '"body": ' || to_json(body)::text as member from version where body <> ''
  ), range as (
    select s.pin_id, int4multirange(int4range(p.byte_start, p.byte_end)) as bytes, p.sha256
      from iu_cut_piece p join iu_cut_run r using (run_id) join iu_source_pin s using (pin_id) where p.sha256 = any (p_hashes)
    union
    select r.pin_id, int4multirange(int4range(m.byte_start, m.byte_end)), m.sha256
      from iu_cut_mark m join iu_cut_run r using (run_id) where m.sha256 = any (p_hashes)
    union
    select s.pin_id, int4multirange(int4range(0, s.byte_length)), s.sha256 from iu_source_pin s where s.sha256 = any (p_hashes) and s.byte_length > 0
  )
  select 'unit_version', v.id::text, 'body', v.content_hash, octet_length(v.body) from version v
  union all
  select 'unit_version', v.id::text, 'content_profile', encode(pg_catalog.sha256(convert_to(v.content_profile::text, 'UTF8')), 'hex'),
         octet_length(v.content_profile::text)
    from version v where v.content_profile <> '{}'
  union all
  select 'iu_source_pin', r.pin_id::text, format('bytes[%s,%s)', lower(r.bytes), upper(r.bytes)), r.sha256, upper(r.bytes) - lower(r.bytes)
    from range r join iu_source_pin s using (pin_id) where not s.redacted @> r.bytes
  union all
  select 'iu_structure_operation', o.operation_id::text, c.col, t.content_hash, octet_length(t.member) - 8
    from text t
    join iu_structure_operation o on position(t.member in concat(o.payload::text, o.preview::text, o.impact_summary::text)) > 0
   cross join lateral (values ('payload', o.payload::text), ('preview', o.preview::text), ('impact_summary', o.impact_summary::text)) c (col, value)
   where position(t.member in c.value) > 0
  union all
  select 'iu_structure_change', o.operation_id || '.' || o.change_no, c.col, t.content_hash, octet_length(t.member) - 8
    from text t
    join iu_structure_change o on position(t.member in concat(o.before::text, o.after::text)) > 0
   cross join lateral (values ('before', o.before::text), ('after', o.after::text)) c (col, value)
   where position(t.member in c.value) > 0
$$;
