-- fn_iu_structure_normalize(jsonb) returns jsonb
--
-- Contract:  the steps of an operation in one form: always an array, units by address, lists of units sorted, so that the same request
--            gives the same key in whatever order its ids and keys stand.
-- Arguments: p_operation: one step, or an array of steps, or {operations: [steps]}
-- Returns:   array of steps
-- Raises:    IU603 no steps, too many (1,000), a step of unknown type, or with a key or position that nothing reads
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_structure_normalize(p_operation jsonb) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  c_keys constant text[] := array['operation_type', 'unit', 'units', 'parent', 'after', 'position', 'derived_from', 'piece', 'pieces', 'offsets', 'mode',
                                  'section_code', 'separator', 'conflict_policy', 'link_policy', 'dependants'];
  c_id constant text := '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$';
  v_steps jsonb := case when jsonb_typeof(p_operation) = 'array' then p_operation
                        when jsonb_typeof(p_operation -> 'operations') = 'array' then p_operation -> 'operations'
                        else jsonb_build_array(p_operation) end;
  v_step jsonb;
  v_key text;
  v_result jsonb := '[]';
begin
  if jsonb_array_length(v_steps) not between 1 and 1000 then
    raise exception using errcode = 'IU603', message = 'an operation has 1 to 1,000 steps';
  end if;
  for v_step in select jsonb_array_elements(v_steps) loop
    if jsonb_typeof(v_step) <> 'object' or coalesce(v_step ->> 'operation_type', '') not in ('add_new_piece', 'split_large_piece',
         'merge_small_pieces', 'deprecate_piece', 'replace_piece', 'reparent_piece', 'renumber_piece') then
      raise exception using errcode = 'IU603', message = format('step %s has no known operation_type', jsonb_array_length(v_result) + 1),
        hint = 'add_new_piece, split_large_piece, merge_small_pieces, deprecate_piece, replace_piece, reparent_piece, renumber_piece';
    end if;
    -- a misspelt wish is not one that was not made
    select k into v_key from jsonb_object_keys(v_step) k where k <> all (c_keys) limit 1;
    if found or v_step ->> 'position' not in ('first', 'last') then
      raise exception using errcode = 'IU603', message = format('step %s has %s, which nothing reads', jsonb_array_length(v_result) + 1,
          coalesce('the key ' || quote_ident(v_key), 'the position ' || quote_nullable(v_step ->> 'position'))),
        hint = 'keys: ' || array_to_string(c_keys, ', ') || '; position is first or last';
    end if;
    foreach v_key in array array['unit', 'parent', 'after', 'derived_from'] loop
      v_step := v_step || coalesce((select jsonb_build_object(v_key, u.canonical_address) from information_unit u where u.id = case when v_step ->> v_key ~ c_id then (v_step ->> v_key)::uuid end), '{}');
    end loop;
    if jsonb_typeof(v_step -> 'units') = 'array' then
      v_step := v_step || jsonb_build_object('units', (select jsonb_agg(ref order by ref collate "C") from (
        select distinct coalesce((select u.canonical_address from information_unit u where u.id = case when r ~ c_id then r::uuid end), r) as ref
          from jsonb_array_elements_text(v_step -> 'units') r) refs));
    end if;
    v_result := v_result || jsonb_build_array(v_step);
  end loop;
  return v_result;
end
$$;
