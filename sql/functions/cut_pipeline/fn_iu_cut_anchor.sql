-- fn_iu_cut_anchor(iu_cut_run) returns void
--
-- Contract:  records which bytes became which version: for each piece the unit's current one.
-- Arguments: p_run
-- Returns:   nothing
-- Raises:    IU706 a piece has no unit
-- Writes:    iu_cut_piece
-- May call:  internal
create or replace function fn_iu_cut_anchor(p_run iu_cut_run) returns void
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_written integer;
begin
  insert into iu_cut_piece (run_id, ordinal, byte_start, byte_end, address, unit_id, version_id, sha256, normalized_sha256, anchor)
  select p_run.run_id, m.ordinal, m.byte_start, m.byte_end, m.address, u.id, u.version_anchor_ref, m.sha256, m.normalized_sha256,
         case p.fate when 'format' then 'format' else 'exact' end
    from fn_iu_cut_piece_units(p_run.run_id) p
   -- by key, whatever the statistics say
   cross join lateral (select i.* from iu_cut_mark i where i.run_id = p_run.run_id and i.ordinal = p.ordinal offset 0) m
   cross join lateral (select i.id, i.version_anchor_ref from information_unit i where i.id = p.unit_id offset 0) u;
  get diagnostics v_written = row_count;
  if v_written <> p_run.piece_count then
    raise exception using errcode = 'IU706', message = format('cut run %s: %s of %s pieces have a unit', p_run.run_id, v_written, p_run.piece_count),
      hint = 'nothing was written; plan it again: iu cut plan';
  end if;
end
$$;
