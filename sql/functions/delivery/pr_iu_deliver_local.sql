-- pr_iu_deliver_local(integer, text)
--
-- Contract:  delivers to targets in the database until nothing is due or p_limit is reached: claims 50 and commits, runs them and
--            commits. For pg_cron and any SQL client, with no Node: call it outside of a transaction. The deployment is the server
--            setting iu.deployment, set in postgresql.conf, which a dump does not carry.
-- Arguments: p_limit: deliveries, 1..100000; p_schema: leave it
-- Returns:   nothing; the audit tells
-- Raises:    IU301, IU302
-- Writes:    as fn_iu_delivery_claim and fn_iu_delivery_execute
-- May call:  iu_worker, iu_operator
create or replace procedure pr_iu_deliver_local(p_limit integer default 1000, p_schema text default fn_iu_schema())
language plpgsql
as $$
-- No "set search_path from current": a procedure with one cannot commit. It runs with the caller's rights and sets the path itself.
declare
  v_path text := quote_ident(p_schema) || ', pg_temp';
  v_runner text := 'sql:' || pg_catalog.pg_backend_pid();
  v_left integer := least(greatest(p_limit, 1), 100000);
  v_token uuid;
  v_hold text;
  v_count integer;
begin
  loop
    perform pg_catalog.set_config('search_path', v_path, true);
    select c.hold, c.lease_token, pg_catalog.count(*) over () into v_hold, v_token, v_count
      from fn_iu_delivery_claim(v_runner, least(v_left, 50), 300, pg_catalog.current_setting('iu.deployment', true), true) c limit 1;
    commit;
    exit when v_token is null;
    perform pg_catalog.set_config('search_path', v_path, true);
    perform fn_iu_delivery_execute(v_runner, v_token);
    commit;
    v_left := v_left - v_count;
    exit when v_left <= 0;
  end loop;
end
$$;
