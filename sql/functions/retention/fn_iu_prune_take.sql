-- fn_iu_prune_take(iu_prune_run, integer, bigint[]) returns table (table_name text, line json)
--
-- Contract:  takes events out of the log with everything that belongs to them: attempts, resolved dead letters, corrected payloads,
--            words about unknown sends, hops. Counts them in iu_pruned_event and iu_pruned_attempt, so that totals and books stay true,
--            and keeps them in iu_archived_row when asked, or notes in which file's step the event is.
--            The caller has judged and locked them.
-- Arguments: p_run, p_batch_no; p_seqs: ascending
-- Returns:   one row for each row taken; line: {table, row} as PostgreSQL writes it, null when nothing is archived
-- Raises:    IU879 something kept an event from going, such as a trigger that gives back nothing: it would be counted as gone
-- Writes:    event_outbox, iu_route_attempt, iu_route_dead_letter, iu_event_edit, iu_attempt_reconciliation, iu_event_hop,
--            iu_pruned_event, iu_pruned_attempt, iu_archived_row, iu_pruned_file_event
-- May call:  internal
create or replace function fn_iu_prune_take(p_run iu_prune_run, p_batch_no integer, p_seqs bigint[])
returns table (table_name text, line json)
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  v_archive boolean := p_run.archive <> 'none';
  v_stayed bigint;
begin
  with base as materialized (
    select e.seq, e.event_domain, e.event_type, (e.created_at at time zone 'UTC')::date as day, o.base_seq,
           coalesce(e.seq > o.base_seq and not pg_visible_in_snapshot(e.tx_id, o.base_snapshot), false) as counted
      from event_outbox e
      left join lateral (select c.base_seq, c.base_snapshot from iu_route_worker_cursor c
                          where c.event_domain in (e.event_domain, '*') order by c.event_domain = '*' limit 1) o on true
     where e.seq = any (p_seqs) and e.seq >= p_seqs[1] and e.seq <= p_seqs[cardinality(p_seqs)]
  ), event as (
    insert into iu_pruned_event as p (event_day, event_domain, event_type, base_seq, counted, events, first_seq, last_seq)
    select day, event_domain, event_type, base_seq, counted, count(*), min(seq), max(seq) from base group by 1, 2, 3, 4, 5
    on conflict on constraint iu_pruned_event_pkey do update
       set events = p.events + excluded.events, first_seq = least(p.first_seq, excluded.first_seq), last_seq = greatest(p.last_seq, excluded.last_seq)
  )
  insert into iu_pruned_attempt as p (event_day, event_domain, event_type, base_seq, counted, route_kind, route_code, status, attempts, first_at, last_at)
  select b.day, b.event_domain, b.event_type, b.base_seq, b.counted, a.route_kind, a.route_code, a.status, count(*), min(a.started_at), max(a.started_at)
    from base b join iu_route_attempt a on a.event_seq = b.seq
   group by 1, 2, 3, 4, 5, 6, 7, 8
  on conflict on constraint iu_pruned_attempt_pkey do update
     set attempts = p.attempts + excluded.attempts, first_at = least(p.first_at, excluded.first_at), last_at = greatest(p.last_at, excluded.last_at);

  perform set_config('iu_core.governed', 'prune ' || pg_current_xact_id()::text, true);
  return query
    with gone as (
      -- the bounds name the partitions; an array alone is looked for in all of them
      delete from event_outbox t where t.seq = any (p_seqs) and t.seq >= p_seqs[1] and t.seq <= p_seqs[cardinality(p_seqs)]
      returning 'event_outbox' as name, t.seq as event_seq, t.id as event_id,
                case when v_archive then row_to_json(t) end as line
    ), attempt as (
      delete from iu_route_attempt t where t.event_seq = any (p_seqs)
      returning 'iu_route_attempt', t.event_seq, t.event_ref, case when v_archive then row_to_json(t) end
    ), letter as (
      delete from iu_route_dead_letter t where t.event_seq = any (p_seqs)
      returning 'iu_route_dead_letter', t.event_seq, t.event_ref, case when v_archive then row_to_json(t) end
    ), edit as (
      delete from iu_event_edit t where t.event_seq = any (p_seqs)
      returning 'iu_event_edit', t.event_seq, null::uuid, case when v_archive then row_to_json(t) end
    ), word as (
      delete from iu_attempt_reconciliation t where t.event_seq = any (p_seqs)
      returning 'iu_attempt_reconciliation', t.event_seq, null::uuid, case when v_archive then row_to_json(t) end
    ), hop as (
      delete from iu_event_hop t where t.event_seq = any (p_seqs)
      returning 'iu_event_hop', t.event_seq, null::uuid, case when v_archive then row_to_json(t) end
    ), gone_row as (
      select * from gone union all select * from attempt union all select * from letter union all select * from edit
      union all select * from word union all select * from hop
    ), kept as (
      insert into iu_archived_row (run_id, batch_no, table_name, event_seq, event_id, document)
      select p_run.run_id, p_batch_no, l.name, l.event_seq, l.event_id, l.line::jsonb from gone_row l where p_run.archive = 'table'
    ), filed as (
      insert into iu_pruned_file_event (event_id, event_seq, run_id, batch_no)
      select g.event_id, g.event_seq, p_run.run_id, p_batch_no from gone g where p_run.archive = 'folder'
    )
    select l.name, case when p_run.archive = 'folder' then json_build_object('table', l.name, 'row', l.line) end from gone_row l;
  perform set_config('iu_core.governed', '', true);
  select e.seq into v_stayed from event_outbox e
   where e.seq = any (p_seqs) and e.seq >= p_seqs[1] and e.seq <= p_seqs[cardinality(p_seqs)] limit 1;
  if found then
    raise exception using errcode = 'IU879', message = format('event %s was to be pruned and is still there: a trigger keeps it without saying so', v_stayed),
      hint = coalesce((
        select format('look at, and for the time of a prune: alter table %s disable trigger %I', t.tgrelid::regclass, t.tgname)
          from pg_trigger t join pg_proc p on p.oid = t.tgfoid
          -- 1: a row, 2: before, 8: on delete
         where t.tgrelid in (select 'event_outbox'::regclass union all select inhrelid from pg_inherits where inhparent = 'event_outbox'::regclass)
           and not t.tgisinternal and t.tgtype & 11 = 11 and t.tgenabled <> 'D' and pg_get_userbyid(p.proowner) <> 'iu_owner'
         -- the one of the whole log before its copies in partitions: that turns all of them off
         order by t.tgparentid <> 0, t.tgname limit 1), 'iu drift names what was added to event_outbox');
  end if;
end
$$;
