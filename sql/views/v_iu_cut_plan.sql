-- v_iu_cut_plan: what a cut run would do, line by line: its pieces in order of the source, then its structure steps. by_hand: what people did
-- to the unit beside the cuts that the line undoes or builds on: a text that no cut gave it, a structure operation that is the last one.
create or replace view v_iu_cut_plan as
select p.run_id, (p.ordinal + 1)::bigint as line, 'piece' as what, p.ordinal, m.level, m.label,
       case when d.candidates is not null then 'doubtful' else p.fate end as fate,
       coalesce(p.address, (select u.canonical_address from information_unit u where u.id = p.unit_id)) as unit, p.reason, p.score,
       (select string_agg(format('%s (%s)', (select u.canonical_address from information_unit u where u.id = (c ->> 'unit_id')::uuid),
                                 round((c ->> 'score')::numeric, 2)), ', ')
          from jsonb_array_elements(d.candidates) c) as note,
       case when p.fate <> 'same' then
         (select format('version %s by %s', v.version_seq, v.created_by)
            from information_unit u join unit_version v on v.id = u.version_anchor_ref
           where u.id = p.unit_id and not exists (select from iu_cut_piece c join unit_version w on w.id = c.version_id
                                                   where c.unit_id = u.id and w.content_hash = v.content_hash)) end as by_hand
  from iu_cut_plan_piece p
  -- by key, whatever the statistics say: they may be older than the run, and all were compared with all
 cross join lateral (select i.level, i.label from iu_cut_mark i where i.run_id = p.run_id and i.ordinal = p.ordinal offset 0) m
  left join lateral (select i.candidates from iu_cut_doubt i where i.run_id = p.run_id and i.ordinal = p.ordinal offset 0) d on true
union all
select s.run_id, 1000000000 + s.step_no::bigint, 'step', s.ordinal, 0, null, s.action,
       coalesce((select u.canonical_address from information_unit u where u.id = s.unit_id), s.step #>> '{piece,canonical_address}', s.step ->> 'unit'),
       s.reason, s.score, s.note,
       (select string_agg(f.said, ', ' order by f.said)
          from (select s.unit_id as id
                 union
                select (x #>> '{}')::uuid from jsonb_path_query(s.step, '$.units[*]') x where x #>> '{}' ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$') t
         cross join lateral (
           select format('version %s by %s', v.version_seq, v.created_by) as said
             from information_unit u join unit_version v on v.id = u.version_anchor_ref
            where u.id = t.id and s.action in ('deprecate', 'split', 'merge')
              and not exists (select from iu_cut_piece c join unit_version w on w.id = c.version_id where c.unit_id = u.id and w.content_hash = v.content_hash)
            union all
           (select case when not exists (select from iu_cut_operation k where k.operation_id = o.operation_id)
                        then format('structure operation %s by %s', o.operation_id, o.applied_by) end
              from iu_structure_change c join iu_structure_operation o on o.operation_id = c.operation_id and o.operation_status = 'enacted'
             where c.unit_id = t.id and c.change_kind in ('born', 'placed', 'numbered', 'lifecycle')
             order by o.applied_seq desc limit 1)) f)
  from iu_cut_plan_step s;
comment on view v_iu_cut_plan is 'What a cut run would do: its pieces in order of the source, then its structure steps. No text of the source.';
