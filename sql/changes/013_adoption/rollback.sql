-- Refuses in a database that was adopted: its tables were there before, and the changes before this one would drop them.
-- Before it is counted: what a transaction is about to commit would go with its table.
lock table iu_adoption_step in access exclusive mode;
do $$
declare
  v_steps bigint := (select count(*) from iu_adoption_step);
begin
  if v_steps > 0 then
    raise exception using errcode = 'IU842',
      message = format('rollback of 013_adoption refused: this database was adopted in %s steps', v_steps),
      hint = 'iu adopt back gives the former catalog';
  end if;
end
$$;

drop table iu_adoption_step;
