-- fn_iu_cut_verify(bigint) returns jsonb
--
-- Contract:  proves P11 for one run from what is stored: ordinals count from 0, ranges begin at 0, follow each other without gap or
--            overlap and end at the length of the pin, every piece has the hash recorded for it, the pieces joined hash to the pin,
--            and so do the bodies of the recorded versions. Where a redaction overwrote bytes, the whole cannot be hashed any more:
--            then each piece that it did not touch is proven by its own hash, each that it did has to hold nothing but filler there,
--            and its version to name the redaction. Reads only; may be called at any time.
-- Arguments: p_run_id: a run, done or about to be
-- Returns:   {run_id, ok, pieces, redacted: pieces, bytes, sha256, problems: [text]}; problems never hold text of the source
-- Raises:    IU707 there is no such run
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_reader
create or replace function fn_iu_cut_verify(p_run_id bigint) returns jsonb
language plpgsql
stable
security definer
set search_path from current
as $$
declare
  v_run iu_cut_run;
  v_pin iu_source_pin;
  v_pieces integer;
  v_redacted integer;
  v_problems text[];
begin
  select * into v_run from iu_cut_run where run_id = p_run_id;
  if not found then
    raise exception using errcode = 'IU707', message = format('there is no cut run %s', p_run_id), hint = 'list them: select * from iu_cut_run';
  end if;
  select * into v_pin from iu_source_pin where pin_id = v_run.pin_id;
  with piece as materialized (
    select p.ordinal, p.byte_start, p.byte_end, p.sha256, v.body,
           substring(v_pin.bytes from p.byte_start + 1 for p.byte_end - p.byte_start) as bytes,
           int4multirange(int4range(p.byte_start, p.byte_end)) && v_pin.redacted as bytes_redacted, v.redaction_id is not null as body_redacted,
           encode(pg_catalog.sha256(convert_to(v.body, 'UTF8')), 'hex') = p.sha256 as body_hashed,
           row_number() over (order by p.ordinal) - 1 as expected_ordinal,
           coalesce(lag(p.byte_end) over (order by p.ordinal), 0) as expected_start
      from iu_cut_piece p
      join unit_version v on v.id = p.version_id
     where p.run_id = p_run_id
  ), fact as (
    select count(*) as pieces, bool_and(ordinal = expected_ordinal) as counted, bool_and(byte_start = expected_start) as adjacent,
           coalesce(max(byte_end), 0) as covered, bool_and(bytes_redacted or sha256 = encode(pg_catalog.sha256(bytes), 'hex')) as hashed,
           bool_and(body_redacted or body_hashed) as bodies_hashed, count(*) filter (where bytes_redacted or body_redacted) as redacted,
           count(*) filter (where body_redacted) as bodies_redacted,
           encode(pg_catalog.sha256(coalesce(string_agg(bytes, ''::bytea order by ordinal), ''::bytea)), 'hex') as joined,
           encode(pg_catalog.sha256(coalesce(string_agg(convert_to(body, 'UTF8'), ''::bytea order by ordinal), ''::bytea)), 'hex') as bodies
      from piece
  ), filler as (
    select bool_and(substring(v_pin.bytes from lower(r) + 1 for upper(r) - lower(r)) = convert_to(repeat('X', upper(r) - lower(r)), 'UTF8')) as whole
      from unnest(v_pin.redacted) r
  )
  select f.pieces, f.redacted, array_remove(array[
           case when isempty(v_pin.redacted) and encode(pg_catalog.sha256(v_pin.bytes), 'hex') <> v_pin.sha256 then 'the pinned bytes do not have their hash' end,
           case when f.pieces <> v_run.piece_count then format('%s pieces recorded, %s cut', f.pieces, v_run.piece_count) end,
           case when not f.counted then 'the ordinals do not count from 0' end,
           case when not f.adjacent then 'the ranges have a gap or an overlap' end,
           case when f.covered <> v_pin.byte_length then format('the ranges cover %s of %s bytes', f.covered, v_pin.byte_length) end,
           case when not f.hashed then 'a piece does not have its hash' end,
           case when (select not whole from filler) then 'redacted bytes hold something else' end,
           case when isempty(v_pin.redacted) and f.joined <> v_pin.sha256 then 'the pieces joined are not the source' end,
           case when f.bodies_redacted = 0 and f.bodies <> v_pin.sha256 or not f.bodies_hashed then 'the recorded versions joined are not the source' end],
           null)
    into v_pieces, v_redacted, v_problems
    from fact f;
  return jsonb_build_object('run_id', p_run_id::text, 'ok', cardinality(v_problems) = 0, 'pieces', v_pieces, 'redacted', v_redacted, 'bytes', v_pin.byte_length,
                            'sha256', v_pin.sha256, 'problems', to_jsonb(v_problems));
end
$$;
