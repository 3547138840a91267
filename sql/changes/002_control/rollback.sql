-- Refuses while a gate is open: closing it is a decision of its own.
-- Before it is counted: what a transaction is about to commit would go with its table.
lock table dot_config in access exclusive mode;
do $$
declare
  v_open text;
begin
  select string_agg(key, ', ' order by key) into v_open
    from dot_config
   where key in ('iu_core.routes_master_enabled', 'iu_core.route_worker_enabled', 'iu_core.delivery_enabled',
                 'iu_core.structure_ops_enabled', 'iu_core.autocut_enabled')
     and value = 'true';
  if v_open is not null then
    raise exception using errcode = 'IU810',
      message = format('rollback of 002_control refused: open gates: %s', v_open),
      hint = 'close them first: iu gate close KEY --reason TEXT';
  end if;
end
$$;

drop table dot_config;
drop table iu_gate_log;
drop table iu_probe_mark;
drop function fn_iu_gate_set(text, boolean, text, integer);
drop function fn_iu_gate_reason_check(text);
drop function fn_iu_gate_drain(integer, text);
drop function fn_iu_gate_lock_key(text);
drop function fn_iu_gate_open(text);
drop function fn_iu_setting_number(text, numeric, numeric, numeric);
drop function fn_iu_setting(text, text);
drop function fn_iu_in_probe();
drop function fn_iu_probe_begin(text);
drop function fn_iu_probe_commit_guard();
drop function fn_iu_config_log();
drop function fn_iu_config_guard();
drop function fn_iu_refuse_change();
