-- fn_iu_cut_living_units(uuid) returns table (position, unit_id, parent_id, canonical_address, version_id, body, body_sha256)
--
-- Contract:  the document and the living units below it in tree order: each before its children, siblings by rank. Living = neither
--            superseded, retired nor deprecated nor deleted, and every unit above it living too.
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
as $$
  with recursive tree as (
    select u.id, u.parent_or_container_ref, u.canonical_address, u.version_anchor_ref, array['' collate "C"] as path
      from information_unit u
     where u.id = p_document_id and u.lifecycle_status in ('draft', 'enacted') and u.deleted_at is null
     union all
    select u.id, u.parent_or_container_ref, u.canonical_address, u.version_anchor_ref, t.path || u.sibling_rank
      from tree t
      join information_unit u on u.parent_or_container_ref = t.id
     where u.lifecycle_status in ('draft', 'enacted') and u.deleted_at is null
  )
  select row_number() over (order by t.path), t.id, t.parent_or_container_ref, t.canonical_address, v.id, v.body,
         encode(sha256(convert_to(v.body, 'UTF8')), 'hex')
    from tree t
    join unit_version v on v.id = t.version_anchor_ref
   order by t.path
$$;
