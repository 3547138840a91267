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
  v_living uuid[];
  v_cut uuid[];
  v_units bigint;
begin
  if not (v_proof ->> 'ok')::boolean then
    return v_proof -> 'problems' ->> 0;
  end if;
  select array_agg(l.unit_id order by l.position) filter (where l.unit_id <> p_document_id) into v_living from fn_iu_cut_living_units(p_document_id) l;
  select array_agg(unit_id order by ordinal) into v_cut from iu_cut_piece where run_id = p_run_id;
  if v_living is distinct from v_cut then
    return 'the living units of the document in tree order are not the pieces';
  end if;
  select count(*) into v_units from iu_cut_piece c join information_unit u on u.id = c.unit_id
   where c.run_id = p_run_id and u.version_anchor_ref <> c.version_id;
  if v_units > 0 then
    return format('%s units have another version than the run gave them', v_units);
  end if;
  select count(*) into v_units
    from iu_cut_mark m
    join iu_cut_piece c on c.run_id = m.run_id and c.ordinal = m.ordinal
    join information_unit u on u.id = c.unit_id
    left join iu_cut_piece p on p.run_id = m.run_id and p.ordinal = m.parent_ordinal
   where m.run_id = p_run_id and u.parent_or_container_ref is distinct from coalesce(p.unit_id, p_document_id);
  if v_units > 0 then
    return format('%s units stand below another unit than their piece', v_units);
  end if;
  return (fn_iu_tree_verify_document(p_document_id))[1];
end
$$;
