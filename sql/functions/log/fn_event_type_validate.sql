-- fn_event_type_validate() returns trigger
--
-- Contract:  the way into the log for every row that is not plain: something is null that the registry or the log can fill, tx_id or seq
--            were supplied (COPY, data move), the row comes by logical apply, or recording is switched off. Checks such a row alone
--            and sets what it may not bring: tx_id, and only after it seq. Plain rows take both from the column defaults, in that
--            order, and are checked together after the statement (fn_iu_event_check). So every row of a transaction with xid >= X has
--            a seq above whatever event_outbox_seq_seq.last_value was read before X was given out: that is the floor of the pass.
-- Arguments: none
-- Returns:   the row to write; null when recording is switched off: it becomes one row of iu_suppressed_event instead
-- Raises:    IU101 type not registered, IU102 type disabled, IU103 stream or lane differ from the registry, IU104 payload is no
--            object, IU105 payload too large, IU106 payload too deep, IU107 forbidden key, IU108 unknown classification,
--            IU110 mandatory column is null, IU112 descriptive columns too long, IU118 tx_id or seq supplied to a partitioned log
-- Writes:    iu_suppressed_event (only while recording is switched off)
-- May call:  nobody, it is a trigger
create or replace function fn_event_type_validate() returns trigger
language plpgsql
security definer
set search_path from current
as $$
declare
  v_supplied boolean := new.tx_id is distinct from pg_current_xact_id();
  v_known boolean;
begin
  -- in a partition: its row was sent there by its seq, and another seq can belong elsewhere
  if tg_table_name <> 'event_outbox' and (v_supplied or new.seq is distinct from currval('event_outbox_seq_seq')) then
    raise exception using errcode = 'IU118', message = 'tx_id and seq of an event are given by the log, and in a partitioned log they cannot be replaced',
      hint = 'leave both columns out: of INSERT, of COPY and of a data move; and emit in a statement of its own what a value of this insert emits';
  end if;
  -- the registry gives stream, lane and severity; a pair that it does not know leaves everything null, and is named below
  select r.active and coalesce(new.event_stream = r.event_stream, true) and coalesce(new.delivery_lane = r.delivery_lane, true),
         coalesce(new.event_stream, r.event_stream), coalesce(new.delivery_lane, r.delivery_lane), coalesce(new.event_severity, r.default_severity)
    into v_known, new.event_stream, new.delivery_lane, new.event_severity
    from event_type_registry r
   where r.event_domain = new.event_domain and r.event_type = new.event_type;
  new := fn_iu_event_settle(new, new.safe_payload::text, v_known);
  if current_setting('iu_core.recording', true) = 'off' then
    insert into iu_suppressed_event (event_domain, event_type, event_subject_table, event_subject_ref, canonical_address, actor_ref)
    values (new.event_domain, new.event_type, new.event_subject_table, new.event_subject_ref, new.canonical_address, new.actor_ref);
    return null;
  end if;
  -- a supplied tx_id can mean that seq was taken before the transaction had its xid
  if v_supplied then
    new.tx_id := pg_current_xact_id();
    new.seq := nextval('event_outbox_seq_seq');
  elsif new.seq is distinct from currval('event_outbox_seq_seq') then
    new.seq := nextval('event_outbox_seq_seq');
  end if;
  return new;
end
$$;
