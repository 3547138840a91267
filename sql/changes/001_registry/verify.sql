-- The fingerprint function judges everything else, so it is judged first and by other means.
do $$
begin
  if to_regprocedure('fn_iu_catalog_fingerprint()') is null then
    raise exception using errcode = 'IU830', message = '001_registry is damaged: missing function fn_iu_catalog_fingerprint()',
      hint = 'without it nothing can be checked: restore it from sql/functions/registry';
  end if;
  if not exists (select from iu_migration where change = '001_registry') then
    raise exception using errcode = 'IU830', message = '001_registry is damaged: it is not in its own registry';
  end if;
end
$$;
