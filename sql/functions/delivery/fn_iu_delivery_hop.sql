-- fn_iu_delivery_hop(integer) returns void
--
-- Contract:  events that a target in the database emitted in this transaction came one hop further than the event it was given;
--            what loops is found by that number.
-- Arguments: p_hop: of the events emitted since the last call in this transaction
-- Returns:   nothing
-- Raises:    nothing
-- Writes:    iu_event_hop
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_delivery_hop(p_hop integer) returns void
language sql
volatile
security definer
set search_path from current
as $$
  insert into iu_event_hop (event_seq, hop)
  select e.seq, p_hop from event_outbox e where e.tx_id = pg_current_xact_id()
  on conflict (event_seq) do nothing
$$;
