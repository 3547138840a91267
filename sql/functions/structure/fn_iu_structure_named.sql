-- fn_iu_structure_named(jsonb) returns uuid[]
--
-- Contract:  the units that steps name and that exist: unit, parent, after, derived_from and units.
-- Arguments: p_steps: normalized steps
-- Returns:   ids, each once
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_structure_named(p_steps jsonb) returns uuid[]
language plpgsql
set search_path from current
as $$
begin
  -- plpgsql, which keeps its plan: as an SQL function it is planned again in every call
  return (
    -- one look-up a name: as a join the planner would now and then read all units
    select coalesce(array_agg(f.id), '{}')
      from (select (select u.id from information_unit u where u.canonical_address = named.ref) as id
              from (select n.ref from jsonb_array_elements(p_steps) s
                     cross join lateral (values (s ->> 'unit'), (s ->> 'parent'), (s ->> 'after'), (s ->> 'derived_from')) as n (ref)
                    union
                    select r from jsonb_array_elements(p_steps) s
                     cross join lateral jsonb_array_elements_text(case when jsonb_typeof(s -> 'units') = 'array' then s -> 'units' else '[]' end) r) named
             where named.ref is not null) f
     where f.id is not null
  );
end
$$;
