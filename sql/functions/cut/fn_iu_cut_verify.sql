-- fn_iu_cut_verify(bigint) returns jsonb
--
-- Contract:  proves P11 for one run from what is stored: ordinals count from 0, ranges begin at 0, follow each other without gap or
--            overlap and end at the length of the pin, every piece has the hash recorded for it, the pieces joined hash to the pin. An
--            exact piece is the body of its version, byte for byte; a piece that differs in format only has the normalised hash under
--            which that version was recorded as exact before. Where a redaction overwrote bytes, the whole cannot be hashed any more: then
--            each piece that it did not touch is proven by its own hash, each that it did has to hold nothing but filler there, and its
--            version to name the redaction. Reads only; may be called at any time.
-- Arguments: p_run_id: a run whose pieces are recorded
-- Returns:   {run_id, ok, pieces, format_only, redacted, bytes, sha256, problems: [text]}; problems never hold text of the source
-- Raises:    IU707 there is no such run
-- Writes:    nothing
-- May call:  iu_emitter, iu_operator, iu_reader
create or replace function fn_iu_cut_verify(p_run_id bigint) returns jsonb
language plpgsql
stable
security definer
set search_path from current
-- versions are looked up by key, whatever the statistics say
set enable_seqscan = off
as $$
declare
  v_run iu_cut_run;
  v_pin iu_source_pin;
  v_bytes bytea;
  v_is_redacted boolean;
  v_fact record;
  v_problems text[];
begin
  select * into v_run from iu_cut_run where run_id = p_run_id;
  if not found then
    raise exception using errcode = 'IU707', message = format('there is no cut run %s', p_run_id), hint = 'iu cut list';
  end if;
  select * into v_pin from iu_source_pin where pin_id = v_run.pin_id;
  -- out of the toast once: sliced where it is stored, every piece would unpack the whole source
  v_bytes := v_pin.bytes || ''::bytea;
  v_is_redacted := not isempty(v_pin.redacted);
  with piece as materialized (
    select p.ordinal, p.byte_start, p.byte_end, p.sha256, p.anchor, v.content_hash, v.redaction_id is not null as body_redacted,
           v_is_redacted and int4multirange(int4range(p.byte_start, p.byte_end)) && v_pin.redacted as bytes_redacted,
           -- null: the body is the bytes, and has their hash; nearly always
           case when convert_to(v.body, 'UTF8') <> substring(v_bytes from p.byte_start + 1 for p.byte_end - p.byte_start)
                then encode(sha256(convert_to(v.body, 'UTF8')), 'hex') end as other_sha256,
           encode(sha256(substring(v_bytes from p.byte_start + 1 for p.byte_end - p.byte_start)), 'hex') as bytes_sha256,
           row_number() over (order by p.ordinal) - 1 as expected_ordinal,
           coalesce(lag(p.byte_end) over (order by p.ordinal), 0) as expected_start,
           p.anchor = 'exact' or (select true from iu_cut_piece e where e.unit_id = p.unit_id and e.version_id = p.version_id and e.anchor = 'exact'
                                     and e.normalized_sha256 = p.normalized_sha256 and e.run_id < p.run_id limit 1) as is_founded
      -- in the order of its key, each version by its own: as a join the planner read the versions of every document there is
      from (select * from iu_cut_piece where run_id = p_run_id order by ordinal offset 0) p
     cross join lateral (select n.* from unit_version n where n.id = p.version_id offset 0) v
  ), proven as (
    select *, coalesce(other_sha256, bytes_sha256) as body_sha256 from piece
  )
  select count(*)::integer as pieces, count(*) filter (where anchor = 'format')::integer as format_only,
         coalesce(bool_and(ordinal = expected_ordinal), true) as counted, coalesce(bool_and(byte_start = expected_start), true) as adjacent,
         coalesce(max(byte_end), 0) as covered, coalesce(bool_and(bytes_redacted or sha256 = bytes_sha256), true) as hashed,
         coalesce(bool_and(body_redacted or (body_sha256 = content_hash and (anchor = 'format' or body_sha256 = sha256))), true) as embodied,
         coalesce(bool_and(is_founded is true), true) as founded, count(*) filter (where bytes_redacted or body_redacted)::integer as redacted,
         (select bool_and(substring(v_bytes from lower(r) + 1 for upper(r) - lower(r)) = convert_to(repeat('X', upper(r) - lower(r)), 'UTF8'))
            from unnest(v_pin.redacted) r) as filled
    into v_fact from proven;
  -- ranges that follow each other from 0 to the end, with the hash of the pin over them, are the source
  v_problems := array_remove(array[
    case when not v_is_redacted and encode(sha256(v_bytes), 'hex') <> v_pin.sha256 then 'the pinned bytes do not have their hash' end,
    case when v_fact.pieces is distinct from v_run.piece_count then format('%s pieces recorded, %s cut', v_fact.pieces, v_run.piece_count) end,
    case when not v_fact.counted then 'the ordinals do not count from 0' end,
    case when not v_fact.adjacent then 'the ranges have a gap or an overlap' end,
    case when v_fact.covered <> v_pin.byte_length then format('the ranges cover %s of %s bytes', v_fact.covered, v_pin.byte_length) end,
    case when not v_fact.hashed then 'a piece does not have its hash' end,
    case when not v_fact.filled then 'redacted bytes hold something else' end,
    case when not v_fact.embodied then 'the recorded versions joined are not the source' end,
    case when not v_fact.founded then 'a piece said to differ in format only has another normalised hash than its version' end], null);
  return jsonb_build_object('run_id', p_run_id::text, 'ok', cardinality(v_problems) = 0, 'pieces', v_fact.pieces,
                            'format_only', v_fact.format_only, 'redacted', v_fact.redacted, 'bytes', v_pin.byte_length, 'sha256', v_pin.sha256,
                            'problems', to_jsonb(v_problems));
end
$$;
