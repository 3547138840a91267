-- fn_iu_cut_mark(bigint, jsonb, text) returns jsonb
--
-- Contract:  records the pieces of the cut, a proposal: nothing of the document changes. The ranges cover the pinned bytes and every
--            piece has its hash, judged here from the bytes. The same cut again writes nothing; another one under the same key is
--            refused, because the key says that it cannot be.
-- Arguments: p_run_id; p_pieces: [{ordinal, parent_ordinal, byte_start, byte_end, kind, unit_kind, level, title, label, address, sha256,
--            normalized_sha256}], ordinals from 0, a parent before its children; p_actor
-- Returns:   as fn_iu_cut_said
-- Raises:    IU216, IU707, IU624 config.sql_objects names an address that no piece has, IU730 the run is beyond marking with other pieces,
--            IU733 the pieces are no lossless cut of the source
-- Writes:    iu_cut_mark, iu_cut_run, iu_cut_log
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_cut_mark(p_run_id bigint, p_pieces jsonb, p_actor text) returns jsonb
language plpgsql
security definer
set search_path from current
set enable_seqscan = off
as $$
declare
  v_run iu_cut_run := fn_iu_cut_claim(p_run_id, p_actor);
  v_bytes bytea := (select p.bytes || ''::bytea from iu_source_pin p where p.pin_id = v_run.pin_id);
  v_fact record;
  v_strangers text;
begin
  if v_run.state <> 'source_pinned' then
    -- two people at once: who comes second says the same, and finds it done
    if not exists (
      select from (select ordinal, parent_ordinal, byte_start, byte_end, kind, unit_kind, level, title, label, address, sha256, normalized_sha256
                     from iu_cut_mark where run_id = p_run_id) m
        full join jsonb_to_recordset(p_pieces) as p (ordinal integer, parent_ordinal integer, byte_start integer, byte_end integer, kind text,
             unit_kind text, level integer, title text, label text, address text, sha256 text, normalized_sha256 text) on p.ordinal = m.ordinal
       where m is distinct from p) then
      return fn_iu_cut_said(v_run);
    end if;
    raise exception using errcode = 'IU730', message = format('cut run %s is %s: other pieces of it are recorded', p_run_id, v_run.state),
      hint = 'iu cut show says what it waits for';
  end if;
  insert into iu_cut_mark (run_id, ordinal, parent_ordinal, byte_start, byte_end, kind, unit_kind, level, title, label, address, sha256,
                           normalized_sha256)
  select p_run_id, p.ordinal, p.parent_ordinal, p.byte_start, p.byte_end, p.kind, p.unit_kind, p.level, p.title, p.label, p.address, p.sha256,
         p.normalized_sha256
    from jsonb_to_recordset(p_pieces) as p (ordinal integer, parent_ordinal integer, byte_start integer, byte_end integer, kind text,
           unit_kind text, level integer, title text, label text, address text, sha256 text, normalized_sha256 text);
  select count(*)::integer as pieces,
         coalesce(bool_and(ordinal = expected_ordinal and (parent_ordinal < ordinal) is not false), true) as counted,
         coalesce(bool_and(byte_start = expected_start), true) as adjacent, coalesce(max(byte_end), 0) as covered,
         coalesce(bool_and(sha256 = encode(sha256(substring(v_bytes from byte_start + 1 for byte_end - byte_start)), 'hex')), true) as hashed
    into v_fact
    from (select m.*, row_number() over (order by m.ordinal) - 1 as expected_ordinal,
                 coalesce(lag(m.byte_end) over (order by m.ordinal), 0) as expected_start
            from iu_cut_mark m where m.run_id = p_run_id) m;
  if not v_fact.counted or not v_fact.adjacent or not v_fact.hashed or v_fact.covered <> length(v_bytes) then
    raise exception using errcode = 'IU733', message = format('the pieces of cut run %s are no lossless cut of its source', p_run_id),
      detail = to_jsonb(v_fact)::text, hint = 'cut the pinned bytes again; a piece is a range of them and its hash';
  end if;
  select string_agg(distinct s.o ->> 'address', ', ') into v_strangers from jsonb_path_query(v_run.config, '$.sql_objects[*]') as s (o)
   where not exists (select from iu_cut_mark m where m.run_id = p_run_id and m.address = s.o ->> 'address');
  if v_strangers is not null then
    raise exception using errcode = 'IU624', message = format('cut run %s is to link %s, and no piece of it has that address', p_run_id, v_strangers),
      hint = format('iu cut preview FILE --json shows the addresses; iu cut void %s, then start it again with one of them', p_run_id);
  end if;
  update iu_cut_run
     set state = 'marked', actor_ref = p_actor, piece_count = v_fact.pieces, cut_digest = fn_iu_cut_digest(p_run_id, 'cut')
   where run_id = p_run_id
  returning * into v_run;
  return fn_iu_cut_said(v_run);
end
$$;
