-- v_iu_delivery: what stands in the queue, without payloads, and where each stands: leased (being sent), due (would be claimed now, unless
-- its route is held: fn_iu_delivery_holds), waiting (due later, or behind an earlier event of its subject), held (behind a dead letter of
-- its subject). counted: a send of it failed that the approval of its route has counted, so it is tried again when that is used up.
create or replace view v_iu_delivery as
select d.event_seq, d.route_id, r.route_code, d.event_ref as event_id, e.event_domain, e.event_type, e.event_subject_table, e.event_subject_ref,
       d.attempt_no, d.sends, replace(d.delivery_key, '.', '~') as delivery_id, d.edit_id, s.state,
       case when s.state = 'held' then 'subject_held'
            when s.state = 'waiting' and l.head_seq is not null and l.head_seq <> d.event_seq then 'behind_earlier_event'
            when s.state = 'waiting' then 'due_later' end as state_reason,
       case when l.head_seq = d.event_seq then l.due_at else d.due_at end as due_at, d.created_at, p.runner_id, p.lease_until,
       coalesce(d.counted_by = r.approval_id, false) as counted
  from iu_route_delivery d
  join iu_outbound_route r on r.route_id = d.route_id
  join event_outbox e on e.seq = d.event_seq
  left join iu_route_lane l on l.route_id = d.route_id and l.lane_key = d.lane_key
  left join iu_route_lease p on p.lease_token = d.lease_token and p.route_id = d.route_id
 cross join lateral (
   select case when d.lease_token is not null then 'leased'
               when l.due_at = 'infinity' then 'held'
               when l.head_seq <> d.event_seq or coalesce(l.due_at, d.due_at) > clock_timestamp() then 'waiting'
               else 'due' end as state) s;
