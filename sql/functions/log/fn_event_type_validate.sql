-- fn_event_type_validate() returns trigger
--
-- Contract:  the one gate in front of the log, for every way in (function, plain insert, COPY, logical apply; the trigger is ENABLE
--            ALWAYS). Checks the event against event_type_registry and the payload against the rules, fills what the registry knows,
--            then takes tx_id and only after it seq: so every row of a transaction with xid >= X has a seq above whatever
--            event_outbox_seq_seq.last_value was read before a snapshot with xmax X, which is what gives the pass its floor.
--            While iu_core.emission_enabled is exactly 'false' a valid event becomes one row of iu_suppressed_event instead.
--            One query and one expression, because plpgsql prepares each expression anew in each transaction (3 us each); whatever
--            is not plain goes to fn_iu_event_settle.
-- Arguments: none
-- Returns:   the row to write; null when recording is switched off
-- Raises:    IU101..IU108, IU110, IU112 as fn_iu_event_settle
-- Writes:    iu_suppressed_event (only while recording is switched off)
-- May call:  nobody, it is a trigger
create or replace function fn_event_type_validate() returns trigger
language plpgsql
security definer
set search_path from current
as $$
declare
  v_payload text := new.safe_payload::text;
  v_known boolean;
  v_emission text;
begin
  select r.active and coalesce(new.event_stream = r.event_stream, true) and coalesce(new.delivery_lane = r.delivery_lane, true),
         r.event_stream, r.delivery_lane, coalesce(new.event_severity, r.default_severity),
         (select c.value from dot_config c where c.key = 'iu_core.emission_enabled'), pg_current_xact_id()
    into v_known, new.event_stream, new.delivery_lane, new.event_severity, v_emission, new.tx_id
    from event_type_registry r
   where r.event_domain = new.event_domain and r.event_type = new.event_type;
  if (v_known and v_payload like '{%' and octet_length(v_payload) <= 4096
      -- 65 nested containers take at least 130 bytes
      and (octet_length(v_payload) < 130
           or not jsonb_path_exists(new.safe_payload, 'strict $.**{64} ? (@.type() == "object" || @.type() == "array")'))
      -- forbidden keys: two letters before the end of a key first (0.9 us), the words only then (2.4 us)
      and (v_payload !~ '[DdNnAaOoEeRrSsTt][YyTtWwRrGgNnDdAa]": ' collate "C" or fn_iu_forbidden_key(v_payload) is null)
      and new.payload_classification in ('safe_metadata', 'restricted')
      and octet_length(new.event_subject_table) <= 1024 and coalesce(octet_length(new.event_subject_ref), 0) <= 1024
      and octet_length(new.canonical_address) <= 2048 and octet_length(new.actor_ref) <= 2048
      and octet_length(new.source_system) <= 2048 and coalesce(octet_length(new.correlation_id), 0) <= 2048
      and coalesce(octet_length(new.event_severity), 0) <= 80
      and new.id is not null and new.created_at is not null and new.occurred_at is not null
      and v_emission is distinct from 'false') is not true then
    new := fn_iu_event_settle(new, v_payload, v_known);
    if v_emission = 'false' and not fn_iu_in_probe() then
      insert into iu_suppressed_event (event_domain, event_type, event_subject_table, event_subject_ref, canonical_address, actor_ref)
      values (new.event_domain, new.event_type, new.event_subject_table, new.event_subject_ref, new.canonical_address, new.actor_ref);
      return null;
    end if;
  end if;
  new.seq := nextval('event_outbox_seq_seq');
  return new;
end
$$;
