-- fn_iu_cut_piece_check() returns trigger
--
-- Contract:  each recorded piece belongs to a run that is there, and its version is one of its unit. All rows of a statement at once:
--            three foreign keys did less of that (not that version and unit belong together) and took 9 us a piece more. Nothing else is left
--            for a foreign key to hold: pieces, runs and versions are never deleted and keep their keys.
-- Arguments: none
-- Returns:   null (statement trigger)
-- Raises:    IU706 a piece of a run or of a version that is not there
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_cut_piece_check() returns trigger
language plpgsql
security definer
set search_path from current
as $$
declare
  v_piece record;
begin
  -- looked up by key, one by one: as a join the planner may read all versions
  select a.run_id, a.ordinal into v_piece
    from added a
   where (select v.unit_id from unit_version v where v.id = a.version_id) is distinct from a.unit_id
      or (select r.run_id from iu_cut_run r where r.run_id = a.run_id) is null
   limit 1;
  if found then
    raise exception using errcode = 'IU706', message = format('piece %s names a cut run that is not there (%s), or a version that is none of its unit',
        v_piece.ordinal, v_piece.run_id),
      hint = 'pieces are recorded by iu cut apply only';
  end if;
  return null;
end
$$;
