-- fn_iu_route_add(jsonb) returns jsonb
--
-- Contract:  adds a route, disabled and in dry-run whatever is asked (P7).
-- Arguments: p_route: {route_code, event_domain?, event_type?, event_stream?, filter?, target_kind, target_ref, target_config?,
--            ordering?, on_dead_letter?, retry_policy?, rate_per_second?, max_concurrency?, note?}
-- Returns:   the route
-- Raises:    IU335 unknown key, IU336 the code was used before, IU332 and IU333 from the guard, IU345 a value is refused
-- Writes:    iu_outbound_route, iu_route_history
-- May call:  iu_operator
create or replace function fn_iu_route_add(p_route jsonb) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_unknown text;
  v_route iu_outbound_route;
  v_what text;
begin
  if p_route is null or jsonb_typeof(p_route) <> 'object' or jsonb_typeof(coalesce(p_route -> 'target_config', '{}')) <> 'object'
     or jsonb_typeof(coalesce(p_route -> 'retry_policy', '{}')) <> 'object' then
    raise exception using errcode = 'IU345', message = 'a route, its target_config and its retry_policy are JSON objects';
  end if;
  select string_agg(key, ', ') into v_unknown from jsonb_object_keys(p_route) as key
   where key not in ('route_code', 'event_domain', 'event_type', 'event_stream', 'filter', 'target_kind', 'target_ref', 'target_config',
                     'ordering', 'on_dead_letter', 'retry_policy', 'rate_per_second', 'max_concurrency', 'note');
  if v_unknown is not null then
    raise exception using errcode = 'IU335', message = format('a route has no %s', v_unknown),
      hint = 'a route is added disabled and in dry-run; enable it with iu route enable CODE';
  end if;
  insert into iu_outbound_route (route_code, event_domain, event_type, event_stream, filter, target_kind, target_ref, target_config,
                                 ordering, on_dead_letter, retry_policy, rate_per_second, max_concurrency, note)
  values (p_route ->> 'route_code', coalesce(p_route ->> 'event_domain', '*'), coalesce(p_route ->> 'event_type', '*'),
          coalesce(p_route ->> 'event_stream', '*'), (p_route ->> 'filter')::jsonpath, p_route ->> 'target_kind', p_route ->> 'target_ref',
          coalesce(p_route -> 'target_config', '{}'), coalesce(p_route ->> 'ordering', 'none'),
          coalesce(p_route ->> 'on_dead_letter', 'continue'), coalesce(p_route -> 'retry_policy', '{}'),
          (p_route ->> 'rate_per_second')::integer, (p_route ->> 'max_concurrency')::integer, p_route ->> 'note')
  returning * into v_route;
  return to_jsonb(v_route);
exception
  when check_violation or not_null_violation then
    get stacked diagnostics v_what = constraint_name;
    if v_what = '' then
      get stacked diagnostics v_what = column_name;
    end if;
    raise exception using errcode = 'IU345', message = format('a value of the route is refused: %s', v_what),
      hint = 'iu route add --help tells what each takes; patterns are *, a name, or a name with a trailing *';
  when syntax_error or invalid_text_representation or numeric_value_out_of_range then
    get stacked diagnostics v_what = message_text;
    raise exception using errcode = 'IU332', message = format('the filter or a number of the route cannot be read: %s', v_what),
      hint = 'a filter is a jsonpath condition such as $.version_seq > 1';
  when unique_violation then
  raise exception using errcode = 'IU336', message = format('route code %s is taken', p_route ->> 'route_code'),
    hint = 'a code is never reused, even of a removed route: choose another one';
end
$$;
