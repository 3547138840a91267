-- fn_iu_prune_certify() returns void
--
-- Contract:  brings the certificate of every cursor up to date and refuses when it finds something missing: only what was found whole
--            may be pruned, because afterwards nobody can look again. Its own transaction: it locks the cursors, and no pass runs until it ends.
-- Arguments: none
-- Returns:   nothing
-- Raises:    IU878, IU881, IU882, IU899 as fn_iu_prune_ready, IU301, IU302
-- Writes:    iu_route_worker_cursor (the certificate)
-- May call:  iu_core_pruner, iu_operator
create or replace function fn_iu_prune_certify() returns void
language plpgsql
volatile
security definer
set search_path from current
as $$
begin
  perform fn_iu_prune_ready();
  perform fn_iu_route_worker_reconcile(worker_name) from iu_route_worker_cursor order by worker_name;
  perform fn_iu_prune_ready();
end
$$;
