-- fn_iu_delivery_hold(text) returns text
--
-- Contract:  what keeps every delivery of this database from being claimed by a runner of that deployment: a closed gate (the
--            master is named first), a deployment that nobody claimed, another name than the runner's, another cluster than the one
--            that was claimed, or another timeline (a promotion or point-in-time restore; allowed when iu_core.ha is true). Nothing
--            is dropped: it waits.
-- Arguments: p_deployment: name the runner was given (IU_DEPLOYMENT); null = none
-- Returns:   null when deliveries may be claimed; else master_gate_closed, delivery_gate_closed, deployment_unclaimed,
--            deployment_not_named, deployment_differs, cluster_changed or timeline_changed
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_delivery_hold(p_deployment text) returns text
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_name text := fn_iu_setting('iu_core.deployment', null);
  v_claim iu_deployment;
  v_identity record;
begin
  if not fn_iu_core_routes_enabled() then
    return 'master_gate_closed';
  elsif not fn_iu_delivery_enabled() then
    return 'delivery_gate_closed';
  end if;
  select * into v_claim from iu_deployment order by claim_id desc limit 1;
  if v_claim.name is null or v_name is distinct from v_claim.name then
    return 'deployment_unclaimed';
  elsif nullif(p_deployment, '') is null then
    return 'deployment_not_named';
  elsif p_deployment <> v_name then
    return 'deployment_differs';
  end if;
  select * into v_identity from fn_iu_cluster_identity();
  if (v_claim.system_identifier, v_claim.database_oid, v_claim.log_oid) is distinct from
     (v_identity.system_identifier, v_identity.database_oid, v_identity.log_oid) then
    return 'cluster_changed';
  elsif v_claim.timeline <> v_identity.timeline and fn_iu_setting('iu_core.ha', 'false') <> 'true' then
    return 'timeline_changed';
  end if;
  return null;
end
$$;
