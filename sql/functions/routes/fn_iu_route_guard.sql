-- fn_iu_route_guard() returns trigger
--
-- Contract:  keeps every route safe, whoever writes it: code and id never change, a removed route stays removed, a filter is a
--            predicate, secrets in target_config are references, a change of what an approval covers raises the version and takes
--            the route back to dry-run, and a live flag without a valid approval is refused (P6).
-- Arguments: none
-- Returns:   the row to write
-- Raises:    IU330 identity of a route changed, IU331 removed route changed, IU332 filter is not a predicate,
--            IU333 a secret in target_config or target_ref, IU345 target_config is nested too deep, IU360 malformed retry policy, IU410 live without a valid approval, IU411 target kind cannot go live
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_route_guard() returns trigger
language plpgsql
security definer
set search_path from current
as $$
declare
  v_key text;
begin
  if tg_op = 'UPDATE' then
    if new.route_id <> old.route_id or new.route_code <> old.route_code or new.created_at <> old.created_at then
      raise exception using errcode = 'IU330', message = format('route %s keeps its id and code', old.route_code),
        hint = 'add a new route and remove this one';
    end if;
    if old.removed_at is not null then
      raise exception using errcode = 'IU331', message = format('route %s was removed', old.route_code),
        hint = 'a route code is never reused; add a route with another code';
    end if;
    if (new.event_domain, new.event_type, new.event_stream, new.filter::text, new.target_kind, new.target_ref, new.target_config,
        new.ordering, new.on_dead_letter, new.retry_policy, new.rate_per_second, new.max_concurrency, new.fail_closed)
       is distinct from
       (old.event_domain, old.event_type, old.event_stream, old.filter::text, old.target_kind, old.target_ref, old.target_config,
        old.ordering, old.on_dead_letter, old.retry_policy, old.rate_per_second, old.max_concurrency, old.fail_closed) then
      new.version := old.version + 1;
      new.approval_id := null;
      new.dry_run := true;
    else
      new.version := old.version;
    end if;
    -- A claim reads a route after it has locked this row: when this change has committed, nothing more is claimed under the old state.
    perform from iu_route_flow where route_id = new.route_id for update;
  end if;
  if new.filter is not null and (tg_op = 'INSERT' or new.filter::text is distinct from old.filter::text) then
    begin
      perform jsonb_path_match('{}', new.filter, '{"domain":"","type":"","stream":"","severity":"","subject_table":"","subject_ref":""}');
    exception
      when singleton_sql_json_item_required then
        raise exception using errcode = 'IU332', message = format('the filter of route %s is not a predicate', new.route_code),
          hint = 'write a condition that is true or false, such as $.version_seq > 1 or exists($.tags)';
      when undefined_object then
        raise exception using errcode = 'IU332', message = format('the filter of route %s uses an unknown variable', new.route_code),
          hint = 'variables are $domain, $type, $stream, $severity, $subject_table, $subject_ref';
      when others then
        null;  -- strict paths raise on an empty payload; they are judged event by event
    end;
  end if;
  if tg_op = 'INSERT' or new.retry_policy is distinct from old.retry_policy then
    perform fn_iu_retry_policy_check(new.retry_policy);
  end if;
  if jsonb_path_exists(new.target_config, 'strict $.**{17}') then
    raise exception using errcode = 'IU345', message = format('target_config of route %s is nested more than 16 levels deep', new.route_code),
      hint = 'no target has a setting so deep';
  end if;
  -- every key at any depth, headers included
  select k ->> 'key' into v_key
    from jsonb_path_query(new.target_config, 'strict $.** ? (@.type() == "object").keyvalue()') as k
   where (k ->> 'key') collate "C" ~* '(secret|token|passw|credential|private[_-]?key|api[_-]?key|authorization|cookie|bearer|signature)'
     -- a list of references is what a rotation needs
     and exists (select from jsonb_path_query(k -> 'value', 'lax $[*]') as v
                  where jsonb_typeof(v) <> 'object' and coalesce(v #>> '{}', '') !~ E'^(env|file):\\S+$')
   limit 1;
  if v_key is not null then
    raise exception using errcode = 'IU333', message = format('target_config.%s of route %s holds a secret', v_key, new.route_code),
      hint = 'store a reference: env:NAME or file:PATH';
  end if;
  if new.target_ref ~ '://[^/?#]*@' or new.target_ref ~ '^[^/?#@:]+:[^/?#@]*@' then
    raise exception using errcode = 'IU333', message = format('target_ref of route %s holds user information', new.route_code),
      hint = 'a target has no user:password@ part; credentials are references in target_config';
  end if;
  if new.target_ref collate "C" ~* '[?&][^=&]*(secret|token|passw|credential|key|signature)[^=&]*=' then
    raise exception using errcode = 'IU333', message = format('target_ref of route %s holds a secret in its query', new.route_code),
      hint = 'credentials are references in target_config, sent as headers';
  end if;
  if new.enabled and not new.dry_run then
    if new.target_kind in ('workflow', 'vector', 'report', 'external_endpoint') then
      raise exception using errcode = 'IU411', message = format('route %s: target kind %s cannot go live', new.route_code, new.target_kind),
        hint = 'live kinds are sql_function, table, webhook, directus_flow, nats, kafka';
    end if;
    if fn_iu_route_approval_state(new.route_id, new.version, new.approval_id) <> 'valid' then
      raise exception using errcode = 'IU410', message = format('route %s has no valid approval for version %s', new.route_code, new.version),
        hint = 'a route goes live by request, approval of a second person, go-live; until then it stays in dry-run';
    end if;
  end if;
  new.updated_at := clock_timestamp();
  return new;
end
$$;
