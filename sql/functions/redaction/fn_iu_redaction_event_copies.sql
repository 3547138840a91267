-- fn_iu_redaction_event_copies(uuid) returns table (table_name, row_key, column_name, sha256, byte_length)
--
-- Contract:  every place in this database that holds the payload of an event or something made from it: the log, what attempts would
--            have sent or were answered, dead letters, corrections, and rows that a prune kept. Not those that a redaction
--            has overwritten and said so of that very value (iu_redacted_copy), whatever a payload itself says.
-- Arguments: p_event_id
-- Returns:   one row a value; its hash and length, never the value
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_redaction_event_copies(p_event_id uuid)
returns table (table_name text, row_key text, column_name text, sha256 text, byte_length integer)
language sql
stable
set search_path from current
as $$
  with event as materialized (
    -- each partition of the log has ids of its own, so several events can have one
    select seq from event_outbox where id = p_event_id
  ), archived as materialized (
    select distinct a.event_seq as seq from iu_archived_row a where a.event_id = p_event_id and a.table_name = 'event_outbox'
  ), found as (
    select 'event_outbox' as name, e.seq::text as key, 'safe_payload' as col, e.safe_payload::text as value
      from event x join event_outbox e on e.seq = x.seq
    union all
    select 'iu_route_attempt', a.attempt_id::text, c.col, c.value
      from event x join iu_route_attempt a on a.event_seq = x.seq
     cross join lateral (values ('payload_snapshot', a.payload_snapshot::text), ('failure_detail', a.failure_detail)) c (col, value)
    union all
    select 'iu_route_dead_letter', d.dead_letter_id::text, c.col, c.value
      from event x join iu_route_dead_letter d on d.event_seq = x.seq
     cross join lateral (values ('event_snapshot', d.event_snapshot::text), ('failure_detail', d.failure_detail)) c (col, value)
    union all
    select 'iu_event_edit', i.edit_id::text, c.col, c.value
      from event x join iu_event_edit i on i.event_seq = x.seq
     cross join lateral (values ('payload', i.payload::text), ('diff', i.diff::text)) c (col, value)
    union all
    select 'iu_archived_row', r.archived_row_id::text, 'document', r.document::text
      from archived x join iu_archived_row r on r.event_seq = x.seq
     where r.document ?| '{safe_payload,payload_snapshot,failure_detail,event_snapshot,payload,diff}'
  )
  select name, key, col, encode(pg_catalog.sha256(convert_to(value, 'UTF8')), 'hex'), octet_length(value)
    from found
   where value is not null
     and not exists (
       select from iu_redacted_copy k
        where (k.table_name, k.row_key, k.column_name) = (name, key, col)
          and (value = format('[redacted %s]', k.redaction_id)
               or position(jsonb_build_object('iu_redacted', jsonb_build_object('redaction_id', k.redaction_id::text, 'sha256', k.sha256))::text
                           in value) > 0))
$$;
