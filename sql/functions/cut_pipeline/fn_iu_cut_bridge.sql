-- fn_iu_cut_bridge(iu_cut_run) returns jsonb
--
-- Contract:  the bridge, after the enactment, and the end of the run: a structure request for every unit that the cut made (create, split
--            or merge, as fn_iu_cut_bridge_requests says), each naming the operation that did it, and a SQL link request for the document
--            and for what the config asks; the links are recorded by key, those of living units are made. It never cuts again, and doing it
--            twice records nothing twice.
-- Arguments: p_run: lifecycle_enacted, its row locked
-- Returns:   as fn_iu_cut_said
-- Raises:    nothing
-- Writes:    iu_cut_bridge_request, iu_sql_link, iu_cut_run, iu_cut_log
-- May call:  internal
create or replace function fn_iu_cut_bridge(p_run iu_cut_run) returns jsonb
language plpgsql
set search_path from current
as $$
declare
  v_links integer;
  v_operations integer;
begin
  insert into iu_cut_bridge_request (run_id, request_key, kind, unit_id, operation_id, request)
  select p_run.run_id, b.request_key, b.kind, b.unit_id, b.operation_id, b.request
    from fn_iu_cut_bridge_requests(p_run.run_id) b
  on conflict (request_key) do nothing;
  insert into iu_sql_link (unit_id, link_role, object_kind, object_schema, object_name, row_pk, direction, lifecycle_status, enabled,
                           idempotency_key, metadata, created_by)
  select b.unit_id, b.request ->> 'link_role', b.request ->> 'object_kind', b.request ->> 'object_schema', b.request ->> 'object_name',
         b.request -> 'row_pk', 'outbound', 'draft', false, b.request_key, jsonb_build_object('cut_run', p_run.run_id::text), p_run.actor_ref
    from iu_cut_bridge_request b
    join information_unit u on u.id = b.unit_id
   where b.run_id = p_run.run_id and b.kind = 'sql_link' and u.lifecycle_status in ('draft', 'enacted') and u.deleted_at is null
  on conflict (idempotency_key) do nothing;
  get diagnostics v_links = row_count;
  select count(*) into v_operations from iu_cut_bridge_request b where b.run_id = p_run.run_id and b.kind = 'structure_op';
  update iu_cut_run
     set state = 'closeout_reported', actor_ref = p_run.actor_ref, finished_at = clock_timestamp(),
         detail = jsonb_build_object('structure_requests', v_operations, 'sql_links', v_links)
   where run_id = p_run.run_id returning * into p_run;
  return fn_iu_cut_said(p_run);
end
$$;
