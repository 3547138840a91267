-- fn_iu_cut_start(bigint, text, text, text, text, text, text, jsonb, text) returns jsonb
--
-- Contract:  opens the run of one revision of a document, or finds it: the run key is sha256(pin || cutter || version || config), and
--            the config holds document and revision, so that a document may return to earlier bytes under a new label. What took the text
--            out of an original is kept and no part of the key: the text itself is. What was begun
--            or finished under the same key is found and nothing is written. One document has at most one unfinished run.
-- Arguments: p_pin_id: the source; p_document_address; p_document_title; p_owner_ref; p_revision_label: unique in the document;
--            p_cutter_name, p_cutter_version: who cuts; p_config: settings of cutter and normaliser; p_actor: who
-- Returns:   as fn_iu_cut_said, and is_new
-- Raises:    IU216 actor missing, IU702 unknown pin, IU703 the label was cut from other bytes, or by another cutter before the document went
--            on, IU704 another revision is unfinished,
--            IU624 config.sql_objects is malformed, IU734 the address is empty, too long, or a unit inside of a document, or the life of the
--            document has ended
-- Writes:    iu_cut_run, iu_cut_log
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_cut_start(p_pin_id bigint, p_document_address text, p_document_title text, p_owner_ref text,
  p_revision_label text, p_cutter_name text, p_cutter_version text, p_config jsonb, p_actor text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_sha256 text := (select p.sha256 from iu_source_pin p where p.pin_id = p_pin_id);
  v_config jsonb := coalesce(p_config, '{}') || jsonb_build_object('document', p_document_address, 'revision', p_revision_label);
  v_run_key text := encode(sha256(convert_to(concat_ws('|', v_sha256, p_cutter_name, p_cutter_version,
    (v_config #- '{original,extractor}')::text), 'UTF8')), 'hex');
  v_run iu_cut_run;
begin
  if coalesce(btrim(p_actor), '') = '' then
    raise exception using errcode = 'IU216', message = 'a cut names its actor';
  end if;
  if v_sha256 is null then
    raise exception using errcode = 'IU702', message = format('there is no source pin %s', p_pin_id), hint = 'pin the source first: fn_iu_source_pin';
  end if;
  if (p_document_address ~ E'\\S' and p_revision_label ~ E'\\S') is not true then
    raise exception using errcode = 'IU734', message = 'a cut names its document and its revision', hint = 'neither may be empty: --document, --revision';
  end if;
  if octet_length(p_document_address) > 960 then
    raise exception using errcode = 'IU734', message = format('the address of the document has %s bytes; 960 leave room for those of its pieces',
        octet_length(p_document_address)),
      hint = 'give it a shorter one (--document; in a folder another name, or a shorter --prefix)';
  end if;
  select * into v_run from iu_cut_run where run_key = v_run_key and state !~ '^voided_';
  if found then
    return fn_iu_cut_said(v_run) || '{"is_new": false}';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('iu_cut_start:' || current_schema() || ':' || p_document_address, 0));
  select * into v_run from iu_cut_run r
   where r.document_address = p_document_address and r.state !~ '^voided_'
     and (r.run_key = v_run_key or r.state <> 'closeout_reported'
          or r.revision_label = p_revision_label
             and ((r.cutter_name, r.cutter_version) = (p_cutter_name, p_cutter_version)
                  -- another cutter may cut the last revision anew; an earlier one again would take the document back to it
                  or exists (select from iu_cut_run l where l.document_address = p_document_address and l.state = 'closeout_reported'
                                and l.run_id > r.run_id and l.revision_label <> p_revision_label)))
   order by r.run_key = v_run_key desc, r.state <> 'closeout_reported' desc
   limit 1;
  if v_run.run_key = v_run_key then
    return fn_iu_cut_said(v_run) || '{"is_new": false}';
  elsif v_run.state <> 'closeout_reported' and v_run.revision_label <> p_revision_label then
    raise exception using errcode = 'IU704', message = format('revision %s of %s is not finished: run %s is %s', v_run.revision_label,
        p_document_address, v_run.run_id, v_run.state),
      hint = 'finish it (iu cut apply), void it (iu cut void) or roll it back (iu cut rollback)';
  elsif v_run.run_id is not null then
    raise exception using errcode = 'IU703',
      message = format('revision %s of %s was already cut %s', p_revision_label, p_document_address,
        case when v_run.pin_id <> p_pin_id or v_run.config #>> '{original,sha256}' is distinct from v_config #>> '{original,sha256}' then 'from another source'
             else format('with another configuration (%s)', (
               select coalesce(string_agg(k, ', ' order by k), 'cutter') from jsonb_object_keys(v_run.config || v_config) as k
                where v_run.config -> k is distinct from v_config -> k)) end),
      hint = 'a corrected source is a revision of its own: give it another label';
  end if;
  perform fn_iu_cut_document(p_document_address);
  -- the bridge makes these links after everything is in force: too late to be refused
  if exists (select from jsonb_path_query(v_config, '$.sql_objects[*]') as s (o)
              where (o ->> 'address' ~ E'\\S' and o ->> 'link_role' ~ '^[a-z][a-z0-9_]{0,62}$'
                     and case o ->> 'object_kind' when 'schema' then o ->> 'object_schema' ~ E'\\S'
                              else o ->> 'object_kind' in ('table', 'view', 'column') and o ->> 'object_name' ~ E'\\S' end) is not true) then
    raise exception using errcode = 'IU624', message = format('an object that a cut of %s is to link is malformed', p_document_address),
      hint = 'sql_objects: [{address in the document, link_role in snake_case, object_kind: schema with object_schema, or table, view or column with object_name}]';
  end if;
  insert into iu_cut_run (run_key, pin_id, document_address, document_title, owner_ref, revision_label, cutter_name, cutter_version, config, actor_ref)
  values (v_run_key, p_pin_id, p_document_address, coalesce(nullif(btrim(p_document_title), ''), p_document_address),
          coalesce(nullif(btrim(p_owner_ref), ''), p_actor), p_revision_label, p_cutter_name, p_cutter_version, v_config, p_actor)
  returning * into v_run;
  update iu_cut_run set state = 'source_pinned' where run_id = v_run.run_id returning * into v_run;
  return fn_iu_cut_said(v_run) || '{"is_new": true}';
end
$$;
