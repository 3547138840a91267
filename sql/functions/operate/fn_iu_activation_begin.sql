-- fn_iu_activation_begin(text, jsonb, timestamptz) returns jsonb
--
-- Contract:  begins an activation, or gives the one that is open: there is one at a time, and whoever comes goes on with it.
-- Arguments: p_reason; p_settings: what it was asked to do, without secrets; p_began_at: before the tables were there, the steps were
--            taken already; null = now
-- Returns:   {activation_id, state, reason, began_by, began_at, resumed}
-- Raises:    IU864 there is no reason, or the settings hold what they may not
-- Writes:    iu_activation
-- May call:  iu_operator
create or replace function fn_iu_activation_begin(p_reason text, p_settings jsonb, p_began_at timestamptz default null) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_row iu_activation;
  v_key text := fn_iu_forbidden_key(p_settings::text);
begin
  if coalesce(trim(p_reason), '') = '' or jsonb_typeof(p_settings) is distinct from 'object' or v_key is not null then
    raise exception using errcode = 'IU864', message = 'an activation has a reason, and settings that are an object without secrets',
      hint = 'iu activate --reason TEXT';
  end if;
  lock table iu_activation in share row exclusive mode;
  select * into v_row from iu_activation where state = 'open';
  if not found then
    insert into iu_activation (reason, settings, installation, began_by, began_at)
    values (p_reason, p_settings, fn_iu_installation_mark(), session_user, least(p_began_at, clock_timestamp()))
    returning * into v_row;
    return jsonb_build_object('activation_id', v_row.activation_id::text, 'state', v_row.state, 'reason', v_row.reason,
      'began_by', v_row.began_by, 'began_at', v_row.began_at, 'resumed', false);
  end if;
  return jsonb_build_object('activation_id', v_row.activation_id::text, 'state', v_row.state, 'reason', v_row.reason,
    'began_by', v_row.began_by, 'began_at', v_row.began_at, 'resumed', true);
end
$$;
