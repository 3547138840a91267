-- Refuses while something was cut: the pinned bytes and what became of them cannot be made again from the units alone.
-- Before it is counted: what a transaction is about to commit would go with its table.
lock table iu_source_pin, iu_cut_run in access exclusive mode;
do $$
declare
  v_pins bigint := (select count(*) from iu_source_pin);
  v_runs bigint := (select count(*) from iu_cut_run);
begin
  if v_pins + v_runs > 0 then
    raise exception using errcode = 'IU811',
      message = format('rollback of 007_cut refused: %s source pins, %s cut runs', v_pins, v_runs),
      hint = 'sources and their cuts are kept; export them and use the option that names what it discards';
  end if;
end
$$;

drop table iu_cut_piece;
drop table iu_cut_run;
drop table iu_source_pin;
drop function fn_iu_cut_verify(bigint);
drop function fn_iu_cut_living_units(uuid);
drop function fn_iu_cut_living(uuid);
drop function fn_iu_cut_piece_check();
drop function fn_iu_source_pin(bytea, text, text, text, text, text);
drop function fn_iu_cut_run_guard();
