-- v_iu_suppressed_event: how many events the switch iu_core.emission_enabled = 'false' kept out of the log, by type.
create or replace view v_iu_suppressed_event as
select event_domain,
       event_type,
       count(*) as suppressed,
       min(suppressed_at) as first_suppressed_at,
       max(suppressed_at) as last_suppressed_at
  from iu_suppressed_event
 group by event_domain, event_type;
