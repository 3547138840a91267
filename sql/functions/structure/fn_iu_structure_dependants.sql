-- fn_iu_structure_dependants(bigint, integer, uuid, uuid, text, text, text, text) returns void
--
-- Contract:  decides about the living units directly below a unit whose life ends.
-- Arguments: p_operation_id, p_step_no; p_unit_id: the unit; p_heir_id: the unit that takes its place, or null; p_policy: block (also null)
--            refuses, move hangs them below the heir, lift puts them after the unit (those of a document of a collection become documents
--            of that collection), deprecate ends their life and that of everything below; p_link_policy: the step's; manual_review also
--            leaves the links of what deprecate ends, any other refuses them; p_actor; p_reference: approval reference
-- Returns:   nothing
-- Raises:    IU603 unknown policy or no heir, IU604 living children in the way, as fn_iu_structure_place
-- Writes:    as fn_iu_structure_place and fn_iu_structure_end
-- May call:  internal
create or replace function fn_iu_structure_dependants(p_operation_id bigint, p_step_no integer, p_unit_id uuid, p_heir_id uuid, p_policy text,
                                                      p_link_policy text, p_actor text, p_reference text) returns void
language plpgsql
set search_path from current
as $$
declare
  v_child record;
  v_unit record;
  v_after uuid := p_unit_id;
  v_policy text := coalesce(p_policy, 'block');
begin
  if v_policy not in ('block', 'move', 'lift', 'deprecate') or (v_policy = 'move' and p_heir_id is null) then
    raise exception using errcode = 'IU603', message = format('step %s: dependants %s is not possible here', p_step_no, left(v_policy, 40)),
      hint = 'block, lift, deprecate, and move where a unit takes the place';
  end if;
  select u.parent_or_container_ref as parent_id, c.collection_id, u.canonical_address into v_unit
    from information_unit u left join iu_collection_path c on c.document_id = u.id where u.id = p_unit_id;
  select u.canonical_address into v_child from iu_collection_path c join information_unit u on u.id = c.document_id
   where c.collection_id = p_unit_id and u.deleted_at is null and u.lifecycle_status in ('draft', 'enacted') limit 1;
  if found then
    raise exception using errcode = 'IU604', message = format('collection %s has living documents, such as %s', v_unit.canonical_address, v_child.canonical_address),
      hint = 'move its documents first';
  end if;
  for v_child in
    select c.id, c.canonical_address from information_unit c
     where c.parent_or_container_ref = p_unit_id and c.deleted_at is null and c.lifecycle_status in ('draft', 'enacted')
       and c.id is distinct from p_heir_id
     order by c.sibling_rank
  loop
    case v_policy
    when 'block' then
      raise exception using errcode = 'IU604', message = format('unit %s has living pieces below it, such as %s', v_unit.canonical_address, v_child.canonical_address),
        hint = 'say what becomes of them: dependants lift, deprecate, or move where a unit takes the place';
    when 'move' then
      perform fn_iu_structure_place(p_operation_id, p_step_no, v_child.id, p_heir_id, null,
                                    fn_iu_structure_rank(p_heir_id, null, 'last', v_child.id), p_actor);
    when 'lift' then
      perform fn_iu_structure_place(p_operation_id, p_step_no, v_child.id, v_unit.parent_id, v_unit.collection_id,
                                    fn_iu_structure_rank(coalesce(v_unit.parent_id, v_unit.collection_id), v_after, 'last', v_child.id), p_actor);
      v_after := v_child.id;
    else
      perform fn_iu_structure_links(p_operation_id, p_step_no, v_child.id, '{}',
                                    case when p_link_policy = 'manual_review' then p_link_policy else 'block' end, p_actor);
      perform fn_iu_structure_dependants(p_operation_id, p_step_no, v_child.id, null, 'deprecate', p_link_policy, p_actor, p_reference);
      perform fn_iu_structure_end(p_operation_id, p_step_no, v_child.id, 'deprecated', p_actor, p_reference);
    end case;
  end loop;
end
$$;
