-- v_iu_cut_run: one row a cut run: where it stands, what it waits for, the manifest that an approval names, what it did, who started and who
-- approved it; what the text was made of, by which extractor, when that is not the source itself.
create or replace view v_iu_cut_run as
select r.run_id, r.document_address, r.revision_label, r.state, fn_iu_cut_waits_for(r) as waits_for,
       fn_iu_cut_manifest_digest(r.manifest) as manifest_digest, r.piece_count, r.units_created, r.units_revised, r.units_deprecated, r.units_moved, r.anchors_only,
       (select count(*) from iu_cut_doubt d where d.run_id = r.run_id) as doubts, p.sha256 as pin_sha256,
       coalesce(r.config ->> 'media_type', p.media_type) as media_type, p.newline_style, p.source_note,
       nullif(concat_ws(' ', r.config #>> '{grammar,name}', r.config #>> '{grammar,version}'), '') as grammar,
       o.media_type as original_media_type, nullif(o.encoding, 'unknown') as original_encoding, o.sha256 as original_sha256,
       nullif(concat_ws(' ', r.config #>> '{original,extractor,name}', r.config #>> '{original,extractor,version}'), '') as extractor,
       r.cutter_name, r.cutter_version, r.created_by, r.actor_ref,
       (select string_agg(distinct a.approved_by, ', ') from iu_cut_approval a where a.run_id = r.run_id and a.gate = 1) as gate_1_approved_by,
       (select string_agg(distinct a.approved_by, ', ') from iu_cut_approval a where a.run_id = r.run_id and a.gate = 2) as gate_2_approved_by,
       r.started_at, r.finished_at
  from iu_cut_run r join iu_source_pin p on p.pin_id = r.pin_id left join iu_source_pin o on o.pin_id = (r.config #>> '{original,pin_id}')::bigint;
comment on view v_iu_cut_run is 'Cut runs: where each stands, what it waits for, the manifest that an approval names, what it did, who started and who approved it.';
