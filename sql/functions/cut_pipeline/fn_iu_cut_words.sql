-- fn_iu_cut_words(bigint) returns setof iu_cut_decision
--
-- Contract:  the words of people that count in a cut run: the last one about each piece, unless it was withdrawn.
-- Arguments: p_run_id
-- Returns:   rows of iu_cut_decision, by piece
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_approver, iu_emitter, iu_operator, iu_reader
create or replace function fn_iu_cut_words(p_run_id bigint) returns setof iu_cut_decision
language plpgsql
stable
set search_path from current
as $$
begin
  return query
  select d.* from (select distinct on (ordinal) * from iu_cut_decision where run_id = p_run_id order by ordinal, decision_id desc) d
   where d.unit_ids is not null;
end
$$;
