-- Refuses while steps of activations are recorded: they are the evidence of how this installation came to be.
-- Before it is counted: what a transaction is about to commit would go with its table.
lock table iu_activation_step in access exclusive mode;
do $$
declare
  v_steps bigint := (select count(*) from iu_activation_step);
begin
  if v_steps > 0 then
    raise exception using errcode = 'IU811', message = format('rollback of 014_activation refused: %s steps of activations are part of the evidence', v_steps),
      hint = 'write them out with iu report and use the option that names what it discards';
  end if;
end
$$;

drop function fn_iu_activation_end(bigint, text, text);
drop function fn_iu_activation_step(bigint, text, text, jsonb, timestamp with time zone, timestamp with time zone);
drop function fn_iu_activation_begin(text, jsonb, timestamp with time zone);
drop function fn_iu_health_watch_forget(text);
drop function fn_iu_health_watch_beat(text, text, integer, boolean, text[]);
drop table iu_health_watch;
drop table iu_activation_step;
drop table iu_activation;
