-- fn_iu_ladder_capture(boolean, text) returns void
--
-- Contract:  level 3 of the ladder: switches the triggers that record events of versions and of SQL links, and writes it to the gate
--            log. Waits 300 ms for a table, because every later writer would wait behind it.
-- Arguments: p_enable; p_reason
-- Returns:   nothing
-- Raises:    IU406 a table is in use
-- Writes:    the triggers, iu_gate_log
-- May call:  internal
create or replace function fn_iu_ladder_capture(p_enable boolean, p_reason text) returns void
language plpgsql
volatile
set search_path from current
as $$
declare
  v_what text := case when p_enable then 'enable' else 'disable' end;
begin
  perform set_config('lock_timeout', '300ms', true);
  begin
    execute format('alter table unit_version %s trigger trg_iu_out_version', v_what);
    execute format('alter table iu_sql_link %s trigger trg_iu_sql_in_iu_sql_link', v_what);
  exception when lock_not_available then
    raise exception using errcode = 'IU406', message = 'unit_version or iu_sql_link is in use: no lock within 300 ms',
      hint = 'run it again; iu health names open transactions';
  end;
  perform fn_iu_ladder_log(3, v_what, p_reason);
end
$$;
