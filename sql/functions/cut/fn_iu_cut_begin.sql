-- fn_iu_cut_begin(bigint, text, text, text, text, integer, jsonb) returns table (run_id, status, document_id, is_new, ...)
--
-- Contract:  opens the run of one revision of a document, or finds it: the run key is sha256(pin || cutter || version || config), and
--            the config holds document and revision, so that a document may return to earlier bytes under a new label. A run that
--            is done is found and nothing is written. One document has at most one unfinished run.
-- Arguments: p_pin_id: the source; p_document_address; p_revision_label: unique in the document; p_cutter_name, p_cutter_version:
--            who cut; p_piece_count: pieces of the cut; p_config: settings of the cutter
-- Returns:   the run; status running or done; document_id null until the document exists; units_created,
--            units_revised, units_deprecated so far
-- Raises:    IU702 unknown pin, IU703 the label was cut from other bytes, IU704 another revision is unfinished
-- Writes:    iu_cut_run
-- May call:  iu_emitter
create or replace function fn_iu_cut_begin(p_pin_id bigint, p_document_address text, p_revision_label text, p_cutter_name text,
  p_cutter_version text, p_piece_count integer, p_config jsonb default '{}')
returns table (run_id bigint, status text, document_id uuid, is_new boolean, units_created integer, units_revised integer,
  units_deprecated integer)
language plpgsql
security definer
set search_path from current
as $$
declare
  v_document_id uuid := (select u.id from information_unit u where u.canonical_address = p_document_address);
  v_sha256 text := (select p.sha256 from iu_source_pin p where p.pin_id = p_pin_id);
  v_config jsonb := p_config || jsonb_build_object('document', p_document_address, 'revision', p_revision_label);
  v_run_key text;
  v_other iu_cut_run;
begin
  if v_sha256 is null then
    raise exception using errcode = 'IU702', message = format('there is no source pin %s', p_pin_id),
      hint = 'pin the source first: fn_iu_source_pin';
  end if;
  v_run_key := encode(sha256(convert_to(concat_ws('|', v_sha256, p_cutter_name, p_cutter_version, v_config::text), 'UTF8')), 'hex');
  perform pg_advisory_xact_lock(hashtextextended('iu_cut_begin:' || p_document_address, 0));
  return query select r.run_id, r.status, coalesce(r.document_id, v_document_id), false, r.units_created, r.units_revised, r.units_deprecated
    from iu_cut_run r where r.run_key = v_run_key;
  if found then
    return;
  end if;
  select * into v_other from iu_cut_run r
   where r.document_address = p_document_address and (r.status = 'running' or
         (r.revision_label = p_revision_label and r.cutter_name = p_cutter_name and r.cutter_version = p_cutter_version))
   order by r.status = 'running' desc
   limit 1;
  if v_other.status = 'running' and v_other.revision_label <> p_revision_label then
    raise exception using errcode = 'IU704',
      message = format('revision %s of %s is not finished', v_other.revision_label, p_document_address),
      hint = 'apply that revision again: it goes on where it stopped';
  elsif v_other.run_id is not null then
    raise exception using errcode = 'IU703',
      message = format('revision %s of %s was already cut from another source or with another configuration', p_revision_label, p_document_address),
      hint = 'a corrected source is a revision of its own: give it another label';
  end if;
  return query
    insert into iu_cut_run as r (run_key, pin_id, document_address, revision_label, cutter_name, cutter_version, config, piece_count,
                                 document_id)
    values (v_run_key, p_pin_id, p_document_address, p_revision_label, p_cutter_name, p_cutter_version, v_config, p_piece_count,
            v_document_id)
    returning r.run_id, r.status, r.document_id, true, r.units_created, r.units_revised, r.units_deprecated;
end
$$;
