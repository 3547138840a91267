-- fn_iu_enacted_immut() returns trigger
--
-- Contract:  of a unit that left draft, address, kind, document code and birth never change. What may change (parent, rank, order,
--            anchor, lifecycle, profile) changes in governed functions only, which the write guard sees to.
-- Arguments: none
-- Returns:   the row to write
-- Raises:    IU211 a frozen column changes
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_enacted_immut() returns trigger
language plpgsql
set search_path from current
as $$
begin
  if (new.id, new.canonical_address, new.unit_kind, new.doc_code, new.created_at, new.created_by)
     is distinct from (old.id, old.canonical_address, old.unit_kind, old.doc_code, old.created_at, old.created_by) then
    raise exception using errcode = 'IU211', message = format('unit %s is %s: its identity never changes', old.canonical_address, old.lifecycle_status),
      hint = 'a change is a new version or a structure operation';
  end if;
  return new;
end
$$;
