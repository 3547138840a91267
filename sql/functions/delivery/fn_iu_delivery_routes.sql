-- fn_iu_delivery_routes(bigint[]) returns jsonb
--
-- Contract:  what a runner needs to reach the targets of these routes. Secrets in target_config are references, never values.
-- Arguments: p_route_ids
-- Returns:   [{route_id, route_code, version, target_kind, target_ref, target_config}]
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_delivery_routes(p_route_ids bigint[]) returns jsonb
language sql
stable
security definer
set search_path from current
as $$
  select coalesce(jsonb_agg(jsonb_build_object('route_id', route_id::text, 'route_code', route_code, 'version', version, 'target_kind', target_kind,
                                               'target_ref', target_ref, 'target_config', target_config)), '[]')
    from iu_outbound_route where route_id = any (p_route_ids)
$$;
