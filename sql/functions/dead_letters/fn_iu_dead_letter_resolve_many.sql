-- fn_iu_dead_letter_resolve_many(jsonb, text, integer) returns jsonb
--
-- Contract:  closes the oldest open dead letters of a filter without replaying them, because somebody decided so. The rows stay. Call
--            it again with the returned until_dead_letter_id until remaining is 0; each call is one transaction.
-- Arguments: p_filter: {route_code?, failure_signature?, event_domain?, event_type?, since?, until?, until_dead_letter_id?}; p_note:
--            why, mandatory; p_limit: 0 (only count) to 1000
-- Returns:   {resolved, remaining (counted up to 10,001), until_dead_letter_id}
-- Raises:    IU343 note missing, IU379 unknown key
-- Writes:    iu_route_dead_letter, iu_route_lane
-- May call:  iu_operator
create or replace function fn_iu_dead_letter_resolve_many(p_filter jsonb, p_note text, p_limit integer default 100) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_unknown text := (select string_agg(key, ', ') from jsonb_object_keys(p_filter) as key
                      where key not in ('route_code', 'failure_signature', 'event_domain', 'event_type', 'since', 'until', 'until_dead_letter_id'));
  v_until bigint := coalesce((p_filter ->> 'until_dead_letter_id')::bigint, (select max(dead_letter_id) from iu_route_dead_letter), 0);
  v_limit integer := least(greatest(coalesce(p_limit, 100), 0), 1000);
  v_ids bigint[];
begin
  if v_unknown is not null then
    raise exception using errcode = 'IU379', message = format('a filter of dead letters has no %s', v_unknown),
      hint = 'keys: route_code, failure_signature, event_domain, event_type, since, until, until_dead_letter_id';
  elsif nullif(btrim(p_note), '') is null then
    raise exception using errcode = 'IU343', message = 'a dead letter is resolved with a note', hint = 'add --note TEXT';
  end if;
  select array_agg(d.dead_letter_id) into v_ids from (
    select d.dead_letter_id from iu_route_dead_letter d
     where d.resolved_at is null and d.dead_letter_id <= v_until
       and (p_filter ->> 'route_code' is null or d.route_code = p_filter ->> 'route_code')
       and (p_filter ->> 'failure_signature' is null or d.failure_signature = p_filter ->> 'failure_signature')
       and (p_filter ->> 'event_domain' is null or d.event_snapshot ->> 'event_domain' = p_filter ->> 'event_domain')
       and (p_filter ->> 'event_type' is null or d.event_snapshot ->> 'event_type' = p_filter ->> 'event_type')
       and (p_filter ->> 'since' is null or d.created_at >= (p_filter ->> 'since')::timestamptz)
       and (p_filter ->> 'until' is null or d.created_at < (p_filter ->> 'until')::timestamptz)
     order by d.dead_letter_id limit v_limit + 10001) d;
  -- locked in order of id, as every call does; one that somebody resolved meanwhile is left alone
  perform from iu_route_dead_letter where dead_letter_id = any (v_ids[1:v_limit]) order by dead_letter_id for update;
  -- and the lanes that they hold in the order in which a pass locks lanes
  perform from iu_route_lane l
    join (select distinct d.route_id, d.event_snapshot ->> 'event_subject_table' || ':' || (d.event_snapshot ->> 'event_subject_ref') as lane_key
            from iu_route_dead_letter d where d.dead_letter_id = any (v_ids[1:v_limit])) k using (route_id, lane_key)
    where l.due_at = 'infinity' order by l.route_id, l.lane_key for update of l;
  update iu_route_dead_letter
     set resolved_at = clock_timestamp(), resolved_by = session_user, resolution = 'resolved', resolution_note = p_note
   where dead_letter_id = any (v_ids[1:v_limit]) and resolved_at is null;
  get diagnostics v_limit = row_count;
  return jsonb_build_object('resolved', v_limit, 'remaining', coalesce(cardinality(v_ids), 0) - v_limit, 'until_dead_letter_id', v_until::text);
end
$$;
