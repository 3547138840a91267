-- fn_iu_cut_finish(bigint, uuid, jsonb) returns jsonb
--
-- Contract:  records which bytes became which version, proves it (P11) and closes the run, all or nothing: the ranges partition the
--            pin, each piece and all joined hash to the source, the recorded versions joined are the source, and so are the living
--            units of the document in tree order.
-- Arguments: p_run_id; p_document_id: the document unit; p_pieces: [{ordinal, byte_start, byte_end, address, unit_id, sha256}], the
--            unit's current version is recorded with it
-- Returns:   what fn_iu_cut_verify returns
-- Raises:    IU705 there is no such unfinished run, IU706 the proof failed
-- Writes:    iu_cut_piece, iu_cut_run
-- May call:  iu_emitter
create or replace function fn_iu_cut_finish(p_run_id bigint, p_document_id uuid, p_pieces jsonb) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_proof jsonb;
  v_living text;
begin
  perform from iu_cut_run where run_id = p_run_id and status = 'running' for update;
  if not found then
    raise exception using errcode = 'IU705', message = format('cut run %s is not running', p_run_id),
      hint = 'begin the revision again; a run that is done takes no more changes';
  end if;
  insert into iu_cut_piece (run_id, ordinal, byte_start, byte_end, address, unit_id, version_id, sha256)
  select p_run_id, p.ordinal, p.byte_start, p.byte_end, p.address, u.id, u.version_anchor_ref, p.sha256
    from jsonb_to_recordset(p_pieces) as p (ordinal integer, byte_start integer, byte_end integer, address text, unit_id uuid, sha256 text)
    join information_unit u on u.id = p.unit_id;
  v_proof := fn_iu_cut_verify(p_run_id);
  select encode(sha256(coalesce(string_agg(convert_to(l.body, 'UTF8'), ''::bytea order by l.position), ''::bytea)), 'hex') into v_living
    from fn_iu_cut_living_units(p_document_id) l
   where l.unit_id <> p_document_id;
  if v_living <> v_proof ->> 'sha256' then
    v_proof := v_proof || jsonb_build_object('ok', false, 'problems', v_proof -> 'problems' ||
      to_jsonb('the living units of the document, joined in tree order, are not the source'::text));
  end if;
  if not (v_proof ->> 'ok')::boolean then
    raise exception using errcode = 'IU706', message = format('cut run %s is not lossless', p_run_id), detail = v_proof ->> 'problems',
      hint = 'nothing of this step was written; the units differ from the source: see fn_iu_cut_verify and fn_iu_cut_living_units';
  end if;
  update iu_cut_run set status = 'done', document_id = p_document_id, finished_at = clock_timestamp() where run_id = p_run_id;
  return v_proof;
end
$$;
