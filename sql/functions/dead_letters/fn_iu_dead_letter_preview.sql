-- fn_iu_dead_letter_preview(bigint) returns text
--
-- Contract:  what the replay of one dead letter would be by today's route, in one word as fn_iu_route_shadow says it, with the payload
--            that was corrected for it. Gates are not looked at: what closes them says so when it is replayed.
-- Arguments: p_dead_letter_id
-- Returns:   as fn_iu_route_shadow; delivery_waiting or redacted: it would not be replayed; null: no such letter, or its event has left the log
-- Raises:    resources and cancellation only
-- Writes:    nothing
-- May call:  iu_operator, iu_reader
create or replace function fn_iu_dead_letter_preview(p_dead_letter_id bigint) returns text
language plpgsql
security definer
set search_path from current
as $$
declare
  v_letter iu_route_dead_letter;
  v_event event_outbox;
  v_route iu_judged_route;
begin
  select * into v_letter from iu_route_dead_letter where dead_letter_id = p_dead_letter_id;
  select * into v_event from event_outbox where seq = v_letter.event_seq;
  if not found then
    return null;
  elsif exists (select from iu_route_delivery where event_seq = v_letter.event_seq and route_id = v_letter.route_id) then
    return 'delivery_waiting';
  elsif v_event.safe_payload ? 'iu_redacted' then
    return 'redacted';
  end if;
  select * into v_route from fn_iu_judged_routes() r where r.route_id = v_letter.route_id;
  v_event.safe_payload := coalesce((select x.payload from iu_event_edit x where x.event_seq = v_letter.event_seq and x.route_id = v_letter.route_id
                                     order by x.edit_id desc limit 1), v_event.safe_payload);
  return fn_iu_route_shadow(v_event, v_route);
end
$$;
