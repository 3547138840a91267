-- fn_iu_deployment_claim(text, text) returns jsonb
--
-- Contract:  says that this cluster and database are the real ones and what the installation is called. From here on a runner that
--            says the same name may send from here; a copy of it, wherever it is restored, holds every send until somebody claims
--            it there under a name that its runners use.
-- Arguments: p_name: letters, digits, dot, dash or underscore, 63 at most; p_reason: why, mandatory
-- Returns:   {name, was, system_identifier, timeline, was_timeline: of the last claim in this cluster and database, null = none; another
--            one: this server was promoted or restored since, and what only the former primary had may be missing; waiting: deliveries that
--            runners may send from now on; after a restore each of them may have been sent before, under the same id}
-- Raises:    IU350 malformed name, IU351 reason missing, IU302 read-only node
-- Writes:    iu_deployment, dot_config
-- May call:  iu_operator
create or replace function fn_iu_deployment_claim(p_name text, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_was text := fn_iu_setting('iu_core.deployment', null);
  v_identity record;
  v_timeline integer;
begin
  perform fn_iu_require_read_committed();
  if p_name is null or p_name !~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$' then
    raise exception using errcode = 'IU350', message = 'a deployment is named by letters, digits, dot, dash or underscore, 63 at most';
  end if;
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU351', message = 'a deployment is claimed with a reason', hint = 'add --reason TEXT';
  end if;
  -- a change of the log's form holds this table: its claim comes before, or this one names the new log
  lock table iu_deployment in row exclusive mode;
  select * into v_identity from fn_iu_cluster_identity();
  select d.timeline into v_timeline from iu_deployment d
   where (d.system_identifier, d.database_oid) = (v_identity.system_identifier, v_identity.database_oid) order by d.claim_id desc limit 1;
  insert into iu_deployment (name, system_identifier, database_oid, log_oid, timeline, claimed_by, reason)
  values (p_name, v_identity.system_identifier, v_identity.database_oid, v_identity.log_oid, v_identity.timeline, session_user, p_reason);
  insert into dot_config (key, value, reason) values ('iu_core.deployment', p_name, p_reason)
  on conflict (key) do update set value = excluded.value, reason = excluded.reason;
  return jsonb_build_object('name', p_name, 'was', v_was, 'system_identifier', v_identity.system_identifier, 'timeline', v_identity.timeline,
    'was_timeline', v_timeline,
    'waiting', (select count(*) from iu_route_delivery));
end
$$;
