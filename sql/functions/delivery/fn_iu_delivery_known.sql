-- fn_iu_delivery_known(bigint, uuid) returns jsonb
--
-- Contract:  whether the log still has an event that a runner was handed. It has not when a standby that was behind was promoted, or
--            an older backup restored: cursor, audit and queue went back with it, so only who was outside can tell.
--            One in a range that retention pruned is no reason for alarm; a standby that is still behind says nothing.
-- Arguments: p_event_seq, p_event_id: of the youngest event that the runner knows
-- Returns:   {is_there: or pruned, highest_seq}; null = a standby cannot know
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_delivery_known(p_event_seq bigint, p_event_id uuid) returns jsonb
language plpgsql
stable
security definer
set search_path from current
as $$
declare
  v_is_there boolean;
begin
  if pg_is_in_recovery() then
    return null;
  end if;
  v_is_there := exists (select from event_outbox where seq = p_event_seq and id = p_event_id);
  -- Retention is a later change; a statement is planned when it is reached.
  if not v_is_there and to_regclass('iu_pruned_event') is not null then
    v_is_there := exists (select from iu_pruned_event where p_event_seq between first_seq and last_seq);
  end if;
  return jsonb_build_object('is_there', v_is_there, 'highest_seq', (select max(seq) from event_outbox)::text);
end
$$;
