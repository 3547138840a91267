-- v_iu_event_backlog: how much waits for each worker, and since when. Its cost is that of the backlog, not of the log.
create or replace view v_iu_event_backlog as
select c.worker_name, c.event_domain, count(u.event_seq) as backlog, min(u.created_at) as oldest_created_at, min(u.event_seq) as first_event_seq,
       c.last_created_at as cursor_created_at, c.last_event_id as cursor_event_id
  from iu_route_worker_cursor c
  left join v_iu_event_undecided u on u.worker_name = c.worker_name
 group by c.worker_name, c.event_domain, c.last_created_at, c.last_event_id;
