-- Refuses while another change is installed: the registry goes last.
do $$
declare
  v_applied text := (select string_agg(change, ', ' order by change) from iu_migration where change <> '001_registry');
begin
  if v_applied is not null then
    raise exception using errcode = 'IU811',
      message = format('rollback of 001_registry refused: still installed: %s', v_applied),
      hint = 'roll those back first: iu migrate down --steps N';
  end if;
end
$$;

drop table iu_migration_log;
drop table iu_migration;
drop function fn_iu_migration_log_guard();
drop function fn_iu_catalog_fingerprint();
