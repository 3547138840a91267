-- fn_iu_structure_rank(uuid, uuid, text, uuid) returns text
--
-- Contract:  a free rank among the children of a parent, or among the documents of a collection. A taken rank is never given again while
--            its unit stands there. Reads the neighbours through the indexes, whatever the number of siblings.
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
  v_left text;
begin
  if p_parent_id is null then
    return 'a0';
  end if;
  if p_after_id is not null then
    select s.rank into v_left
      from (select u.sibling_rank as rank from information_unit u where u.id = p_after_id and u.parent_or_container_ref = p_parent_id
            union all
            select c.sibling_rank from iu_collection_path c where c.document_id = p_after_id and c.collection_id = p_parent_id) s
     where p_after_id is distinct from p_self_id;
    if not found then
      raise exception using errcode = 'IU605',
        message = format('%s does not stand below %s', (select canonical_address from information_unit where id = p_after_id),
                         (select canonical_address from information_unit where id = p_parent_id)),
        hint = 'name a sibling of the new place, or leave "after" out';
    end if;
  elsif p_position = 'last' then
    v_left := greatest(
      (select u.sibling_rank from information_unit u where u.parent_or_container_ref = p_parent_id and u.id is distinct from p_self_id
        order by u.sibling_rank desc limit 1),
      (select c.sibling_rank from iu_collection_path c where c.collection_id = p_parent_id and c.document_id is distinct from p_self_id
        order by c.sibling_rank desc limit 1));
  end if;
  return fn_iu_rank_between(v_left, least(
    (select u.sibling_rank from information_unit u
      where u.parent_or_container_ref = p_parent_id and u.id is distinct from p_self_id and (v_left is null or u.sibling_rank > v_left)
      order by u.sibling_rank limit 1),
    (select c.sibling_rank from iu_collection_path c
      where c.collection_id = p_parent_id and c.document_id is distinct from p_self_id and (v_left is null or c.sibling_rank > v_left)
      order by c.sibling_rank limit 1)));
end
$$;
