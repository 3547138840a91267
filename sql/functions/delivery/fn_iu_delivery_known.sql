-- fn_iu_delivery_known(bigint, uuid) returns jsonb
--
-- Contract:  whether the log still has an event that a runner was handed. It has not when a standby that was behind was promoted, or
--            an older backup restored: cursor, audit and queue went back with it, so only who was outside can tell.
-- Arguments: p_event_seq, p_event_id: of the youngest event that the runner knows
-- Returns:   {is_there, highest_seq}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_delivery_known(p_event_seq bigint, p_event_id uuid) returns jsonb
language sql
stable
security definer
set search_path from current
as $$
  select jsonb_build_object('is_there', exists (select from event_outbox where seq = p_event_seq and id = p_event_id),
                            'highest_seq', (select max(seq) from event_outbox)::text)
$$;
