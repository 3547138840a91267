-- fn_iu_prune_judge(bigint, bigint, integer, timestamptz) returns table (event_seq, ..., hold)
--
-- Contract:  looks at the next events in order of seq and says of each why it has to stay, or that it may go. An event may go when it and
--            all that happened to it is older than the cutoff, done of every cursor sees it that reads its domain or could be given it, the
--            certificate of its owner has found it whole, and nobody needs it any more. By keys and primary key order whatever the
--            statistics say: its cost is that of the events it looks at, not of the log.
-- Arguments: p_after_seq, p_until_seq: the range; p_limit: most events; p_cutoff
-- Returns:   one row an event, in order; hold null = it may go; counted: it is in the books of its owner, whose base_seq is given;
--            bytes: of its payload as stored
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_prune_judge(p_after_seq bigint, p_until_seq bigint, p_limit integer, p_cutoff timestamptz)
returns table (event_seq bigint, event_id uuid, event_domain text, event_type text, created_at timestamptz, base_seq bigint, counted boolean,
               decided boolean, bytes bigint, hold text)
language plpgsql
volatile
set search_path from current
set enable_hashjoin = off
set enable_mergejoin = off
set enable_seqscan = off
set jit = off
as $$
begin
  return query
  with cursor as materialized (
    -- the text round trip detoasts a long snapshot once instead of once a row
    select c.event_domain as domain, c.base_seq as base, (c.base_snapshot::text)::pg_snapshot as base_seen,
           (c.done_snapshot::text)::pg_snapshot as done, (c.reconciled_snapshot::text)::pg_snapshot as reconciled
      from iu_route_worker_cursor c
  ), asked as materialized (
    -- routes whose way live is not decided yet: their dry runs are the evidence
    select r.route_id, r.version from iu_outbound_route r
     where r.removed_at is null and exists (
       select from iu_route_approval a
        where a.route_id = r.route_id and a.route_version = r.version and a.live_at is null and a.revoked_at is null
          and (a.expires_at is null or a.expires_at > clock_timestamp()))
  ), replay as materialized (
    select min(r.position_seq) as position_seq from iu_replay_run r where r.state = 'running'
  ), examined as materialized (
    select e.seq, e.id, e.tx_id, e.event_domain as domain, e.event_type as type, e.created_at as at,
           pg_column_size(e.safe_payload)::bigint as size
      from event_outbox e where e.seq > p_after_seq and e.seq <= p_until_seq order by e.seq limit p_limit offset 0
  )
  select x.seq, x.id, x.domain, x.type, x.at, o.base, coalesce(x.seq > o.base and not pg_visible_in_snapshot(x.tx_id, o.base_seen), false),
         coalesce(a.decided, false), x.size,
         case when x.at >= p_cutoff then 'too_young'
              when o.domain is null then 'domain_without_owner'
              when exists (select from cursor c where c.domain in (x.domain, '*') and x.seq > c.base and not pg_visible_in_snapshot(x.tx_id, c.done))
                then 'not_passed_by_every_cursor'
              when x.seq > o.base and not pg_visible_in_snapshot(x.tx_id, o.reconciled) then 'not_certified'
              when a.decided is not true and x.seq > o.base and not pg_visible_in_snapshot(x.tx_id, o.base_seen) then 'not_decided'
              when exists (select from iu_route_delivery d where d.event_seq = x.seq) then 'delivery_waiting'
              when exists (select from iu_route_dead_letter d where d.event_seq = x.seq and d.resolved_at is null) then 'dead_letter_open'
              when a.unknown then 'unknown_not_reconciled'
              when a.last_at >= p_cutoff
                or exists (select from iu_route_dead_letter d where d.event_seq = x.seq and d.resolved_at >= p_cutoff)
                then 'settled_lately'
              when x.seq >= (select r.position_seq from replay r) then 'replay_running'
              when a.evidence then 'approval_evidence'
              when exists (select from iu_redaction q where q.subject_kind = 'event' and q.subject_ref = x.id::text
                                                        and q.state in ('requested', 'approved')) then 'redaction_open'
         end
    from examined x
    left join lateral (
      select c.domain, c.base, c.base_seen, c.reconciled from cursor c where c.domain in (x.domain, '*') order by c.domain = '*' limit 1
    ) o on true
    left join lateral (
      select bool_or(t.attempt_no = 1 and t.route_kind = 'outbound') as decided, max(t.started_at) as last_at,
             bool_or(t.status = 'unknown'
               and not exists (select from iu_attempt_reconciliation n where n.event_seq = t.event_seq and n.route_id = t.route_id
                                                                         and n.attempt_no = t.attempt_no)
               and not exists (select from iu_route_attempt l where l.event_seq = t.event_seq and l.route_id = t.route_id
                                                                and l.attempt_no > t.attempt_no and l.status = 'sent')) as unknown,
             bool_or(t.status = 'dry_run' and exists (select from asked q where q.route_id = t.route_id and q.version = t.route_version)) as evidence
        from iu_route_attempt t where t.event_seq = x.seq and x.at < p_cutoff
    ) a on true
   order by x.seq;
end
$$;
