-- fn_iu_cut_backup(bigint) returns text
--
-- Contract:  judges whether there is a backup to go back to before a cut writes: when the run is prepared, and again when it writes,
--            because an approval may take days. A demo installation is not asked for one.
-- Arguments: p_run_id
-- Returns:   the evidence
-- Raises:    IU737 no fresh backup
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_backup(p_run_id bigint) returns text
language plpgsql
set search_path from current
as $$
declare
  v_backup record;
begin
  if fn_iu_setting('iu_core.installation', '') = 'demo' then
    return 'not asked for: iu_core.installation is demo';
  end if;
  select * into v_backup from fn_iu_evidence_judge('backup', null,
    fn_iu_setting_number('iu_core.readiness_backup_max_seconds', 86400, 1, 31536000), null) as j;
  if not v_backup.passed then
    raise exception using errcode = 'IU737', message = format('cut run %s: %s', p_run_id, v_backup.evidence),
      hint = 'iu backup, then the same command again: the run goes on from where it is';
  end if;
  return v_backup.evidence;
end
$$;
