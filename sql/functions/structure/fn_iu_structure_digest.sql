-- fn_iu_structure_digest(bigint, boolean) returns text
--
-- Contract:  one hash over the units that an operation placed, numbered, ended or made: place, rank, number and lifecycle of each, as in the
--            lines of fn_iu_tree_hash. Costs what the operation touched, not what its documents hold. An operation and its rollback write no
--            other line, so equal digests before and after both mean equal tree hashes.
-- Arguments: p_operation_id; p_before: true = as they stood before the operation, from what it wrote down; false = as they stand now
-- Returns:   sha256 in hexadecimal; null when none of them stands in a tree
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_structure_digest(p_operation_id bigint, p_before boolean) returns text
language plpgsql
set search_path from current
as $$
begin
  -- plpgsql, which keeps its plan: as an SQL function it is planned again in every call (0.7 ms)
  return (
    with touched as materialized (
      select c.unit_id, bool_or(c.change_kind = 'born') as is_born,
             (array_agg(c.before order by c.change_no) filter (where c.change_kind = 'placed'))[1] as place,
             (array_agg(c.before order by c.change_no) filter (where c.change_kind = 'lifecycle'))[1] as life,
             (array_agg(c.before order by c.change_no) filter (where c.change_kind = 'numbered'))[1] as number
        from iu_structure_change c
       where c.operation_id = p_operation_id and c.change_kind in ('born', 'placed', 'lifecycle', 'numbered')
       group by c.unit_id
    ), standing as (
      select x.unit_id,
             case when p_before and x.place is not null then coalesce(x.place ->> 'parent_id', x.place ->> 'collection_id')
                  else coalesce(u.parent_or_container_ref, p.collection_id)::text end as container,
             case when p_before and x.place is not null then x.place ->> 'rank' else coalesce(p.sibling_rank, u.sibling_rank) end as rank,
             case when p_before and x.life is not null then x.life ->> 'lifecycle_status' else u.lifecycle_status end as status,
             case when p_before and x.number is not null then x.number ->> 'section_code' else u.section_code end as code
        from touched x
        join information_unit u on u.id = x.unit_id
        left join iu_collection_path p on p.document_id = x.unit_id
       where case when p_before then not x.is_born else (select t.unit_id from iu_tree_path t where t.unit_id = x.unit_id) is not null end
    )
    select encode(sha256(convert_to(string_agg(
             concat_ws(' ', s.unit_id, coalesce(s.container, '-'), case when s.container is null then '-' else s.rank end, s.status,
                       coalesce(quote_ident(s.code), '-')), E'\n' order by s.unit_id), 'UTF8')), 'hex')
      from standing s
  );
end
$$;
