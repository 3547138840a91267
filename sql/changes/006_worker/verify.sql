-- 006_worker: scopes are disjoint by constraint; here: the default worker is registered, and no cursor belongs to another cluster.
do $$
declare
  v_foreign text;
begin
  if not exists (select from iu_route_worker_cursor where worker_name = 'iu_outbound_default') then
    raise exception using errcode = 'IU820', message = '006_worker: the worker iu_outbound_default is not registered',
      hint = 'iu cursor register iu_outbound_default --domain iu --from beginning';
  end if;
  select string_agg(c.worker_name, ', ') into v_foreign
    from iu_route_worker_cursor c
   cross join fn_iu_cluster_identity() i
   where (c.system_identifier, c.database_oid, c.log_oid) is distinct from (i.system_identifier, i.database_oid, i.log_oid);
  if v_foreign is not null then
    raise exception using errcode = 'IU822', message = format('006_worker: cursors of another cluster: %s', v_foreign),
      hint = 'after a restore or upgrade: iu cursor rebase WORKER --reason TEXT';
  end if;
end
$$;
