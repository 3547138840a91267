-- fn_iu_create_many(jsonb, text) returns table (ordinal bigint, unit_id uuid, version_id uuid, canonical_address text)
--
-- Contract:  makes many units, each with version 1, its anchor and one event unit_created, all in the caller's transaction and in the
--            order of the array. Parents come before children (by address, in the batch or already there), so a cycle cannot arise;
--            siblings get ranks after those that exist. A unit without parent is a document.
-- Arguments: p_units: array of objects with canonical_address, body; optional parent_address, unit_kind (document without parent, else
--            section), title (the address), owner_ref (the actor), doc_code (the parent's is not copied), section_type, section_code,
--            sort_order, sibling_rank, identity_profile, content_profile; p_actor: who, recorded beside session_user
-- Returns:   one row a unit, in order
-- Raises:    IU201 malformed unit, IU202 unknown kind, IU203 address taken, IU204 parent missing or not alive, IU213 incomplete profile,
--            IU216 actor missing, IU217 units kept moving, IU218 place among the siblings taken
-- Writes:    information_unit, unit_version, event_outbox
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_create_many(p_units jsonb, p_actor text)
returns table (ordinal bigint, unit_id uuid, version_id uuid, canonical_address text)
language plpgsql
security definer
set search_path from current
as $$
#variable_conflict use_column
declare
  v_constraint text;
  v_at timestamptz;
  v_ids uuid[];
  v_versions uuid[];
  v_events uuid[];
begin
  perform fn_iu_create_check(p_units, p_actor);
  v_ids := fn_iu_ids(jsonb_array_length(p_units));
  v_versions := fn_iu_ids(jsonb_array_length(p_units));
  v_events := fn_iu_ids(jsonb_array_length(p_units));
  v_at := fn_iu_stamp();
  perform fn_iu_canonical_writer('fn_iu_create');
  return query
  with input as materialized (
    select i.*, v_ids[i.ordinal] as id, v_versions[i.ordinal] as version_id, encode(sha256(convert_to(i.body, 'UTF8')), 'hex') as content_hash,
           coalesce(i.unit_kind, case when i.parent_address is null then 'document' else 'section' end) as kind,
           coalesce(i.owner_ref, p_actor) as owner
      from rows from (jsonb_to_recordset(p_units) as (
             canonical_address text, body text, parent_address text, unit_kind text, title text, owner_ref text, doc_code text,
             section_type text, section_code text, sort_order integer, sibling_rank text, identity_profile jsonb, content_profile jsonb)
           ) with ordinality as i (canonical_address, body, parent_address, unit_kind, title, owner_ref, doc_code, section_type,
                                   section_code, sort_order, sibling_rank, identity_profile, content_profile, ordinal)
  ), parent as materialized (
    select p.address, coalesce(p.own_id, p.unit_id) as id,
           coalesce(fn_iu_rank_to_integer(greatest(
             (select max(c.sibling_rank) from information_unit c where c.parent_or_container_ref = p.unit_id),
             (select max(d.sibling_rank) from iu_collection_path d where d.collection_id = p.unit_id))), -1) as last_place
      from (select d.address, b.id as own_id,
                   case when b.id is null then (select u.id from information_unit u where u.canonical_address = d.address) end as unit_id
              from (select distinct parent_address as address from input where parent_address is not null) d
              left join input b on b.canonical_address = d.address) p
  ), placed as materialized (
    select i.*, parent.id as parent_id,
           coalesce(i.sibling_rank, fn_iu_rank_from_integer(
             coalesce(parent.last_place, -1) + case when parent.id is null then 1 else row_number() over (partition by parent.id order by i.ordinal) end
           )) as rank
      from input i left join parent on parent.address = i.parent_address
  ), unit as (
    insert into information_unit (id, canonical_address, unit_kind, content_anchor_ref, version_anchor_ref, owner_ref, parent_or_container_ref,
                                  doc_code, sort_order, section_type, section_code, sibling_rank, identity_profile, created_by, updated_by,
                                  created_at, updated_at)
    select id, canonical_address, kind, version_id::text, version_id, owner, parent_id, doc_code, sort_order, section_type, section_code, rank,
           jsonb_build_object('title', coalesce(nullif(title, ''), canonical_address), 'owner_lookup_ref', owner,
                              'primary_section_type_ref', coalesce(section_type, kind)) || coalesce(identity_profile, '{}'),
           p_actor, p_actor, v_at, v_at
      from placed order by ordinal
    returning id
  ), version as (
    insert into unit_version (id, unit_id, body, content_hash, version_seq, content_profile, created_by, created_at)
    select version_id, id, body, content_hash, 1, coalesce(content_profile, '{}'), p_actor, v_at from placed order by ordinal
    returning id
  ), event as (
    -- behind the count of the written units, so that each event comes after the row it tells about
    insert into event_outbox (id, event_domain, event_type, event_stream, delivery_lane, event_subject_table, event_subject_ref, canonical_address,
                              actor_ref, source_system, safe_payload)
    select v_events[p.ordinal], 'iu', 'unit_created', r.event_stream, r.delivery_lane, 'information_unit', p.id::text, p.canonical_address, p_actor, 'iu_core',
           jsonb_build_object('unit_kind', p.kind, 'parent_ref', p.parent_id, 'version_seq', 1, 'version_id', p.version_id, 'content_hash', p.content_hash)
      from (select count(*) from unit) written cross join placed p
      left join event_type_registry r on r.event_domain = 'iu' and r.event_type = 'unit_created'
     order by p.ordinal
    returning seq
  )
  select p.ordinal, p.id, p.version_id, p.canonical_address from placed p order by p.ordinal;
  perform fn_iu_canonical_writer('');
exception when unique_violation then
  get stacked diagnostics v_constraint = constraint_name;
  if v_constraint = 'information_unit_canonical_address_key' then
    raise exception using errcode = 'IU203', message = 'an address of the batch was taken by another session',
      hint = 'an address names one unit for ever: revise that unit, or use another address';
  end if;
  raise exception using errcode = 'IU218', message = format('a place among the siblings is taken (%s)', v_constraint),
    hint = 'leave sibling_rank and sort_order out, or choose free ones';
end
$$;
