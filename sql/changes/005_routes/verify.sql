-- 005_routes: no route may be live without a valid approval, whatever its flags say.
do $$
declare
  v_forged text;
begin
  select string_agg(route_code, ', ') into v_forged
    from iu_outbound_route
   where enabled and not dry_run and fn_iu_route_approval_state(route_id, version, approval_id) = 'missing';
  if v_forged is not null then
    raise exception using errcode = 'IU821', message = format('005_routes: live flag without approval: %s', v_forged),
      hint = 'nothing is sent for them; set dry_run = true and look into iu_route_history for who changed it';
  end if;
end
$$;
