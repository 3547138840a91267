-- 011_dead_letter_tools: what a person needs when deliveries fail or wait: corrected payloads, replays of many as runs that anybody can
-- resume, unknown sends that somebody cleared up, what stands in the queue and why, and the numbers of a scrape.

create table iu_replay_run (
  run_id            bigint generated always as identity primary key,
  filter            jsonb not null,
  until_attempt_id  bigint not null,
  rate_per_second   integer check (rate_per_second > 0),
  preview           jsonb not null,
  reason            text not null,
  started_by        text not null,
  started_at        timestamptz not null default clock_timestamp(),
  state             text not null default 'running' check (state in ('running', 'done', 'cancelled')),
  position_seq      bigint not null default 0,
  position_route_id bigint not null default 0,
  pairs             bigint not null default 0,
  replayed          bigint not null default 0,
  delivery_waiting  bigint not null default 0,
  unchanged         bigint not null default 0,
  by_decision       jsonb not null default '{}',
  tokens            numeric not null default 1,
  tokens_at         timestamptz,
  worked_by         text[] not null default '{}',
  worked_at         timestamptz,
  ended_by          text,
  ended_at          timestamptz,
  end_reason        text,
  constraint iu_replay_run_ended_chk check ((state = 'running') = (ended_at is null))
);
comment on table iu_replay_run is 'Replays of many: what each meant, who began it and worked on it, how far it came. Kept when it has ended.';
comment on column iu_replay_run.position_seq is 'The last pair that was worked on; the next step goes on after it.';
comment on column iu_replay_run.tokens is 'Pairs that the cap allows at tokens_at; at most one second of them is saved up.';

create table iu_attempt_reconciliation (
  reconciliation_id bigint generated always as identity primary key,
  event_seq         bigint not null,
  route_id          bigint not null,
  attempt_no        integer not null,
  outcome           text not null check (outcome in ('sent', 'not_sent')),
  note              text not null,
  reconciled_by     text not null,
  reconciled_at     timestamptz not null default clock_timestamp()
);
create index iu_attempt_reconciliation_attempt_idx on iu_attempt_reconciliation (event_seq, route_id, attempt_no);
comment on table iu_attempt_reconciliation is 'What a person who asked the target said about an attempt unknown; the last word counts. Append-only.';

create index iu_route_dead_letter_route_idx on iu_route_dead_letter (route_id, event_seq) where resolved_at is null;

-- >>> functions/dead_letters/fn_iu_payload_diff.sql
-- fn_iu_payload_diff(jsonb, jsonb) returns jsonb
--
-- Contract:  how two payloads differ, leaf by leaf (a leaf is a value that is no object or array, or an empty one). A path is a JSON
--            pointer (RFC 6901). Values are compared as PostgreSQL writes them, so 1.0 and 1 differ.
-- Arguments: p_from, p_to
-- Returns:   {path: {from, to}}; from is missing for what is new, to for what is gone; {} when nothing differs
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_operator
create or replace function fn_iu_payload_diff(p_from jsonb, p_to jsonb) returns jsonb
language sql
immutable
set search_path from current
as $$
  with recursive walk (side, path, value) as (
    select s.side, '', s.value from (values (1, p_from), (2, p_to)) as s (side, value)
    union all
    select w.side, w.path || '/' || replace(replace(k.key, '~', '~0'), '/', '~1'), k.value
      from walk w
     cross join lateral (
       select o.key, o.value from jsonb_each(case jsonb_typeof(w.value) when 'object' then w.value else '{}' end) o
       union all
       select (a.place - 1)::text, a.value
         from jsonb_array_elements(case jsonb_typeof(w.value) when 'array' then w.value else '[]' end) with ordinality as a (value, place)) k
  ), leaf as (
    select side, path, value from walk where path <> '' and (jsonb_typeof(value) not in ('object', 'array') or value in ('{}', '[]'))
  )
  select coalesce(jsonb_object_agg(path,
           case when f.path is null then '{}' else jsonb_build_object('from', f.value) end
           || case when t.path is null then '{}' else jsonb_build_object('to', t.value) end), '{}')
    from (select path, value from leaf where side = 1) f
    full join (select path, value from leaf where side = 2) t using (path)
   where f.value::text is distinct from t.value::text
$$;
-- <<<

-- >>> functions/dead_letters/fn_iu_dead_letter_edit_retry.sql
-- fn_iu_dead_letter_edit_retry(bigint, jsonb, text, boolean) returns jsonb
--
-- Contract:  tries a dead letter again with a corrected payload. The event never changes: the payload becomes a row of iu_event_edit
--            with its difference to the event, for this event and route only, and the next attempt judges the filter by it and sends it
--            under a new delivery id, because its content is another. A later replay of the pair keeps the correction and that id. The
--            payload is checked like an emission; gates are obeyed as in fn_iu_route_dead_letter_replay. A preview does all of it and
--            undoes it.
-- Arguments: p_dead_letter_id; p_payload: the whole payload; p_reason: why, mandatory; p_preview
-- Returns:   as fn_iu_route_dead_letter_replay, and edit_id, diff: [{path, from, to}] as JSON texts; a status other than replayed has
--            left nothing
-- Raises:    IU342 no such dead letter, IU340 already resolved, IU375 reason missing, IU376 it belongs to no route, IU377 nothing differs,
--            IU104 to IU107 the payload is refused, IU301, IU302
-- Writes:    iu_event_edit, iu_route_attempt, iu_route_delivery, iu_route_lane, iu_route_dead_letter
-- May call:  iu_operator
create or replace function fn_iu_dead_letter_edit_retry(p_dead_letter_id bigint, p_payload jsonb, p_reason text, p_preview boolean default false)
returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_letter iu_route_dead_letter;
  v_event event_outbox;
  v_diff jsonb;
  v_edit_id bigint;
  v_result jsonb;
begin
  perform fn_iu_require_read_committed();
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU375', message = 'a payload is corrected with a reason', hint = 'add --reason TEXT';
  end if;
  select * into v_letter from iu_route_dead_letter where dead_letter_id = p_dead_letter_id for update;
  if not found then
    raise exception using errcode = 'IU342', message = format('there is no dead letter %s', p_dead_letter_id),
      hint = 'iu dead-letter list shows the open ones';
  elsif v_letter.resolved_at is not null then
    raise exception using errcode = 'IU340', message = format('dead letter %s is already resolved', p_dead_letter_id);
  elsif v_letter.route_id = 0 then
    raise exception using errcode = 'IU376', message = format('dead letter %s belongs to no route', p_dead_letter_id),
      hint = 'correct the cause and replay it: iu dead-letter replay ID';
  end if;
  select * into strict v_event from event_outbox where seq = v_letter.event_seq;
  v_diff := fn_iu_payload_diff(v_event.safe_payload, p_payload);
  v_event.safe_payload := p_payload;
  perform fn_iu_event_settle(v_event, p_payload::text, true);
  if v_diff = '{}' then
    raise exception using errcode = 'IU377', message = 'the payload does not differ from the event', hint = 'iu dead-letter replay ID replays it as it is';
  end if;
  -- The decision row, as fn_iu_route_redecide locks it: the number that it takes next is the one noted here.
  perform from iu_route_attempt a where a.event_seq = v_letter.event_seq and a.route_id = v_letter.route_id and a.attempt_no = 1 for update;
  begin
    insert into iu_event_edit (event_seq, route_id, attempt_no, payload, diff, edited_by, reason)
    select v_letter.event_seq, v_letter.route_id, max(a.attempt_no) + 1, p_payload, v_diff, session_user, p_reason
      from iu_route_attempt a where a.event_seq = v_letter.event_seq and a.route_id = v_letter.route_id
    returning edit_id into v_edit_id;
    v_result := fn_iu_route_dead_letter_replay(p_dead_letter_id);
    if p_preview or v_result ->> 'status' <> 'replayed' then
      raise exception using errcode = 'IU378', message = 'undone';
    end if;
  exception when sqlstate 'IU378' then
    v_edit_id := null;
  end;
  return v_result || jsonb_build_object('edit_id', v_edit_id::text, 'diff', (
    select jsonb_agg(jsonb_build_object('path', d.key, 'from', (d.value -> 'from')::text, 'to', (d.value -> 'to')::text) order by d.key)
      from jsonb_each(v_diff) d));
end
$$;
-- <<<

-- >>> functions/dead_letters/fn_iu_dead_letter_resolve_many.sql
-- fn_iu_dead_letter_resolve_many(jsonb, text, integer) returns jsonb
--
-- Contract:  closes the oldest open dead letters of a filter without replaying them, because somebody decided so. The rows stay. Call
--            it again with the returned until_dead_letter_id until remaining is 0; each call is one transaction.
-- Arguments: p_filter: {route_code?, failure_signature?, event_domain?, event_type?, since?, until?, until_dead_letter_id?}; p_note:
--            why, mandatory; p_limit: 0 (only count) to 1000
-- Returns:   {resolved, remaining (counted up to 10,001), until_dead_letter_id}
-- Raises:    IU343 note missing, IU379 unknown key
-- Writes:    iu_route_dead_letter, iu_route_lane
-- May call:  iu_operator
create or replace function fn_iu_dead_letter_resolve_many(p_filter jsonb, p_note text, p_limit integer default 100) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_unknown text := (select string_agg(key, ', ') from jsonb_object_keys(p_filter) as key
                      where key not in ('route_code', 'failure_signature', 'event_domain', 'event_type', 'since', 'until', 'until_dead_letter_id'));
  v_until bigint := coalesce((p_filter ->> 'until_dead_letter_id')::bigint, (select max(dead_letter_id) from iu_route_dead_letter), 0);
  v_limit integer := least(greatest(coalesce(p_limit, 100), 0), 1000);
  v_ids bigint[];
begin
  if v_unknown is not null then
    raise exception using errcode = 'IU379', message = format('a filter of dead letters has no %s', v_unknown),
      hint = 'keys: route_code, failure_signature, event_domain, event_type, since, until, until_dead_letter_id';
  elsif nullif(btrim(p_note), '') is null then
    raise exception using errcode = 'IU343', message = 'a dead letter is resolved with a note', hint = 'add --note TEXT';
  end if;
  select array_agg(d.dead_letter_id) into v_ids from (
    select d.dead_letter_id from iu_route_dead_letter d
     where d.resolved_at is null and d.dead_letter_id <= v_until
       and (p_filter ->> 'route_code' is null or d.route_code = p_filter ->> 'route_code')
       and (p_filter ->> 'failure_signature' is null or d.failure_signature = p_filter ->> 'failure_signature')
       and (p_filter ->> 'event_domain' is null or d.event_snapshot ->> 'event_domain' = p_filter ->> 'event_domain')
       and (p_filter ->> 'event_type' is null or d.event_snapshot ->> 'event_type' = p_filter ->> 'event_type')
       and (p_filter ->> 'since' is null or d.created_at >= (p_filter ->> 'since')::timestamptz)
       and (p_filter ->> 'until' is null or d.created_at < (p_filter ->> 'until')::timestamptz)
     order by d.dead_letter_id limit v_limit + 10001) d;
  -- locked in order of id, as every call does; one that somebody resolved meanwhile is left alone
  perform from iu_route_dead_letter where dead_letter_id = any (v_ids[1:v_limit]) order by dead_letter_id for update;
  -- and the lanes that they hold in the order in which a pass locks lanes
  perform from iu_route_lane l
    join (select distinct d.route_id, d.event_snapshot ->> 'event_subject_table' || ':' || (d.event_snapshot ->> 'event_subject_ref') as lane_key
            from iu_route_dead_letter d where d.dead_letter_id = any (v_ids[1:v_limit])) k using (route_id, lane_key)
    where l.due_at = 'infinity' order by l.route_id, l.lane_key for update of l;
  update iu_route_dead_letter
     set resolved_at = clock_timestamp(), resolved_by = session_user, resolution = 'resolved', resolution_note = p_note
   where dead_letter_id = any (v_ids[1:v_limit]) and resolved_at is null;
  get diagnostics v_limit = row_count;
  return jsonb_build_object('resolved', v_limit, 'remaining', coalesce(cardinality(v_ids), 0) - v_limit, 'until_dead_letter_id', v_until::text);
end
$$;
-- <<<

-- >>> functions/dead_letters/fn_iu_attempt_reconcile.sql
-- fn_iu_attempt_reconcile(uuid, text, integer, text, text) returns jsonb
--
-- Contract:  a person who asked the target says what became of a send that nobody knows the outcome of. What was said is kept. sent:
--            an attempt sent with the reason reconciled follows, the delivery that waits to be tried again is taken out of the queue, or
--            the open dead letter is resolved. not_sent: nothing else changes, trying again is safe. A later word counts, but sent stays.
-- Arguments: p_event_id; p_route_code; p_attempt_no: of the attempt unknown; p_outcome: sent or not_sent; p_note: who said so and
--            where it can be seen, mandatory
-- Returns:   {event_id, route_code, attempt_no, outcome, written_attempt_no, delivery: taken_out|waiting|none, dead_letter_id: resolved}
-- Raises:    IU380 no such attempt, IU381 its outcome is known, IU382 note or outcome missing, IU383 the pair was reconciled as sent, or
--            sent, already, IU384 the pair is being replayed right now, IU355 it is being sent right now
-- Writes:    iu_attempt_reconciliation, iu_route_attempt, iu_route_delivery, iu_route_lane, iu_route_dead_letter
-- May call:  iu_operator
create or replace function fn_iu_attempt_reconcile(p_event_id uuid, p_route_code text, p_attempt_no integer, p_outcome text, p_note text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_attempt iu_route_attempt;
  d iu_route_delivery;
  v_letter_id bigint;
  v_no integer;
  v_key text;
begin
  if nullif(btrim(p_note), '') is null or p_outcome is null or p_outcome not in ('sent', 'not_sent') then
    raise exception using errcode = 'IU382', message = 'an attempt is reconciled as sent or not_sent, with a note', hint = 'add --note TEXT';
  end if;
  select a.* into v_attempt from event_outbox e
    join iu_outbound_route r on r.route_code = p_route_code
    join iu_route_attempt a on a.event_seq = e.seq and a.route_id = r.route_id and a.attempt_no = p_attempt_no
   where e.id = p_event_id;
  if not found then
    raise exception using errcode = 'IU380', message = format('event %s has no attempt %s on route %s', p_event_id, p_attempt_no, p_route_code),
      hint = 'iu attempt list --status unknown';
  elsif v_attempt.status <> 'unknown' then
    raise exception using errcode = 'IU381', message = format('attempt %s of event %s on route %s is %s', p_attempt_no, p_event_id, p_route_code, v_attempt.status);
  end if;
  -- the lane first, as a settle locks
  perform from iu_route_lane l join iu_route_delivery q using (route_id, lane_key)
    where q.event_seq = v_attempt.event_seq and l.route_id = v_attempt.route_id for update of l;
  select q.* into d from iu_route_delivery q where q.event_seq = v_attempt.event_seq and q.route_id = v_attempt.route_id for update;
  if found and p_outcome = 'sent' and d.lease_token is not null then
    raise exception using errcode = 'IU355', message = format('event %s is being sent to route %s right now', p_event_id, p_route_code),
      hint = 'iu route pause CODE keeps the next send from starting; wait until this one is settled';
  elsif d.event_seq is null then
    -- the letter, then the decision row, as a replay locks
    select l.dead_letter_id into v_letter_id from iu_route_dead_letter l
     where l.event_seq = v_attempt.event_seq and l.route_id = v_attempt.route_id and l.resolved_at is null for update;
    perform from iu_route_attempt a where a.event_seq = v_attempt.event_seq and a.route_id = v_attempt.route_id and a.attempt_no = 1 for update;
    if exists (select from iu_route_delivery q where q.event_seq = v_attempt.event_seq and q.route_id = v_attempt.route_id) then
      raise exception using errcode = 'IU384', message = format('event %s is being replayed on route %s right now', p_event_id, p_route_code),
        hint = 'try again';
    end if;
  end if;
  if exists (select from iu_route_attempt a where a.event_seq = v_attempt.event_seq and a.route_id = v_attempt.route_id and a.status = 'sent'
              and a.attempt_no > p_attempt_no) then
    raise exception using errcode = 'IU383', message = format('event %s was sent to route %s after attempt %s', p_event_id, p_route_code, p_attempt_no),
      hint = 'iu event show ID tells its story';
  end if;
  insert into iu_attempt_reconciliation (event_seq, route_id, attempt_no, outcome, note, reconciled_by)
  values (v_attempt.event_seq, v_attempt.route_id, p_attempt_no, p_outcome, p_note, session_user);
  if p_outcome = 'sent' then
    select coalesce(d.attempt_no, max(a.attempt_no)) + 1 into v_no from iu_route_attempt a
     where a.event_seq = v_attempt.event_seq and a.route_id = v_attempt.route_id;
    v_key := coalesce(d.delivery_key, v_attempt.idempotency_key);
    delete from iu_route_delivery q where q.event_seq = d.event_seq and q.route_id = d.route_id;
    insert into iu_route_attempt (event_seq, route_id, attempt_no, route_version, delivered, event_ref, route_kind, route_code, status, decision,
                                  reason, idempotency_key)
    values (v_attempt.event_seq, v_attempt.route_id, v_no, v_attempt.route_version, true, v_attempt.event_ref, 'outbound', v_attempt.route_code,
            'sent', 'sent', 'reconciled', v_key);
    if d.lane_key is not null then
      perform fn_iu_lane_refresh(array[d.route_id], array[d.lane_key]);
    end if;
    update iu_route_dead_letter
       set resolved_at = clock_timestamp(), resolved_by = session_user, resolution = 'resolved',
           resolution_note = format('reconciled as sent by attempt %s: %s', v_no, p_note)
     where dead_letter_id = v_letter_id;
  else
    v_letter_id := null;
  end if;
  return jsonb_build_object('event_id', p_event_id, 'route_code', p_route_code, 'attempt_no', p_attempt_no, 'outcome', p_outcome,
    'written_attempt_no', v_no, 'delivery', case when d.event_seq is null then 'none' when p_outcome = 'sent' then 'taken_out' else 'waiting' end,
    'dead_letter_id', v_letter_id::text);
end
$$;
-- <<<

-- >>> functions/dead_letters/fn_iu_replay_candidates.sql
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
-- <<<

-- >>> functions/dead_letters/fn_iu_dead_letter_preview.sql
-- fn_iu_dead_letter_preview(bigint) returns text
--
-- Contract:  what the replay of one dead letter would be by today's route, in one word as fn_iu_route_shadow says it, with the payload
--            that was corrected for it. Gates are not looked at: what closes them says so when it is replayed.
-- Arguments: p_dead_letter_id
-- Returns:   as fn_iu_route_shadow; delivery_waiting or redacted: it would not be replayed; null: no such letter, or its event has left the log
-- Raises:    resources and cancellation only
-- Writes:    nothing
-- May call:  iu_operator, iu_reader
create or replace function fn_iu_dead_letter_preview(p_dead_letter_id bigint) returns text
language plpgsql
security definer
set search_path from current
as $$
declare
  v_letter iu_route_dead_letter;
  v_event event_outbox;
  v_route iu_judged_route;
begin
  select * into v_letter from iu_route_dead_letter where dead_letter_id = p_dead_letter_id;
  select * into v_event from event_outbox where seq = v_letter.event_seq;
  if not found then
    return null;
  elsif exists (select from iu_route_delivery where event_seq = v_letter.event_seq and route_id = v_letter.route_id) then
    return 'delivery_waiting';
  elsif v_event.safe_payload ? 'iu_redacted' then
    return 'redacted';
  end if;
  select * into v_route from fn_iu_judged_routes() r where r.route_id = v_letter.route_id;
  v_event.safe_payload := coalesce((select x.payload from iu_event_edit x where x.event_seq = v_letter.event_seq and x.route_id = v_letter.route_id
                                     order by x.edit_id desc limit 1), v_event.safe_payload);
  return fn_iu_route_shadow(v_event, v_route);
end
$$;
-- <<<

-- >>> functions/dead_letters/fn_iu_replay_preview.sql
-- fn_iu_replay_preview(jsonb, integer) returns jsonb
--
-- Contract:  what a replay by this filter would touch, and about how long it would take; writes nothing. Start the replay with its
--            until_attempt_id, and it means just what was shown. The filters of routes are tried on the 10,000 oldest of those pairs.
-- Arguments: p_filter: as for fn_iu_replay_candidates; p_rate_per_second: the cap the replay would have, null = none
-- Returns:   {pairs, events, by_route: [{route_code, target_kind, target (redacted), would_be: by the route alone, pairs, filter_tried: how
--            many of them its filter was tried on, with the payload as corrected; null = it has none, filter_no, filter_failed: how many of
--            those it says no to, or raises for, already_sent, delivery_waiting, per_second: the slowest of cap, the route's own rate and what it sent lately; null
--            = nothing limits it that is known, held_by: of a live one, why nothing of it is sent now, as fn_iu_delivery_holds}],
--            already_sent, delivery_waiting: pairs with a delivery in the queue: they are left alone, estimated_seconds: until the slowest
--            route has sent everything, null = unknown, until_attempt_id}
-- Raises:    IU344
-- Writes:    nothing
-- May call:  iu_operator, iu_reader
create or replace function fn_iu_replay_preview(p_filter jsonb, p_rate_per_second integer default null) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_result jsonb;
begin
  with candidate as materialized (
    select c.*,
           exists (select from iu_route_delivery d where d.event_seq = c.event_seq and d.route_id = c.route_id) as waits,
           exists (select from iu_route_attempt a where a.event_seq = c.event_seq and a.route_id = c.route_id and a.status = 'sent') as was_sent
      from fn_iu_replay_candidates(p_filter) c
  ), recent as materialized (
    -- how fast each route sent within the last 10 minutes, as far as the last 10,000 attempts show
    select t.route_id, (count(*) - 1) / extract(epoch from max(t.started_at) - min(t.started_at)) as per_second
      from (select * from iu_route_attempt order by attempt_id desc limit 10000) t
     where t.status = 'sent' and t.started_at > clock_timestamp() - interval '10 minutes'
     group by t.route_id
    having count(*) >= 10 and max(t.started_at) > min(t.started_at)
  ), grouped as (
    select c.route_id, c.route_code, count(*) as pairs, count(*) filter (where c.was_sent) as already_sent,
           count(*) filter (where c.waits) as delivery_waiting
      from candidate c group by c.route_id, c.route_code
  ), tried as (
    select t.route_id, count(*) as tried, count(*) filter (where s.outcome = 'skipped/filtered') as filtered,
           count(*) filter (where s.outcome like 'failed/%') as failed
      from (select r as route, c.event_seq, c.route_id
              from candidate c join fn_iu_judged_routes() r using (route_id)
             where r.filter is not null and r.verdict <> 'disabled' and not c.waits
             order by c.event_seq, c.route_id limit 10000) t
     cross join lateral (
       select fn_iu_route_shadow(case when x.payload is null then e else jsonb_populate_record(e, jsonb_build_object('safe_payload', x.payload)) end,
                t.route) as outcome
         from event_outbox e
         left join lateral (select x.payload from iu_event_edit x where x.event_seq = t.event_seq and x.route_id = t.route_id
                             order by x.edit_id desc limit 1) x on true
        where e.seq = t.event_seq offset 0) s
     group by t.route_id
  ), judged as (
    select g.route_code, o.target_kind, fn_iu_route_request(o.target_kind, o.target_ref, o.target_config) ->> 'target' as target,
           coalesce(r.verdict, case when g.route_id = 0 then 'decided by the routes of today' else 'skipped: route removed' end) as would_be,
           g.pairs, t.tried as filter_tried, t.filtered as filter_no, t.failed as filter_failed, g.already_sent, g.delivery_waiting,
           round(case when r.verdict = 'live' then least(p_rate_per_second, o.rate_per_second, n.per_second) else p_rate_per_second end, 3) as per_second,
           case when r.verdict = 'live' then h.hold end as held_by
      from grouped g
      left join fn_iu_judged_routes() r using (route_id)
      left join iu_outbound_route o using (route_id)
      left join recent n using (route_id)
      left join tried t using (route_id)
      left join fn_iu_delivery_holds() h using (route_id)
  )
  select jsonb_build_object(
    'pairs', (select count(*) from candidate), 'events', (select count(distinct event_seq) from candidate),
    'by_route', coalesce((select jsonb_agg(to_jsonb(j) order by j.route_code) from judged j), '[]'),
    'delivery_waiting', (select count(*) from candidate where waits),
    'already_sent', (select count(*) from candidate where was_sent),
    'estimated_seconds', (select ceil(greatest(max((j.pairs - j.delivery_waiting) / nullif(j.per_second, 0)), sum(j.pairs) / p_rate_per_second)) from judged j),
    'until_attempt_id', (select coalesce(max(attempt_id), 0)::text from iu_route_attempt))
    into v_result;
  return v_result;
end
$$;
-- <<<

-- >>> functions/dead_letters/fn_iu_replay_said.sql
-- fn_iu_replay_said(iu_replay_run, text, integer) returns jsonb
--
-- Contract:  where a run of a replay stands, as its functions answer with it; ids as text, because they do not fit every reader's numbers.
-- Arguments: p_run; p_status: what the call did; p_wait_milliseconds: when the next step makes sense, null = at once or never
-- Returns:   {run_id, status, state, pairs: worked on so far, pairs_planned, replayed, by_decision, delivery_waiting, unchanged,
--            wait_milliseconds}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  internal
create or replace function fn_iu_replay_said(p_run iu_replay_run, p_status text, p_wait_milliseconds integer default null) returns jsonb
language sql
immutable
set search_path from current
as $$
  select jsonb_build_object('run_id', p_run.run_id::text, 'status', p_status, 'state', p_run.state, 'pairs', p_run.pairs,
    'pairs_planned', p_run.preview -> 'pairs', 'replayed', p_run.replayed, 'by_decision', p_run.by_decision,
    'delivery_waiting', p_run.delivery_waiting, 'unchanged', p_run.unchanged, 'wait_milliseconds', p_wait_milliseconds)
$$;
-- <<<

-- >>> functions/dead_letters/fn_iu_replay_start.sql
-- fn_iu_replay_start(jsonb, text, integer) returns jsonb
--
-- Contract:  begins a replay of many as a run: keeps its filter, what the preview showed, its cap and reason. Nothing is replayed yet;
--            fn_iu_replay_step does it, whoever calls it, from whatever process. Refused while the master or the worker gate is closed.
-- Arguments: p_filter: as for fn_iu_replay_candidates; without until_attempt_id it means what there is now; p_reason: why, mandatory;
--            p_rate_per_second: most pairs a second, null = no cap
-- Returns:   {status: started|master_gate_closed|worker_gate_closed, run_id, state, pairs, pairs_planned, replayed, by_decision,
--            delivery_waiting, unchanged}
-- Raises:    IU344, IU371 reason missing, IU372 the cap is not positive, IU301, IU302
-- Writes:    iu_replay_run
-- May call:  iu_operator
create or replace function fn_iu_replay_start(p_filter jsonb, p_reason text, p_rate_per_second integer default null) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_closed text;
  v_preview jsonb;
  v_run iu_replay_run;
begin
  perform fn_iu_require_read_committed();
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU371', message = 'a replay of many, and its end, have a reason', hint = 'add --note TEXT';
  elsif p_rate_per_second <= 0 then
    raise exception using errcode = 'IU372', message = 'the cap of a replay is at least one pair a second';
  end if;
  -- Before the gate: it can take minutes, and who closes a gate waits for its lock.
  v_preview := fn_iu_replay_preview(p_filter, p_rate_per_second);
  v_closed := fn_iu_closed_gate();
  if v_closed is not null then
    return jsonb_build_object('status', v_closed);
  end if;
  insert into iu_replay_run (filter, until_attempt_id, rate_per_second, preview, reason, started_by)
  values (p_filter - 'until_attempt_id', coalesce(p_filter ->> 'until_attempt_id', v_preview ->> 'until_attempt_id')::bigint, p_rate_per_second,
          v_preview, p_reason, session_user)
  returning * into v_run;
  return fn_iu_replay_said(v_run, 'started');
end
$$;
-- <<<

-- >>> functions/dead_letters/fn_iu_replay_step.sql
-- fn_iu_replay_step(bigint, integer) returns jsonb
--
-- Contract:  one step of a run: replays or revives its next pairs in order of event, each as its next attempt; dead letters that led
--            somewhere are resolved. A step is one transaction: killed in the middle it leaves nothing, and the next one, of this or any
--            other process, goes on where the last committed one ended. A pair that has a later attempt by then is left alone, so no pair
--            is replayed twice. Never faster than the cap, by the server's clock, whoever steps; what was not used up within a
--            second is not saved. A closed gate keeps the run as it is.
-- Arguments: p_run_id; p_limit: most pairs of this step, 1..1000
-- Returns:   {run_id, status: stepped|done|cancelled|rate_limited|busy|master_gate_closed|worker_gate_closed, state, pairs,
--            pairs_planned, replayed, by_decision, delivery_waiting, unchanged, wait_milliseconds}
-- Raises:    IU370 no such run, IU301, IU302
-- Writes:    iu_replay_run, iu_route_attempt, iu_route_delivery, iu_route_lane, iu_route_dead_letter
-- May call:  iu_operator
create or replace function fn_iu_replay_step(p_run_id bigint, p_limit integer default 100) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  v_closed text;
  r iu_replay_run;
  v_limit integer := least(greatest(coalesce(p_limit, 100), 1), 1000);
  v_now timestamptz := clock_timestamp();
  v_tokens numeric;
  v_pair record;
  v_outcome jsonb;
  v_found integer := 0;
begin
  perform fn_iu_require_read_committed();
  select * into r from iu_replay_run where run_id = p_run_id for update skip locked;
  if not found then
    select * into r from iu_replay_run where run_id = p_run_id;
    if not found then
      raise exception using errcode = 'IU370', message = format('there is no replay %s', p_run_id), hint = 'iu replay list shows them';
    end if;
    return fn_iu_replay_said(r, 'busy', 200);
  elsif r.state <> 'running' then
    return fn_iu_replay_said(r, r.state);
  end if;
  v_closed := fn_iu_closed_gate();
  if v_closed is not null then
    return fn_iu_replay_said(r, v_closed);
  end if;
  if r.rate_per_second is not null then
    v_tokens := least(r.rate_per_second, r.tokens + r.rate_per_second * greatest(coalesce(extract(epoch from v_now - r.tokens_at), 0), 0));
    v_limit := least(v_limit, floor(v_tokens)::integer);
    if v_limit < 1 then
      return fn_iu_replay_said(r, 'rate_limited', ceil(1000 * (1 - v_tokens) / r.rate_per_second)::integer);
    end if;
  end if;
  for v_pair in
    select * from fn_iu_replay_candidates(r.filter || jsonb_build_object('until_attempt_id', r.until_attempt_id::text), v_limit, r.position_seq, r.position_route_id)
  loop
    v_found := v_found + 1;
    if v_pair.dead_letter_id is not null then
      v_outcome := fn_iu_route_dead_letter_replay(v_pair.dead_letter_id);
    else
      v_outcome := fn_iu_route_redecide(v_pair.event_seq, v_pair.route_id, false);
    end if;
    if v_outcome ->> 'status' = 'replayed' then
      r.replayed := r.replayed + 1;
      r.by_decision := r.by_decision || jsonb_build_object(v_outcome ->> 'decision', coalesce((r.by_decision ->> (v_outcome ->> 'decision'))::bigint, 0) + 1);
    elsif v_outcome ->> 'status' = 'delivery_waiting' then
      r.delivery_waiting := r.delivery_waiting + 1;
    else
      -- somebody else resolved it between the look and the lock
      r.unchanged := r.unchanged + 1;
    end if;
    r.position_seq := v_pair.event_seq;
    r.position_route_id := v_pair.route_id;
  end loop;
  if v_found < v_limit then
    r.state := 'done';
    r.ended_by := session_user;
    r.ended_at := clock_timestamp();
  end if;
  update iu_replay_run
     set state = r.state, position_seq = r.position_seq, position_route_id = r.position_route_id, pairs = pairs + v_found, replayed = r.replayed,
         delivery_waiting = r.delivery_waiting, unchanged = r.unchanged, by_decision = r.by_decision, tokens = coalesce(v_tokens, tokens) - v_found,
         tokens_at = v_now, worked_at = clock_timestamp(), ended_by = r.ended_by, ended_at = r.ended_at,
         worked_by = case when session_user = any (worked_by) then worked_by else worked_by || session_user::text end
   where run_id = p_run_id
  returning * into r;
  return fn_iu_replay_said(r, case r.state when 'done' then 'done' else 'stepped' end);
end
$$;
-- <<<

-- >>> functions/dead_letters/fn_iu_replay_cancel.sql
-- fn_iu_replay_cancel(bigint, text) returns jsonb
--
-- Contract:  ends a run for good; a step that is running commits first. What was replayed stays, and what was not can be meant by
--            another replay.
-- Arguments: p_run_id; p_reason: why, mandatory
-- Returns:   as fn_iu_replay_step, with the status cancelled
-- Raises:    IU370 no such run, IU371 reason missing, IU373 it has ended already
-- Writes:    iu_replay_run
-- May call:  iu_operator
create or replace function fn_iu_replay_cancel(p_run_id bigint, p_reason text) returns jsonb
language plpgsql
security definer
set search_path from current
as $$
declare
  r iu_replay_run;
begin
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU371', message = 'a replay of many, and its end, have a reason', hint = 'add --note TEXT';
  end if;
  select * into r from iu_replay_run where run_id = p_run_id for update;
  if not found then
    raise exception using errcode = 'IU370', message = format('there is no replay %s', p_run_id), hint = 'iu replay list shows them';
  elsif r.state <> 'running' then
    raise exception using errcode = 'IU373', message = format('replay %s is %s already', p_run_id, r.state);
  end if;
  update iu_replay_run set state = 'cancelled', ended_by = session_user, ended_at = clock_timestamp(), end_reason = p_reason
   where run_id = p_run_id returning * into r;
  return fn_iu_replay_said(r, 'cancelled');
end
$$;
-- <<<

-- >>> functions/dead_letters/fn_iu_replay_run_guard.sql
-- fn_iu_replay_run_guard() returns trigger
--
-- Contract:  the history of replays stays true: what a run means and who began it never changes, and one that has ended stays as it is.
-- Arguments: none
-- Returns:   the row to write
-- Raises:    IU374 the change is refused
-- Writes:    nothing
-- May call:  nobody, it is a trigger
create or replace function fn_iu_replay_run_guard() returns trigger
language plpgsql
set search_path from current
as $$
begin
  if old.state <> 'running'
     or (new.run_id, new.filter, new.until_attempt_id, new.rate_per_second, new.preview, new.reason, new.started_by, new.started_at)
        is distinct from
        (old.run_id, old.filter, old.until_attempt_id, old.rate_per_second, old.preview, old.reason, old.started_by, old.started_at) then
    raise exception using errcode = 'IU374', message = format('replay %s: only the progress of a running one is written', old.run_id);
  end if;
  return new;
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_target_unregister.sql
-- fn_iu_target_unregister(text, text, text) returns jsonb
--
-- Contract:  takes a target in the database off the list of those that routes may deliver to. Refused while a live route or a waiting
--            delivery uses it; a route in dry-run that names it cannot go live any more.
-- Arguments: p_target_kind: sql_function or table; p_target_ref: the name it was registered under; p_reason: why, mandatory
-- Returns:   {target_kind, target_ref, identity}
-- Raises:    IU385 no such target, IU386 it is in use, IU358 reason missing
-- Writes:    iu_delivery_target, iu_gate_log
-- May call:  iu_operator
create or replace function fn_iu_target_unregister(p_target_kind text, p_target_ref text, p_reason text) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_identity text;
  v_users text;
begin
  if nullif(btrim(p_reason), '') is null then
    raise exception using errcode = 'IU358', message = 'a target is registered, and unregistered, with a reason', hint = 'add --reason TEXT';
  end if;
  select identity into v_identity from iu_delivery_target where target_kind = p_target_kind and target_ref = p_target_ref for update;
  if not found then
    raise exception using errcode = 'IU385', message = format('there is no target %s of kind %s', quote_literal(p_target_ref), p_target_kind),
      hint = 'iu target list shows them';
  end if;
  select string_agg(r.route_code, ', ' order by r.route_code) into v_users from iu_outbound_route r
   where r.target_kind = p_target_kind and r.target_ref = p_target_ref and r.removed_at is null
     and (not r.dry_run or exists (select from iu_route_delivery d where d.route_id = r.route_id));
  if v_users is not null then
    raise exception using errcode = 'IU386', message = format('target %s is used by: %s', quote_literal(p_target_ref), v_users),
      hint = 'take the routes back to dry-run, and let what waits settle or cancel it';
  end if;
  delete from iu_delivery_target where target_kind = p_target_kind and target_ref = p_target_ref;
  insert into iu_gate_log (config_key, operation, old_value, reason, changed_by, application_name, changed_at)
  values (format('target %s %s', p_target_kind, p_target_ref), 'delete', v_identity, p_reason, session_user,
          current_setting('application_name', true), clock_timestamp());
  return jsonb_build_object('target_kind', p_target_kind, 'target_ref', p_target_ref, 'identity', v_identity);
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_delivery_holds.sql
-- fn_iu_delivery_holds(text) returns table (route_id, route_code, hold)
--
-- Contract:  why nothing of a route would be claimed now: what holds every delivery comes first, then what holds this route. The same
--            judgement as fn_iu_delivery_allowance, without its limits: a full rate or concurrency is no hold. approval_used_up holds only
--            what the approval has not counted yet.
-- Arguments: p_deployment: of the runner that would claim; null = one that says the right name
-- Returns:   a row for each route that is held: as fn_iu_delivery_hold, or route_removed, route_disabled, route_dry_run, not_approved,
--            approval_expired, route_paused, breaker_open, target_not_opened (no runner can), target_changed,
--            approval_used_up
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_delivery_holds(p_deployment text default null) returns table (route_id bigint, route_code text, hold text)
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_all text := fn_iu_delivery_hold(coalesce(p_deployment, fn_iu_setting('iu_core.deployment', null)));
begin
  return query
    select h.route_id, h.route_code, h.hold
      from (
        select r.route_id, r.route_code, coalesce(v_all, case
                 when r.removed_at is not null then 'route_removed'
                 when not r.enabled then 'route_disabled'
                 when r.dry_run then 'route_dry_run'
                 when s.state = 'missing' then 'not_approved'
                 when s.state = 'spent' and p.expires_at <= clock_timestamp() then 'approval_expired'
                 when f.paused_at is not null then 'route_paused'
                 when f.breaker <> 'closed' and f.breaker_until > clock_timestamp() then 'breaker_open'
                 when u.by_all then 'target_not_opened'
                 when r.target_kind in ('sql_function', 'table') and fn_iu_target_sha256(r.target_kind, r.target_ref) is distinct from p.target_sha256 then 'target_changed'
                 when s.state = 'spent' then 'approval_used_up' end) as hold
          from iu_outbound_route r
          join iu_route_flow f on f.route_id = r.route_id
          left join iu_route_approval p on p.approval_id = r.approval_id
          left join fn_iu_delivery_unopened() u on u.route_id = r.route_id
         cross join lateral (
           select case when r.enabled and not r.dry_run then fn_iu_route_approval_state(r.route_id, r.version, r.approval_id) end as state) s
      ) h
     where h.hold is not null;
end
$$;
-- <<<

-- >>> functions/delivery/fn_iu_metrics.sql
-- fn_iu_metrics(text, bigint, bigint) returns jsonb
--
-- Contract:  what a scrape shows, cheap whatever waits and whatever an old snapshot keeps (fn_iu_delivery_queue): a count stops at
--            10,000 a route, above it the number is an estimate from the statistics of the table (live rows that were not counted, shared
--            by the routes above it). Attempts are counted over a
--            range of ids, so that each is read once.
-- Arguments: p_deployment: of the process that asks, null = none; p_after_attempt_id, p_until_attempt_id: count these attempts, null =
--            none
-- Returns:   {gates: {key: open}, hold, cursors: [{worker_name, backlog, oldest_seconds}], deliveries: {oldest_seconds}, routes:
--            [{route_code, mode, waiting, leased, overdue_seconds, lanes_held, dead_letters, paused, breaker, approval_expires_seconds,
--            approval_events_left}], attempts: [{route_code, status, count}], last_attempt_id}
-- Raises:    nothing
-- Writes:    nothing
-- May call:  iu_worker, iu_operator, iu_reader
create or replace function fn_iu_metrics(p_deployment text default null, p_after_attempt_id bigint default null, p_until_attempt_id bigint default null)
returns jsonb
language plpgsql
volatile
security definer
set search_path from current
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
set jit = off
as $$
declare
  v_bound constant integer := 10000;
  v_now timestamptz := clock_timestamp();
  v_routes jsonb;
  v_oldest timestamptz;
begin
  with queue as materialized (
    select * from fn_iu_delivery_queue(v_bound)
  ), leased as materialized (
    select l.route_id, sum(l.unsettled) as leased from iu_route_lease l group by 1
  ), counted as materialized (
    select r.route_id, r.route_code,
           case when not r.enabled then 'disabled'
                when r.dry_run or fn_iu_route_approval_state(r.route_id, r.version, r.approval_id) = 'missing' then 'dry_run' else 'live' end as mode,
           coalesce(q.waiting, 0) as waiting, coalesce(l.leased, 0) as leased, q.due_at,
           (select count(*) from (select from iu_route_lane l where l.route_id = r.route_id and l.due_at = 'infinity' limit v_bound + 1) n) as lanes_held,
           (select count(*) from (select from iu_route_dead_letter d where d.route_id = r.route_id and d.resolved_at is null limit v_bound + 1) n) as dead_letters,
           f.paused_at is not null as paused, f.breaker,
           case when not r.dry_run then extract(epoch from a.expires_at - v_now) end as approval_expires_seconds,
           case when not r.dry_run then a.max_events - a.events_used end as approval_events_left
      from iu_outbound_route r
      join iu_route_flow f on f.route_id = r.route_id
      left join iu_route_approval a on a.approval_id = r.approval_id
      left join queue q on q.route_id = r.route_id
      left join leased l on l.route_id = r.route_id
     where r.removed_at is null
    union all
    select 0, '-', null, 0, 0, null, 0,
           (select count(*) from (select from iu_route_dead_letter d where d.route_id = 0 and d.resolved_at is null limit v_bound + 1) n), null, null, null, null
  ), estimated as (
    select c.*, case when c.waiting <= v_bound then c.waiting
                     else greatest(c.waiting, (pg_stat_get_live_tuples('iu_route_delivery'::regclass) - sum(c.leased) over ()
                                               - coalesce(sum(c.waiting) filter (where c.waiting <= v_bound) over (), 0))
                                              / count(*) filter (where c.waiting > v_bound) over ()) end as rows_waiting
      from counted c
  )
  select jsonb_agg(jsonb_build_object('route_code', e.route_code, 'mode', e.mode, 'waiting', e.rows_waiting::bigint, 'leased', e.leased,
           'overdue_seconds', case when e.due_at <= v_now then round(extract(epoch from v_now - e.due_at), 3) else 0 end, 'lanes_held', e.lanes_held,
           'dead_letters', e.dead_letters, 'paused', e.paused, 'breaker', e.breaker, 'approval_expires_seconds', round(e.approval_expires_seconds),
           'approval_events_left', e.approval_events_left) order by e.route_code),
         (select min(q.oldest_at) from queue q)
    into v_routes, v_oldest from estimated e;
  return jsonb_build_object(
    'gates', (select jsonb_object_agg(g.key, case when g.key = 'iu_core.emission_enabled' then fn_iu_setting(g.key, 'true') <> 'false' else fn_iu_gate_open(g.key) end)
                from unnest('{iu_core.routes_master_enabled,iu_core.route_worker_enabled,iu_core.delivery_enabled,iu_core.structure_ops_enabled,iu_core.autocut_enabled,iu_core.emission_enabled}'::text[]) as g (key)),
    'hold', case when not pg_is_in_recovery() then fn_iu_delivery_hold(p_deployment) end,
    'cursors', (select coalesce(jsonb_agg(jsonb_build_object('worker_name', c.worker_name, 'backlog', b.backlog,
                         'oldest_seconds', coalesce(round(extract(epoch from v_now - b.oldest_at), 3), 0)) order by c.worker_name), '[]')
                  from iu_route_worker_cursor c
                 cross join lateral (
                   select count(*) as backlog, min(u.created_at) as oldest_at
                     from (select u.created_at from v_iu_event_undecided u where u.worker_name = c.worker_name limit v_bound + 1) u) b),
    'deliveries', jsonb_build_object('oldest_seconds', coalesce(round(extract(epoch from v_now - v_oldest), 3), 0)),
    'routes', v_routes,
    'attempts', (select coalesce(jsonb_agg(to_jsonb(n)), '[]')
                   from (select a.route_code, a.status, count(*) from iu_route_attempt a
                          where a.attempt_id > p_after_attempt_id and a.attempt_id <= p_until_attempt_id group by 1, 2) n),
    'last_attempt_id', (select coalesce(max(attempt_id), 0)::text from iu_route_attempt));
end
$$;
-- <<<

-- >>> views/v_iu_delivery.sql
-- v_iu_delivery: what stands in the queue, without payloads, and where each stands: leased (being sent), due (would be claimed now, unless
-- its route is held: fn_iu_delivery_holds), waiting (due later, or behind an earlier event of its subject), held (behind a dead letter of
-- its subject). counted: a send of it failed that the approval of its route has counted, so it is tried again when that is used up.
create or replace view v_iu_delivery as
select d.event_seq, d.route_id, r.route_code, d.event_ref as event_id, e.event_domain, e.event_type, e.event_subject_table, e.event_subject_ref,
       d.attempt_no, d.sends, replace(d.delivery_key, '.', '~') as delivery_id, d.edit_id, s.state,
       case when s.state = 'held' then 'subject_held'
            when s.state = 'waiting' and l.head_seq is not null and l.head_seq <> d.event_seq then 'behind_earlier_event'
            when s.state = 'waiting' then 'due_later' end as state_reason,
       case when l.head_seq = d.event_seq then l.due_at else d.due_at end as due_at, d.created_at, p.runner_id, p.lease_until,
       coalesce(d.counted_by = r.approval_id, false) as counted
  from iu_route_delivery d
  join iu_outbound_route r on r.route_id = d.route_id
  join event_outbox e on e.seq = d.event_seq
  left join iu_route_lane l on l.route_id = d.route_id and l.lane_key = d.lane_key
  left join iu_route_lease p on p.lease_token = d.lease_token and p.route_id = d.route_id
 cross join lateral (
   select case when d.lease_token is not null then 'leased'
               when l.due_at = 'infinity' then 'held'
               when l.head_seq <> d.event_seq or coalesce(l.due_at, d.due_at) > clock_timestamp() then 'waiting'
               else 'due' end as state) s;
-- <<<

create trigger trg_iu_replay_run_guard before update on iu_replay_run
  for each row execute function fn_iu_replay_run_guard();
alter table iu_replay_run enable always trigger trg_iu_replay_run_guard;
create trigger trg_iu_replay_run_keep before delete or truncate on iu_replay_run
  for each statement execute function fn_iu_refuse_change();
alter table iu_replay_run enable always trigger trg_iu_replay_run_keep;
create trigger trg_iu_attempt_reconciliation_append_only before update or delete or truncate on iu_attempt_reconciliation
  for each statement execute function fn_iu_refuse_change();
alter table iu_attempt_reconciliation enable always trigger trg_iu_attempt_reconciliation_append_only;
