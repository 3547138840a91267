-- fn_iu_cut_apply_texts(iu_cut_run) returns void
--
-- Contract:  gives every piece whose text changed its next version, a draft, in order of the source. Which version it had before is kept
--            for the rollback.
-- Arguments: p_run
-- Returns:   nothing
-- Raises:    as fn_iu_revise
-- Writes:    unit_version, information_unit, event_outbox, iu_cut_version
-- May call:  internal
create or replace function fn_iu_cut_apply_texts(p_run iu_cut_run) returns void
language plpgsql
set search_path from current
set enable_seqscan = off
as $$
declare
  v_bytes bytea := (select p.bytes || ''::bytea from iu_source_pin p where p.pin_id = p_run.pin_id);
  v_piece record;
  v_unit record;
  v_done jsonb;
begin
  for v_piece in
    select p.unit_id, m.ordinal, coalesce(nullif(m.title, ''), m.label) as title,
           -- the name of an encoding has the collation "C"; handed on, the index of addresses would be of no use
           convert_from(substring(v_bytes from m.byte_start + 1 for m.byte_end - m.byte_start), 'UTF8') collate "default" as body
      from fn_iu_cut_piece_units(p_run.run_id) p
     -- by key, whatever the statistics say: they may be older than the run, and a join then read all units for each mark (4 min for 51,000)
     cross join lateral (select i.* from iu_cut_mark i where i.run_id = p_run.run_id and i.ordinal = p.ordinal offset 0) m
     where p.fate in ('changed', 'split', 'merged')
     order by m.ordinal
  loop
    select u.canonical_address, u.version_anchor_ref, u.identity_profile ->> 'title' as title into v_unit
      from information_unit u where u.id = v_piece.unit_id;
    v_done := fn_iu_revise(v_unit.canonical_address, v_piece.body, p_run.actor_ref, format('revision %s', p_run.revision_label), v_piece.title,
                           jsonb_build_object('cut_run', p_run.run_id::text));
    if v_done ->> 'status' = 'revised' then
      insert into iu_cut_version (run_id, unit_id, before_version_id, before_title, version_id)
      values (p_run.run_id, v_piece.unit_id, v_unit.version_anchor_ref, v_unit.title, (v_done ->> 'version_id')::uuid);
    end if;
  end loop;
end
$$;
