-- fn_iu_cut_birth(iu_cut_run) returns uuid
--
-- Contract:  the first cut of a document: the document and a unit for every piece, each with version 1, its anchor and one event
--            unit_created, in a handful of statements for any number of pieces. What fn_iu_create_many does from JSON, with the texts
--            sliced from the pinned bytes where they lie.
-- Arguments: p_run: its row locked, approved
-- Returns:   id of the document
-- Raises:    IU202, IU203 an address was taken since the plan, IU213, IU734
-- Writes:    information_unit, unit_version, event_outbox, iu_cut_piece, iu_tree_path, iu_relation
-- May call:  internal
create or replace function fn_iu_cut_birth(p_run iu_cut_run) returns uuid
language plpgsql
set search_path from current
as $$
declare
  v_bytes bytea := (select p.bytes || ''::bytea from iu_source_pin p where p.pin_id = p_run.pin_id);
  v_document uuid := gen_random_uuid();
  v_ids uuid[] := fn_iu_ids(p_run.piece_count);
  v_versions uuid[] := fn_iu_ids(p_run.piece_count);
  v_events uuid[] := fn_iu_ids(p_run.piece_count + 1);
  v_ranks text[];
  v_document_version uuid := gen_random_uuid();
  v_at timestamptz := fn_iu_stamp();
begin
  if exists (select from iu_cut_plan_piece f where f.run_id = p_run.run_id and starts_with(f.address, p_run.document_address || '/') is not true) then
    raise exception using errcode = 'IU734', message = format('the plan of cut run %s would make a unit outside of %s', p_run.run_id, p_run.document_address),
      hint = 'plan it again: iu cut plan --again';
  end if;
  -- a rank depends on the place among the siblings only: each is made once
  v_ranks := array(select fn_iu_rank_from_integer(n) from generate_series(0, (
    select coalesce(max(siblings), 1) from (select count(*) as siblings from iu_cut_mark where run_id = p_run.run_id group by parent_ordinal) s)) n);
  perform fn_iu_canonical_writer('fn_iu_create');
  with piece as (
    select 0 as place, v_document as id, v_document_version as version_id, null::uuid as parent_id, p_run.document_address as address,
           'document' as kind, 'document' as section_type, null::text as code, p_run.document_title as title, v_ranks[1] as rank, '' as body
     union all
    select m.ordinal + 1, v_ids[m.ordinal + 1], v_versions[m.ordinal + 1],
           case when m.parent_ordinal is null then v_document else v_ids[m.parent_ordinal + 1] end,
           f.address, m.unit_kind, m.kind, nullif(left(m.label, 200), ''),
           coalesce(nullif(m.title, ''), nullif(m.label, ''), m.address),
           v_ranks[row_number() over (partition by m.parent_ordinal order by m.ordinal)],
           convert_from(substring(v_bytes from m.byte_start + 1 for m.byte_end - m.byte_start), 'UTF8')
      from iu_cut_mark m
     -- by key, whatever the statistics say: they may be older than the run, and all were compared with all
     cross join lateral (select p.address from iu_cut_plan_piece p where p.run_id = m.run_id and p.ordinal = m.ordinal offset 0) f
     where m.run_id = p_run.run_id
  ), input as materialized (
    select p.*, encode(sha256(convert_to(p.body, 'UTF8')), 'hex') as content_hash from piece p order by p.place
  ), unit as (
    insert into information_unit (id, canonical_address, unit_kind, content_anchor_ref, version_anchor_ref, owner_ref, parent_or_container_ref,
                                  section_type, section_code, sibling_rank, identity_profile, created_by, updated_by, created_at, updated_at)
    select i.id, i.address, i.kind, i.version_id::text, i.version_id, p_run.owner_ref, i.parent_id, i.section_type, i.code, i.rank,
           jsonb_build_object('title', i.title, 'owner_lookup_ref', p_run.owner_ref, 'primary_section_type_ref', i.section_type),
           p_run.actor_ref, p_run.actor_ref, v_at, v_at
      from input i
    returning id
  ), version as (
    insert into unit_version (id, unit_id, body, content_hash, version_seq, content_profile, created_by, created_at)
    select i.version_id, i.id, i.body, i.content_hash, 1,
           jsonb_build_object('cut_run', p_run.run_id::text), p_run.actor_ref, v_at
      from input i
    returning id
  ), event as (
    -- behind the count of the written units, so that each event comes after the row it tells about; joined by id, all were compared with all
    insert into event_outbox (id, event_domain, event_type, event_stream, delivery_lane, event_subject_table, event_subject_ref, canonical_address,
                              actor_ref, source_system, safe_payload)
    select v_events[i.place + 1], 'iu', 'unit_created', r.event_stream, r.delivery_lane, 'information_unit', i.id::text, i.address, p_run.actor_ref, 'iu_core',
           jsonb_build_object('unit_kind', i.kind, 'parent_ref', i.parent_id, 'version_seq', 1, 'version_id', i.version_id,
                              'content_hash', i.content_hash, 'cut_run', p_run.run_id::text)
      from (select count(*) from unit) written cross join input i
      left join event_type_registry r on r.event_domain = 'iu' and r.event_type = 'unit_created'
     order by i.place
    returning seq
  )
  select v_document into v_document from (select count(*) from event) e, (select count(*) from version) v;
  perform fn_iu_canonical_writer('');
  insert into iu_cut_piece (run_id, ordinal, byte_start, byte_end, address, unit_id, version_id, sha256, normalized_sha256, anchor)
  select m.run_id, m.ordinal, m.byte_start, m.byte_end, m.address, v_ids[m.ordinal + 1], v_versions[m.ordinal + 1], m.sha256, m.normalized_sha256, 'exact'
    from iu_cut_mark m where m.run_id = p_run.run_id;
  return v_document;
exception when unique_violation then
  raise exception using errcode = 'IU203', message = format('an address of %s was taken by another session', p_run.document_address),
    hint = format('an address names one unit for ever; planned again the piece gets another one: iu cut plan %s --again --actor NAME', p_run.run_id);
end
$$;
