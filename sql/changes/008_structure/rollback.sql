-- Refuses while operations were applied, collections hold documents or a route of their events is enabled: none of it can be made again from
-- the units. The routes stay as rows, disabled: a route is never deleted, and the next deploy takes them as they are.
-- Before it is counted: what a transaction is about to commit would go with its table.
lock table iu_structure_operation, iu_collection_path in access exclusive mode;
do $$
declare
  v_operations bigint := (select count(*) from iu_structure_operation where enacted_at is not null);
  v_documents bigint := (select count(*) from iu_collection_path);
  v_enabled text := (select string_agg(route_code, ', ' order by route_code) from iu_outbound_route
                      where enabled and route_code like E'iu.structure\\_%.workflow');
begin
  if v_enabled is not null then
    raise exception using errcode = 'IU810', message = format('rollback of 008_structure refused: enabled routes: %s', v_enabled),
      hint = 'disable them first: iu route disable CODE --reason TEXT';
  end if;
  if v_operations > 0 or v_documents > 0 then
    raise exception using errcode = 'IU811',
      message = format('rollback of 008_structure refused: %s applied structure operations, %s documents in collections', v_operations, v_documents),
      hint = 'operations are rolled back, never erased; back the corpus up and remove it with iu uninstall';
  end if;
end
$$;

drop trigger trg_iu_tree_birth on information_unit;
drop view v_iu_sql_link_resolved;
drop view v_iu_structure_operation_log;
drop view v_iu_lineage;
drop view v_iu_tree;
drop function fn_iu_sql_link_validate(uuid, boolean);
drop function fn_iu_sql_link_retire(uuid, text, text);
drop function fn_iu_sql_link_add(jsonb, text);
drop function fn_iu_sql_link_fingerprint(iu_sql_link);
drop function fn_iu_sql_link_exists(iu_sql_link);
drop function fn_iu_soft_delete(text, text, text);
drop function fn_iu_deprecate(text, text, text, boolean, text);
drop function fn_iu_structure_op_verify(bigint);
drop function fn_iu_structure_op_withdraw(bigint, text, text);
drop function fn_iu_structure_op_rollback(bigint, text, text, text);
drop function fn_iu_structure_conflict(bigint);
drop function fn_iu_structure_undo(iu_structure_change, text, text);
drop function fn_iu_structure_op_apply(bigint, text, text);
drop function fn_iu_structure_emit(bigint, integer, text, text, uuid, text);
drop function fn_iu_structure_op_plan(jsonb, text, text, text);
drop function fn_iu_structure_said(iu_structure_operation, boolean);
drop function fn_iu_structure_events(bigint, text);
drop function fn_iu_structure_named(jsonb);
drop function fn_iu_structure_digest(bigint, boolean);
drop function fn_iu_tree_verify_part(uuid[]);
drop function fn_iu_structure_claim(bigint, text, text);
drop function fn_iu_structure_preview(uuid[], uuid[], integer);
drop function fn_iu_structure_normalize(jsonb);
drop function fn_iu_structure_run(bigint, jsonb, text, text, boolean);
drop function fn_iu_structure_lock(uuid[], boolean);
drop function fn_iu_structure_step(bigint, integer, jsonb, text, text);
drop function fn_iu_structure_renumber(bigint, integer, jsonb, text, text);
drop function fn_iu_structure_reparent(bigint, integer, jsonb, text, text);
drop function fn_iu_structure_replace(bigint, integer, jsonb, text, text);
drop function fn_iu_structure_deprecate(bigint, integer, jsonb, text, text);
drop function fn_iu_structure_merge(bigint, integer, jsonb, text, text);
drop function fn_iu_structure_split(bigint, integer, jsonb, text, text);
drop function fn_iu_structure_add(bigint, integer, jsonb, text, text);
drop function fn_iu_structure_join(bigint, integer, uuid, uuid, text);
drop function fn_iu_structure_living(text);
drop function fn_iu_structure_dependants(bigint, integer, uuid, uuid, text, text, text, text);
drop function fn_iu_structure_links(bigint, integer, uuid, uuid[], text, text);
drop function fn_iu_structure_end(bigint, integer, uuid, text, text, text);
drop function fn_iu_structure_mint(bigint, integer, jsonb, text, uuid, text, uuid, text);
drop function fn_iu_structure_place(bigint, integer, uuid, uuid, uuid, text, text);
drop function fn_iu_structure_rank(uuid, uuid, text, uuid);
drop function fn_iu_structure_relate(bigint, integer, text, uuid, uuid, jsonb, text);
drop function fn_iu_structure_note(bigint, integer, text, uuid, jsonb, jsonb);
drop function fn_iu_structure_ops_enabled();
drop function fn_iu_unit_at(text, timestamp with time zone);
drop function fn_iu_tree_at_version(uuid, integer);
drop function fn_iu_tree_at(uuid, timestamp with time zone);
drop function fn_iu_tree_siblings(uuid);
drop function fn_iu_tree_subtree(uuid, integer);
drop function fn_iu_tree_ancestors(uuid);
drop function fn_iu_tree_verify(uuid);
drop function fn_iu_tree_verify_document(uuid);
drop function fn_iu_tree_assert_acyclic(uuid, uuid);
drop function fn_iu_tree_is_descendant(uuid, uuid);
drop function fn_iu_tree_hash(uuid);
drop function fn_iu_tree_birth();
drop function fn_iu_unit_ref(text);
drop table iu_collection_path;
drop table iu_tree_path;
drop table iu_relation;
drop table iu_structure_event;
drop table iu_structure_change;
drop table iu_structure_operation;
drop sequence iu_structure_applied_seq;
update dot_config set value = replace(value, ', fn_iu_structure_op', '') where key = 'iu_create.gateway.allowed_marker_values';
-- an event of that type keeps its type
delete from event_type_registry r
 where r.event_domain = 'iu' and r.event_type = 'unit_deleted'
   and not exists (select from event_outbox e where e.event_domain = 'iu' and e.event_type = 'unit_deleted');
