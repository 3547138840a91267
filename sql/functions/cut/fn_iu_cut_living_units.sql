-- fn_iu_cut_living_units(uuid) returns table (position, unit_id, parent_id, canonical_address, version_id, body, body_sha256)
--
-- Contract:  the document and the living units below it in tree order (fn_iu_cut_living), with their texts.
-- Arguments: p_document_id: the document unit
-- Returns:   one row a unit, with the body of its current version; nothing for an unknown document
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_cut_living_units(p_document_id uuid)
returns table ("position" bigint, unit_id uuid, parent_id uuid, canonical_address text, version_id uuid, body text, body_sha256 text)
language sql
stable
security definer
set search_path from current
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
  select l.position, l.unit_id, l.parent_id, l.canonical_address, v.id, v.body, encode(sha256(convert_to(v.body, 'UTF8')), 'hex')
    from fn_iu_cut_living(p_document_id) l
   cross join lateral (select b.id, b.body from unit_version b where b.id = l.version_id offset 0) v
   order by l.position
$$;
