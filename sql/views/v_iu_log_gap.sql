-- v_iu_log_gap: what processes saw committed and what is not here any more, and who acknowledged it.
create or replace view v_iu_log_gap as
select g.gap_id, g.event_seq, g.event_id, g.has_event, r.route_code, g.attempt_no, g.process_id, g.highest_seq, g.timeline, g.claimed_timeline,
       g.reported_by, g.reported_at, a.acknowledged_by, a.acknowledged_at, a.reason
  from iu_log_gap g
  left join iu_outbound_route r on r.route_id = g.route_id
  left join lateral (
    select c.acknowledged_by, c.acknowledged_at, c.reason from iu_log_gap_acknowledgement c
     where c.until_gap_id >= g.gap_id order by c.until_gap_id limit 1) a on true;
