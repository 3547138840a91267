-- fn_iu_event_story(uuid) returns jsonb
--
-- Contract:  the whole story of one event: what was recorded, who has to decide it and whether that happened, every attempt with the
--            route version that decided it, dead letters and waiting deliveries.
-- Arguments: p_event_id
-- Returns:   {event, state: undecided|decided|before_base|without_owner, worker_name, attempts, dead_letters, deliveries} or null
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_operator
create or replace function fn_iu_event_story(p_event_id uuid) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  e event_outbox;
  c iu_route_worker_cursor;
  v_attempts jsonb;
begin
  select * into e from event_outbox where id = p_event_id;
  if not found then
    return null;
  end if;
  select * into c from iu_route_worker_cursor where event_domain in (e.event_domain, '*') order by event_domain = '*' limit 1;
  select coalesce(jsonb_agg(to_jsonb(a) - '{event_seq,event_ref,route_kind,attempt_id,run_id}'::text[]
                  || jsonb_build_object('attempt_id', a.attempt_id::text, 'run_id', a.run_id::text, 'route_removed',
                       exists (select from iu_outbound_route r
                                where a.route_kind = 'outbound' and r.route_id = a.route_id and r.removed_at is not null))
                  order by a.attempt_id), '[]')
    into v_attempts from iu_route_attempt a where a.event_seq = e.seq;
  return jsonb_build_object(
    'event', to_jsonb(e) || jsonb_build_object('seq', e.seq::text, 'tx_id', e.tx_id::text, 'safe_payload', e.safe_payload::text),
    'worker_name', c.worker_name,
    'state', case when v_attempts <> '[]' then 'decided'
                  when c.worker_name is null then 'without_owner'
                  when e.seq <= c.base_seq or pg_visible_in_snapshot(e.tx_id, c.base_snapshot) then 'before_base'
                  else 'undecided' end,
    'attempts', v_attempts,
    'dead_letters', (select coalesce(jsonb_agg(to_jsonb(d) - '{event_snapshot,event_seq,event_ref}'::text[] order by d.dead_letter_id), '[]')
                       from iu_route_dead_letter d where d.event_seq = e.seq),
    'deliveries', (select coalesce(jsonb_agg(to_jsonb(q) - '{event_seq,event_ref,lease_token,edit_id}'::text[]
                       || jsonb_build_object('route_code', r.route_code, 'lease_until', l.lease_until) order by q.route_id), '[]')
                     from iu_route_delivery q
                     join iu_outbound_route r using (route_id)
                     left join iu_route_lease l on l.lease_token = q.lease_token and l.route_id = q.route_id
                    where q.event_seq = e.seq));
end
$$;
