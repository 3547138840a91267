-- fn_iu_lane_release() returns trigger
--
-- Contract:  when a dead letter is resolved: the lane that it held (on_dead_letter = hold) goes on, unless another open dead letter
--            of the same subject still holds it.
-- Arguments: none
-- Returns:   null (after trigger)
-- Raises:    nothing
-- Writes:    iu_route_lane
-- May call:  nobody, it is a trigger
create or replace function fn_iu_lane_release() returns trigger
language plpgsql
security definer
set search_path from current
as $$
declare
  v_lane text := new.event_snapshot ->> 'event_subject_table' || ':' || (new.event_snapshot ->> 'event_subject_ref');
begin
  perform from iu_route_lane where route_id = new.route_id and lane_key = v_lane and due_at = 'infinity' for update;
  if found and not exists (
       select from iu_route_dead_letter o
        where o.route_id = new.route_id and o.resolved_at is null and o.dead_letter_id <> new.dead_letter_id
          and o.event_snapshot ->> 'event_subject_table' || ':' || (o.event_snapshot ->> 'event_subject_ref') = v_lane) then
    update iu_route_lane set due_at = clock_timestamp() where route_id = new.route_id and lane_key = v_lane;
    perform fn_iu_lane_refresh(array[new.route_id], array[v_lane]);
  end if;
  return null;
end
$$;
