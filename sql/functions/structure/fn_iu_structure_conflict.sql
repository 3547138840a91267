-- fn_iu_structure_conflict(bigint) returns text
--
-- Contract:  says by name what stands in the way of a rollback: a later operation on the same units, a unit that is no longer as the
--            operation left it, a place that would be filled again and is gone (its unit was deleted or has died since, or is no collection
--            any more), and what came of the units that the operation made: pieces below them, links of their own, texts derived from them.
-- Arguments: p_operation_id: an applied operation, its documents locked
-- Returns:   a sentence, or null
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_structure_conflict(p_operation_id bigint) returns text
language plpgsql
set search_path from current
as $$
declare
  v_applied_seq bigint;
  v_applied_at timestamptz;
  v_conflict text;
begin
  select applied_seq, enacted_at into v_applied_seq, v_applied_at from iu_structure_operation where operation_id = p_operation_id;
  select format('operation %s (%s) touched %s later', later.operation_id, later.operation_type,
                (select canonical_address from information_unit where id = c.unit_id)) into v_conflict
    from (select distinct unit_id from iu_structure_change where operation_id = p_operation_id and change_kind not in ('context', 'review')) own
    join iu_structure_change c on c.unit_id = own.unit_id
    join iu_structure_operation later on later.operation_id = c.operation_id
   where later.applied_seq > v_applied_seq and later.operation_status = 'enacted'
   order by later.applied_seq desc limit 1;
  if v_conflict is not null then
    return v_conflict;
  end if;
  with own as materialized (
    select * from iu_structure_change where operation_id = p_operation_id and change_kind not in ('context', 'review')
  ), last as materialized (
    select distinct on (unit_id, change_kind) *, first_value(before) over (partition by unit_id, change_kind order by change_no) as first_before
      from own where change_kind in ('born', 'placed', 'lifecycle', 'numbered')
     order by unit_id, change_kind, change_no desc
  )
  select coalesce(
  (select format('%s has changed since: %s', u.canonical_address,
                 case when u.deleted_at is not null then 'it was deleted' else
                 case l.change_kind when 'placed' then 'its place' when 'numbered' then 'its number' when 'lifecycle' then 'its lifecycle or version'
                                    else 'its lifecycle, version or place' end end)
     from last l
     join information_unit u on u.id = l.unit_id
     left join iu_collection_path p on p.document_id = u.id
    where u.deleted_at is not null or case l.change_kind
            when 'placed' then u.parent_or_container_ref is distinct from (l.after ->> 'parent_id')::uuid
              or p.collection_id is distinct from (l.after ->> 'collection_id')::uuid
              or (coalesce(u.parent_or_container_ref, p.collection_id) is not null and coalesce(p.sibling_rank, u.sibling_rank) <> l.after ->> 'rank')
            when 'numbered' then u.section_code is distinct from l.after ->> 'section_code'
            when 'lifecycle' then u.lifecycle_status <> l.after ->> 'lifecycle_status'
              or u.version_anchor_ref is distinct from (l.first_before ->> 'version_id')::uuid
            else u.version_anchor_ref is distinct from (l.after ->> 'version_id')::uuid
              or u.lifecycle_status <> coalesce((select x.after ->> 'lifecycle_status' from last x where x.unit_id = l.unit_id and x.change_kind = 'lifecycle'), 'draft')
              or (not exists (select from last x where x.unit_id = l.unit_id and x.change_kind = 'placed')
                  and u.parent_or_container_ref is distinct from (l.after ->> 'parent_id')::uuid)
          end
    order by l.change_no limit 1),
  (select format('%s would stand in %s, which %s', u.canonical_address, k.canonical_address,
                 case when k.deleted_at is not null then 'was deleted' when k.lifecycle_status not in ('draft', 'enacted') then 'is ' || k.lifecycle_status
                      else 'is no collection any more' end)
     from (select p.unit_id, p.change_no, coalesce(p.before ->> 'parent_id', p.before ->> 'collection_id')::uuid as container_id,
                  p.before ->> 'parent_id' is null as in_collection
             -- where it stood before the operation; not where it only passed
             from (select distinct on (unit_id) * from own where change_kind in ('born', 'placed') order by unit_id, change_no) p
            where p.change_kind = 'placed'
           union all
           -- what comes to life again where it stands
           select e.unit_id, e.change_no, coalesce(d.parent_or_container_ref, (select collection_id from iu_collection_path where document_id = d.id)), false
             from own e join information_unit d on d.id = e.unit_id
            where e.change_kind = 'lifecycle' and e.before ->> 'lifecycle_status' <> e.after ->> 'lifecycle_status'
              and e.unit_id not in (select unit_id from own where change_kind = 'placed')) o
     join information_unit u on u.id = o.unit_id
     join information_unit k on k.id = o.container_id
    where k.id not in (select unit_id from own where change_kind in ('born', 'lifecycle'))
      and (k.deleted_at is not null
           -- an adopted tree may have had living pieces below dead ones before
           or (k.lifecycle_status not in ('draft', 'enacted')
               and exists (select from iu_lifecycle_log l where l.unit_id = k.id and l.recorded_at >= v_applied_at))
           -- one that the operation itself made a piece is a collection again by the time
           or (o.in_collection and k.parent_or_container_ref is not null
               and k.id not in (select unit_id from own where change_kind = 'placed')))
    order by o.change_no limit 1),
  (select format('%s stands below %s, which the operation made', c.canonical_address, u.canonical_address)
     from own b
     join information_unit u on u.id = b.unit_id
    cross join lateral (
      select d.id, d.canonical_address from information_unit d where d.parent_or_container_ref = u.id and d.deleted_at is null
      union all
      select d.id, d.canonical_address from iu_collection_path p join information_unit d on d.id = p.document_id
       where p.collection_id = u.id and d.deleted_at is null) c
    where b.change_kind = 'born' and c.id not in (select unit_id from own where change_kind in ('born', 'placed'))
    limit 1),
  (select format('%s, which the operation made, has SQL links of its own', u.canonical_address)
     from own b join information_unit u on u.id = b.unit_id
     join iu_sql_link k on k.unit_id = u.id and k.lifecycle_status in ('draft', 'enacted')
    where b.change_kind = 'born' and k.id not in (select (x.after ->> 'link_id')::uuid from own x where x.change_kind = 'link_copied')
    limit 1),
  (select format('the SQL link of %s, which the operation moved there, was retired since', u.canonical_address)
     from own m
     join own c on c.change_kind = 'link_copied' and c.after ->> 'from_link_id' = m.before ->> 'link_id'
     join iu_sql_link k on k.id = (c.after ->> 'link_id')::uuid and k.lifecycle_status not in ('draft', 'enacted')
     join information_unit u on u.id = k.unit_id
    where m.change_kind = 'link_moved'
      and not exists (select from own x where x.change_kind = 'link_moved' and x.before ->> 'link_id' = k.id::text)
    limit 1),
  (select format('%s was derived from %s, which the operation made', f.canonical_address, u.canonical_address)
     from own b
     join information_unit u on u.id = b.unit_id
     join iu_relation r on r.to_unit_id = b.unit_id and r.relation_type = 'derived_from' and r.relation_status = 'active'
     join information_unit f on f.id = r.from_unit_id
    where b.change_kind = 'born' and r.operation_ref is distinct from p_operation_id
    limit 1)) into v_conflict;
  return v_conflict;
end
$$;
