-- fn_iu_cut_digest(bigint, text) returns text
--
-- Contract:  one hash over what a run has recorded of its cut (ranges, kinds, labels, hashes), its plan (steps, pieces, open doubts) or
--            its write (anchors). Computed from the rows, so that a row changed by hand is another digest.
-- Arguments: p_run_id; p_what: cut, plan or write
-- Returns:   sha256 in hexadecimal
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_digest(p_run_id bigint, p_what text) returns text
language plpgsql
stable
set search_path from current
set enable_seqscan = off
as $$
declare
  v_text text;
begin
  case p_what
  when 'cut' then
    select string_agg(m.line, E'\n' order by m.ordinal) into v_text from (
      select ordinal, x::text as line from iu_cut_mark x where run_id = p_run_id) m;
  when 'plan' then
    select concat_ws(E'\n--\n',
      (select string_agg(s.line, E'\n' order by s.step_no) from (select step_no, x::text as line from iu_cut_plan_step x where run_id = p_run_id) s),
      (select string_agg(p.line, E'\n' order by p.ordinal) from (select ordinal, x::text as line from iu_cut_plan_piece x where run_id = p_run_id) p),
      (select string_agg(d.line, E'\n' order by d.ordinal) from (select ordinal, x::text as line from iu_cut_doubt x where run_id = p_run_id) d))
      into v_text;
  when 'write' then
    select string_agg(concat_ws(' ', ordinal, byte_start, byte_end, unit_id, version_id, sha256, anchor), E'\n' order by ordinal)
      into v_text from iu_cut_piece where run_id = p_run_id;
  end case;
  return encode(sha256(convert_to(coalesce(v_text, ''), 'UTF8')), 'hex');
end
$$;
