-- fn_iu_target_pin(text, text) returns text
--
-- Contract:  the hash of what an in-database target is at this moment; the approval keeps it, so that another definition under the same
--            name needs another approval.
-- Arguments: p_target_kind, p_target_ref: of the route
-- Returns:   the hash; null for a target outside of the database
-- Raises:    whatever fn_iu_target_sha256 raises for a target that is not registered
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_target_pin(p_target_kind text, p_target_ref text) returns text
language plpgsql
volatile
set search_path from current
as $$
declare
  v_pin text;
begin
  -- By name while the registry of targets may not be installed: without it no target in the database can be delivered to either.
  if p_target_kind in ('sql_function', 'table') and to_regprocedure('fn_iu_target_sha256(text, text)') is not null then
    execute 'select fn_iu_target_sha256($1, $2)' into v_pin using p_target_kind, p_target_ref;
  end if;
  return v_pin;
end
$$;
