-- fn_iu_window_batch(iu_route_worker_cursor, integer, text[]) returns record
--
-- Contract:  the next events of the open window in order of seq, at most p_limit. Phase 1, up to the floor: only transactions that
--            were in progress in done and have ended since, by the index (tx_id, seq). Phase 2, above the floor: primary key order,
--            at most 10,000 rows examined a call; the inner LIMIT with OFFSET 0 is a fence: without it stale statistics made the
--            planner sort (424 ms against 0.29 ms per 1,000 events). The position moves over examined rows, so a rare domain in a
--            busy log costs no second look.
-- Arguments: p_cursor: with an open window; p_limit: 1..10000; p_excluded: domains that are not in scope
-- Returns:   events, phase and position after them, complete
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_window_batch(p_cursor iu_route_worker_cursor, p_limit integer, p_excluded text[],
  out events iu_event_key[], out phase smallint, out position_seq bigint, out complete boolean)
language plpgsql
volatile
set search_path from current
as $$
declare
  -- The text round trip detoasts a long snapshot once instead of once a row.
  v_open pg_snapshot := (p_cursor.open_snapshot::text)::pg_snapshot;
  v_done pg_snapshot := (p_cursor.done_snapshot::text)::pg_snapshot;
  v_floor bigint := greatest(p_cursor.done_floor_seq, p_cursor.base_seq);
  v_all boolean := p_cursor.event_domain = '*';
  -- Only a probe mixes in its own transaction's events: it can never commit.
  v_own xid8 := case when fn_iu_in_probe() then pg_current_xact_id() end;
  v_examined integer;
begin
  events := '{}'; phase := p_cursor.phase; position_seq := p_cursor.position_seq; complete := false;
  if phase = 1 then
    select coalesce(array_agg(row(b.seq, b.id, b.event_domain, b.event_type, b.event_stream)::iu_event_key order by b.seq), '{}')
      into events
      from (
        select l.seq, l.id, l.event_domain, l.event_type, l.event_stream
          from pg_snapshot_xip(v_done) as late(xid)
         cross join lateral (
           select e.seq, e.id, e.event_domain, e.event_type, e.event_stream
             from event_outbox e
            where (e.tx_id, e.seq) > (late.xid, p_cursor.position_seq) and (e.tx_id, e.seq) <= (late.xid, v_floor)
              and (v_all and e.event_domain <> all (p_excluded) or e.event_domain = p_cursor.event_domain)
            order by e.tx_id, e.seq
            limit p_limit
         ) l
         where pg_visible_in_snapshot(late.xid, v_open)
         order by l.seq
         limit p_limit
      ) b;
    if array_length(events, 1) = p_limit then
      position_seq := events[p_limit].seq;
      return;
    end if;
    phase := 2;
    position_seq := v_floor;
  end if;
  select events || coalesce(array_agg(row(b.seq, b.id, b.event_domain, b.event_type, b.event_stream)::iu_event_key order by b.seq), '{}')
    into events
    from (
      select e.seq, e.id, e.event_domain, e.event_type, e.event_stream
        from (select seq, tx_id, id, event_domain, event_type, event_stream
                from event_outbox
               where seq > position_seq and seq <= p_cursor.open_ceil_seq
               order by seq
               limit 10000 offset 0) e
       where ((pg_visible_in_snapshot(e.tx_id, v_open) and not pg_visible_in_snapshot(e.tx_id, v_done)) or e.tx_id = v_own)
         and (v_all and e.event_domain <> all (p_excluded) or e.event_domain = p_cursor.event_domain)
       limit p_limit - coalesce(array_length(events, 1), 0)
    ) b;
  if coalesce(array_length(events, 1), 0) = p_limit then
    position_seq := events[p_limit].seq;
  else
    select coalesce(max(x.seq), position_seq), count(*) into position_seq, v_examined
      from (select seq from event_outbox where seq > position_seq and seq <= p_cursor.open_ceil_seq order by seq limit 10000 offset 0) x;
    complete := v_examined < 10000;
  end if;
end
$$;
