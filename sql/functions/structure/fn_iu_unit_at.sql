-- fn_iu_unit_at(text, timestamptz) returns table (unit_id uuid, canonical_address text, ...)
--
-- Contract:  what was at an address at a moment. The address is a canonical one, or the document's followed by the numbers below it
--            (DOC/2/5: the piece numbered 5 in the piece numbered 2), which names different units at different times. It is looked for in
--            the document in which it stood then, wherever it stands today.
-- Arguments: p_address: the address; p_at: the moment
-- Returns:   unit_id, canonical_address, number_path, lifecycle_status, version_id, version_seq, enacted_seq (as fn_iu_tree_at)
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_operator, iu_approver, iu_reader
create or replace function fn_iu_unit_at(p_address text, p_at timestamptz)
returns table (unit_id uuid, canonical_address text, number_path text, lifecycle_status text, version_id uuid, version_seq integer,
               enacted_seq integer)
language sql
set search_path from current
as $$
  with recursive named as materialized (
    -- the unit that has the address and those whose addresses begin it up to a slash, looked up one by one
    select f.id from (
      select (select u.id from information_unit u where u.canonical_address = array_to_string(a.parts[1:n.places], '/')) as id
        from (select string_to_array(p_address, '/') as parts) a cross join generate_series(1, cardinality(a.parts)) as n (places)) f
     where f.id is not null
  ), up as (
    -- and from each up through the places of that moment
    select n.id as named_id, n.id, 0 as level from named n
    union all
    select up.named_id, r.from_unit_id, up.level + 1 from up
     cross join lateral (
       select a.from_unit_id from iu_relation a
        where a.to_unit_id = up.id and a.relation_type = 'contains' and a.attributes ->> 'collection' is null
          and a.valid_from <= p_at and (a.valid_to is null or a.valid_to > p_at)
       offset 0) r
     where up.level < 128
  ), document as (
    select distinct u.id, u.canonical_address
      from (select distinct on (up.named_id) up.id from up order by up.named_id, up.level desc) top
      join information_unit u on u.id = top.id
  ), standing as (
    select a.*, d.canonical_address as document_address from document d cross join lateral fn_iu_tree_at(d.id, p_at) a
  ), numbered as (
    select s.unit_id, s.document_address as number_path from standing s where s.depth = 0
    union all
    select s.unit_id, n.number_path || coalesce('/' || s.section_code, '') from numbered n join standing s on s.parent_id = n.unit_id
  )
  select s.unit_id, s.canonical_address, n.number_path, s.lifecycle_status, s.version_id, s.version_seq, s.enacted_seq
    from standing s join numbered n on n.unit_id = s.unit_id
   where s.canonical_address = p_address
      or (n.number_path = p_address and s.section_code is not null and s.lifecycle_status in ('draft', 'enacted'))
$$;
