-- v_iu_event_undecided: the committed events that a worker has still to decide, as its snapshots say: above the floor those not
-- visible in done, below it those of transactions that were in progress then; without what the open window has passed.
create or replace view v_iu_event_undecided as
select c.worker_name, u.seq as event_seq, u.id as event_ref, u.event_domain, u.event_type, u.created_at
  from iu_route_worker_cursor c
 cross join lateral (
   select e.seq, e.id, e.event_domain, e.event_type, e.created_at
     from event_outbox e
    where e.seq > greatest(c.done_floor_seq, c.base_seq)
      and not pg_visible_in_snapshot(e.tx_id, c.done_snapshot)
      and not (c.open_snapshot is not null and c.phase = 2 and e.seq <= c.position_seq and pg_visible_in_snapshot(e.tx_id, c.open_snapshot))
   union all
   select e.seq, e.id, e.event_domain, e.event_type, e.created_at
     from pg_snapshot_xip(c.done_snapshot) as late(xid)
    cross join lateral (
      -- fenced, and by row comparison: only the index (tx_id, seq) answers it, whatever the statistics say
      select o.seq, o.id, o.event_domain, o.event_type, o.created_at
        from event_outbox o
       where (o.tx_id, o.seq) > (late.xid, c.base_seq) and (o.tx_id, o.seq) <= (late.xid, greatest(c.done_floor_seq, c.base_seq))
       order by o.tx_id, o.seq offset 0
    ) e
    where not (c.open_snapshot is not null and pg_visible_in_snapshot(late.xid, c.open_snapshot)
               and (c.phase = 2 or e.seq <= c.position_seq))
 ) u
 where case when c.event_domain = '*'
            then not exists (select 1 from iu_route_worker_cursor o where o.event_domain = u.event_domain)
            else u.event_domain = c.event_domain end;
