-- fn_iu_structure_rank(uuid, uuid, text, uuid) returns text
--
-- Contract:  a free rank among the children of a parent, or among the documents of a collection. A taken rank is never given again while
--            its unit stands there.
-- Arguments: p_parent_id: parent or collection; p_after_id: sibling to stand after; p_position: first | last, counts when p_after_id is
--            null; p_self_id: the unit that moves, which is no neighbour of itself
-- Returns:   the rank; 'a0' without a parent
-- Raises:    IU605 the sibling does not stand there
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_structure_rank(p_parent_id uuid, p_after_id uuid, p_position text, p_self_id uuid) returns text
language plpgsql
set search_path from current
as $$
declare
  v_ranks text[];
  v_left text;
begin
  if p_parent_id is null then
    return 'a0';
  end if;
  select array_agg(place.rank order by place.rank collate "C"), max(place.rank) filter (where place.id = p_after_id)
    into v_ranks, v_left
    from (select u.id, u.sibling_rank as rank from information_unit u where u.parent_or_container_ref = p_parent_id
          union all
          select c.document_id, c.sibling_rank from iu_collection_path c where c.collection_id = p_parent_id) place
   where place.id is distinct from p_self_id;
  if p_after_id is not null and v_left is null then
    raise exception using errcode = 'IU605',
      message = format('%s does not stand below %s', (select canonical_address from information_unit where id = p_after_id),
                       (select canonical_address from information_unit where id = p_parent_id)),
      hint = 'name a sibling of the new place, or leave "after" out';
  end if;
  if p_after_id is null and p_position = 'last' then
    v_left := v_ranks[cardinality(v_ranks)];
  end if;
  return fn_iu_rank_between(v_left, (select min(r collate "C") from unnest(v_ranks) r where v_left is null or r collate "C" > v_left collate "C"));
end
$$;
