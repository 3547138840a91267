-- fn_iu_gateway_write_guard() returns trigger
--
-- Contract:  units and versions are written by the governed functions only: the session setting named by dot_config
--            'iu_create.gateway.marker_key' must hold one of 'iu_create.gateway.allowed_marker_values' (comma separated). Each governed
--            function sets it for its own duration. Physical delete and truncate are refused even then: a unit ends by its lifecycle.
--            A statement trigger: one look at the settings for any number of rows.
-- Arguments: none
-- Returns:   null (statement trigger)
-- Raises:    IU210 direct write, IU214 physical delete
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_gateway_write_guard() returns trigger
language plpgsql
security definer
set search_path from current
as $$
declare
  v_marker text;
begin
  if tg_op in ('DELETE', 'TRUNCATE') then
    raise exception using errcode = 'IU214', message = format('rows of %s are never deleted', tg_table_name),
      hint = 'fn_iu_deprecate ends the life of a unit';
  end if;
  v_marker := nullif(current_setting(fn_iu_setting('iu_create.gateway.marker_key', 'app.canonical_writer'), true), '');
  if (v_marker = any (regexp_split_to_array(fn_iu_setting('iu_create.gateway.allowed_marker_values', ''), E'\\s*,\\s*'))) is not true then
    raise exception using errcode = 'IU210', message = format('%s of %s outside the governed functions', lower(tg_op collate "C"), tg_table_name),
      hint = 'use fn_iu_create, fn_iu_revise, fn_iu_enact or fn_iu_deprecate';
  end if;
  return null;
end
$$;
