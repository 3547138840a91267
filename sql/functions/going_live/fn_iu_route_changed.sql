-- fn_iu_route_changed(iu_outbound_route, jsonb) returns iu_outbound_route
--
-- Contract:  a route as it would be with changes: a key that is named gets its value, null gives what a new route would have, a key that
--            is not named stays. Writes nothing; fn_iu_route_change writes it, fn_iu_route_diff only looks.
-- Arguments: p_route; p_changes: any of the keys of fn_iu_route_add but route_code and note
-- Returns:   the changed route, without the approval
-- Raises:    IU332 the filter or a number cannot be read, IU335 unknown key, IU345 a value is refused, IU434 nothing is named
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_route_changed(p_route iu_outbound_route, p_changes jsonb) returns iu_outbound_route
language plpgsql
stable
set search_path from current
as $$
declare
  r iu_outbound_route := p_route;
  v_key text;
  v_value text;
  v_what text;
begin
  if p_changes is null or jsonb_typeof(p_changes) <> 'object' or p_changes = '{}' then
    raise exception using errcode = 'IU434', message = 'nothing is said to change', hint = 'iu route change --help';
  end if;
  for v_key, v_value in select key, value from jsonb_each_text(p_changes) loop
    case v_key
      when 'event_domain' then r.event_domain := coalesce(v_value, '*');
      when 'event_type' then r.event_type := coalesce(v_value, '*');
      when 'event_stream' then r.event_stream := coalesce(v_value, '*');
      when 'filter' then r.filter := v_value::jsonpath;
      when 'target_kind' then r.target_kind := v_value;
      when 'target_ref' then r.target_ref := v_value;
      when 'target_config' then r.target_config := coalesce(v_value, '{}')::jsonb;
      when 'ordering' then r.ordering := coalesce(v_value, 'none');
      when 'on_dead_letter' then r.on_dead_letter := coalesce(v_value, 'continue');
      when 'retry_policy' then r.retry_policy := coalesce(v_value, '{}')::jsonb;
      when 'rate_per_second' then r.rate_per_second := v_value::integer;
      when 'max_concurrency' then r.max_concurrency := v_value::integer;
      else
        raise exception using errcode = 'IU335', message = format('%s of a route cannot be changed', v_key),
          hint = 'a code stays; the reason becomes the note; enable, go-live and back-to-dry-run are commands of their own';
    end case;
  end loop;
  -- What the constraints of the table refuse too; said here, so that a look at the difference refuses it as well.
  v_what := case
    when concat_ws(' ', r.event_domain, r.event_type, r.event_stream) !~ E'^([A-Za-z0-9_.-]{1,80}\\*?|\\*)( ([A-Za-z0-9_.-]{1,80}\\*?|\\*)){2}$' then 'a pattern'
    when r.target_kind is null then 'target_kind'
    when (r.target_ref ~ E'\\S' and r.target_ref !~ '[[:cntrl:]]' and octet_length(r.target_ref) <= 2048) is not true then 'target_ref'
    when jsonb_typeof(r.target_config) <> 'object' or jsonb_typeof(r.retry_policy) <> 'object' then 'target_config or retry_policy, an object'
    when r.ordering not in ('none', 'subject') then 'ordering'
    when r.on_dead_letter not in ('continue', 'hold') then 'on_dead_letter'
    when r.rate_per_second <= 0 or r.max_concurrency <= 0 then 'a limit, a positive number' end;
  if v_what is not null then
    raise exception using errcode = 'IU345', message = format('a value of the route is refused: %s', v_what), hint = 'iu route change --help';
  end if;
  return r;
exception
  when syntax_error or invalid_text_representation or numeric_value_out_of_range then
    get stacked diagnostics v_what = message_text;
    raise exception using errcode = 'IU332', message = format('the filter or a number of the route cannot be read: %s', v_what),
      hint = 'a filter is a jsonpath condition such as $.version_seq > 1';
end
$$;
