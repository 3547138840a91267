-- fn_iu_redaction_apply(bigint) returns jsonb
--
-- Contract:  overwrites every copy that there is now, in one transaction, and writes down of each the hash and length of what stood
--            there. Counts, decisions, trees and proofs stay: rows stay, sizes of sources stay. An event that is still to be decided or
--            delivered is refused: what is left of it would be sent. Old row versions are gone after the next vacuum; backups, replicas'
--            archives and files of prunes are not reached from here.
-- Arguments: p_redaction_id: approved
-- Returns:   the redaction, state applied, and {overwritten: number of values, archive_files, leftovers: as fn_iu_redaction_plan}
-- Raises:    IU890 there is no such redaction, IU896 it is not approved, IU893 the event waits to be decided or delivered, IU861
--            something keeps what stood there
-- Writes:    iu_redaction, iu_redacted_copy, iu_cut_run, iu_cut_log and every table of fn_iu_redaction_event_copies or fn_iu_redaction_text_copies
-- May call:  iu_operator
create or replace function fn_iu_redaction_apply(p_redaction_id bigint) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_redaction iu_redaction;
  v_plan jsonb;
  v_pins bigint[];
  v_stayed text;
begin
  perform fn_iu_require_read_committed();
  select * into v_redaction from iu_redaction where redaction_id = p_redaction_id for update;
  if not found then
    raise exception using errcode = 'IU890', message = format('there is no redaction %s', p_redaction_id), hint = 'iu redact list';
  elsif v_redaction.state <> 'approved' then
    raise exception using errcode = 'IU896', message = format('redaction %s is %s, not approved', p_redaction_id, v_redaction.state),
      hint = 'a second person approves: iu redact approve ID --note TEXT';
  end if;
  if v_redaction.subject_kind = 'event' then
    -- letters, then decision rows, as a replay locks: from here on nobody queues it again
    perform from iu_route_dead_letter d join event_outbox e on e.seq = d.event_seq where e.id = v_redaction.subject_ref::uuid for update of d;
    perform from iu_route_attempt a join event_outbox e on e.seq = a.event_seq
      where e.id = v_redaction.subject_ref::uuid and a.attempt_no = 1 for update of a;
  end if;
  v_plan := fn_iu_redaction_plan(v_redaction.subject_kind, v_redaction.subject_ref);
  if v_redaction.subject_kind <> 'event' then
    v_pins := array(select (c ->> 'row_key')::bigint from jsonb_array_elements(v_plan -> 'copies') c where c ->> 'table_name' = 'iu_source_pin');
    -- runs, then pins, as a cut locks that writes; planned again, because one may have written until now
    perform from iu_cut_run r where r.pin_id = any (v_pins) order by r.run_id for no key update;
    perform from iu_source_pin s where s.pin_id = any (v_pins) order by s.pin_id for update;
    v_plan := fn_iu_redaction_plan(v_redaction.subject_kind, v_redaction.subject_ref);
  end if;
  if v_plan -> 'blockers' <> '[]' then
    raise exception using errcode = 'IU893',
      message = format('event %s still waits: %s', v_redaction.subject_ref,
                       (select string_agg(b ->> 'code', ', ') from jsonb_array_elements(v_plan -> 'blockers') b)),
      hint = 'let it be decided; iu delivery cancel, iu dead-letter resolve; then apply again';
  end if;
  insert into iu_redacted_copy (redaction_id, table_name, row_key, column_name, sha256, byte_length)
  select p_redaction_id, c.table_name, c.row_key, c.column_name, c.sha256, c.byte_length
    from jsonb_to_recordset(v_plan -> 'copies') as c (table_name text, row_key text, column_name text, sha256 text, byte_length integer);
  perform set_config('iu_core.governed', 'redact ' || pg_current_xact_id()::text, true);
  if v_redaction.subject_kind = 'event' then
    perform fn_iu_redaction_event_overwrite(p_redaction_id);
  else
    perform fn_iu_redaction_text_overwrite(p_redaction_id);
    update iu_cut_run r
       set state = 'voided_by_person', actor_ref = session_user, finished_at = clock_timestamp(),
           detail = jsonb_build_object('code', 'IU897', 'reason', format('redaction %s overwrote something in its source', p_redaction_id))
     where r.apply_tx_id is null and fn_iu_cut_may_follow(r.state, 'voided_by_person') and r.state <> 'voided_by_person'
       and r.pin_id::text in (select c.row_key from iu_redacted_copy c where c.redaction_id = p_redaction_id and c.table_name = 'iu_source_pin');
  end if;
  perform set_config('iu_core.governed', '', true);
  -- looked for once more: nobody is told that a text is gone which a trigger or a rule has kept
  select string_agg(distinct format('%s of %s', c ->> 'column_name', c ->> 'table_name'), ', ') into v_stayed
    from jsonb_array_elements(fn_iu_redaction_plan(v_redaction.subject_kind, v_redaction.subject_ref) -> 'copies') c;
  if v_stayed is not null then
    raise exception using errcode = 'IU861', message = format('redaction %s: %s would still hold what stood there', p_redaction_id, v_stayed),
      hint = 'a trigger or rule of that table keeps it: iu drift names them; drop or disable it, then apply again';
  end if;
  update iu_redaction set state = 'applied', applied_by = session_user, applied_at = clock_timestamp(), plan = v_plan
   where redaction_id = p_redaction_id returning * into v_redaction;
  return fn_iu_redaction_said(v_redaction) || jsonb_build_object('overwritten', jsonb_array_length(v_plan -> 'copies'),
    'archive_files', v_plan -> 'archive_files', 'leftovers', v_plan -> 'leftovers');
end
$$;
