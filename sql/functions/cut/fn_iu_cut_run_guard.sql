-- fn_iu_cut_run_guard() returns trigger
--
-- Contract:  a run only grows and closes: what identifies it never changes, and of a run that is done nothing does.
-- Arguments: none
-- Returns:   the row
-- Raises:    IU708 the change is refused
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_cut_run_guard() returns trigger
language plpgsql
set search_path from current
as $$
begin
  if old.status = 'done' or (old.run_id, old.run_key, old.pin_id, old.document_address, old.revision_label, old.piece_count)
       is distinct from (new.run_id, new.run_key, new.pin_id, new.document_address, new.revision_label, new.piece_count) then
    raise exception using errcode = 'IU708', message = format('cut run %s: refused to change what is settled', old.run_id),
      hint = 'cut the source again as another revision';
  end if;
  return new;
end
$$;
