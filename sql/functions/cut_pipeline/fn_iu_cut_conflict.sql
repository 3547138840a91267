-- fn_iu_cut_conflict(iu_cut_run) returns text
--
-- Contract:  says by name what stands in the way of rolling a whole run back: a later cut of the document, or a unit of the run that
--            somebody has revised, ended, linked or hung something below since. What structure operations did in between they find
--            themselves.
-- Arguments: p_run: a written run, its document locked
-- Returns:   a sentence, or null
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_cut_conflict(p_run iu_cut_run) returns text
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_text text;
begin
  select format('run %s cut revision %s of the document later', r.run_id, r.revision_label) into v_text
    from iu_cut_run r
   where r.document_id = p_run.document_id and r.run_id <> p_run.run_id and r.apply_tx_id is not null and r.state <> 'voided_rolled_back'
     and r.run_id > p_run.run_id
   order by r.run_id desc limit 1;
  if v_text is not null then
    return v_text;
  end if;
  -- later versions do not count when the text is the run's again: they are of runs that were rolled back, or were put right by hand
  select format('%s has another version than the run gave it', u.canonical_address) into v_text
    from iu_cut_piece c
    join information_unit u on u.id = c.unit_id
    join unit_version w on w.id = c.version_id
    join unit_version n on n.id = u.version_anchor_ref
   where c.run_id = p_run.run_id and u.version_anchor_ref <> c.version_id and n.content_hash <> w.content_hash
   order by c.ordinal limit 1;
  if v_text is not null then
    return v_text;
  end if;
  select format('%s is %s', u.canonical_address, case when u.deleted_at is not null then 'deleted' else u.lifecycle_status end) into v_text
    from iu_cut_piece c join information_unit u on u.id = c.unit_id
   where c.run_id = p_run.run_id and (u.deleted_at is not null or u.lifecycle_status not in ('draft', 'enacted'))
   order by c.ordinal limit 1;
  if v_text is not null or not p_run.is_birth then
    return v_text;
  end if;
  select format('%s stands in the document and was not cut', u.canonical_address) into v_text
    from iu_tree_path t join information_unit u on u.id = t.unit_id
   where t.root_unit_id = p_run.document_id and t.unit_id <> p_run.document_id and u.deleted_at is null
     and (select c.ordinal from iu_cut_piece c where c.run_id = p_run.run_id and c.unit_id = t.unit_id) is null
   limit 1;
  if v_text is null then
    select format('structure operation %s touched %s later', c.operation_id, u.canonical_address) into v_text
      from iu_cut_piece p
      join iu_structure_change c on c.unit_id = p.unit_id and c.change_kind not in ('context', 'review')
      join iu_structure_operation o on o.operation_id = c.operation_id and o.operation_status = 'enacted'
      join information_unit u on u.id = p.unit_id
     where p.run_id = p_run.run_id limit 1;
  end if;
  if v_text is null then
    select format('%s, which the run made, has SQL links of its own', u.canonical_address) into v_text
      from (select unit_id from iu_cut_piece where run_id = p_run.run_id union select p_run.document_id) made
      join iu_sql_link k on k.unit_id = made.unit_id and k.lifecycle_status in ('draft', 'enacted')
                        and k.metadata ->> 'cut_run' is distinct from p_run.run_id::text
      join information_unit u on u.id = made.unit_id
     order by u.canonical_address limit 1;
  end if;
  return v_text;
end
$$;
