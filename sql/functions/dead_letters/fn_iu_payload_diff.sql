-- fn_iu_payload_diff(jsonb, jsonb) returns jsonb
--
-- Contract:  how two payloads differ, leaf by leaf (a leaf is a value that is no object or array, or an empty one). A path is a JSON
--            pointer (RFC 6901). Values are compared as PostgreSQL writes them, so 1.0 and 1 differ.
-- Arguments: p_from, p_to
-- Returns:   {path: {from, to}}; from is missing for what is new, to for what is gone; {} when nothing differs
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_operator
create or replace function fn_iu_payload_diff(p_from jsonb, p_to jsonb) returns jsonb
language sql
immutable
set search_path from current
as $$
  with recursive walk (side, path, value) as (
    select s.side, '', s.value from (values (1, p_from), (2, p_to)) as s (side, value)
    union all
    select w.side, w.path || '/' || replace(replace(k.key, '~', '~0'), '/', '~1'), k.value
      from walk w
     cross join lateral (
       select o.key, o.value from jsonb_each(case jsonb_typeof(w.value) when 'object' then w.value else '{}' end) o
       union all
       select (a.place - 1)::text, a.value
         from jsonb_array_elements(case jsonb_typeof(w.value) when 'array' then w.value else '[]' end) with ordinality as a (value, place)) k
  ), leaf as (
    select side, path, value from walk where path <> '' and (jsonb_typeof(value) not in ('object', 'array') or value in ('{}', '[]'))
  )
  select coalesce(jsonb_object_agg(path,
           case when f.path is null then '{}' else jsonb_build_object('from', f.value) end
           || case when t.path is null then '{}' else jsonb_build_object('to', t.value) end), '{}')
    from (select path, value from leaf where side = 1) f
    full join (select path, value from leaf where side = 2) t using (path)
   where f.value::text is distinct from t.value::text
$$;
