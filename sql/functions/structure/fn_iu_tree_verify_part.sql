-- fn_iu_tree_verify_part(uuid[]) returns text
--
-- Contract:  proves the part of the trees that an operation wrote: these units and everything below them. Every child by adjacency has its
--            row with path(child) = path(parent) || child, there is no other row (none was left behind), and the active contains relations
--            and the collection paths of the units say the same. A tree that was whole before is whole when this holds; fn_iu_tree_verify
--            proves a whole document without that assumption. Costs what moved, not what the document holds.
-- Arguments: p_unit_ids: units whose place was written, each once; one whose birth was undone has no row left
-- Returns:   the first problem as a sentence, or null
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_tree_verify_part(p_unit_ids uuid[]) returns text
language plpgsql
set search_path from current
-- rows by key: a kept plan that reads the small tree of collections whole does so once a document (7 ms for 100)
set enable_seqscan = off
as $$
declare
  v_problem text;
  v_found record;
begin
  -- what each unit says of itself
  select format('%s: its path or its active contains relation says another place', u.canonical_address) into v_problem
    from unnest(p_unit_ids) x (id)
   cross join lateral (select i.* from information_unit i where i.id = x.id offset 0) u
    left join lateral (select p.* from iu_tree_path p where p.unit_id = x.id offset 0) t on true
    left join lateral (select k.* from iu_relation k
                        where k.to_unit_id = x.id and k.relation_type = 'contains' and k.relation_status = 'active' offset 0) r on true
    left join lateral (select d.* from iu_collection_path d where d.document_id = x.id offset 0) c on true
   where case when u.deleted_at is not null then t.unit_id is not null or r.relation_id is not null or c.document_id is not null
              else t.path_ids is distinct from
                     case when u.parent_or_container_ref is null then array[u.id]
                          else (select a.path_ids || u.id from iu_tree_path a where a.unit_id = u.parent_or_container_ref) end
                or r.from_unit_id is distinct from coalesce(u.parent_or_container_ref, c.collection_id)
                or r.sibling_rank <> coalesce(c.sibling_rank, u.sibling_rank)
                or (u.parent_or_container_ref is not null and c.document_id is not null) end
   limit 1;
  if v_problem is not null then
    return v_problem;
  end if;
  with outermost as materialized (
    select t.* from unnest(p_unit_ids) x (id)
     cross join lateral (select p.* from iu_tree_path p where p.unit_id = x.id offset 0) t
     where not t.path_ids[1:t.depth] && p_unit_ids
  ), part as materialized (
    select t.unit_id, t.path_ids
      from outermost o
     cross join lateral (
       select r.unit_id, r.path_ids from iu_tree_path r
        where r.root_unit_id = o.root_unit_id and r.path_ids >= o.path_ids
          and r.path_ids < o.path_ids || 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid
       offset 0) t
  ), parent as materialized (
    select coalesce(array_agg(unit_id), '{}') as ids from part
  ), child as materialized (
    -- one scan of the index of places for all of them; one for each was two thirds of the proof
    select c.id, c.parent_id
      from parent
     cross join lateral (
       select u.id, u.parent_or_container_ref as parent_id from information_unit u
        where u.parent_or_container_ref = any (parent.ids) and u.deleted_at is null offset 0) c
  )
  -- Set operations are hashed; as a join of two sets of unknown size they were planned as a loop in a loop (100 ms for 1,000 units). A path
  -- ends with its unit (a check of the table), so that the row whose path is all of it but the end is the row of the parent.
  select (select count(*) from child) as edges, (select count(*) from part) - (select count(*) from outermost) as below,
         coalesce(
           (select id from (select id, parent_id from child
                            except select unit_id, path_ids[cardinality(path_ids) - 1] from part) e limit 1),
           (select p.unit_id from part p
             where p.path_ids[1:cardinality(p.path_ids) - 1] = (
               select m.path_ids from (select path_ids[1:cardinality(path_ids) - 1] as path_ids from part
                                        where unit_id not in (select unit_id from outermost)
                                       except select path_ids from part) m limit 1) limit 1)) as unit_id
    into v_found;
  if v_found.unit_id is not null then
    return format('%s: its path is not that of its parent and itself', (select canonical_address from information_unit where id = v_found.unit_id));
  elsif v_found.edges <> v_found.below then
    return format('%s units stand below the moved ones, %s rows tell so', v_found.edges, v_found.below);
  end if;
  -- documents in collections: those that were placed, and everything in a collection that was
  with inside as materialized (
    select d.document_id as id
      from unnest(p_unit_ids) x (id)
      left join lateral (select o.* from iu_collection_path o where o.document_id = x.id offset 0) own on true
     cross join lateral (
       select c.document_id from iu_collection_path c
        where c.path_ids >= coalesce(own.path_ids, array[x.id])
          and c.path_ids < coalesce(own.path_ids, array[x.id]) || 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid
       offset 0) d
    union select unnest(p_unit_ids)
  )
  select format('%s: its collection path is not that of its collection and itself', c.document_id) into v_problem
    from inside i
   cross join lateral (
     select e.* from iu_collection_path e where e.document_id = i.id
     union all
     select e.* from iu_collection_path e where e.collection_id = i.id
     offset 0) c
   where c.path_ids <> coalesce((select p.path_ids from iu_collection_path p where p.document_id = c.collection_id), array[c.collection_id])
                       || c.document_id
   limit 1;
  return v_problem;
end
$$;
