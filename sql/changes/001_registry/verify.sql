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

-- >>> generated: objects
do $$
declare
  v_damaged text[];
begin
  select array_agg(format(case when found.kind is null then '%s %s is missing' else '%s %s was changed' end,
                          expected.kind, expected.identity) order by expected.kind, expected.identity)
    into v_damaged
  from (values
    ('column', 'iu_migration.applied_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_migration.applied_by', 'd26cd51629b9eff88ca67e02bc94d236'),
    ('column', 'iu_migration.change', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_migration.deploy_sha256', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_migration.duration_milliseconds', '3f9165f799b9a9e1373f137f064326bd'),
    ('column', 'iu_migration.rollback_sha256', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_migration.tool_version', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_migration.verify_sha256', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_migration_log.action', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_migration_log.change', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_migration_log.done_at', '8e6d52e249bc263457d23899efd9d131'),
    ('column', 'iu_migration_log.done_by', 'd26cd51629b9eff88ca67e02bc94d236'),
    ('column', 'iu_migration_log.duration_milliseconds', '3f9165f799b9a9e1373f137f064326bd'),
    ('column', 'iu_migration_log.error_code', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_migration_log.error_place', 'c478557ec1b62aa7f0960a50f4dc5815'),
    ('column', 'iu_migration_log.log_id', 'a4f59c736a6e89e1058c2833d87051ef'),
    ('column', 'iu_migration_log.outcome', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('column', 'iu_migration_log.tool_version', 'e5bfe3f0cd4413796dbaadf505fea805'),
    ('constraint', 'iu_migration.iu_migration_change_chk', 'e6113f0a92dda791ccaf0e6234d3de0b'),
    ('constraint', 'iu_migration.iu_migration_duration_chk', '265edad9afc8ebbe4916a0863de54878'),
    ('constraint', 'iu_migration.iu_migration_pk', '1fb009bb80a7bfb28081c2b2374b27fe'),
    ('constraint', 'iu_migration.iu_migration_sha256_chk', '97c77bf6a6b0676707cfc98d3607c8fb'),
    ('constraint', 'iu_migration_log.iu_migration_log_action_chk', '4ebc9c7a34876b15e836ea8f3b965a1f'),
    ('constraint', 'iu_migration_log.iu_migration_log_duration_chk', '265edad9afc8ebbe4916a0863de54878'),
    ('constraint', 'iu_migration_log.iu_migration_log_failed_chk', 'c3043d818d5c273607842eda6b37c91b'),
    ('constraint', 'iu_migration_log.iu_migration_log_outcome_chk', '8691963344d72878b4dc1afadcf856f6'),
    ('constraint', 'iu_migration_log.iu_migration_log_pk', '9689ce5bc2f46af5be7a05e8fded0799'),
    ('function', 'fn_iu_catalog_fingerprint()', '4f0f1c1b963bdf4ce9c90f863d84980e'),
    ('function', 'fn_iu_migration_log_guard()', '70d76ce73080fbcba8adadd8a7f227af'),
    ('index', 'iu_migration_log_pk', '8573a10a806d2c73c1f2cd2ee148ef72'),
    ('index', 'iu_migration_pk', '25c1119942bfa0c3dfdfa3d4e14d1192'),
    ('sequence', 'iu_migration_log_log_id_seq', 'b3930424c6ff9193efd89980f4c6421a'),
    ('table', 'iu_migration', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('table', 'iu_migration_log', '253e12f4dc0c012a6c7b828b2e6e07a7'),
    ('trigger', 'iu_migration_log.trg_iu_migration_log_guard', 'd5653e47fd3cd37cdde9d0a06b504d50'),
    ('trigger', 'iu_migration_log.trg_iu_migration_log_truncate', '367b23e4ab5dee72e5c82a61f53b7101')
  ) as expected (kind, identity, fingerprint)
  left join fn_iu_catalog_fingerprint() as found
    on found.kind = expected.kind and found.identity = expected.identity
  where found.fingerprint is distinct from expected.fingerprint;
  if v_damaged is not null then
    raise exception using errcode = 'IU830',
      message = format('001_registry is damaged: %s', array_to_string(v_damaged, ', ')),
      detail = array_to_string(v_damaged, E'\n'),
      hint = 'restore each object as the change has it';
  end if;
end
$$;
-- <<<
