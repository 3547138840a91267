-- fn_iu_target_unregister(text, text, text) returns jsonb
--
-- Contract:  takes a target in the database off the list of those that routes may deliver to. Refused while a live route or a waiting
--            delivery uses it; a route in dry-run that names it cannot go live any more.
-- Arguments: p_target_kind: sql_function or table; p_target_ref: the name it was registered under; p_reason: why, mandatory
-- Returns:   {target_kind, target_ref, identity}
-- Raises:    IU385 no such target, IU386 it is in use, IU358 reason missing
-- Writes:    iu_delivery_target, iu_gate_log
-- May call:  iu_operator
create or replace function fn_iu_target_unregister(p_target_kind text, p_target_ref text, p_reason text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_identity text;
  v_users text;
begin
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU358', message = 'a target is registered, and unregistered, with a reason', hint = 'add --reason TEXT';
  end if;
  select identity into v_identity from iu_delivery_target where target_kind = p_target_kind and target_ref = p_target_ref for update;
  if not found then
    raise exception using errcode = 'IU385', message = format('there is no target %s of kind %s', quote_literal(p_target_ref), p_target_kind),
      hint = 'iu target list shows them';
  end if;
  select string_agg(r.route_code, ', ' order by r.route_code) into v_users from iu_outbound_route r
   where r.target_kind = p_target_kind and r.target_ref = p_target_ref and r.removed_at is null
     and (not r.dry_run or exists (select from iu_route_delivery d where d.route_id = r.route_id));
  if v_users is not null then
    raise exception using errcode = 'IU386', message = format('target %s is used by: %s', quote_literal(p_target_ref), v_users),
      hint = 'take the routes back to dry-run, and let what waits settle or cancel it';
  end if;
  delete from iu_delivery_target where target_kind = p_target_kind and target_ref = p_target_ref;
  insert into iu_gate_log (config_key, operation, old_value, reason, changed_by, application_name, changed_at)
  values (format('target %s %s', p_target_kind, p_target_ref), 'delete', v_identity, p_reason, session_user,
          current_setting('application_name', true), clock_timestamp());
  return jsonb_build_object('target_kind', p_target_kind, 'target_ref', p_target_ref, 'identity', v_identity);
end
$$;
