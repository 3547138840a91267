-- fn_iu_replay_candidates(jsonb, bigint, bigint, bigint) returns table (event_seq, route_id, route_code, status, reason, attempt_id, dead_letter_id)
--
-- Contract:  the (event, route) pairs that a replay filter means: those whose latest attempt has one of the statuses; failed
--            means an open dead letter, whatever was tried since, resolved one that a person resolved and nothing was tried since. Attempts later
--            than until_attempt_id are not meant, and a pair that has a later one is done: so a replay of many is resumable. An event that no
--            route matched is meant while a route of today would decide it. Plans are pinned: a replay begins when the statistics are
--            those of before the trouble, and each step is to read no more than it takes.
-- Arguments: p_filter: {status: [failed|resolved|skipped|dry_run|sent|cancelled] (default failed), route_code?, event_domain?, event_type?, reason?,
--            failure_signature?, since?, until? (attempt times), until_attempt_id?};
--            p_limit: at most so many pairs, null = all; p_after_seq, p_after_route_id: only pairs after this one
-- Returns:   a row a pair, in order of event, then route
-- Raises:    IU344 unknown key or status
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_replay_candidates(p_filter jsonb, p_limit bigint default null, p_after_seq bigint default 0,
  p_after_route_id bigint default 0)
returns table (event_seq bigint, route_id bigint, route_code text, status text, reason text, attempt_id bigint, dead_letter_id bigint)
language plpgsql
volatile
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set enable_sort = off
set enable_incremental_sort = off
set jit = off
as $$
declare
  v_status text[] := coalesce((select array_agg(s) from jsonb_array_elements_text(p_filter -> 'status') s), '{failed}');
  v_unknown text;
begin
  select string_agg(key, ', ') into v_unknown from jsonb_object_keys(p_filter) as key
   where key not in ('status', 'route_code', 'event_domain', 'event_type', 'reason', 'failure_signature', 'since', 'until', 'until_attempt_id');
  if v_unknown is not null or not v_status <@ '{failed,resolved,skipped,dry_run,sent,cancelled}' then
    raise exception using errcode = 'IU344', message = format('a replay filter has no %s', coalesce(v_unknown, 'such status')),
      hint = 'status is failed, resolved, skipped, dry_run, sent or cancelled; keys: status, route_code, event_domain, event_type, reason, failure_signature, since, until';
  end if;
  return query
    select a.event_seq, a.route_id, a.route_code, a.status, a.reason, a.attempt_id, d.dead_letter_id
      from iu_route_attempt a
      join event_outbox e on e.seq = a.event_seq
      left join iu_route_dead_letter d on d.event_seq = a.event_seq and d.route_id = a.route_id and d.resolved_at is null
     where a.route_kind = 'outbound'
       and case when d.dead_letter_id is not null then 'failed' = any (v_status)
                when a.status in ('failed', 'unknown')
                  then 'resolved' = any (v_status) and exists (select from iu_route_dead_letter x
                         where x.event_seq = a.event_seq and x.route_id = a.route_id and x.attempt_no = a.attempt_no and x.resolution = 'resolved')
                else a.status = any (v_status) end
       and a.attempt_id <= coalesce((p_filter ->> 'until_attempt_id')::bigint, 9223372036854775807)
       -- not as rows: under a loop over events the index would be read from the position each time
       and e.seq >= p_after_seq and a.event_seq >= p_after_seq and (a.event_seq > p_after_seq or a.route_id > p_after_route_id)
       and (p_filter ->> 'route_code' is null or a.route_code = p_filter ->> 'route_code')
       and (p_filter ->> 'reason' is null or a.reason = p_filter ->> 'reason')
       and (p_filter ->> 'since' is null or a.started_at >= (p_filter ->> 'since')::timestamptz)
       and (p_filter ->> 'until' is null or a.started_at < (p_filter ->> 'until')::timestamptz)
       and (p_filter ->> 'failure_signature' is null or d.failure_signature = p_filter ->> 'failure_signature')
       and (p_filter ->> 'event_domain' is null or e.event_domain = p_filter ->> 'event_domain')
       and (p_filter ->> 'event_type' is null or e.event_type = p_filter ->> 'event_type')
       and not exists (select from iu_route_attempt l
                        where l.event_seq = a.event_seq and l.route_id = a.route_id and l.attempt_no > a.attempt_no)
       -- an event without a route is meant as long as a route of today would decide something new about it
       and (a.route_id <> 0 or d.dead_letter_id is not null or exists (
             select from iu_outbound_route r
              where r.removed_at is null and fn_iu_pattern_matches(r.event_domain, e.event_domain)
                and fn_iu_pattern_matches(r.event_type, e.event_type) and fn_iu_pattern_matches(r.event_stream, e.event_stream)
                and not exists (select from iu_route_attempt x where x.event_seq = e.seq and x.route_id = r.route_id)))
     order by a.event_seq, a.route_id
     limit p_limit;
end
$$;
