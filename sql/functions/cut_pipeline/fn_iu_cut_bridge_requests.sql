-- fn_iu_cut_bridge_requests(bigint) returns table (place, request_key, kind, unit_id, operation_id, request)
--
-- Contract:  maps a written cut to what the rest of the system records of it, purely: the same cut gives the same requests, byte for byte,
--            and keys that are made of them and of
--            the run, so that a cut after a rollback links again. create is add_new_piece, split split_large_piece, merge merge_small_pieces. The document is
--            linked to the pinned source it was cut from; config.sql_objects [{address, link_role, object_kind, object_schema,
--            object_name}] links units that the cut made to objects of the database.
-- Arguments: p_run_id: a run that was written
-- Returns:   requests in order; operation_id is the operation that did it, null for a first cut, which is one transaction of its own
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_operator, iu_reader
create or replace function fn_iu_cut_bridge_requests(p_run_id bigint)
returns table (place bigint, request_key text, kind text, unit_id uuid, operation_id bigint, request jsonb)
language sql
stable
security definer
set search_path from current
set enable_seqscan = off
as $$
  with run as (
    select r.*, p.sha256 from iu_cut_run r join iu_source_pin p on p.pin_id = r.pin_id where r.run_id = p_run_id
  ), made as (
    select c.ordinal, c.unit_id, c.address, case f.fate when 'split' then 'split' when 'merged' then 'merge' else 'create' end as operation,
           u.parent_or_container_ref as parent_id,
           (select min(x.operation_id) from iu_cut_operation o join iu_structure_change x on x.operation_id = o.operation_id
             where o.run_id = p_run_id and x.unit_id = c.unit_id and x.change_kind = 'born') as operation_id,
           coalesce((select jsonb_agg(l.to_unit_id order by l.to_unit_id) from iu_relation l
                      where l.from_unit_id = c.unit_id and l.relation_type in ('split_from', 'merged_from') and l.relation_status = 'active'), '[]') as sources
      from iu_cut_piece c
      join iu_cut_plan_piece f on f.run_id = c.run_id and f.ordinal = c.ordinal and f.fate in ('born', 'split', 'merged')
     cross join lateral (select i.parent_or_container_ref from information_unit i where i.id = c.unit_id offset 0) u
     where c.run_id = p_run_id
  ), request as (
    select m.ordinal + 1 as place, 'structure_op' as kind, m.unit_id, m.operation_id,
           jsonb_build_object('operation', m.operation, 'operation_type', case m.operation when 'create' then 'add_new_piece' when 'split' then
             'split_large_piece' else 'merge_small_pieces' end, 'unit_id', m.unit_id, 'parent_id', m.parent_id, 'source_unit_ids', m.sources,
             'actor', r.actor_ref, 'source_version', r.revision_label) as request
      from made m cross join run r
     union all
    select 0, 'sql_link', r.document_id, null, jsonb_build_object('unit_id', r.document_id, 'link_role', 'cut_from', 'object_kind', 'row',
             'object_schema', null, 'object_name', 'iu_source_pin', 'row_pk', jsonb_build_object('pin_id', r.pin_id::text))
      from run r
     union all
    select m.ordinal + 1, 'sql_link', m.unit_id, null, jsonb_build_object('unit_id', m.unit_id, 'link_role', coalesce(s.o ->> 'link_role', 'represents'),
             'object_kind', s.o ->> 'object_kind', 'object_schema', s.o ->> 'object_schema', 'object_name', s.o ->> 'object_name', 'row_pk', s.o -> 'row_pk')
      from run r cross join lateral jsonb_array_elements(coalesce(r.config -> 'sql_objects', '[]')) as s (o)
      join made m on m.address = s.o ->> 'address'
  )
  select q.place, format('iu_cut:%s:%s', q.kind, encode(sha256(convert_to(concat_ws('|', q.request::text, r.sha256, r.run_id), 'UTF8')), 'hex')), q.kind, q.unit_id,
         q.operation_id, q.request
    from request q cross join run r
   order by q.place, q.kind, q.request::text
$$;
