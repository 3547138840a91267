-- fn_iu_log_rebind(oid, text[], text) returns void
--
-- Contract:  the second half of a change of form: puts back what fn_iu_log_let_go took off, and tells cursors and the claim of this
--            deployment that event_outbox is another table now. Numbers, transactions and snapshots are what they were, so nothing is decided
--            again. Evidence for going live is not told: it was about the former catalog.
-- Arguments: p_former: what event_outbox was; p_statements: from fn_iu_log_let_go; p_reason
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    iu_route_worker_cursor, iu_deployment (DDL)
-- May call:  internal
create or replace function fn_iu_log_rebind(p_former oid, p_statements text[], p_reason text) returns void
language plpgsql
volatile
set search_path from current
as $$
declare
  v_statement text;
begin
  foreach v_statement in array p_statements loop
    execute v_statement;
  end loop;
  update iu_route_worker_cursor set log_oid = 'event_outbox'::regclass where log_oid = p_former;
  insert into iu_deployment (name, system_identifier, database_oid, log_oid, timeline, claimed_by, reason)
  select d.name, d.system_identifier, d.database_oid, 'event_outbox'::regclass, d.timeline, session_user, p_reason
    from (select * from iu_deployment order by claim_id desc limit 1) d where d.log_oid = p_former;
end
$$;
