-- fn_iu_redaction_event_overwrite(bigint) returns void
--
-- Contract:  overwrites the copies of an event's payload that iu_redacted_copy names for a redaction. A document becomes
--            {"iu_redacted": {redaction_id, sha256}}, a text [redacted ID]; of the whole event in a dead letter or an archived row only the
--            members that hold something.
-- Arguments: p_redaction_id
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    event_outbox, iu_route_attempt, iu_route_dead_letter, iu_event_edit, iu_archived_row
-- May call:  internal
create or replace function fn_iu_redaction_event_overwrite(p_redaction_id bigint) returns void
language plpgsql
volatile
set search_path from current
as $$
declare
  c iu_redacted_copy;
  v_mark jsonb;
  v_text text := format('[redacted %s]', p_redaction_id);
begin
  for c in select * from iu_redacted_copy where redaction_id = p_redaction_id loop
    v_mark := jsonb_build_object('iu_redacted', jsonb_build_object('redaction_id', p_redaction_id::text, 'sha256', c.sha256));
    case c.table_name || '.' || c.column_name
      when 'event_outbox.safe_payload' then update event_outbox set safe_payload = v_mark where seq = c.row_key::bigint;
      when 'iu_route_attempt.payload_snapshot' then update iu_route_attempt set payload_snapshot = v_mark where attempt_id = c.row_key::bigint;
      when 'iu_route_attempt.failure_detail' then update iu_route_attempt set failure_detail = v_text where attempt_id = c.row_key::bigint;
      when 'iu_route_dead_letter.event_snapshot' then
        update iu_route_dead_letter set event_snapshot = event_snapshot || jsonb_build_object('safe_payload', v_mark) where dead_letter_id = c.row_key::bigint;
      when 'iu_route_dead_letter.failure_detail' then update iu_route_dead_letter set failure_detail = v_text where dead_letter_id = c.row_key::bigint;
      when 'iu_event_edit.payload' then update iu_event_edit set payload = v_mark where edit_id = c.row_key::bigint;
      when 'iu_event_edit.diff' then update iu_event_edit set diff = v_mark where edit_id = c.row_key::bigint;
      when 'iu_archived_row.document' then
        update iu_archived_row
           set document = document || coalesce((select jsonb_object_agg(m.key, case m.key when 'failure_detail' then to_jsonb(v_text)
                                                                                when 'event_snapshot' then m.value || jsonb_build_object('safe_payload', v_mark)
                                                                                else v_mark end)
                                                  from jsonb_each(document) m
                                                 where m.key in ('safe_payload', 'payload_snapshot', 'failure_detail', 'event_snapshot', 'payload', 'diff')
                                                   and m.value <> 'null'), '{}')
         where archived_row_id = c.row_key::bigint;
    end case;
  end loop;
end
$$;
