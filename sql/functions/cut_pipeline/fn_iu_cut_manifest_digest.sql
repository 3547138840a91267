-- fn_iu_cut_manifest_digest(jsonb) returns text
--
-- Contract:  the hash by which an approval names a manifest. jsonb orders its keys, so equal manifests have equal hashes.
-- Arguments: p_manifest
-- Returns:   sha256 in hexadecimal
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_cut_manifest_digest(p_manifest jsonb) returns text
language sql
immutable
set search_path from current
as $$
  select encode(sha256(convert_to(p_manifest::text, 'UTF8')), 'hex')
$$;
