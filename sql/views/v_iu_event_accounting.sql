-- v_iu_event_accounting: the books of each worker since its base. decided + pending = events, lost = 0; queued = waiting + settled.
-- What was pruned since the base counts on both sides (column pruned): it had been decided, certified and settled.
-- Reads the whole log and audit: for the certificate, not for every second.
create or replace view v_iu_event_accounting as
select c.worker_name, c.event_domain, n.events + p.events as events, n.decided + p.events as decided, n.pending, n.lost,
       q.queued + p.queued as queued, q.waiting, q.settled + p.queued as settled,
       n.lost = 0 and n.decided + n.pending = n.events and q.queued = q.waiting + q.settled as balanced, p.events as pruned
  from iu_route_worker_cursor c
 cross join lateral (
   select count(*) as events,
          count(*) filter (where d.event_seq is not null) as decided,
          count(*) filter (where d.event_seq is null and not pg_visible_in_snapshot(e.tx_id, c.done_snapshot)) as pending,
          count(*) filter (where d.event_seq is null and pg_visible_in_snapshot(e.tx_id, c.done_snapshot)) as lost
     from event_outbox e
     left join (select distinct a.event_seq from iu_route_attempt a where a.attempt_no = 1 and a.route_kind = 'outbound') d on d.event_seq = e.seq
    where e.seq > c.base_seq and not pg_visible_in_snapshot(e.tx_id, c.base_snapshot)
      and case when c.event_domain = '*'
               then not exists (select 1 from iu_route_worker_cursor o where o.event_domain = e.event_domain)
               else e.event_domain = c.event_domain end
 ) n
 cross join lateral (
   select count(*) as queued,
          count(*) filter (where p.is_waiting) as waiting,
          count(*) filter (where not p.is_waiting and (p.has_later or p.has_dead_letter)) as settled
     from (
       select exists (select 1 from iu_route_delivery w where w.event_seq = a.event_seq and w.route_id = a.route_id) as is_waiting,
              exists (select 1 from iu_route_attempt l where l.event_seq = a.event_seq and l.route_id = a.route_id
                                                         and l.attempt_no > a.attempt_no) as has_later,
              exists (select 1 from iu_route_dead_letter x where x.event_seq = a.event_seq and x.route_id = a.route_id) as has_dead_letter
         from iu_route_attempt a
         join event_outbox e on e.seq = a.event_seq
        where a.status = 'queued' and a.event_seq > c.base_seq
          and case when c.event_domain = '*'
                   then not exists (select 1 from iu_route_worker_cursor o where o.event_domain = e.event_domain)
                   else e.event_domain = c.event_domain end
     ) p
 ) q
 cross join lateral (
   select (select coalesce(sum(g.events), 0)::bigint from iu_pruned_event g
            where g.counted and g.base_seq = c.base_seq
              and case when c.event_domain = '*'
               then not exists (select 1 from iu_route_worker_cursor o where o.event_domain = g.event_domain)
               else g.event_domain = c.event_domain end) as events,
          (select coalesce(sum(g.attempts), 0)::bigint from iu_pruned_attempt g
            where g.counted and g.base_seq = c.base_seq and g.status = 'queued'
              and case when c.event_domain = '*'
               then not exists (select 1 from iu_route_worker_cursor o where o.event_domain = g.event_domain)
               else g.event_domain = c.event_domain end) as queued
 ) p;
