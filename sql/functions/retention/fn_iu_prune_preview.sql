-- fn_iu_prune_preview(numeric, bigint, numeric) returns jsonb
--
-- Contract:  what a prune would take and what would stay, and why, without taking anything. Looks from the beginning of the log until
--            nothing is old enough any more, or until it has looked at p_most events. Where foreign keys refer to the log, the server is
--            asked as a step asks it (fn_iu_prune_asked), no longer than p_ask_seconds in all. It locks no cursor, so passes go on however long it
--            looks; fn_iu_prune_certify before it, in a transaction of its own, or what the certificate has not come to is held as not_certified.
-- Arguments: p_older_than_days: 0 or more; p_most: events to look at; p_ask_seconds: for asking what foreign keys hold
-- Returns:   {cutoff_at, examined, events, bytes, first_seq, last_seq, held: {reason: count}, not_asked: how many of events nobody asked the server about, so
--            that a foreign key may hold them, referencing: [foreign keys on events and what a delete does to their rows], complete}
-- Raises:    IU880 the age is no number of days, IU878, IU881, IU882, IU899 as fn_iu_prune_ready, IU301, IU302
-- Writes:    nothing that stays
-- May call:  iu_core_pruner, iu_operator
create or replace function fn_iu_prune_preview(p_older_than_days numeric, p_most bigint default 1000000, p_ask_seconds numeric default 10) returns jsonb
language plpgsql
volatile
security definer
set search_path from current
as $$
declare
  v_cutoff timestamptz := fn_iu_prune_cutoff(p_older_than_days);
  v_until bigint;
  v_at bigint := 0;
  v_part record;
  v_asked record;
  v_free record;
  v_left interval := make_interval(secs => greatest(p_ask_seconds, 0));
  v_began timestamptz;
  v_kept jsonb;
  v_examined bigint := 0;
  v_events bigint := 0;
  v_bytes bigint := 0;
  v_not_asked bigint := 0;
  v_first bigint;
  v_last bigint;
  v_held jsonb := '{}';
  v_complete boolean := false;
begin
  perform fn_iu_prune_ready();
  -- the newest event stays: it says how far the numbers of the log went
  select coalesce(max(seq), 0) - 1 into v_until from event_outbox;
  while not v_complete and v_examined < p_most loop
    select count(*) as looked, max(j.event_seq) as at, count(*) filter (where j.hold is distinct from 'too_young') as old,
           array_agg(j.event_seq order by j.event_seq) filter (where j.hold is null) as seqs,
           array_agg(j.bytes order by j.event_seq) filter (where j.hold is null) as bytes,
           (select jsonb_object_agg(h.hold, h.n)
              from (select k.hold, count(*) as n from unnest(array_agg(j.hold)) as k (hold) where k.hold <> 'too_young' group by 1) h) as held
      into v_part
      from fn_iu_prune_judge(v_at, v_until, 5000, v_cutoff) j;
    v_began := clock_timestamp();
    select * into v_asked from fn_iu_prune_asked(v_part.seqs, v_began + v_left);
    v_left := v_left - (clock_timestamp() - v_began);
    select count(*) as events, coalesce(sum(f.bytes), 0) as bytes, min(f.seq) as first_seq, max(f.seq) as last_seq into v_free
      from unnest(v_part.seqs, v_part.bytes) as f (seq, bytes)
     where not exists (select from unnest(v_asked.referenced) as r (seq) where r.seq = f.seq);
    v_complete := v_part.looked < 5000 or v_part.old = 0;
    v_at := coalesce(v_part.at, v_at);
    v_examined := v_examined + v_part.looked;
    v_events := v_events + v_free.events;
    v_bytes := v_bytes + v_free.bytes;
    v_not_asked := v_not_asked + v_asked.not_asked;
    v_first := coalesce(v_first, v_free.first_seq);
    v_last := coalesce(v_free.last_seq, v_last);
    select coalesce(jsonb_object_agg(key, n), '{}') into v_kept
      from (select key, sum(value::bigint) as n
              from (select * from jsonb_each_text(v_held) union all select * from jsonb_each_text(coalesce(v_part.held, '{}'))
                    union all select 'referenced', cardinality(v_asked.referenced)::text where v_asked.referenced is not null) b group by key) s;
    v_held := v_kept;
  end loop;
  return jsonb_build_object('cutoff_at', v_cutoff, 'examined', v_examined, 'events', v_events, 'bytes', v_bytes::text, 'first_seq', v_first::text,
    'last_seq', v_last::text, 'held', v_held, 'not_asked', v_not_asked, 'complete', v_complete, 'referencing', (
      select coalesce(jsonb_agg(format('%s of %s: %s', k.conname, k.conrelid::regclass,
                                       case k.confdeltype when 'c' then 'cascade' when 'n' then 'set null' when 'd' then 'set default' else 'no action' end)
                                order by k.conname), '[]')
        from pg_constraint k where k.confrelid = 'event_outbox'::regclass and k.contype = 'f' and k.conparentid = 0));
end
$$;
