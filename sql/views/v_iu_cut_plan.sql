-- v_iu_cut_plan: what a cut run would do, line by line: its pieces in order of the source, then its structure steps.
create or replace view v_iu_cut_plan as
select p.run_id, (m.ordinal + 1)::bigint as line, 'piece' as what, m.ordinal, m.level, m.label,
       case when d.ordinal is not null then 'doubtful' else p.fate end as fate,
       coalesce(p.address, (select u.canonical_address from information_unit u where u.id = p.unit_id)) as unit, p.reason, p.score,
       (select string_agg(format('%s (%s)', (select u.canonical_address from information_unit u where u.id = (c ->> 'unit_id')::uuid), c ->> 'score'), ', ')
          from jsonb_array_elements(d.candidates) c) as note
  from iu_cut_plan_piece p
  join iu_cut_mark m on m.run_id = p.run_id and m.ordinal = p.ordinal
  left join iu_cut_doubt d on d.run_id = p.run_id and d.ordinal = p.ordinal
union all
select s.run_id, 1000000000 + s.step_no::bigint, 'step', s.ordinal, 0, null, s.action,
       coalesce((select u.canonical_address from information_unit u where u.id = s.unit_id), s.step #>> '{piece,canonical_address}', s.step ->> 'unit'),
       s.reason, s.score, s.note
  from iu_cut_plan_step s;
comment on view v_iu_cut_plan is 'What a cut run would do: its pieces in order of the source, then its structure steps. No text of the source.';
