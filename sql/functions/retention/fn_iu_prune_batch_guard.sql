-- fn_iu_prune_batch_guard() returns trigger
--
-- Contract:  at commit: nothing is deleted that was to be archived in a folder and was not.
-- Arguments: none
-- Returns:   null
-- Raises:    IU884 the batch was not archived
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_prune_batch_guard() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
  if exists (select from iu_prune_batch b join iu_prune_run r using (run_id)
              where b.run_id = new.run_id and b.batch_no = new.batch_no and r.archive = 'folder' and b.archive_sha256 is null) then
    raise exception using errcode = 'IU884', message = format('batch %s of prune %s was not archived, so nothing of it is deleted', new.batch_no, new.run_id),
      hint = 'iu prune writes the archive; from SQL call fn_iu_prune_archived before the commit, or prune into a table';
  end if;
  return null;
end
$$;
