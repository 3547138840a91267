-- fn_iu_cut_enact(iu_cut_run) returns jsonb
--
-- Contract:  lifecycle_enact: what fn_iu_enact does for one unit, for all versions that the run wrote, in one transaction: the version is
--            enacted, the one before it superseded, one log row and one event version_enacted each. What is enacted already stays. A document
--            that somebody changed while the run waited is not what was approved, and nothing of it comes into force.
-- Arguments: p_run: awaiting_lifecycle_authorization and approved, its row locked
-- Returns:   as fn_iu_cut_said; code IU735 when what was written is not what was approved
-- Raises:    IU206 a unit of the run is no longer alive, IU747 the document is no longer what was approved
-- Writes:    unit_version, information_unit, iu_lifecycle_log, event_outbox, iu_cut_run, iu_cut_log
-- May call:  internal
create or replace function fn_iu_cut_enact(p_run iu_cut_run) returns jsonb
language plpgsql
set search_path from current
set plan_cache_mode = force_generic_plan
-- rows are looked up by key, one by one, whatever the statistics say
set enable_seqscan = off
as $$
declare
  v_reference text := fn_iu_cut_reference(p_run.run_id, 2);
  v_at timestamptz;
  v_units uuid[];
  v_versions uuid[];
  v_from text[];
  v_before uuid[];
  v_events uuid[];
  v_dead text;
  v_problem text;
begin
  if fn_iu_cut_digest(p_run.run_id, 'write') is distinct from p_run.manifest #>> '{written,write_digest}'
     or fn_iu_cut_digest(p_run.run_id, 'cut') is distinct from p_run.manifest ->> 'cut_digest'
     or fn_iu_cut_digest(p_run.run_id, 'plan') is distinct from p_run.manifest ->> 'plan_digest' then
    return fn_iu_cut_stop(p_run, 'stopped_manifest_changed', 'IU735', '{"gate": 2}');
  end if;
  perform fn_iu_lock_documents(array[p_run.document_id]);
  v_units := array(select c.unit_id from iu_cut_piece c where c.run_id = p_run.run_id);
  perform from information_unit u where u.id = any (v_units) order by u.id for no key update;
  v_at := fn_iu_stamp((select max(u.updated_at) from information_unit u where u.id = any (v_units)));
  select min(u.canonical_address) into v_dead from information_unit u
   where u.id = any (v_units) and (u.lifecycle_status not in ('draft', 'enacted') or u.deleted_at is not null);
  if v_dead is not null then
    raise exception using errcode = 'IU206', message = format('unit %s of cut run %s is no longer alive', v_dead, p_run.run_id), hint = 'iu cut rollback';
  end if;
  v_problem := coalesce(fn_iu_cut_misplaced(p_run.run_id, p_run.document_id),
    case when (select u.version_anchor_ref::text from information_unit u where u.id = p_run.document_id)
                is distinct from p_run.manifest #>> '{written,document_version_id}' then 'the document itself has another version' end,
    case when fn_iu_tree_hash(p_run.document_id) is distinct from p_run.manifest #>> '{written,tree_hash}' then 'the tree is another one' end);
  if v_problem is not null then
    raise exception using errcode = 'IU747', message = format('%s is not what was approved at gate 2 of cut run %s: %s', p_run.document_address,
        p_run.run_id, v_problem),
      hint = 'give changed units their text of the run again (fn_iu_revise), roll the run back (iu cut rollback) and cut the revision anew';
  end if;
  select array_agg(w.id order by w.place), array_agg(w.version_id order by w.place), array_agg(w.status order by w.place),
         array_agg(w.before order by w.place) into v_units, v_versions, v_from, v_before
    from (select u.id, v.id as version_id, u.lifecycle_status as status, c.place,
                 (select b.id from unit_version b where b.unit_id = u.id and b.lifecycle_status = 'enacted') as before
            from (select p_run.document_id as unit_id, -1 as place union all
                  select unit_id, ordinal from iu_cut_piece where run_id = p_run.run_id) c
           cross join lateral (select i.* from information_unit i where i.id = c.unit_id offset 0) u
           cross join lateral (select n.id from unit_version n where n.id = u.version_anchor_ref and n.lifecycle_status = 'draft' offset 0) v) w;
  perform fn_iu_canonical_writer('fn_iu_enact');
  update unit_version set lifecycle_status = 'superseded' where id = any (array_remove(v_before, null));
  update unit_version set lifecycle_status = 'enacted', enacted_at = v_at where id = any (v_versions);
  update information_unit set lifecycle_status = 'enacted', updated_by = p_run.actor_ref where id = any (v_units);
  perform fn_iu_canonical_writer('');
  insert into iu_lifecycle_log (unit_id, canonical_address, version_id, from_status, to_status, actor, review_decision_id, reason)
  select u.id, u.canonical_address, w.version_id, w.status, 'enacted', p_run.actor_ref, v_reference, format('revision %s', p_run.revision_label)
    from unnest(v_units, v_versions, v_from) with ordinality as w (id, version_id, status, place)
   cross join lateral (select i.id, i.canonical_address from information_unit i where i.id = w.id offset 0) u
   order by w.place;
  v_events := fn_iu_ids(coalesce(cardinality(v_units), 0));
  insert into event_outbox (id, event_domain, event_type, event_stream, delivery_lane, event_subject_table, event_subject_ref, canonical_address,
                            actor_ref, source_system, safe_payload)
  select v_events[w.place], 'iu', 'version_enacted', r.event_stream, r.delivery_lane, 'information_unit', u.id::text, u.canonical_address, p_run.actor_ref, 'iu_core',
         jsonb_build_object('version_seq', v.version_seq, 'version_id', v.id, 'superseded_version_id', w.before, 'review_decision_id', v_reference,
                            'cut_run', p_run.run_id::text)
    from unnest(v_units, v_versions, v_before) with ordinality as w (id, version_id, before, place)
   cross join lateral (select i.id, i.canonical_address from information_unit i where i.id = w.id offset 0) u
   cross join lateral (select n.id, n.version_seq from unit_version n where n.id = w.version_id offset 0) v
    left join event_type_registry r on r.event_domain = 'iu' and r.event_type = 'version_enacted'
   order by w.place;
  update iu_cut_run
     set state = 'lifecycle_enacted', actor_ref = p_run.actor_ref,
         detail = jsonb_build_object('approval', v_reference, 'versions_enacted', coalesce(cardinality(v_units), 0))
   where run_id = p_run.run_id returning * into p_run;
  return fn_iu_cut_said(p_run);
end
$$;
