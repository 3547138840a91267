-- fn_iu_cut_manifest(bigint, jsonb, jsonb, text, text) returns jsonb
--
-- Contract:  what a person approves, in one document: which bytes, cut how, planned how, with which counts. Made of the rows as they are.
-- Arguments: p_run_id; p_matcher, p_normalizer: {name, version}; p_plan_digest: of the plan as it stands; p_base_hash
-- Returns:   {document, revision, pin_sha256, byte_length, cutter, normalizer, matcher, cut_digest, plan_digest, base_hash, counts}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_manifest(p_run_id bigint, p_matcher jsonb, p_normalizer jsonb, p_plan_digest text, p_base_hash text) returns jsonb
language sql
stable
set search_path from current
set enable_seqscan = off
as $$
  select jsonb_build_object('document', r.document_address, 'revision', r.revision_label, 'pin_sha256', p.sha256, 'byte_length', p.byte_length,
    'cutter', jsonb_build_object('name', r.cutter_name, 'version', r.cutter_version), 'normalizer', p_normalizer, 'matcher', p_matcher,
    'cut_digest', fn_iu_cut_digest(p_run_id, 'cut'), 'plan_digest', p_plan_digest, 'base_hash', p_base_hash,
    'counts', jsonb_build_object('pieces', r.piece_count,
      'steps', (select coalesce(jsonb_object_agg(s.action, s.n), '{}') from (select action, count(*) as n from iu_cut_plan_step where run_id = p_run_id group by action) s),
      'fates', (select coalesce(jsonb_object_agg(f.fate, f.n), '{}') from (select fate, count(*) as n from iu_cut_plan_piece where run_id = p_run_id group by fate) f),
      'doubts', (select count(*) from iu_cut_doubt where run_id = p_run_id)))
    from iu_cut_run r join iu_source_pin p on p.pin_id = r.pin_id
   where r.run_id = p_run_id
$$;
