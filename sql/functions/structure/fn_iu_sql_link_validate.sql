-- fn_iu_sql_link_validate(uuid, boolean) returns jsonb
--
-- Contract:  compares a link with the live catalog: is the object there, and is it as it was when the link was last accepted? With
--            p_accept the fingerprint of today is kept as the accepted one.
-- Arguments: p_link_id: the link; p_accept: true keeps today's fingerprint
-- Returns:   {link_id, object_kind, object_exists, status: valid | drifted | missing | unfingerprinted, fingerprint, accepted_fingerprint}
-- Raises:    IU621 no such link
-- Writes:    iu_sql_link (with p_accept)
-- May call:  iu_operator
create or replace function fn_iu_sql_link_validate(p_link_id uuid, p_accept boolean default false) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_link iu_sql_link;
  v_now text;
begin
  select * into v_link from iu_sql_link where id = p_link_id;
  if not found then
    raise exception using errcode = 'IU621', message = format('there is no SQL link %s', p_link_id);
  end if;
  v_now := fn_iu_sql_link_fingerprint(v_link);
  if coalesce(p_accept, false) and v_now is not null then
    update iu_sql_link set object_fingerprint = v_now where id = p_link_id returning * into v_link;
  end if;
  return jsonb_build_object('link_id', v_link.id, 'object_kind', v_link.object_kind, 'object_exists', v_now is not null, 'fingerprint', v_now,
    'accepted_fingerprint', v_link.object_fingerprint,
    'status', case when v_now is null then 'missing' when v_link.object_fingerprint is null then 'unfingerprinted'
                   when v_now = v_link.object_fingerprint then 'valid' else 'drifted' end);
end
$$;
