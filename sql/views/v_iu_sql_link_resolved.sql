-- v_iu_sql_link_resolved: every SQL link with the unit it belongs to, what replaced that unit, and whether the object is there (of a row: its table).
create or replace view v_iu_sql_link_resolved as
select k.id as link_id, k.unit_id, u.canonical_address, u.lifecycle_status as unit_status, k.link_role, k.object_kind,
       coalesce(k.object_schema, current_schema()::text) as object_schema, coalesce(k.object_name, k.collection_name) as object_name,
       k.function_identity, k.trigger_name, k.metadata ->> 'column_name' as column_name, k.row_pk, k.direction, k.lifecycle_status, k.enabled, k.object_fingerprint, k.created_at, k.created_by,
       fn_iu_sql_link_exists(k) as object_exists,
       (select array_agg(r.to_unit_id order by r.relation_id) from iu_relation r
         where r.from_unit_id = k.unit_id and r.relation_type = 'replaced_by' and r.relation_status = 'active') as replaced_by_unit_ids
  from iu_sql_link k
  join information_unit u on u.id = k.unit_id;
comment on view v_iu_sql_link_resolved is 'Every SQL link with its unit, what replaced that unit, and whether the object is there.';
