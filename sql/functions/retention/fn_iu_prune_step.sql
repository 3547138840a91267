-- fn_iu_prune_step(bigint, integer) returns setof text
--
-- Contract:  one step of a prune: judges the next events in order of seq, takes those that may go, and counts why the others stay. One
--            transaction: killed in the middle it leaves nothing, and the next step goes on where the last committed one ended. What
--            somebody is working on (a replay, a word about an unknown send) is passed over, and so is what a foreign key holds. Holds the
--            lock of the cursors shared, so that no cursor goes back while it judges. For an archive in a folder the caller gets the rows,
--            writes and syncs them, says so (fn_iu_prune_archived) and commits; without that the commit is refused.
-- Arguments: p_run_id; p_limit: most events of this step, 1..10000; a step that archives ends earlier, after 16 MiB of
--            payloads, snapshots and answers, written out
-- Returns:   first a line {.. as fn_iu_prune_said, status stepped|done|cancelled|busy, batch_no or null, rows}; then, for a folder, a
--            line {table, row} for each row taken
-- Raises:    IU887 no such prune, IU878, IU881, IU882, IU899 as fn_iu_prune_ready, IU879 as fn_iu_prune_take,
--            IU301, IU302
-- Writes:    as fn_iu_prune_take and fn_iu_prune_rest; iu_prune_run, iu_prune_batch
-- May call:  iu_core_pruner
create or replace function fn_iu_prune_step(p_run_id bigint, p_limit integer default 1000) returns setof text
language plpgsql
volatile
security definer
set search_path from current
set row_security = off
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
  r iu_prune_run;
  v_limit integer := least(greatest(coalesce(p_limit, 1000), 1), 10000);
  v_seqs bigint[];
  v_busy bigint[];
  v_judged record;
  v_free bigint[];
  v_referenced bigint[];
  v_lines json[];
  v_rows integer := 0;
  v_attempts integer := 0;
  v_moved boolean;
  v_last boolean := false;
begin
  perform fn_iu_require_read_committed();
  select * into r from iu_prune_run where run_id = p_run_id for update skip locked;
  if not found then
    select * into r from iu_prune_run where run_id = p_run_id;
    if not found then
      raise exception using errcode = 'IU887', message = format('there is no prune %s', p_run_id), hint = 'iu prune list shows them';
    end if;
    return next fn_iu_prune_said(r, 'busy')::text;
    return;
  elsif r.state <> 'running' then
    return next fn_iu_prune_said(r, r.state)::text;
    return;
  end if;
  perform pg_advisory_xact_lock_shared(fn_iu_cursor_lock_key());
  -- no foreign key on the log is added behind its back
  lock table event_outbox in row exclusive mode;
  perform fn_iu_prune_ready();
  -- Whoever works on a pair locks its decision row first. Locked here before the judging statement takes its snapshot, or what a
  -- replay queued in between would lose its event.
  select array_agg(e.seq) into v_seqs
    from (select o.seq from event_outbox o where o.seq > r.position_seq and o.seq <= r.ceiling_seq order by o.seq limit v_limit) e;
  with locked as materialized (
    select a.event_seq, a.route_id from iu_route_attempt a where a.event_seq = any (v_seqs) and a.attempt_no = 1 for update skip locked
  )
  select array_agg(b.event_seq) into v_busy
    from (select a.event_seq, a.route_id from iu_route_attempt a where a.event_seq = any (v_seqs) and a.attempt_no = 1
          -- hashed whatever joins may be; a million comparisons a step otherwise
          except all select l.event_seq, l.route_id from locked l) b;
  with judged as materialized (
    select j.event_seq, case when j.event_seq = any (v_busy) then coalesce(j.hold, 'being_worked_on') else j.hold end as hold,
           sum(coalesce(z.size, 0)) over (order by j.event_seq) - coalesce(z.size, 0) < 16777216 as fits
      from fn_iu_prune_judge(r.position_seq, r.ceiling_seq, v_limit, r.cutoff_at) j
      -- as text: what is stored compressed is a hundred times as long in the rows that are gathered
      left join lateral (
        select (select octet_length(e.safe_payload::text) from event_outbox e where e.seq = j.event_seq)::bigint
               + (select coalesce(sum(300 + coalesce(octet_length(a.payload_snapshot::text), 0) + coalesce(octet_length(a.failure_detail), 0)), 0)
                    from iu_route_attempt a where a.event_seq = j.event_seq)
               + (select coalesce(sum(octet_length(d.event_snapshot::text) + coalesce(octet_length(d.failure_detail), 0)), 0)
                    from iu_route_dead_letter d where d.event_seq = j.event_seq)
               + (select coalesce(sum(octet_length(i.payload::text) + coalesce(octet_length(i.diff::text), 0)), 0)
                    from iu_event_edit i where i.event_seq = j.event_seq) as size
         where j.hold is null and r.archive <> 'none') z on true
  )
  select array_agg(event_seq order by event_seq) filter (where hold is null) as free, count(*) as looked, max(event_seq) as at,
         count(*) filter (where hold is distinct from 'too_young') as old,
         (select jsonb_object_agg(h.hold, h.n) from (select hold, count(*) as n from judged where fits and hold is not null group by 1) h) as held
    into v_judged from judged where fits;
  v_referenced := fn_iu_prune_referenced(v_judged.free);
  select array_agg(seq order by seq) into v_free from unnest(v_judged.free) seq where seq = any (v_referenced) is not true;
  if v_free is not null then
    select array_agg(t.line), count(*), count(*) filter (where t.table_name = 'iu_route_attempt') into v_lines, v_rows, v_attempts
      from fn_iu_prune_take(r, r.batches + 1, v_free) t;
  end if;
  v_moved := v_judged.looked > 0 and v_judged.old > 0;
  if v_moved then
    r.position_seq := v_judged.at;
    select coalesce(jsonb_object_agg(key, n), '{}') into r.held
      from (select key, sum(value::bigint) as n
              from (select * from jsonb_each_text(r.held) union all select * from jsonb_each_text(coalesce(v_judged.held, '{}'))
                    union all select 'referenced', cardinality(v_referenced)::text where v_referenced is not null) b group by key) s;
  else
    select array_agg(t.line), count(*), count(*) filter (where t.table_name = 'iu_route_attempt') into v_lines, v_rows, v_attempts
      from fn_iu_prune_rest(r, r.batches + 1, v_limit) t;
    v_last := v_rows = 0;
  end if;
  if v_rows > 0 then
    r.batches := r.batches + 1;
    insert into iu_prune_batch (run_id, batch_no, first_seq, last_seq, events, rows)
    values (p_run_id, r.batches, v_free[1], v_free[cardinality(v_free)], coalesce(cardinality(v_free), 0), v_rows);
  end if;
  update iu_prune_run
     set position_seq = r.position_seq, held = r.held, batches = r.batches, examined = examined + case when v_moved then v_judged.looked else 0 end,
         events = events + coalesce(cardinality(v_free), 0),
         attempts = attempts + v_attempts, others = others + v_rows - v_attempts - coalesce(cardinality(v_free), 0),
         worked_at = clock_timestamp(), state = case when v_last then 'done' else 'running' end,
         ended_by = case when v_last then session_user::text end, ended_at = case when v_last then clock_timestamp() end
   where run_id = p_run_id
  returning * into r;
  return next (fn_iu_prune_said(r, case when v_last then 'done' else 'stepped' end)
    || jsonb_build_object('batch_no', case when v_rows > 0 then r.batches end, 'rows', v_rows))::text;
  if r.archive = 'folder' then
    return query select l::text from unnest(v_lines) l;
  end if;
end
$$;
