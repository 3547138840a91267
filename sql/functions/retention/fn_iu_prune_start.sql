-- fn_iu_prune_start(numeric, text, text, text) returns jsonb
--
-- Contract:  begins a prune; nothing is taken yet. One runs at a time. The newest event of the log stays out of it: it says how far
--            the numbers went, also in a restored copy.
-- Arguments: p_older_than_days; p_reason: why, mandatory; p_archive: none, table (iu_archived_row), or folder (the caller writes what
--            each step hands over and says so by fn_iu_prune_archived before it commits); p_archive_place: the folder, for people
-- Returns:   as fn_iu_prune_said, status started
-- Raises:    IU880 the age is no number of days, IU883 reason missing, IU885 unknown archive, IU886 another one is running, IU878, IU881,
--            IU882, IU899 as fn_iu_prune_ready, IU301, IU302
-- Writes:    iu_prune_run, iu_route_worker_cursor (the certificate)
-- May call:  iu_core_pruner
create or replace function fn_iu_prune_start(p_older_than_days numeric, p_reason text, p_archive text default 'none', p_archive_place text default null)
returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  r iu_prune_run;
begin
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU883', message = 'a prune, and its end, have a reason', hint = 'add --reason TEXT';
  elsif p_archive is null or p_archive not in ('none', 'table', 'folder') then
    raise exception using errcode = 'IU885', message = 'what is pruned goes nowhere (none), into a table or into a folder';
  end if;
  perform fn_iu_prune_certify();
  select * into r from iu_prune_run where state = 'running';
  if found then
    raise exception using errcode = 'IU886', message = format('prune %s is running', r.run_id),
      hint = format('iu prune resume %s goes on with it, iu prune cancel %s ends it', r.run_id, r.run_id);
  end if;
  insert into iu_prune_run (cutoff_at, archive, archive_place, ceiling_seq, reason, started_by)
  values (fn_iu_prune_cutoff(p_older_than_days), p_archive, p_archive_place, coalesce((select max(seq) - 1 from event_outbox), 0), p_reason, session_user)
  returning * into r;
  return fn_iu_prune_said(r, 'started');
exception when unique_violation then
  raise exception using errcode = 'IU886', message = 'another prune is running', hint = 'iu prune list --state running';
end
$$;
