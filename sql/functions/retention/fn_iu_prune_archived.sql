-- fn_iu_prune_archived(bigint, integer, text, text, bigint, integer) returns void
--
-- Contract:  whoever writes the rows of a step into a file says which file it is, when it is safely on disk and before he commits. Only
--            in the transaction of that step; the rows in the file have to be as many as the step took.
-- Arguments: p_run_id, p_batch_no; p_file: its name; p_sha256: of the file; p_bytes: its size; p_rows: lines in it
-- Returns:   nothing
-- Raises:    IU888 not the batch of this transaction, or not what the step took
-- Writes:    iu_prune_batch
-- May call:  iu_core_pruner
create or replace function fn_iu_prune_archived(p_run_id bigint, p_batch_no integer, p_file text, p_sha256 text, p_bytes bigint, p_rows integer)
returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
  update iu_prune_batch
     set archive_file = p_file, archive_sha256 = p_sha256, archive_bytes = p_bytes
   where run_id = p_run_id and batch_no = p_batch_no and rows = p_rows and archive_sha256 is null and tx_id = pg_current_xact_id()
     and p_sha256 ~ '^[0-9a-f]{64}$' and nullif(p_file, '') is not null;
  if not found then
    raise exception using errcode = 'IU888', message = format('batch %s of prune %s is not what was archived', p_batch_no, p_run_id),
      hint = 'write every row of the step, call this in the same transaction, then commit';
  end if;
end
$$;
