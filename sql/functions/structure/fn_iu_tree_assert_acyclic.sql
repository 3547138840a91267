-- fn_iu_tree_assert_acyclic(uuid, uuid) returns void
--
-- Contract:  refuses a parent that is the unit itself or stands below it. Only meaningful while the documents are locked.
-- Arguments: p_unit_id: the unit that moves; p_parent_id: where to
-- Returns:   nothing
-- Raises:    IU602 the move would make a cycle
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_approver, iu_reader
create or replace function fn_iu_tree_assert_acyclic(p_unit_id uuid, p_parent_id uuid) returns void
language plpgsql
set search_path from current
as $$
begin
  if p_unit_id = p_parent_id or fn_iu_tree_is_descendant(p_unit_id, p_parent_id) then
    raise exception using errcode = 'IU602',
      message = format('unit %s cannot stand below itself or below its own piece %s',
                       (select canonical_address from information_unit where id = p_unit_id),
                       (select canonical_address from information_unit where id = p_parent_id)),
      hint = 'choose a parent outside of what moves';
  end if;
end
$$;
