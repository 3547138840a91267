-- W6: the seam fails closed: called for a route that is not live it raises. Every such route is tried, and one that does not exist.
do $verify$
declare
  v_code text;
  v_tried integer := 0;
  v_raised integer := 0;
begin
  for v_code in
    select 'iu_core.no_such_route'
    union all
    (select route_code from iu_outbound_route
      where removed_at is null and (not enabled or dry_run or fn_iu_route_approval_state(route_id, version, approval_id) <> 'valid')
      order by route_id limit 1000)
  loop
    v_tried := v_tried + 1;
    begin
      perform fn_iu_route_deliver(v_code, gen_random_uuid(), '{}');
    exception when sqlstate 'IU410' then
      v_raised := v_raised + 1;
    end;
  end loop;
  perform set_config('iu_core.verify.seam', format('%s of %s', v_raised, v_tried), true);
end
$verify$;
