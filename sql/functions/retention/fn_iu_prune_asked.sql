-- fn_iu_prune_asked(bigint[], timestamptz) returns record
--
-- Contract:  asks of events that may go, for a preview, which ones fn_iu_prune_referenced would hold, until a moment has come. It begins with one event
--            and doubles while an answer takes less than 50 ms, up to the 1,000 of a step, or a foreign key without an index would be read a
--            thousand times before anybody looks at the clock. It waits 200 ms for a lock: who writes a row that refers to an event holds
--            that event, and is no reason to wait in a preview. It does not ask where a key deletes or changes rows of a table with
--            triggers, or somebody else's trigger sees deletes of the log: they would run, and what they do outside of the database is not undone.
-- Arguments: p_seqs: ascending; p_until: no question begins after it
-- Returns:   referenced: those that have to stay, ascending, null = none; not_asked: how many it did not come to or could not lock
-- Raises:    as fn_iu_prune_referenced, but for locks
-- Writes:    nothing that stays
-- May call:  internal
create or replace function fn_iu_prune_asked(p_seqs bigint[], p_until timestamptz, out referenced bigint[], out not_asked integer)
language plpgsql
volatile
set search_path from current
set lock_timeout = '200ms'
as $$
declare
  v_total integer := coalesce(cardinality(p_seqs), 0);
  v_at integer := 0;
  v_many integer := 1;
  v_began timestamptz := clock_timestamp();
  v_took interval;
begin
  not_asked := 0;
  if not exists (select from pg_constraint where confrelid = 'event_outbox'::regclass and contype = 'f') then
    return;
  elsif exists (
    with recursive reached as (
      select 'event_outbox'::regclass::oid as relation
      union
      select k.conrelid from pg_constraint k join reached r on k.confrelid = r.relation where k.contype = 'f' and k.confdeltype not in ('a', 'r')
    )
    select from pg_trigger t join pg_proc p on p.oid = t.tgfoid
     where not t.tgisinternal
       and case when t.tgrelid = 'event_outbox'::regclass or t.tgrelid in (select inhrelid from pg_inherits where inhparent = 'event_outbox'::regclass)
                -- 8: on delete
                then t.tgtype & 8 <> 0 and pg_get_userbyid(p.proowner) <> 'iu_owner'
                else t.tgrelid in (select relation from reached) end
  ) then
    not_asked := v_total;
    return;
  end if;
  while v_at < v_total and v_began < p_until loop
    begin
      referenced := referenced || fn_iu_prune_referenced(p_seqs[v_at + 1:v_at + v_many]);
      v_at := v_at + v_many;
      v_took := clock_timestamp() - v_began;
      v_many := case when v_took < '50 milliseconds' then least(v_many * 2, 1000) when v_took > '200 milliseconds' then greatest(v_many / 2, 1)
                     else v_many end;
    exception when lock_not_available or deadlock_detected then
      -- one alone is passed over, more are asked again by halves
      if v_many = 1 then
        not_asked := not_asked + 1;
        v_at := v_at + 1;
      end if;
      v_many := greatest(v_many / 2, 1);
    end;
    v_began := clock_timestamp();
  end loop;
  not_asked := not_asked + greatest(v_total - v_at, 0);
end
$$;
