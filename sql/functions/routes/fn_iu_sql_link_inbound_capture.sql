-- fn_iu_sql_link_inbound_capture() returns trigger
--
-- Contract:  when an enabled inbound route names this table and event, writes one inbound attempt with metadata of the link: dry_run
--            (or pending for a route out of dry-run, which its check forbids today). Without an enabled route: nothing.
-- Arguments: none
-- Returns:   null (after trigger)
-- Raises:    nothing
-- Writes:    iu_route_attempt
-- May call:  nobody, it is a trigger
create or replace function fn_iu_sql_link_inbound_capture() returns trigger
language plpgsql
security definer
set search_path from current
as $$
begin
  insert into iu_route_attempt (route_kind, route_id, route_code, route_version, status, decision, idempotency_key, attempt_no, payload_snapshot)
  select 'inbound', r.route_id, r.route_code, r.version,
         case when r.dry_run then 'dry_run' else 'pending' end, case when r.dry_run then 'dry_run' else 'pending' end,
         r.route_code || ':' || new.id, 1,
         jsonb_build_object('schema', tg_table_schema, 'table', tg_table_name, 'operation', lower(tg_op collate "C"), 'link_id', new.id,
                            'object_kind', new.object_kind, 'target_event_type', r.target_event_type)
    from iu_sql_event_route r
   where r.enabled and r.removed_at is null and r.source_table = tg_table_name
     and coalesce(r.source_schema, tg_table_schema) = tg_table_schema and r.sql_event = lower(tg_op collate "C");
  return null;
end
$$;
