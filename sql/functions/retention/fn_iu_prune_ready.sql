-- fn_iu_prune_ready() returns void
--
-- Contract:  refuses to prune while a cursor cannot vouch for what it decided: another cluster than the cursor's (its snapshots mean
--            nothing here), or a certificate that found something missing.
-- Arguments: none
-- Returns:   nothing
-- Raises:    IU881 a cursor is of another cluster, IU882 the certificate is broken, IU301, IU302
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_prune_ready() returns void
language plpgsql
volatile
set search_path from current
as $$
declare
  v_identity record;
  v_worker text;
begin
  perform fn_iu_require_read_committed();
  select * into v_identity from fn_iu_cluster_identity();
  select worker_name into v_worker from iu_route_worker_cursor c
   where (c.system_identifier, c.database_oid, c.log_oid) is distinct from
         (v_identity.system_identifier, v_identity.database_oid, v_identity.log_oid) limit 1;
  if found then
    raise exception using errcode = 'IU881', message = format('worker %s stands in another cluster, database or log', v_worker),
      hint = 'after a restore: iu cursor rebase WORKER --reason TEXT, then prune';
  end if;
  select worker_name into v_worker from iu_route_worker_cursor where lost_pairs > 0 limit 1;
  if found then
    raise exception using errcode = 'IU882', message = format('the certificate of worker %s is broken: decisions are missing', v_worker),
      hint = 'iu cursor rewind WORKER decides what is missing; nothing is pruned before';
  end if;
end
$$;
