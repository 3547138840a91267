-- fn_iu_target_sha256(text, text) returns text
--
-- Contract:  the hash of what a target in the database does today; an approval pins it, and a claim compares.
-- Arguments: p_target_kind, p_target_ref: as the route has them
-- Returns:   hex; null for a target outside the database, or one that is not registered or gone
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_target_sha256(p_target_kind text, p_target_ref text) returns text
language sql
stable
security definer
set search_path from current
as $$
  select encode(sha256(convert_to(o.definition, 'UTF8')), 'hex') from fn_iu_target_object(p_target_kind, p_target_ref) o
$$;
