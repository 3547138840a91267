-- fn_iu_emit(text, text, text, text, jsonb, ...) returns table (event_id uuid, event_seq bigint, is_new boolean, suppressed boolean)
--
-- Contract:  writes one event into the log, in the caller's transaction: it exists exactly when that commits. Call it after the
--            write that locks the subject; then events of one subject are decided in the order of the changes. With a dedupe key
--            the first call writes and later ones, also concurrent ones, get the first event with is_new = false.
-- Arguments: p_event_domain, p_event_type: a pair of event_type_registry, which also gives stream, lane and default severity;
--            p_subject_table, p_subject_ref: what the event is about; p_safe_payload: object, references only; p_actor_ref: who,
--            null = session_user; p_payload_classification: safe_metadata | restricted; p_occurred_at: null = now();
--            p_dedupe_key: null = every call is an event
-- Returns:   one row; suppressed = true (and nulls) while iu_core.emission_enabled is 'false'; event_seq is null for a known key
--            whose event retention has taken
-- Raises:    IU101..IU112 as fn_event_type_validate, IU111 the dedupe key belongs to an event of another type or subject,
--            IU117 the dedupe key is empty or too long
-- Writes:    event_outbox, iu_event_dedupe, iu_suppressed_event
-- May call:  iu_emitter, iu_worker, iu_operator
create or replace function fn_iu_emit(
  p_event_domain text,
  p_event_type text,
  p_subject_table text,
  p_subject_ref text,
  p_safe_payload jsonb default '{}',
  p_canonical_address text default null,
  p_actor_ref text default null,
  p_correlation_id text default null,
  p_source_system text default 'iu_core',
  p_severity text default null,
  p_payload_classification text default 'safe_metadata',
  p_occurred_at timestamptz default null,
  p_dedupe_key text default null,
  out event_id uuid, out event_seq bigint, out is_new boolean, out suppressed boolean
) returns setof record
language plpgsql
security definer
set search_path from current
as $$
declare
  v_known iu_event_dedupe;
  v_type event_type_registry;
begin
  event_id := gen_random_uuid();
  if p_dedupe_key is not null then
    if octet_length(p_dedupe_key) not between 1 and 1024 then
      raise exception using errcode = 'IU117', message = format('a dedupe key has 1 to 1,024 bytes, this one %s', octet_length(p_dedupe_key));
    end if;
    -- waits for a concurrent writer of the key: when that one commits the key is known, when it aborts the key is ours
    insert into iu_event_dedupe (dedupe_key, event_id, event_domain, event_type, event_subject_table, event_subject_ref)
    values (p_dedupe_key, event_id, p_event_domain, p_event_type, p_subject_table, p_subject_ref)
    on conflict (dedupe_key) do nothing;
    if not found then
      select * into strict v_known from iu_event_dedupe d where d.dedupe_key = p_dedupe_key;
      if (v_known.event_domain, v_known.event_type, v_known.event_subject_table, v_known.event_subject_ref)
         is distinct from (p_event_domain, p_event_type, p_subject_table, p_subject_ref) then
        raise exception using errcode = 'IU111',
          message = format('the dedupe key belongs to an event %s/%s of another type or subject', v_known.event_domain, v_known.event_type),
          hint = 'put type and subject into the key';
      end if;
      event_id := v_known.event_id;
      event_seq := (select o.seq from event_outbox o where o.id = v_known.event_id);
      is_new := false;
      suppressed := false;
      return next;
      return;
    end if;
  end if;
  select * into v_type from event_type_registry r where r.event_domain = p_event_domain and r.event_type = p_event_type;
  insert into event_outbox (id, event_domain, event_type, event_stream, delivery_lane, event_subject_table, event_subject_ref,
                            canonical_address, actor_ref, source_system, correlation_id, event_severity, payload_classification,
                            safe_payload, occurred_at)
  values (event_id, p_event_domain, p_event_type, v_type.event_stream, v_type.delivery_lane, p_subject_table, p_subject_ref,
          coalesce(p_canonical_address, ''), coalesce(p_actor_ref, session_user), p_source_system, p_correlation_id,
          coalesce(p_severity, v_type.default_severity), p_payload_classification, p_safe_payload, coalesce(p_occurred_at, now()))
  returning seq into event_seq;
  is_new := found;
  suppressed := not found;
  if suppressed then
    event_id := null;
    -- the key must not promise an event that was never written
    delete from iu_event_dedupe d where d.dedupe_key = p_dedupe_key;
  end if;
  return next;
end
$$;
