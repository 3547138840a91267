-- fn_iu_target_register(text, text, text, text) returns jsonb
--
-- Contract:  allows a function (uuid, jsonb) or a table (delivery_id text, event_id uuid, event jsonb) as a target of routes under
--            a name. Only what stands here can be called; a route names it, never its text. Registering under a taken name points
--            it at the new object, which voids what was approved for the old one.
-- Arguments: p_target_kind: sql_function or table; p_target_ref: the name routes use; p_identity: schema.function(uuid,jsonb) or
--            schema.table; p_reason: why, mandatory
-- Returns:   {target_kind, target_ref, identity, sha256}
-- Raises:    IU357 not such an object, IU358 reason missing
-- Writes:    iu_delivery_target
-- May call:  iu_operator
create or replace function fn_iu_target_register(p_target_kind text, p_target_ref text, p_identity text, p_reason text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_identity text;
  v_message text;
begin
  if nullif(btrim(p_reason), '') is null or nullif(btrim(p_target_ref), '') is null then
    raise exception using errcode = 'IU358', message = 'a target is registered with a name and a reason', hint = 'add --reason TEXT';
  end if;
  begin
    if p_target_kind = 'sql_function' then
      select format('%I.%I(uuid,jsonb)', n.nspname, p.proname) into v_identity
        from pg_proc p join pg_namespace n on n.oid = p.pronamespace
       where p.oid = to_regprocedure(p_identity) and p.prokind = 'f' and p.proargtypes = array_to_string(array['uuid'::regtype::oid, 'jsonb'::regtype::oid], ' ')::oidvector;
    elsif p_target_kind = 'table' then
      select format('%I.%I', n.nspname, c.relname) into v_identity
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where c.oid = to_regclass(p_identity) and c.relkind in ('r', 'p')
         and 3 = (select count(*) from pg_attribute a
                   where a.attrelid = c.oid and not a.attisdropped
                     and (a.attname, a.atttypid::regtype::text) in (('delivery_id', 'text'), ('event_id', 'uuid'), ('event', 'jsonb')));
    end if;
  exception when syntax_error or invalid_name or undefined_object or invalid_text_representation then
    v_identity := null;
  when insufficient_privilege then
    get stacked diagnostics v_message = message_text;
    raise exception using errcode = 'IU357', message = format('%s cannot be looked up: %s', quote_literal(p_identity), v_message),
      hint = 'grant usage on its schema to iu_owner, which looks it up, and to iu_worker, which also needs execute or insert on it';
  end;
  if v_identity is null then
    raise exception using errcode = 'IU357', message = format('%s is no target of kind %s', quote_literal(p_identity), p_target_kind),
      hint = 'a function takes (uuid, jsonb): event id and event; a table has the columns delivery_id text, event_id uuid, event jsonb';
  end if;
  insert into iu_delivery_target as t (target_kind, target_ref, identity, registered_by, reason)
  values (p_target_kind, p_target_ref, v_identity, session_user, p_reason)
  on conflict (target_kind, target_ref) do update
     set identity = excluded.identity, registered_by = excluded.registered_by, reason = excluded.reason, registered_at = clock_timestamp();
  return jsonb_build_object('target_kind', p_target_kind, 'target_ref', p_target_ref, 'identity', v_identity,
    'sha256', fn_iu_target_sha256(p_target_kind, p_target_ref));
end
$$;
