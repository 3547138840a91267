-- fn_iu_cut_misplaced(bigint, uuid) returns text
--
-- Contract:  says what is wrong between the recorded pieces of a run and the document: not the living units in tree order, another
--            version than the one written, another parent, not lossless, or a broken tree.
-- Arguments: p_run_id; p_document_id
-- Returns:   a sentence, or null
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_misplaced(p_run_id bigint, p_document_id uuid) returns text
language plpgsql
set search_path from current
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_proof jsonb := fn_iu_cut_verify(p_run_id);
  v_fact record;
begin
  if not (v_proof ->> 'ok')::boolean then
    return v_proof -> 'problems' ->> 0;
  end if;
  select count(*) filter (where l.unit_id is distinct from c.unit_id) as elsewhere,
         count(*) filter (where l.version_id is distinct from c.version_id) as other_version,
         count(*) filter (where l.parent_id is distinct from coalesce(p.unit_id, p_document_id)) as other_parent
    into v_fact
    -- the document itself stands first, so the n-th piece, counted from 0, is the unit after it
    from (select l.* from fn_iu_cut_living(p_document_id) l where l.unit_id <> p_document_id) l
    full join (select c.ordinal, c.unit_id, c.version_id, m.parent_ordinal from iu_cut_piece c
                 left join iu_cut_mark m on m.run_id = c.run_id and m.ordinal = c.ordinal where c.run_id = p_run_id) c on c.ordinal = l.position - 2
    left join iu_cut_piece p on p.run_id = p_run_id and p.ordinal = c.parent_ordinal;
  if v_fact.elsewhere > 0 then
    return 'the living units of the document in tree order are not the pieces';
  end if;
  if v_fact.other_version > 0 then
    return format('%s units have another version than the run gave them', v_fact.other_version);
  end if;
  if v_fact.other_parent > 0 then
    return format('%s units stand below another unit than their piece', v_fact.other_parent);
  end if;
  return (fn_iu_tree_verify_document(p_document_id))[1];
end
$$;
