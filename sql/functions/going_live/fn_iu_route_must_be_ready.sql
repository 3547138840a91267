-- fn_iu_route_must_be_ready(jsonb) returns void
--
-- Contract:  refuses what is not ready and names the items that fail.
-- Arguments: p_readiness: of fn_iu_route_readiness
-- Returns:   nothing
-- Raises:    IU420 not ready
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_route_must_be_ready(p_readiness jsonb) returns void
language plpgsql
immutable
set search_path from current
as $$
begin
  if (p_readiness ->> 'ready')::boolean is not true then
    raise exception using errcode = 'IU420',
      message = format('route %s, version %s, is not ready: %s', p_readiness ->> 'route_code', p_readiness ->> 'version',
        (select string_agg(format('%s (%s)', i ->> 'item', i ->> 'evidence'), '; ')
           from jsonb_array_elements(p_readiness -> 'items') i where (i ->> 'passed')::boolean is not true)),
      hint = format('iu route readiness %s tells what to do for each', p_readiness ->> 'route_code');
  end if;
end
$$;
