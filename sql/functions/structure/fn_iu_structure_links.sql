-- fn_iu_structure_links(bigint, integer, uuid, uuid[], text, text) returns void
--
-- Contract:  decides about the living SQL links of a unit whose life ends: they are never inherited silently. The row of the unit is locked
--            first, so that a link that is being made is seen.
-- Arguments: p_operation_id, p_step_no; p_unit_id: the unit; p_targets: the units that take its place; p_policy: block (also null) refuses,
--            copy gives each target a copy, move retires them here and gives the first target a copy, manual_review leaves them and notes
--            it; p_actor
-- Returns:   nothing
-- Raises:    IU603 unknown policy or no target, IU611 living links in the way
-- Writes:    iu_sql_link, iu_structure_change (row lock)
-- May call:  internal
create or replace function fn_iu_structure_links(p_operation_id bigint, p_step_no integer, p_unit_id uuid, p_targets uuid[], p_policy text, p_actor text)
returns void
language plpgsql
set search_path from current
as $$
declare
  v_link iu_sql_link;
  v_target uuid;
  v_copy uuid;
  v_policy text := coalesce(p_policy, 'block');
begin
  if v_policy not in ('block', 'copy', 'move', 'manual_review') or (v_policy in ('copy', 'move') and cardinality(p_targets) = 0) then
    raise exception using errcode = 'IU603', message = format('step %s: link_policy %s is not possible here', p_step_no, left(v_policy, 40)),
      hint = 'block, copy, move, manual_review; without a successor only block and manual_review';
  end if;
  perform from information_unit where id = p_unit_id for no key update;
  for v_link in select * from iu_sql_link where unit_id = p_unit_id and lifecycle_status in ('draft', 'enacted') order by id for update loop
    if v_policy = 'block' then
      raise exception using errcode = 'IU611',
        message = format('unit %s has living SQL links', (select canonical_address from information_unit where id = p_unit_id)),
        hint = 'say link_policy copy, move or manual_review, or retire the links first: iu link retire';
    end if;
    if v_policy = 'manual_review' then
      perform fn_iu_structure_note(p_operation_id, p_step_no, 'review', p_unit_id, null, jsonb_build_object('what', 'sql_link', 'link_id', v_link.id));
      continue;
    end if;
    foreach v_target in array case v_policy when 'copy' then p_targets else p_targets[1:1] end loop
      v_copy := gen_random_uuid();
      insert into iu_sql_link
      select (jsonb_populate_record(v_link, jsonb_build_object('id', v_copy, 'unit_id', v_target, 'created_at', clock_timestamp(), 'created_by', p_actor,
                'idempotency_key', format('iu_op:%s:%s:%s', p_operation_id, v_target, v_link.id)))).*;
      perform fn_iu_structure_note(p_operation_id, p_step_no, 'link_copied', v_target, null,
                                   jsonb_build_object('link_id', v_copy, 'from_link_id', v_link.id));
    end loop;
    if v_policy = 'move' then
      update iu_sql_link set lifecycle_status = 'retired', enabled = false where id = v_link.id;
      perform fn_iu_structure_note(p_operation_id, p_step_no, 'link_moved', p_unit_id,
        jsonb_build_object('link_id', v_link.id, 'lifecycle_status', v_link.lifecycle_status, 'enabled', v_link.enabled),
        jsonb_build_object('lifecycle_status', 'retired', 'enabled', false));
    end if;
  end loop;
end
$$;
