-- fn_iu_structure_documents(jsonb) returns uuid[]
--
-- Contract:  the documents of the units that steps name and that exist.
-- Arguments: p_steps: normalized steps
-- Returns:   ids
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_structure_documents(p_steps jsonb) returns uuid[]
language sql
set search_path from current
as $$
  select coalesce(array_agg(distinct t.root_unit_id), '{}')
    from jsonb_array_elements(p_steps) s
   cross join lateral (
     select s ->> 'unit' as ref union all select s ->> 'parent'
      union all select r from jsonb_array_elements_text(case when jsonb_typeof(s -> 'units') = 'array' then s -> 'units' else '[]' end) r) named
    join information_unit u on u.canonical_address = named.ref
    join iu_tree_path t on t.unit_id = u.id
$$;
