-- fn_iu_gap_report(text, bigint[], uuid[], bigint[], integer[]) returns jsonb
--
-- Contract:  a process says what it saw committed: events it was handed, and sends whose outcome it was told is written. What is not here
--            (any more) was lost: a standby that was behind was promoted, or an older backup restored. Log, cursor, audit and queue went
--            back together, so only who was outside can tell. Each of them is a row in iu_log_gap, and health is red until a person
--            acknowledges it. What retention pruned is no gap; a standby that is still behind says nothing.
-- Arguments: p_process_id: who says so, for sends the name they were claimed under; then arrays of one length: p_event_seqs,
--            p_event_ids, p_route_ids, p_attempt_nos (null: the event alone)
-- Returns:   {missing: how many of them, highest_seq: of the log now}; null = a standby cannot know
-- Raises:    nothing
-- Writes:    iu_log_gap
-- May call:  iu_worker, iu_operator
create or replace function fn_iu_gap_report(p_process_id text, p_event_seqs bigint[], p_event_ids uuid[], p_route_ids bigint[], p_attempt_nos integer[])
returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_pruned bigint[] := '{}';
  v_highest bigint;
  v_missing bigint;
begin
  if pg_is_in_recovery() then
    return null;
  end if;
  -- Retention is a later change; a statement is planned when it is reached.
  if to_regclass('iu_pruned_event') is not null then
    select coalesce(array_agg(k.event_seq), '{}') into v_pruned from unnest(p_event_seqs) as k (event_seq)
     where exists (select from iu_pruned_event p where k.event_seq between p.first_seq and p.last_seq);
  end if;
  select max(seq) into v_highest from event_outbox;
  -- numbers in the order of commits: who acknowledges up to one has seen all before it
  lock table iu_log_gap in share row exclusive mode;
  with known as materialized (
    select k.event_seq, k.event_id, k.route_id, k.attempt_no, e.seq is not null as has_event
      from unnest(p_event_seqs, p_event_ids, p_route_ids, p_attempt_nos) as k (event_seq, event_id, route_id, attempt_no)
      left join event_outbox e on e.seq = k.event_seq and e.id = k.event_id
  ), gone as (
    select k.* from known k
     where (not k.has_event or k.attempt_no is not null and not exists (
              -- by whom: another send may have taken the number since
              select from iu_route_attempt a where a.event_seq = k.event_seq and a.route_id = k.route_id and a.attempt_no = k.attempt_no
                 and a.runner_id = p_process_id))
       and k.event_seq <> all (v_pruned)
  ), written as (
    insert into iu_log_gap (process_id, event_seq, event_id, has_event, route_id, attempt_no, highest_seq, timeline, claimed_timeline, reported_by)
    select p_process_id, g.event_seq, g.event_id, g.has_event, g.route_id, g.attempt_no, v_highest, i.timeline,
           (select d.timeline from iu_deployment d order by d.claim_id desc limit 1), session_user
      from gone g cross join fn_iu_cluster_identity() i
     order by g.event_seq, g.route_id
    returning 1
  )
  select count(*) into v_missing from written;
  return jsonb_build_object('missing', v_missing, 'highest_seq', v_highest::text);
end
$$;
