-- fn_iu_structure_op_plan(jsonb, text, text, text) returns jsonb
--
-- Contract:  records an operation and says what it would do: the steps are really done under the real locks and then undone, so impact and
--            preview are what apply does. The same request is one plan: a known key gives the recorded operation back, also
--            when it was rolled back or withdrawn: p_request makes the steps a new one.
-- Arguments: p_operation: one step, an array of steps or {operations: [...]}; p_actor: who; p_reason: why; p_request: part of the key,
--            for a request that is meant to be done once more
-- Returns:   {operation_id, operation_type, status, idempotency_key, replayed, step_count, impact, preview: {before, after} as
--            fn_iu_structure_preview}; impact = {units, units_born, tree_rows, sql_links, relations, lineage (relations that are no place),
--            events, before_hash and after_hash (of the touched units), reviews, documents: {id: {before_hash, after_hash}} (whole trees)}
-- Raises:    IU216 actor missing, IU603 malformed, and whatever apply would raise now
-- Writes:    iu_structure_operation
-- May call:  iu_emitter, iu_operator
create or replace function fn_iu_structure_op_plan(p_operation jsonb, p_actor text, p_reason text default null, p_request text default '') returns jsonb
language plpgsql
security definer
set search_path from current
-- the statements of this room look rows up by key: planning each for its values cost more than doing it
set plan_cache_mode = force_generic_plan
as $$
declare
  v_steps jsonb := fn_iu_structure_normalize(p_operation);
  v_type text := case when jsonb_array_length(v_steps) = 1 then v_steps -> 0 ->> 'operation_type' else 'batch' end;
  v_key text := format('iu_op:%s:%s', v_type, encode(sha256(convert_to(v_steps::text || coalesce(p_request, ''), 'UTF8')), 'hex'));
  v_operation iu_structure_operation;
  v_before jsonb;
  v_after jsonb;
  v_found jsonb;
  v_touched uuid[];
  v_documents uuid[];
  v_impact jsonb;
  v_run jsonb;
begin
  if coalesce(btrim(p_actor), '') = '' then
    raise exception using errcode = 'IU216', message = 'a structure operation names its actor';
  end if;
  insert into iu_structure_operation (operation_type, step_count, actor_ref, reason, idempotency_key, payload)
  values (v_type, jsonb_array_length(v_steps), p_actor, p_reason, v_key, v_steps)
  on conflict (idempotency_key) do nothing
  returning * into v_operation;
  if not found then
    select * into strict v_operation from iu_structure_operation where idempotency_key = v_key;
    return fn_iu_structure_said(v_operation, true) || jsonb_build_object('preview', v_operation.preview);
  end if;
  begin
    -- everything in this block is undone; variables keep what it found
    v_run := fn_iu_structure_run(v_operation.operation_id, v_steps, p_actor, format('plan %s', v_operation.operation_id), true);
    select jsonb_build_object(
             'units', count(distinct c.unit_id) filter (where c.change_kind not in ('context', 'review')),
             'units_born', count(*) filter (where c.change_kind = 'born'),
             'tree_rows', coalesce(sum((c.after ->> 'tree_rows')::bigint) filter (where c.change_kind = 'placed'), 0) + count(*) filter (where c.change_kind = 'born'),
             'sql_links', count(*) filter (where c.change_kind in ('link_copied', 'link_moved')),
             'relations', (select count(*) from iu_relation r where r.operation_ref = v_operation.operation_id),
             'lineage', (select count(*) from iu_relation r where r.operation_ref = v_operation.operation_id and r.relation_type <> 'contains'),
             'events', v_operation.step_count, 'before_hash', v_run -> 'before_hash', 'after_hash', v_run -> 'after_hash',
             'reviews', coalesce(jsonb_agg(c.after) filter (where c.change_kind = 'review'), '[]'), 'documents', v_run -> 'documents'),
           coalesce(array_agg(distinct c.unit_id) filter (where c.change_kind not in ('context', 'review')), '{}')
      into v_impact, v_touched from iu_structure_change c where c.operation_id = v_operation.operation_id;
    select coalesce(jsonb_object_agg(f.unit_id || ' ' || f.change_kind, f.before), '{}') into v_found
      from (select distinct on (x.unit_id, x.change_kind) x.* from iu_structure_change x
             where x.operation_id = v_operation.operation_id and x.change_kind in ('placed', 'lifecycle', 'numbered')
               and not exists (select from iu_structure_change b where b.operation_id = x.operation_id and b.unit_id = x.unit_id
                                                                   and b.change_kind = 'born')
             order by x.unit_id, x.change_kind, x.change_no) f;
    v_documents := array(select k::uuid from jsonb_object_keys(v_run -> 'documents') k);
    v_after := fn_iu_structure_preview(v_documents, v_touched, 500);
    raise exception using errcode = 'ZZ600', message = 'planned';
  exception when sqlstate 'ZZ600' then
    null;
  end;
  -- undoing the block released its locks, so this is a picture a moment later; what apply compares with is in found
  v_before := fn_iu_structure_preview(v_documents, v_touched, 500);
  update iu_structure_operation
     set impact_summary = v_impact, found = v_found, preview = jsonb_build_object('before', v_before, 'after', v_after)
   where operation_id = v_operation.operation_id returning * into v_operation;
  return fn_iu_structure_said(v_operation, false) || jsonb_build_object('preview', v_operation.preview);
end
$$;
