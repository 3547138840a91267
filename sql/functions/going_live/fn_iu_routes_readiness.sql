-- fn_iu_routes_readiness(text[]) returns jsonb
--
-- Contract:  judges whether the present versions of routes may be asked to go live: eight items a route, each with its evidence. Fails
--            closed: an item that cannot be judged fails, and so does one whose look raises.
-- Arguments: p_route_codes: outbound routes
-- Returns:   an array in that order: [{route_code, version, ready, judged_at, items: [{item, passed, evidence, action}]}]; action is
--            null where it passed
-- Raises:    IU337 no such route, IU436 an inbound route, IU302 on a standby
-- Writes:    nothing
-- May call:  iu_operator, iu_approver, iu_reader
create or replace function fn_iu_routes_readiness(p_route_codes text[]) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_routes jsonb := '[]';
  v_code text;
  v_route iu_outbound_route;
  v_catalog text;
  v_item text;
  v_found record;
  v_items jsonb;
  v_ready boolean;
  v_state text;
begin
  perform fn_iu_installation_mark();
  foreach v_code in array p_route_codes loop
    v_route := fn_iu_route_of(v_code, false);
    v_items := '[]';
    v_ready := true;
    foreach v_item in array array['substrate', 'backup', 'drift', 'worker', 'observation', 'dead_letters', 'test_send', 'disable_path'] loop
      begin
        -- a tenth of a second, and the same for every route
        if v_catalog is null and v_item in ('substrate', 'drift') then
          v_catalog := fn_iu_catalog_digest();
        end if;
        select * into v_found from fn_iu_readiness_item(v_item, v_route, v_catalog);
      exception when others then
        get stacked diagnostics v_state = returned_sqlstate;
        if left(v_state, 2) in ('40', '53', '57', 'XX') then
          raise;
        end if;
        select false as passed, format('cannot be judged (SQLSTATE %s)', v_state) as evidence, 'iu verify' as action into v_found;
      end;
      v_ready := v_ready and coalesce(v_found.passed, false);
      v_items := v_items || jsonb_build_object('item', v_item, 'passed', coalesce(v_found.passed, false), 'evidence', v_found.evidence,
        'action', case when v_found.passed then null else v_found.action end);
    end loop;
    v_routes := v_routes || jsonb_build_object('route_code', v_route.route_code, 'version', v_route.version, 'ready', v_ready,
      'judged_at', clock_timestamp(), 'items', v_items);
  end loop;
  return v_routes;
end
$$;
