-- fn_iu_sql_link_retire(uuid, text, text) returns jsonb
--
-- Contract:  ends a link: retired and disabled, who and why in its metadata. The row stays; a retired link stays as it is. It is no longer in the
--            way of an operation on its unit.
-- Arguments: p_link_id: the link; p_actor: who; p_reason: why, mandatory
-- Returns:   {status: retired | unchanged, link_id, unit_id}
-- Raises:    IU216 actor or reason missing, IU621 no such link
-- Writes:    iu_sql_link
-- May call:  iu_operator
create or replace function fn_iu_sql_link_retire(p_link_id uuid, p_actor text, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_link iu_sql_link;
begin
  if coalesce(btrim(p_actor), '') = '' or coalesce(btrim(p_reason), '') = '' then
    raise exception using errcode = 'IU216', message = 'who retires a link names himself and the reason';
  end if;
  select * into v_link from iu_sql_link where id = p_link_id for update;
  if not found then
    raise exception using errcode = 'IU621', message = format('there is no SQL link %s', p_link_id);
  end if;
  if v_link.lifecycle_status in ('draft', 'enacted') then
    update iu_sql_link
       set lifecycle_status = 'retired', enabled = false,
           metadata = metadata || jsonb_build_object('retired_by', p_actor, 'retired_reason', p_reason, 'retired_at', clock_timestamp())
     where id = p_link_id;
  end if;
  return jsonb_build_object('status', case when v_link.lifecycle_status in ('draft', 'enacted') then 'retired' else 'unchanged' end,
                            'link_id', v_link.id, 'unit_id', v_link.unit_id);
end
$$;
