-- 002_control: every gate has exactly one row, so that "missing" is never the reason why nothing runs.
do $$
declare
  v_missing text;
begin
  select string_agg(expected, ', ') into v_missing
    from unnest(array['iu_core.routes_master_enabled', 'iu_core.route_worker_enabled', 'iu_core.delivery_enabled',
                      'iu_core.structure_ops_enabled', 'iu_core.autocut_enabled', 'iu_core.emission_enabled']) as expected
   where (select count(*) from dot_config where key = expected) <> 1;
  if v_missing is not null then
    raise exception using errcode = 'IU820', message = format('002_control: settings without exactly one row: %s', v_missing),
      hint = 'a missing gate counts as closed; insert the row with value false to see and log it';
  end if;
end
$$;
