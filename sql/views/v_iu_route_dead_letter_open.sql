-- v_iu_route_dead_letter_open: what waits for somebody, without the payload.
create or replace view v_iu_route_dead_letter_open as
select d.dead_letter_id, d.route_code, d.event_ref, d.event_seq, d.attempt_no, d.event_snapshot ->> 'event_domain' as event_domain,
       d.event_snapshot ->> 'event_type' as event_type, d.event_snapshot ->> 'event_subject_ref' as event_subject_ref,
       d.failure_code, d.failure_detail, d.failure_signature, d.created_at
  from iu_route_dead_letter d
 where d.resolved_at is null;
